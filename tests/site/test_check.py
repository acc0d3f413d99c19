"""What `check` finds, and where formulas and tables of the pages come from."""

import json
import re

import pytest
import yaml

from sitebuild import check, docstrings, environment, experiments, pool
from sitebuild.__main__ import main
from sitebuild.project import HERE

PAGE = """# One {{ #one }}

![{alt}](run:toy/one/draw "Up.")

{{{{ toy/one.total }}}}
"""


@pytest.fixture
def pages(toy):
    """Both languages of a chapter that shows the toy, with its labels."""
    for lang, alt in (("en", "A line"), ("zh", "一条线")):
        folder = toy.root / "docs" / lang / "chapters"
        folder.mkdir(parents=True)
        (folder / "one.md").write_text(PAGE.format(alt=alt), "utf-8")
    labels = {"loss": "损失", "batch size {}": "批量大小 {}", "updates": "更新次数"}
    (toy.snippets / "labels.zh.json").write_text(json.dumps(labels), "utf-8")
    return toy.root / "docs"


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_sound_project_has_no_faults(toy, pages):
    assert check.faults(toy) == []


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("one.total", "one.totle", ["no value of toy/one called 'totle' (did you mean 'total'?)"]),
        ("one/draw", "one/drew", ["no figure of toy/one called 'drew' (did you mean 'draw'?)"]),
        ("[A line]", "[]", ["has no alt text"]),
        ("[一条线]", "[]", ["has no alt text"]),
        ("{ #one }", "{ #two }", ["headings"]),
    ],
)
def test_a_fault_of_a_page_is_named_with_its_file(toy, pages, old, new, messages):
    for lang in ("en", "zh"):
        page = pages / lang / "chapters" / "one.md"
        if old in page.read_text("utf-8") and (lang == "en" or old == "[一条线]"):
            edit(page, old, new)
    found = check.faults(toy)
    for message in messages:
        assert any("chapters/one.md" in line and message in line for line in found), found


def test_a_snippet_that_nobody_shows_and_a_chapter_without_one_are_named(toy, pages):
    toy.source("toy/two").write_text("# %% only\nx = 1\n", "utf-8")
    for lang in ("en", "zh"):
        (pages / lang / "chapters" / "two.md").write_text("# Two { #two }\n", "utf-8")
    assert check.faults(toy) == [
        "docs/en/chapters/two.md: a chapter that shows no snippet",
        "docs/zh/chapters/two.md: a chapter that shows no snippet",
        "snippets/toy/two.py: no page shows it",
    ]


def test_a_label_without_chinese_is_named(toy, pages):
    (toy.snippets / "labels.zh.json").write_text('{"loss": "损失", "updates": "次数"}', "utf-8")
    (line,) = check.faults(toy)
    assert "labels.zh.json has no entry for 'batch size 128' (toy/one/draw)" in line


def test_a_formula_is_the_one_in_the_docstring():
    assert docstrings.formula(HERE.root, "gdcore.optimizers.SGD") == (
        r"v_t = \beta v_{t-1} + g_t, \qquad w_t = w_{t-1} - \eta v_t"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gdcore.optimisers.SGD", "there is no module gdcore.optimisers"),
        ("gdcore.optimizers.SDG", "gdcore.optimizers.SDG has no formula; .* these have: SGD"),
        ("gdcore.optimizers.Optimizer", "gdcore.optimizers.Optimizer has no formula"),
    ],
)
def test_a_formula_that_is_not_there_is_named(name, message):
    with pytest.raises(docstrings.NoFormula, match=message):
        docstrings.formula(HERE.root, name)


def test_programs_are_numbered_as_the_chapters_show_them(toy):
    shown = {
        "chapters/late.md": "# Late { #late }\n\n![A](run:toy/two/draw)\n![B](run:toy/one/draw)\n",
        "chapters/early.md": "# Early { #early }\n\n{{ toy/two.x }}\n![B](run:toy/one/draw)\n",
        "about.md": "# About { #about }\n\n![C](run:toy/one/draw)\n![C](run:toy/three/draw)\n",
    }
    for uri, text in shown.items():
        (path := toy.root / "docs" / "en" / uri).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    nav = "nav:\n  - about.md\n  - Chapters:\n      - chapters/early.md\n      - chapters/late.md\n"
    (toy.root / "mkdocs.yml").write_text(nav, "utf-8")
    places = experiments.places(toy, "en")
    assert {name: (place.number, place.title) for name, place in places.items()} == {
        "toy/one": ("1.1", "Early"),
        "toy/two": ("2.1", "Late"),
        "toy/three": ("", "About"),
    }


def test_the_tables_name_every_run_version_and_measurement(toy):
    runs = pool.update(toy, say=lambda line: None)
    (toy.root / "docs" / "zh").mkdir(parents=True)
    (toy.root / "docs" / "zh" / "x.md").write_text("# 甲 { #x }\n\n![A](run:toy/one/draw)", "utf-8")
    (toy.snippets / "measured").mkdir()
    record = {"device": "D", "date": "2026-01-02", "commit": "abcdef012", "command": "python x.py"}
    (toy.snippets / "measured" / "m.json").write_text(json.dumps(record), "utf-8")
    tables = {
        kind: environment.table(toy, runs, "zh", kind) for kind in ("runs", "versions", "measured")
    }
    row = r"\| – \| \[toy/one\]\(notebooks/toy/one\.md\) \| \[甲\]\(x\.md\) \| [\d.]+ \| 1 \| "
    assert re.search(row, tables["runs"])
    assert re.search(r"\| Matplotlib \| \d[\d.]+ \|\n\| Python \| 3\.", tables["versions"])
    assert "| m | D | 2026-01-02 | `abcdef0` | `python x.py` |" in tables["measured"]
    assert len({line.count("|") for line in tables["runs"].splitlines()}) == 1


def test_the_name_of_a_device_needs_no_translation(toy, pages):
    (toy.snippets / "measured").mkdir()
    record = toy.snippets / "measured" / "m.json"
    text = '{"device": "Speedy (R) 9", "date": "", "command": ""}'
    record.write_text(text, "utf-8")
    edit(toy.source("toy/one"), '"data.csv"', '"snippets/measured/m.json"')
    edit(toy.source("toy/one"), "sum(map(int, rows))", "3")
    edit(toy.source("toy/one"), '"loss, batch', '"loss, Speedy (R) 9, batch')
    assert check.faults(toy) == []
    record.write_text(text.replace("9", "10"), "utf-8")
    (line,) = check.faults(toy)
    assert "no entry for 'Speedy (R) 9'" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "batch/three_method"],
            "no snippet or folder batch/three_method; there are ",
        ),
        (["run", "--jobs", "0"], "--jobs must be 1 or more, got 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_the_workflow_runs_the_two_commands_and_needs_no_secret(root):
    text = (root / ".github" / "workflows" / "site.yml").read_text("utf-8")
    steps = yaml.safe_load(text)["jobs"]["build"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands[-2:] == ["python -m sitebuild check", "mkdocs build --strict"]
    assert "secrets." not in text
    contributing = (root / "CONTRIBUTING.md").read_text("utf-8")
    assert all(f"`{command}`" in contributing for command in commands[-2:])


def test_a_program_is_shown_whole_by_a_page_and_run_by_no_cell(toy, pages):
    (toy.snippets / "programs").mkdir()
    (toy.snippets / "programs" / "ranks.py").write_text("print(1)\n", "utf-8")
    assert toy.names() == ["toy/one"]
    assert check.faults(toy) == ["snippets/programs/ranks.py: no page shows it"]

    fence = '\n```python\n--8<-- "programs/ranks.py"\n```\n'
    chapter, twin = (pages / lang / "chapters/one.md" for lang in ("en", "zh"))
    chapter.write_text(chapter.read_text("utf-8") + fence, "utf-8")
    assert [line.partition(":")[2] for line in check.faults(toy)] == [
        " programs: en has ['ranks'], zh has []"
    ]
    twin.write_text(twin.read_text("utf-8") + fence, "utf-8")
    assert check.faults(toy) == []

    edit(twin, "programs/ranks", "programs/rank")
    assert any("no program 'rank' (did you mean 'ranks'?)" in line for line in check.faults(toy))
