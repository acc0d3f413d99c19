"""A walk over all pages, on a phone: no fault, no other host, no sideways scrolling; and what the
copy buttons give, every program of every page, is run in a fresh Python.

Which pages there are is read from the site, so that a new one is held to the same.
"""

import ast
import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from sitebuild.project import HERE
from sitebuild.snippet import Snippet

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SECONDS = 120  # a snippet may take 20 on two idle cores
TOGETHER = 2  # programs at a time
# Each button is clicked and what it left on the clipboard is read, with the block's language.
COPY = """async () => {
  const found = [];
  for (const button of document.querySelectorAll(".md-code__button[data-md-type=copy]")) {
    await navigator.clipboard.writeText("nothing was copied");
    button.click();
    found.push([button.closest("[class*=language-]")?.className.match(/language-(\\w+)/)[1] ?? "",
                await navigator.clipboard.readText()]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def walked(site, phone, address):
    """What every copy button gives, (language, text) in order; and how wide each page is."""
    texts, widths = {}, {}
    for path in sorted(site.rglob("*.html")):
        uri = path.relative_to(site).as_posix().removesuffix("index.html")
        phone.whole(address + uri)
        phone.page.evaluate("document.fonts.ready")
        widths[uri] = phone.page.evaluate("document.documentElement.scrollWidth")
        texts[uri] = [tuple(pair) for pair in phone.page.evaluate(COPY)]
    return texts, widths


@pytest.fixture(scope="module")
def copied(walked):
    """What every copy button of the site gives, by page."""
    return walked[0]


def test_no_page_has_a_fault_or_needs_sideways_scrolling_on_a_phone(walked, phone):
    widths = walked[1]
    assert len(widths) > 20
    screen = phone.page.viewport_size["width"]
    assert {uri: width for uri, width in widths.items() if width > screen} == {}
    assert phone.faults == []  # no console error, no failed request, no other host


def test_every_block_is_copied_and_both_languages_give_the_same(copied):
    english = {uri: texts for uri, texts in copied.items() if not uri.startswith("zh/")}
    assert {f"zh/{uri}" for uri in english} == {uri for uri in copied if uri.startswith("zh/")}
    assert len([uri for uri, texts in english.items() if texts]) >= 5
    for uri, texts in english.items():
        assert copied[f"zh/{uri}"] == texts, uri
        assert all(language in {"python", "bash"} for language, _ in texts), uri
        assert "nothing was copied" not in {text for _, text in texts}, uri


def test_the_buttons_of_a_notebook_give_its_programs(copied):
    for name in HERE.names():
        snippet = Snippet.read(HERE.source(name))
        texts = [text.strip() for _, text in copied.get(f"notebooks/{name}/", [])]
        assert texts == [snippet.program(cell.title).strip() for cell in snippet.cells], name


def longest(programs):
    """Leave out the programs with which another one begins: they have run when that has.

    The whole programs of the snippets are among the others: each runs in a fresh Python of its own
    in test_snippet.py.
    """
    snippets = [Snippet.read(HERE.source(name)) for name in HERE.names()]
    run = ["\n\n".join(cell.text for cell in snippet.cells) for snippet in snippets]
    kept = []
    for program in sorted(set(programs), key=len, reverse=True):
        if not any(other.startswith(program.strip()) for other in [*run, *kept]):
            kept.append(program)
    return kept


def missing(program):
    """Return the packages that a program needs and this Python has not: an optional one may be."""
    names = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return sorted(name for name in names if importlib.util.find_spec(name) is None)


def test_what_every_button_gives_runs_in_a_fresh_python(copied, tmp_path):
    programs = longest(text for texts in copied.values() for language, text in texts
                       if language == "python")  # fmt: skip
    skipped = {program: lacks for program in programs if (lacks := missing(program))}
    assert len(programs) > len(skipped)

    def run(numbered):
        number, program = numbered
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "copied.py"  # a file and not -c, as those who start processes need one
        file.write_text(program, "utf-8")
        done = subprocess.run(
            [sys.executable, file.name], cwd=folder, capture_output=True, text=True, timeout=SECONDS
        )
        return f"{program}\n{done.stderr}" if done.returncode else ""

    with ThreadPoolExecutor(TOGETHER) as pool:
        runnable = [program for program in programs if program not in skipped]
        failed = [fault for fault in pool.map(run, enumerate(runnable)) if fault]
    assert failed == []
    if skipped:
        lacks = sorted({name for names in skipped.values() for name in names})
        pytest.skip(f"{len(runnable)} programs ran; {len(skipped)} need {', '.join(lacks)}")


def test_what_is_copied_for_a_shell_runs_in_one(copied, tmp_path):
    commands = {text for texts in copied.values() for language, text in texts if language == "bash"}
    assert commands
    for number, command in enumerate(sorted(commands)):
        (folder := tmp_path / str(number)).mkdir()
        path = f"{sys.prefix}/bin:{sys.exec_prefix}/bin"
        done = subprocess.run(
            ["bash", "-euc", f"PATH={path}:$PATH\n{command}"],
            cwd=folder, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stderr}"
