import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sitebuild import pool
from sitebuild.project import HERE
from sitebuild.snippet import Snippet, SnippetError


def snippet(source: str) -> Snippet:
    return Snippet(Path("x.py"), source)


def test_cells_have_titles_texts_and_lines():
    cells = snippet("# %% one\na = 1\n\n# %% [markdown]\n# prose\n# %% two\nb = a\n").cells
    assert [(c.title, c.text, c.line) for c in cells] == [("one", "a = 1", 2), ("two", "b = a", 7)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a = 1\n# %% one\n", "x.py:1: code stands above the first"),
        ("# %%\na = 1\n", "x.py:1: a code cell opens with '# %% title'"),
        ("# %% one\n# %% Two words\n", "x.py:2: a code cell opens with .* got '# %% Two words'"),
        ("# %% one\na = 1\n# %% one\n", "x.py:3: two cells are called 'one'"),
    ],
)
def test_a_badly_written_snippet_is_refused_with_its_line(source, message):
    with pytest.raises(SnippetError, match=message):
        snippet(source).cells  # noqa: B018


def test_a_comment_above_the_first_cell_is_no_code():
    assert [c.title for c in snippet("# licence\n\n# %% one\na = 1\n").cells] == ["one"]


def test_a_traceback_points_into_the_file():
    first, second = snippet("# %% one\na = 0\n# %% two\n\n1 / a\n").compiled()
    space = {}
    exec(first, space)
    with pytest.raises(ZeroDivisionError) as caught:
        exec(second, space)
    frame = caught.tb.tb_next.tb_next or caught.tb.tb_next
    assert (frame.tb_frame.f_code.co_filename, frame.tb_lineno) == ("x.py", 5)


def test_a_program_is_all_up_to_the_cell_or_the_cell_alone():
    s = snippet(
        "# %% one\nimport math as m\na = 1\n# %% two\nb = a\n"
        "# %% three\nimport math\ndef f(x):\n    return [math.pi * y for y in x]\nprint(f([1]))\n"
    )
    assert s.program("one") == "import math as m\na = 1\n"
    assert s.program("two") == "import math as m\na = 1\n\nb = a\n"
    assert s.program("three").startswith("import math\ndef f")


def script(name, folder):
    """Run a snippet as a reader would, from anywhere, and keep in `folder` what it leaves."""
    recorder = Path(__file__).with_name("recorder")
    env = os.environ | {
        "MPLBACKEND": "module://recorder",
        "OMP_NUM_THREADS": "1",  # as the site's runs: the last bits of a sum hang on it
        "PYTHONPATH": str(recorder),
        "RECORD": str(folder),
    }
    return subprocess.run(
        [sys.executable, str(HERE.source(name))],
        cwd=folder,
        capture_output=True,
        text=True,
        env=env,
    )


@pytest.fixture(scope="module")
def scripts(request, tmp_path_factory):
    """The snippets that were asked for, each in a process of its own, two at a time."""
    asked = [item.callspec.params["name"] for item in request.session.items
             if item.name.startswith("test_every_snippet_runs")]  # fmt: skip
    folders = {name: tmp_path_factory.mktemp("any") for name in asked}
    with ThreadPoolExecutor(2) as two:
        yield {name: (folders[name], two.submit(script, name, folders[name])) for name in asked}


@pytest.fixture(scope="module")
def runs():
    """The runs from which the site is made."""
    return pool.update(HERE, say=lambda line: None)


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE.names())
def test_every_snippet_runs_by_itself_and_gives_what_the_site_shows(name, scripts, runs):
    """A plain script in a fresh Python: same words, same values, same bytes of each figure."""
    folder, running = scripts[name]
    done, run = running.result(), runs[name]
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    where = 0
    for cell in run.cells:  # in order, apart from what is measured on the spot
        if f"output of cell {cell['title']}" not in run.measured:
            where = done.stdout.index(cell["text"], where) + len(cell["text"])
    values = json.loads((folder / "values.json").read_text("utf-8"))
    assert values.keys() == run.values.keys()
    same = values.keys() - {what.removeprefix("value ") for what in run.measured}
    assert {name: values[name] for name in same} == {name: run.values[name] for name in same}
    shown = sorted(folder.glob("*.svg"), key=lambda file: int(file.stem))
    for figure, file in zip(run.figures(), shown, strict=True):
        if f"figure {figure}" not in run.measured:
            assert file.read_bytes() == (HERE.run(name) / f"{figure}.raw.svg").read_bytes(), figure
