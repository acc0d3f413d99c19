import html
import re
import tomllib

import pytest

from sitebuild import glossary, marks, pages, pool
from sitebuild.pages import Page, PageError
from sitebuild.project import HERE
from sitebuild.snippet import Snippet


@pytest.fixture
def runs(toy):
    return pool.update(toy, say=lambda line: None)


def fill(text, toy, runs, lang="en"):
    return pages.fill(text, Page("chapters/x.md", lang), toy, runs)


def test_a_value_is_filled_in_its_format(toy, runs):
    assert fill("{{ toy/one.total }}, {{ toy/one.total:05.1f }}", toy, runs) == "6, 006.0"


def test_latex_braces_are_left_alone(toy, runs):
    text = r"$\frac{{a}}{{b}}$ {{ x }} {{toy.one}}"
    assert fill(text, toy, runs) == text


def test_a_figure_is_two_images_of_one_drawing_with_its_provenance(toy, runs):
    text = fill('![A line](run:toy/one/draw "Up.")', toy, runs)
    for scheme in ("light", "dark"):
        assert f"![A line](../runs/toy/one/draw.svg#only-{scheme}){{ width=" in text
    assert "Up. <small>[runnable source](../notebooks/toy/one.md) · " in text
    assert re.search(r" on .+ · Python 3\.\d+\.\d+, Matplotlib \d", text)
    assert "recorded" not in text
    assert "可运行的源码" in fill('![A](run:toy/one/draw "B")', toy, runs, "zh")


def test_a_figure_of_a_measurement_on_the_spot_says_so(toy):
    text = toy.source("toy/one").read_text("utf-8")
    tagged = text.replace("# %% draw", '# %% draw tags=["measured"]')
    toy.source("toy/one").write_text(tagged, "utf-8")
    runs = pool.update(toy, say=lambda line: None)
    date = runs["toy/one"].date
    shown = '![A](run:toy/one/draw "B")'
    assert f" · times measured in this run, {date}</small>" in fill(shown, toy, runs)
    assert f" · 其中的时间在这次运行中测得，{date}</small>" in fill(shown, toy, runs, "zh")
    runs["toy/one"].measured.remove("figure draw")
    assert "measured" not in fill(shown, toy, runs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ toy/one.totl }}", r"docs/en/chapters/x.md: .*'totl' .did you mean 'total'.*: total"),
        ("{{ toy/won.total }}", r"no snippet 'toy/won' .did you mean 'toy/one'.*: toy/one"),
        ("{{ toy/one.total:q }}", r"Unknown format code 'q'.*it is 6"),
        ("![a](run:toy/one/drew)", r"no figure of toy/one called 'drew' .*there are: draw"),
        ("![](run:toy/one/draw)", r"has no alt text"),
        ('```python\n--8<-- "toy/one/reed.py"\n```', r"no cell of toy/one called 'reed'"),
    ],
)
def test_what_no_run_has_stops_the_build_with_page_and_known_names(toy, runs, text, message):
    with pytest.raises(PageError, match=message):
        fill(text, toy, runs)


def test_a_cell_is_shown_and_its_program_copied(toy, runs):
    text = fill('```python\n--8<-- "toy/one/draw.py"\n```', toy, runs)
    assert '``` { .python data-program="toy/one/draw" }' in text
    content = pages.give_programs('<div data-program="toy/one/draw">', toy)
    (copied,) = re.findall('data-copy="([^"]*)"', content)
    program = html.unescape(copied)
    assert program == Snippet.read(toy.source("toy/one")).program("draw")
    compile(program, "copied", "exec")


def test_an_output_has_no_copy_button(toy, runs):
    text = fill('```text\n--8<-- "toy/one/read.txt"\n```', toy, runs)
    assert "{ .text .output }" in text


def test_a_fence_in_a_folded_solution_keeps_its_indent(toy, runs):
    text = '??? success "Solution"\n\n    ```{}\n    --8<-- "toy/one/read.{}"\n    ```\n'
    code = fill(text.format("python", "py"), toy, runs)
    assert '\n\n    ``` { .python data-program="toy/one/read" }\n    --8<-- "toy' in code
    output = fill(text.format("text", "txt"), toy, runs)
    assert "\n\n    ``` { .text .output }\n    --8<-- " in output
    assert all(filled.endswith('"\n    ```\n') for filled in (code, output))
    assert marks.snippets(text.format("python", "py")) == {"toy/one"}


def test_a_fence_whose_lines_are_not_indented_alike_is_left_alone(toy, runs):
    text = '    ```python\n--8<-- "toy/one/read.py"\n    ```'
    assert fill(text, toy, runs) == text


def test_the_lines_that_changed_between_two_cells_are_marked(toy, runs):
    toy.source("toy/one").write_text(
        "# %% read\na = 1\nb = 2\n# %% draw\na = 1\n\nb = 3\nc = 4\n# %% check\nd = 1\n", "utf-8"
    )
    text = fill('```python changed-from="read"\n--8<-- "toy/one/draw.py"\n```', toy, runs)
    assert 'hl_lines="3 4"' in text


def test_the_glossary_has_every_word_in_both_languages(toy, runs):
    words = tomllib.loads(glossary.path(HERE).read_text("utf-8"))
    for name, entry in words.items():
        assert len(entry["en"]) == len(entry["zh"]) == 3, name
        assert all(entry[lang][0] and entry[lang][2] for lang in ("en", "zh")), name
    for lang, first in (("en", "**adaptive rule**"), ("zh", "**参数**")):
        lines = glossary.table(HERE, lang).splitlines()
        assert len(lines) == len(words) + 2
        assert first in lines[2]
        assert {line.count(" | ") for line in lines} == {1}


def test_a_word_of_the_glossary_can_be_linked_to(toy, runs):
    (toy.root / "docs").mkdir()
    glossary.path(toy).write_text(
        '[lr]\nen = ["rate", "", "A."]\nzh = ["率", "", "甲。"]\n', "utf-8"
    )
    assert '| <a id="lr"></a>**率**<br><span lang="en">rate</span> | 甲。 |' in fill(
        "{{ glossary }}", toy, runs, "zh"
    )
