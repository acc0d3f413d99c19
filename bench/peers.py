"""Seconds to bring a site of executed scripts up to date: this builder and six other tools.

    python bench/peers.py --work DIR

writes snippets/measured/peers.json. Each tool gets the same scripts in its own format (in peers/)
and its own environment under DIR, kept for later calls; each round starts from empty projects, and
tools take turns. Pages are judged by the built HTML: each script prints, and sets as its figure's
title, a product that stands in no source, so that only a run can have put it there. Linux only.
"""

import argparse
import contextlib
import ctypes
import hashlib
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from record import ROOT, spread, write

from sitebuild import formulas

TEMPLATES = Path(__file__).with_suffix("")
ROWS = ("cold", "nothing changed", "one script edited", "imported module edited", "prose edited")
FACTOR = 104_729  # a printed number is a number of the source times this
PINNED = re.compile(r"^(?:torch|numpy|matplotlib)==.*$", re.M)
IMAGE = re.compile(r'<img[^>]*?\bsrc="([^"#]+)')
MKDOCS, SITE = ("-m", "mkdocs", "build", "-q"), "site/{}/index.html"
SPHINX, HTML = ("-m", "sphinx", "-q", ".", "_build/html"), "_build/html/{}.html"
PARALLEL = (*SPHINX[:3], "-j", "auto", *SPHINX[3:])  # not myst-nb: its processes race for one cache
BOOK = ("-c", "from jupyter_book.cli.main import main; main()", "build", ".")  # it has no -j
MATERIAL = " mkdocs<2 mkdocs-material"


@dataclass
class Tool:
    """One tool: what to install, where its scripts and pages are, and what to call."""

    packages: str  # the tool's own first
    scripts: str  # folder, with the module that they import in it
    page: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """The tool's own package."""
        return re.split("[ <]", self.packages)[0]


TOOLS = [
    Tool("gdcore", "snippets/peers", "site/chapters/{}/index.html", MKDOCS),
    Tool("mkdocs-jupyter" + MATERIAL, "docs", SITE, MKDOCS),
    Tool("myst-nb", ".", HTML, SPHINX),
    Tool("jupyter-book<2", ".", HTML, BOOK),
    Tool("mkdocs-gallery" + MATERIAL, "docs/examples", "site/gallery/{}/index.html", MKDOCS),
    Tool("sphinx-gallery joblib", "examples", "_build/html/auto_examples/{}.html", PARALLEL),
    Tool("markdown-exec" + MATERIAL, "docs", SITE, MKDOCS),
]


class Script:
    """One script: what it holds now. Every third uses torch, every second the local module."""

    def __init__(self, number: int) -> None:
        self.name, self.seed, self.prose = f"s{number:02}", 1000 + number, f"prose{number}first"
        self.work = (TEMPLATES / ("torch.txt" if number % 3 == 2 else "numpy.txt")).read_text()
        self.reads_module = number % 2 == 0

    def parts(self) -> dict[str, str]:
        """Return what stands for the marks of the templates, in this order."""
        said = f"seed * {FACTOR}" + f", _helper_mod.VALUE * {FACTOR}" * self.reads_module
        work = "import _helper_mod\n" * self.reads_module + self.work.replace("@name@", self.name)
        work = work.replace("@seed@", str(self.seed)).replace("@said@", said)
        draw = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot(losses)\n"
        cells = {"work": work, "draw": f"{draw}title = ax.set_title(str(said))"}
        return {"name": self.name, "prose": self.prose, **cells, "say": "print(*said)"}

    def shows(self, module: int) -> set[str]:
        """Return the words that its page must hold."""
        numbers = [self.seed, module] if self.reads_module else [self.seed]
        return {self.prose, *(str(number * FACTOR) for number in numbers)}


class Site:
    """One tool's project in one round: its files, its builds, its pages."""

    def __init__(self, tool: Tool, root: Path, python: str, count: int) -> None:
        self.tool, self.root, self.python = tool, root, python
        self.scripts, self.module = [Script(number) for number in range(count)], 2000
        self.figures: dict[str, set[str]] = {}
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(here := TEMPLATES / tool.name, root, ignore=shutil.ignore_patterns("*.in"))
        self.templates = {root / p.relative_to(here): p.read_text() for p in here.rglob("*.in")}
        if tool.name == "gdcore":
            copy_of_ours(root)

    def change(self, row: str) -> tuple[list[Script], list[Script]]:
        """Make the change of a row; return the scripts that must run, and those to be looked at."""
        run = self.scripts if row == "cold" else []
        if row == "one script edited":
            run = self.scripts[1:2]
            run[0].seed += 100
        elif row == "imported module edited":
            run = [script for script in self.scripts if script.reads_module]
            self.module += 1
        elif row == "prose edited":
            self.scripts[-1].prose += "edited"
        keep(self.root / self.tool.scripts / "_helper_mod.py", f"VALUE = {self.module}\n")
        for script in self.scripts:
            for path, text in self.templates.items():
                for key, value in script.parts().items():
                    escaped = json.dumps(value)[1:-1] if ".ipynb" in path.name else value
                    text = text.replace(f"@{key}@", escaped)
                keep(path.with_name(script.name + path.with_suffix("").suffix), text)
        return run, run or self.scripts[-1 if row == "prose edited" else 0 :]

    def bring_up(self, row: str) -> dict[str, Any]:
        """Make the change of a row and build; return what that took, and which pages are wrong."""
        must_run, looked_at = self.change(row)
        (log := self.root.with_suffix(".log")).write_text("")
        env = os.environ | {"PEERS_LOG": str(log), "OMP_NUM_THREADS": "1"}
        env |= {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(self.root / self.tool.scripts)}
        env["PATH"] = f"{Path(self.python).parent}{os.pathsep}{env['PATH']}"
        command = [self.python, *self.tool.command]
        before, start = processor_seconds(), time.perf_counter()
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True)
        seconds, cpu = time.perf_counter() - start, processor_seconds() - before
        wrong = [f"exit code {done.returncode}: {done.stderr[-600:]}"] if done.returncode else []
        for script in self.scripts:
            page = self.root / self.tool.page.format(script.name)
            text = page.read_text("utf-8") if page.is_file() else ""
            old = self.figures.get(script.name, set())
            self.figures[script.name] = pictures(page, text)
            told = script.shows(self.module) <= set(re.findall(r"\w+", text))
            drawn = script not in must_run or self.figures[script.name] - old
            wrong += [script.name] if script in looked_at and not (told and drawn) else []
        counts = {"ran": len(log.read_text().split()), "must_run": len(must_run)}
        return {"seconds": seconds, "cpu_seconds": cpu, **counts, "wrong": wrong}


def keep(path: Path, text: str) -> None:
    """Write a file, unless it holds that already."""
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def pictures(page: Path, text: str) -> set[str]:
    """Return hashes of the pictures that a page shows, in it or beside it."""
    files = ((source, page.parent / source) for source in IMAGE.findall(text) if len(source) < 999)
    found = [path.read_bytes() for source, path in files if "://" not in source and path.is_file()]
    found += [source.encode() for source in IMAGE.findall(text) if source.startswith("data:")]
    return {hashlib.sha256(data).hexdigest() for data in found}


def processor_seconds() -> float:
    """Processor seconds of all descendants, after those left behind have ended (10 s at most)."""
    end = time.monotonic() + 10
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < end:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])  # user and system


def copy_of_ours(root: Path) -> None:
    """Copy this project without its content, and cut it down to one language, by a patch."""
    for name in ("sitebuild", "gdcore", "docs/assets", "docs/theme"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = re.sub(r"(?m)^nav:\n(?: .*\n)*", "", (ROOT / "mkdocs.yml").read_text("utf-8"))
    keep(root / "mkdocs.yml", config)
    project = root / "sitebuild" / "project.py"
    one = re.sub(r"(?m)^LANGUAGES = .*", 'LANGUAGES = ("en",)', project.read_text("utf-8"))
    keep(project, one)
    (root / ".cache").mkdir()
    (root / ".cache" / "katex").symlink_to(root.parent / "katex")  # fetched, not built


def installed(tool: Tool, work: Path) -> str:
    """Return the Python of a tool's environment, made if it is not there."""
    if tool.name == "gdcore":
        formulas.katex(work)
        return sys.executable
    python = f"{(folder := work / 'env' / tool.name)}/bin/python"
    if not (folder / "complete").is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pins = PINNED.findall((ROOT / "constraints.txt").read_text("utf-8"))
        pip = [python, "-m", "pip", "install", "-q", *pins, *tool.packages.split()]
        subprocess.run(pip, check=True, capture_output=True, text=True)
        (folder / "complete").touch()
    return python


def main() -> None:
    """Measure, print, and write if everything was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gdcore-peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scripts", type=int, default=12, help="fewer for a trial, even, from 4")
    names = [tool.name for tool in TOOLS]
    parser.add_argument("--tools", nargs="+", choices=names, default=names)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # be a subreaper, so that orphans' seconds count too
    pythons, rows, work = {}, list[dict[str, Any]](), options.work.resolve()
    for tool in (tool for tool in TOOLS if tool.name in options.tools):
        try:
            pythons[tool.name] = installed(tool, work)
        except subprocess.CalledProcessError as error:
            rows.append({"tool": tool.name, "absent": (error.stderr or str(error)).strip()[-200:]})
    tools = [tool for tool in TOOLS if tool.name in pythons]
    ask = ["-c", "import sys, importlib.metadata as m; print(m.version(sys.argv[1]), end='')"]
    versions = {t: subprocess.check_output([p, *ask, t], text=True) for t, p in pythons.items()}
    measured: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _ in range(options.rounds):
        sites = [Site(t, work / t.name, pythons[t.name], options.scripts) for t in tools]
        for row in ROWS:
            for site in sites:
                found = site.bring_up(row)
                measured.setdefault((row, site.tool.name), []).append(found)
                if found["wrong"]:
                    print(f"{site.tool.name}, {row}: wrong: {found['wrong']}", file=sys.stderr)
    for (row, name), turns in measured.items():
        result: dict[str, Any] = {"tool": name, "version": versions[name], "row": row}
        for key in ("seconds", "cpu_seconds"):
            result |= spread(key, [turn[key] for turn in turns])
        for key in ("ran", "must_run"):
            result[key] = statistics.median(turn[key] for turn in turns)
        rows.append(result | {"right": not any(turn["wrong"] for turn in turns)})
        line = "{row:24}{tool:16}{seconds:8} s{cpu_seconds:8} cpu s{ran:4} ran, {must_run:2} had to"
        print(line.format(**rows[-1]), "" if rows[-1]["right"] else "  WRONG")
    print(*(f"{row['tool']} is absent: {row['absent']}" for row in rows if "absent" in row))
    if options.rounds < 3 or options.scripts != 12 or len(options.tools) < len(TOOLS):
        return
    write(
        ROOT / "snippets" / "measured" / "peers.json",
        what="seconds to bring a site of 12 executed scripts up to date, by tool and by edit",
        method=f"median of {options.rounds} rounds, tools in turn; CPU of all descendants; "
        "ours with one language, and a notebook beside each chapter",
        command="python bench/peers.py --work DIR",
        rows=rows,
    )


if __name__ == "__main__":
    main()
