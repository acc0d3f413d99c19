"""What a playground may be set to, and how a page asks for one: text in, text out."""

import json

import pytest

from sitebuild import pages, playground, playgrounds, settings, twins
from sitebuild.cache import Run
from sitebuild.project import Project
from sitebuild.settings import SettingError

SURFACES = {
    "bowl": {"domain": [[-1.5, 1.5], [-1.5, 1.5]], "minima": [[0, 0]], "start": [1, 1]},
    "saddle": {"domain": [[-2, 2], [-1, 1]], "minima": [[0, 1]], "start": [1, 0.5]},
}
LOOK = {"color": "#0072b2", "linewidth": 2, "dashes": [6, 2]}
WORLD = {"surfaces": SURFACES, "looks": {"sgd": LOOK, "momentum": LOOK, "adam": LOOK}}


def test_a_line_is_read_with_the_defaults_of_what_it_leaves_out():
    read = settings.read("surface=saddle rules=sgd:0.25,adam lr=0.5 y=-0.5 batch=8", WORLD)
    assert read == {
        "surface": "saddle",
        "x": 1,  # where the surface starts
        "y": -0.5,
        "kappa": 10,
        "turn": 0,
        "lr": 0.5,
        "momentum": 0.9,
        "noise": 0,
        "batch": 8,
        "steps": 100,
        "rules": {"sgd": 0.25, "adam": 0.5},
        "show": list(settings.KNOBS),
    }


def test_a_query_says_everything_that_a_script_must_know():
    read = settings.read("surface=bowl rules=sgd:0.25,adam lr=0.5 show=lr", WORLD)
    assert settings.query(read) == (
        "surface=bowl&x=1&y=1&kappa=10&turn=0&lr=0.5&momentum=0.9&noise=0&batch=1&steps=100"
        "&rules=sgd:0.25,adam:0.5"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rules=sgd", "no surface ''; there are: bowl, saddle"),
        ("surface=bowel rules=sgd", r"no surface 'bowel' \(did you mean 'bowl'\?\)"),
        ("surface=bowl", "no rule ''; there are: sgd, momentum, adam"),
        ("surface=bowl rules=sgd,", "no rule ''"),
        ("surface=bowl rules=adams:0.1", "did you mean 'adam'"),
        ("surface=bowl rules=sgd:0", r"lr of sgd must lie in 0.0001 to 10, got '0'"),
        ("surface=bowl rules=sgd:", "lr of sgd must lie in"),
        ("surface=bowl rules=sgd kappa=0.5", "kappa must lie in 1 to 1000, got '0.5'"),
        ("surface=bowl rules=sgd kappa=nan", "kappa must lie in 1 to 1000, got 'nan'"),
        ("surface=bowl rules=sgd momentum=1", "momentum must lie in 0 to 0.99, got '1'"),
        ("surface=bowl rules=sgd noise=-1", "noise must lie in 0 to 100, got '-1'"),
        ("surface=bowl rules=sgd batch=2.5", "batch must be a whole number, got '2.5'"),
        ("surface=bowl rules=sgd steps=1001", "steps must lie in 10 to 1000"),
        ("surface=bowl rules=sgd x=1.6", "x must lie in -1.5 to 1.5, got '1.6'"),
        ("surface=saddle rules=sgd y=1.1", "y must lie in -1 to 1"),
        ("surface=bowl rules=sgd show=lr,knob", "no knob 'knob'; there are: surface, kappa"),
        ("surface=bowl rules=sgd color=red", "no setting 'color'"),
    ],
)
def test_what_no_knob_can_show_is_refused_with_what_there_is(line, message):
    with pytest.raises(SettingError, match=message):
        settings.read(line, WORLD)


@pytest.mark.parametrize("name", settings.RANGES)
def test_a_knob_stands_between_its_ends_for_every_value(name):
    bounds = settings.RANGES[name]
    ends = bounds.position(bounds.low), bounds.position(bounds.high)
    assert ends[0] < bounds.position((bounds.low + bounds.high) / 2) < ends[1]
    if bounds.scale == "log0":
        assert bounds.position(0) == ends[0]
    if bounds.scale:
        assert 10 ** bounds.position(bounds.high) == pytest.approx(bounds.high)


def run(**values):
    cells = [{"title": "deep", "text": "", "figures": ["deep", "deep_2"]}]
    world = {name: json.dumps(part) for name, part in WORLD.items()} | {"tape": "[]"}
    preset = {"deep": "surface=bowl rules=sgd:0.1,adam:0.2", "odd": "surface=bowl rules=sgdd"}
    return Run(
        machinery="",
        reads={},
        versions={},
        device="here",
        date="2026-01-01",
        seconds=1.0,
        values=world | preset | values,
        cells=cells,
        warned="",
        measured=[],
    )


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    folder = project.run("toy/play")
    folder.mkdir(parents=True)
    for lang in ("en", "zh"):
        for figure in ("deep", "deep_2"):
            (folder / f"{figure}.{lang}.svg").write_text(
                '<svg width="100pt" height="90pt"></svg>', "utf-8"
            )
    return project


def filled(markdown, project, uri="chapters/x.md", lang="en", **values):
    return pages.fill(markdown, pages.Page(uri, lang), project, {"toy/play": run(**values)})


def test_a_playground_is_two_pictures_and_a_caption(project):
    page = filled('![A deep bowl](play:toy/play/deep "Look")', project)
    assert '<figure class="playground" id="play-deep"' in page
    assert 'data-module="assets/playground/main.js"' in page
    for file in ("deep.svg", "deep_2.svg"):
        for scheme in ("light", "dark"):
            assert f"../runs/toy/play/{file}#only-{scheme}" in page
    assert page.count("![A deep bowl]") == 2
    assert page.count("![The height above the lowest point against the step") == 2
    assert "Look <small>" in page


def test_a_page_gets_the_knobs_in_its_language_and_what_the_script_must_know():
    figure = (
        '<figure class="playground" id="play-deep" data-preset="toy/play/deep">'
        '<div class="stage"></div><figcaption>Look</figcaption></figure>'
    )
    for lang, word in (("en", "condition number"), ("zh", "条件数")):
        page = playgrounds.finish(figure, {"toy/play": run()}, lang)
        assert page.index("stage") < page.index("controls") < page.index("<figcaption>Look")
        assert word in page
        data = json.loads(page.partition('"application/json">')[2].partition("</script>")[0])
        assert data["preset"].endswith("rules=sgd:0.1,adam:0.2")
        assert data["tape"] == "runs/toy/play/tape.json"
        assert data["surfaces"] == SURFACES
        assert "<" not in json.dumps(data["words"])
        assert page.count('name="on-') == 3
        assert page.count(" checked>") == 2
        assert page.count(" disabled>") == 1


def test_a_playground_shows_the_knobs_that_its_preset_names():
    figure = '<figure class="playground" data-preset="toy/play/deep"><figcaption></figcaption>'
    only = run(deep="surface=bowl rules=sgd:0.1 show=lr,batch")
    page = playgrounds.finish(figure, {"toy/play": only}, "en")
    for name, shown in {
        "lr-sgd": 1,
        "batch": 1,
        "shown": 1,
        "x": 0,
        "kappa": 0,
        "noise": 0,
    }.items():
        assert page.count(f'name="{name}"') == shown
    assert "learning rate of SGD" in page
    assert 'type="checkbox"' not in page


def test_a_link_sets_the_playground_of_its_page(project):
    page = filled("![A](play:toy/play/deep) [more **so**](play:toy/play/deep)", project)
    assert '<a class="try" href="?surface=bowl&amp;x=1&amp;' in page
    assert "more **so**</a>" in page


@pytest.mark.parametrize(
    ("uri", "way"), [("chapters/x.md", "../../playground/"), ("index.md", "playground/")]
)
def test_a_link_on_a_page_without_one_leads_to_the_playground(project, uri, way):
    page = filled("[see](play:toy/play/deep)", project, uri)
    assert f'href="{way}?surface=bowl' in page


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        ("![A](play:toy/play/dep)", "no preset of toy/play called 'dep' .did you mean 'deep'"),
        ("![A](play:toy/plays/deep)", "no snippet 'toy/plays'"),
        ("![](play:toy/play/deep)", "has no text"),
        ("![A](play:toy/play/odd)", "toy/play.odd: there is no rule 'sgdd' .did you mean 'sgd'"),
        ("[A](play:toy/play/odd)", "toy/play.odd: there is no rule 'sgdd'"),
    ],
)
def test_a_page_that_asks_for_what_there_is_not_is_named(project, markdown, message):
    with pytest.raises(pages.PageError, match=f"docs/zh/chapters/x.md: .*{message}"):
        filled(markdown, project, lang="zh")


def test_a_preset_without_its_pictures_is_refused(project):
    with pytest.raises(pages.PageError, match="no figure of toy/play called 'bare'"):
        filled("![A](play:toy/play/bare)", project, bare="surface=bowl rules=sgd")


def test_twins_show_the_same_playgrounds(tmp_path):
    for lang, name in (("en", "deep"), ("zh", "steep")):
        (tmp_path / lang).mkdir()
        text = f"# A {{ #a }}\n\n![A](play:toy/play/{name})\n\n[b](play:toy/play/deep)\n"
        (tmp_path / lang / "x.md").write_text(text, "utf-8")
    (difference,) = twins.differences(tmp_path)
    assert "playgrounds" in difference
    assert "!toy/play/steep" in difference


def test_a_playground_shows_its_snippet_and_describes_its_pictures():
    markdown = "![A bowl](play:toy/play/deep) [b](play:toy/other/deep)"
    assert pages.snippets(markdown) == {"toy/play", "toy/other"}
    assert pages.alts(markdown) == {("toy/play", "deep"): "A bowl"}


def test_the_scripts_of_a_page_are_found_once():
    page = '<figure data-module="a.js"><figure data-module="b.js"><figure data-module="a.js">'
    assert playground.modules(page) == ["a.js", "b.js"]
