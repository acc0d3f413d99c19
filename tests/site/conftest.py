"""A toy project, a copy of the real one, the site itself, and a browser to visit it with."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sitebuild import marks
from sitebuild.formulas import _tool
from sitebuild.project import HERE, LANGUAGES, Project

SWITCHES = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
ADDRESS = "https://gradient.example/"  # no such place: nothing may be asked of it
BUTTONS_ARE_THERE = """() => [...document.querySelectorAll('pre:not(.mermaid) > code')]
  .every(code => code.parentElement.id.startsWith('__code_'))"""
Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def toy(tmp_path: Path) -> Project:
    """A project with one snippet, one module and one data file of its own."""
    project = Project(tmp_path)
    (tmp_path / "snippets" / "toy").mkdir(parents=True)
    (tmp_path / "toylib").mkdir()
    (tmp_path / "toylib" / "__init__.py").write_text("", "utf-8")
    (tmp_path / "toylib" / "double.py").write_text(
        '"""Twice."""\n\n\ndef double(x):\n    return 2 * x  # two times\n', "utf-8"
    )
    (tmp_path / "data.csv").write_text("1\n2\n", "utf-8")
    project.source("toy/one").write_text(
        """# %% [markdown] lang="en"
# # Toy
# %% [markdown] lang="zh"
# # 玩具
# %% read
from pathlib import Path

from toylib.double import double

rows = Path("data.csv").read_text().split()
total = double(sum(map(int, rows)))
print("total", total)

# %% draw
import matplotlib.pyplot as plt

plt.plot([0, 0.12345, 1], label="loss, batch size 128")
plt.xlabel("updates")
plt.legend()
plt.show()

# %% check
assert total == 6
""",
        "utf-8",
    )
    return project


def copy_of_the_project(target: Path) -> Project:
    """Copy what the site is built from, with the runs so far."""
    for name in ("docs", "gdcore", "sitebuild", "snippets", "mkdocs.yml", "mkdocs.zh.yml"):
        source = HERE.root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    shutil.copytree(HERE.root / ".cache", target / ".cache", symlinks=True)
    return Project(target)


@pytest.fixture
def copied(site: Path, tmp_path: Path) -> Project:
    return copy_of_the_project(tmp_path)


@pytest.fixture
def small(copied: Project) -> Project:
    """The start page and one chapter, with their programs: what is to fail need not be large."""
    kept = {Path("index.md"), Path("chapters/mini-batches.md")}
    shown: set[str] = set()
    for docs in (copied.root / "docs" / lang for lang in LANGUAGES):
        for page in list(docs.rglob("*.md")):
            if page.relative_to(docs) in kept:
                shown |= marks.snippets(page.read_text("utf-8"))
            else:
                page.unlink()
    for name in set(copied.names()) - shown:
        copied.source(name).unlink()
    return copied


def mkdocs(
    project: Project, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *arguments],
        cwd=project.root,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"} | environment,
    )


@pytest.fixture
def build() -> Shell:
    return mkdocs


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is published, built strictly from the recorded runs; what is stale is run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the first of several processes builds it for all
        shared = shared.parent
    built, folder = shared / "site.built", shared / "site"
    with FileLock(shared / "site.lock"):
        if not built.exists():
            done = mkdocs(HERE, "build", "--strict", "--site-dir", str(folder), SITE_URL=ADDRESS)
            assert done.returncode == 0, done.stderr
            built.touch()
    return folder


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Run a function in Node with arguments and the folder of a room of docs/assets."""
    folder = tmp_path_factory.mktemp("scripts")
    shutil.copytree(HERE.root / "docs" / "assets", folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")

    def call(room: str, function: str, **arguments: Any) -> Any:
        program = (
            f'import {{readFileSync}} from "node:fs"; const f = {function};'
            "const made = await f(JSON.parse(readFileSync(0, 'utf-8')));"
            "process.stdout.write(JSON.stringify(made));"
        )
        done = subprocess.run(
            [_tool("node"), "--input-type=module", "-e", program],
            input=json.dumps(arguments | {"folder": (folder / room).as_uri()}),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.fixture(scope="module")
def chromium():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        reason = "no chromium on the PATH: apt-get install chromium, or set CHROMIUM=/path/to/it"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = play.chromium.launch(executable_path=path, args=SWITCHES + sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Visit:
    """An open page, and all that went wrong on it."""

    def __init__(self, browser, address, path, scheme="light", width=1280, **more):
        self.context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
            permissions=["clipboard-read", "clipboard-write"],
            **more,
        )
        self.page, self.faults = self.context.new_page(), []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", self.failed)
        self.page.on("request", lambda r: self.foreign(r.url, address))
        self.page.goto(address + path, wait_until="load")

    def whole(self, url):
        """Open a page all of which is laid out, as for a link to its middle, with every button."""
        self.page.goto(f"{url}#whole", wait_until="load")
        self.page.wait_for_function(BUTTONS_ARE_THERE)

    def failed(self, request):
        if request.failure != "net::ERR_ABORTED":  # a click on a link ends what is under way
            self.faults.append(f"{request.failure}: {request.url}")

    def foreign(self, url, address):
        if not url.startswith((address, "data:", "blob:")):
            self.faults.append(f"foreign: {url}")


@pytest.fixture(scope="module")
def phone(chromium, address):
    """A page as narrow as WCAG asks for, that stays open for a walk over the whole site."""
    opened = Visit(chromium, address, "", width=320)
    yield opened
    opened.context.close()


@pytest.fixture
def count_moves():
    """A script that adds up in `moved` by how much the page has moved by itself."""
    return """window.moved = 0;
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) window.moved += e.value;
    }).observe({type: 'layout-shift', buffered: true});"""


@pytest.fixture
def visit(chromium, address):
    open_pages = []

    def go(path, **options):
        open_pages.append(Visit(chromium, address, path, **options))
        return open_pages[-1]

    yield go
    faults = [fault for each in open_pages for fault in each.faults]
    for each in open_pages:
        each.context.close()
    assert faults == []  # no console error, no failed request, no other host
