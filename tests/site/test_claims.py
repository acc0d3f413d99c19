"""The register of claims: each verdict has a ground, and is told alike in both languages."""

import re

import pytest

from sitebuild import claims, pages, pool
from sitebuild.pages import Page, PageError
from sitebuild.project import HERE, LANGUAGES

ROW = """
[steep]
topic = "paths"
verdict = "{verdict}"
page = "chapters/x.md#here"
{ground}
en = ["Down.", "It is {{{{ toy/one.total }}}}."]
zh = ["下。", "是 {{{{ toy/one.{value} }}}}。"]
"""
CHAPTER = '# X { #x }\n\n## Here it is { #here }\n\n![A line](run:toy/one/draw "Up.")\n'


@pytest.fixture
def runs(toy):
    return pool.update(toy, say=lambda line: None)


@pytest.fixture
def fill(toy, runs):
    for lang in LANGUAGES:
        (toy.root / "docs" / lang / "chapters").mkdir(parents=True)
        (toy.root / "docs" / lang / "chapters" / "x.md").write_text(CHAPTER, "utf-8")

    def filled(line, *, lang="en", verdict="true", ground="", value="total"):
        row = ROW.format(verdict=verdict, ground=ground, value=value)
        claims.path(toy).write_text(row, "utf-8")
        return pages.fill(line, Page("claims.md", lang), toy, runs)

    return filled


def test_a_claim_has_its_verdict_its_ruling_its_sources_and_the_figure_that_decides(fill):
    ground = 'figure = "toy/one/draw"\nsaid = ["A 2003", "B 2004"]\ndenied = ["C 2019"]'
    *_, row = fill("{{ claims paths }}", verdict="if", ground=ground).splitlines()
    mark, words, where = row.strip("| ").split(" | ")
    assert mark == '<a id="steep"></a><span class="verdict is-if">true if …</span>'
    assert words.startswith("**Down.**<br>It is 6.")
    assert re.findall(r"<small>(.*?) <span lang=\"en\">(.*?)</span>", words) == [
        ("Says so:", "A 2003; B 2004"),
        ("Says otherwise:", "C 2019"),
    ]
    assert where.startswith("[![A line](runs/toy/one/draw.svg#only-light)")
    assert where.endswith("](chapters/x.md#here)<br>[Here it is](chapters/x.md#here)")
    *_, row = fill("{{ claims paths }}", lang="zh", verdict="if", ground=ground).splitlines()
    assert "有条件" in row
    assert "**下。**<br>是 6。" in row


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"verdict": "maybe"}, "steep: .* one of true, if, contested, false, got 'maybe'"),
        ({"value": "rows"}, "steep: the languages quote different values"),
        ({"ground": 'figure = "toy/one/read"'}, "no figure in chapters/x.md called 'toy/one/read'"),
    ],
)
def test_a_claim_that_cannot_stand_is_refused(fill, given, message):
    with pytest.raises(PageError, match=rf"docs/en/claims.md: .*{message}"):
        fill("{{ claims paths }}", **given)


def test_a_verdict_without_a_ground_is_refused(toy, fill):
    fill("{{ claims paths }}")
    row = ROW.format(verdict="true", ground="", value="total").replace("{{ toy/one.total }}", "6")
    claims.path(toy).write_text(row, "utf-8")
    with pytest.raises(claims.ClaimError, match="a figure, a quoted value or a source"):
        claims.read(toy)


def test_a_topic_or_a_place_that_is_not_there_is_named(toy, fill):
    with pytest.raises(PageError, match=r"no claim has the topic 'pats'; there are: paths"):
        fill("{{ claims pats }}")
    (toy.root / "docs/en/chapters/x.md").write_text("# X { #x }\n", "utf-8")
    with pytest.raises(PageError, match=r"docs/en/chapters/x.md has no heading #here"):
        fill("{{ claims paths }}")


def test_the_choice_counts_the_verdicts(fill):
    text = fill("{{ verdicts }}", verdict="false")
    assert re.findall(r'value="(\w+)"( checked)?> (.*?) \((\d)\)', text) == [
        ("all", " checked", "all", "1"),
        ("true", "", "true", "0"),
        ("if", "", "true if …", "0"),
        ("contested", "", "contested", "0"),
        ("false", "", "false", "1"),
    ]


def test_the_page_shows_every_claim_once(toy):
    topics = {claim["topic"] for claim in claims.read(HERE).values()}
    for lang in LANGUAGES:
        text = (HERE.root / "docs" / lang / "claims.md").read_text("utf-8")
        shown = re.findall(r"^\{\{ claims (\w+) \}\}$", text, re.M)
        assert sorted(shown) == sorted(topics)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("path", ["claims/", "zh/claims/"])
def test_one_kind_of_verdict_can_be_chosen_by_keyboard_and_without_a_script(visit, path):
    page = visit(path, java_script_enabled=False).page
    seen = "els => els.filter(e => e.offsetParent !== null).map(e => e.className)"
    everything = page.locator(".verdict").evaluate_all(seen)
    page.locator(".verdicts input").first.focus()
    for number, verdict in enumerate(("true", "if", "contested", "false"), 1):
        page.keyboard.press("ArrowRight")
        chosen = page.locator(".verdict").evaluate_all(seen)
        assert set(chosen) == {f"verdict is-{verdict}"}
        label = page.locator(".verdicts label").nth(number).inner_text()
        assert label.endswith(f"({len(chosen)})")
        assert chosen.count(f"verdict is-{verdict}") == everything.count(f"verdict is-{verdict}")
