"""What stands around every page: the head, the site map, the sign, the card, mended markup."""

import io
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from bs4 import BeautifulSoup

from gdcore import plot
from sitebuild import card, frame, logo, markup, summary
from sitebuild.project import HERE

pytestmark = pytest.mark.slow
ADDRESS = "https://gradient.example/"
HREFLANG = {"en": "", "zh": "zh/", "x-default": ""}


@pytest.fixture(scope="module")
def heads(site):
    """The head of every page, by the page's address in the site."""
    found = {}
    for path in site.rglob("index.html"):
        head = path.read_text("utf-8").partition("</head>")[0]
        found[path.relative_to(site).parent.as_posix().removeprefix(".")] = BeautifulSoup(
            head, "html.parser"
        )
    return found


def content(head, **named):
    (tag,) = head.find_all("meta", attrs=named)
    return tag["content"]


def language(page):
    return "zh" if page.split("/")[0] == "zh" else "en"


def twin(page, lang):
    return f"{HREFLANG[lang]}{page.removeprefix('zh').lstrip('/')}"


def folder(url):
    return url.removeprefix(ADDRESS).rstrip("/")


def test_every_page_names_its_twin_and_the_twin_is_there(heads):
    assert len(heads) % 2 == 0
    for page, head in heads.items():
        links = {a["hreflang"]: a["href"] for a in head.find_all("link", rel="alternate")}
        assert {lang: folder(url) for lang, url in links.items()} == {
            lang: twin(page, lang).rstrip("/") for lang in HREFLANG
        }
        assert all(folder(url) in heads for url in links.values())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_has_a_title_and_a_description_of_its_own(heads, lang):
    mine = [head for page, head in heads.items() if language(page) == lang]
    for said in ([content(h, name="description") for h in mine], [h.title.text for h in mine]):
        assert len(set(said)) == len(said)
    for head in mine:
        assert 12 <= len(content(head, name="description")) <= 200


def test_the_card_is_shown_by_its_full_address_in_the_size_that_it_has(site, heads):
    from PIL import Image

    for page, head in heads.items():
        home = ADDRESS + HREFLANG[language(page)]
        url = content(head, property="og:image")
        assert url == f"{home}assets/card.png"
        with Image.open(site / url.removeprefix(ADDRESS)) as image:
            assert image.format == "PNG"
            assert image.size == (1200, 630) == card.SIZE
        assert content(head, property="og:image:width") == "1200"
        assert folder(content(head, property="og:url")) == page.rstrip("/")
        assert content(head, property="og:description") == content(head, name="description")


def test_the_site_map_pairs_the_languages(site, heads):
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = {}
    for path in (site / "sitemap.xml", site / "zh" / "sitemap.xml"):
        for url in ElementTree.parse(path).getroot().iter(f"{name}url"):
            links = {a.get("hreflang"): a.get("href") for a in url if a.tag.endswith("link")}
            listed[folder(url.findtext(f"{name}loc"))] = {k: folder(v) for k, v in links.items()}
    assert listed == {
        page: {lang: twin(page, lang).rstrip("/") for lang in HREFLANG} for page in heads
    }


@pytest.mark.parametrize("page", ["404.html", "zh/404.html"])
def test_a_page_that_is_not_there_says_so_in_both_languages(site, page):
    text = (site / page).read_text("utf-8")
    assert "Page not found" in text
    assert "页面不存在" in text


def test_the_sign_is_the_way_of_gradient_descent(site):
    drawn = (site / "assets/logo.svg").read_text("utf-8")
    assert drawn == logo.svg() == (site / "zh/assets/logo.svg").read_text("utf-8")
    points = re.search(r'points="([^"]*)"', drawn)[1]
    got = np.array([[float(n) for n in point.split(",")] for point in points.split()])
    turn = np.array(
        [[np.cos(logo.TURN), -np.sin(logo.TURN)], [np.sin(logo.TURN), np.cos(logo.TURN)]]
    )
    factor = 1 - logo.LR * np.array(logo.CURVATURES)  # of each axis of the bowl, per update
    own = turn.T @ np.array(logo.START)
    way = [turn @ (factor**t * own) for t in range(logo.STEPS + 1)]
    assert (
        np.abs(got - (logo.FLOOR + logo.SCALE * np.array(way) * (1, -1))).max() < 0.051
    )  # rounded
    for page in ("index.html", "zh/api/index.html"):
        assert re.search(
            r'rel="icon" href="[./]*assets/logo.svg"', (site / page).read_text("utf-8")
        )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_card_is_the_same_bytes_each_time_and_shows_the_methods_colours(lang):
    from PIL import Image

    drawn = card.png("A name, twice", "What it is.", lang)
    assert drawn == card.png("A name, twice", "What it is.", lang)
    pixels = {
        tuple(p) for p in np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB")).reshape(-1, 3)
    }
    for look in (plot.BATCH, plot.MINI_BATCH, plot.STOCHASTIC):
        assert tuple(bytes.fromhex(look["color"][1:])) in pixels


def test_a_card_without_a_font_for_its_language_has_the_picture_alone(monkeypatch):
    with_words = card.png("名字，两次", "说明。", "zh")
    monkeypatch.setattr(card.fontManager, "get_font_names", list)
    assert card.png("名字，两次", "说明。", "zh") != with_words


def test_the_style_sheet_has_the_colours_of_the_figures(site):
    css = (HERE.root / "docs/assets/extra.css").read_text("utf-8")
    for name, look in (("batch", plot.BATCH), ("mini-batch", plot.MINI_BATCH),
                       ("stochastic", plot.STOCHASTIC)):  # fmt: skip
        assert f"  --{name}: {look['color']};" in css


def test_each_change_of_the_themes_scripts_still_finds_its_place():
    theme = Path(subprocess.run(
        [sys.executable, "-c", "import material; print(material.__path__[0])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()) / "templates"  # fmt: skip
    for name, changes in frame.CHANGES.items():
        uris = [p.relative_to(theme).as_posix() for p in (theme / "assets").rglob("*.js")]
        (uri,) = [uri for uri in uris if name.fullmatch(uri)]
        script = (theme / uri).read_text("utf-8")
        assert {now: script.count(now) for now in changes} == dict.fromkeys(changes, 1)
        served = frame.changed(uri, theme / uri)
        assert all(then in served for then in changes.values())


def test_the_search_carries_the_languages_that_it_needs(site):
    for lang, home in (("en", site), ("zh", site / "zh")):
        kept = {p.name.split(".min")[0] for p in (home / "assets/javascripts/lunr").rglob("*.js")}
        assert kept == set(frame.STEMMERS[lang])


@pytest.fixture(scope="module")
def as_the_theme_makes_it(tmp_path_factory):
    """A page with every fault, made by the theme and Markdown alone."""
    root = tmp_path_factory.mktemp("plain")
    (root / "docs").mkdir()
    (root / "docs/index.md").write_text(
        "# A\n\n## B\n\n### C\n\n![x](x.svg)\n\n| | n |\n|---|---|\n| 2026-01-02 | 1 |\n\n"
        '<a download="" href="x">x</a>\n\n```python\nx = 1\n```\n',
        "utf-8",
    )
    (root / "docs/x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")
    (root / "mkdocs.yml").write_text(
        "site_name: plain\nnav: [{Part: [index.md]}]\nmarkdown_extensions: [tables, "
        "pymdownx.highlight, pymdownx.superfences]\n"
        "theme: {name: material, language: zh, font: false, features: [navigation.sections],"
        " palette: [{scheme: default, toggle: {icon: material/weather-night, name: Dark}}]}\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=root, check=False)
    assert done.returncode == 0
    return (root / "site/index.html").read_text("utf-8")


FAULTS = {**markup.FAULTS, r'<html lang="zh"': ""}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_still_the_themes_and_is_mended(as_the_theme_makes_it, fault):
    assert re.search(fault, as_the_theme_makes_it, re.S), "mended upstream: leave it out here"
    assert not re.search(fault, markup.mend(as_the_theme_makes_it, "zh"), re.S)


def test_mending_leaves_programs_as_they_are_and_chinese_without_gaps():
    code = '<pre><code>def f():\n\n    return "role=&quot;x&quot;"\n</code></pre>'
    page = f"<p>跑到底，\n   按钟画。\n and so\n on</p>\n\n   {code}\n"
    assert markup.mend(page, "zh") == f"<p>跑到底，按钟画。and so\non</p>\n{code}\n"


@pytest.mark.parametrize(("width", "name"), [(422, "run"), (700, "run wide")])
def test_a_wide_drawing_is_marked(width, name):
    page = f'<figure class="run">\n<img alt="a" src="b.svg" width="{width}">\n</figure>'
    assert f'<figure class="{name}">' in markup.mend(page, "en")


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<p>Too short.</p><p>A walk <b>downhill</b> &amp; back.</p>", "A walk downhill & back."),
        (f"<p>One is whole. {'Two is far too long ' * 10}.</p>", "One is whole."),
        (f"<p>第一句话要说得够长才行。{'第二句太长' * 20}。</p>", "第一句话要说得够长才行。"),
        ("<p>第一句话要\n说得够长。\n还有 NumPy\n呢。</p>", "第一句话要说得够长。还有 NumPy 呢。"),
        (r'<p>It is <span class="arithmatex">\(w\)</span> that moves here.</p>',
         "It is w that moves here."),
        ("<h1>Nothing</h1>", ""),
    ],
)  # fmt: skip
def test_a_summary_is_whole_sentences_of_the_first_paragraph(page, said):
    assert summary.summary(page) == said
