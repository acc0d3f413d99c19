"""The one style sheet: what it is made of, and that all it asks for is there."""

import re
from urllib.parse import urlsplit

import pytest

from sitebuild import sheet


@pytest.mark.parametrize(
    ("uri", "text", "then"),
    [
        ("assets/katex/katex.css", "url(fonts/A.woff2)", "url(katex/fonts/A.woff2)"),
        ("assets/katex/katex.css", "url('fonts/A.woff2')", "url('katex/fonts/A.woff2')"),
        ("assets/katex/katex.css", "url(../logo.svg)", "url(katex/../logo.svg)"),
        ("assets/extra.css", "url(logo.svg)", "url(logo.svg)"),
        ("assets/x/a.css", 'url("data:image/svg+xml,<svg/>")', 'url("data:image/svg+xml,<svg/>")'),
        ("assets/x/a.css", "url(#a) url(/b.svg)", "url(#a) url(/b.svg)"),
        ("assets/x/a.css", '@charset "UTF-8";a{}/*# sourceMappingURL=a.css.map */', "a{}"),
        ("assets/x/a.min.css", 'a{content:"/* "}/*# sourceMappingURL=b */', 'a{content:"/* "}'),
        ("assets/x/a.css", "a{}\n/* why:\n   so */\nb{}", "a{}\nb{}"),
    ],
)
def test_what_lies_beside_a_sheet_is_found_from_where_it_is_joined(uri, text, then):
    assert sheet.moved(text, uri) == then


@pytest.mark.slow
def test_each_page_has_one_sheet_and_all_that_it_asks_for_is_there(site):
    for page in site.rglob("*.html"):
        sheets = re.findall(r'<link rel="stylesheet" href="([^"]*)"', page.read_text("utf-8"))
        start = site if page.name == "404.html" else page.parent
        (address,) = {urlsplit(each).path.lstrip("/") for each in sheets}
        assert len(sheets) == 1
        assert (start / address).resolve() == (
            site / ("zh" if "zh" in page.relative_to(site).parts else "") / sheet.ALL
        )
    for root in (site, site / "zh"):
        text = (root / sheet.ALL).read_text("utf-8")
        for own in ("--md-hue", ".katex-mathml", ".doc-signature", "--batch", ".playground"):
            assert own in text  # the theme, KaTeX, mkdocstrings, the site, its playgrounds
        asked = {each for each in re.findall(r"url\([\"']?([^\"')]+)", text) if each[:5] != "data:"}
        assert asked
        assert all((root / "assets" / each).is_file() for each in asked)
        assert not list(root.glob("assets/**/*.css.map"))
        assert [path.name for path in root.glob("assets/**/*.css")] == ["site.css"]
