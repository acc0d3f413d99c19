"""The reference: every public name has one page, and the list leads to it, in both languages."""

import inspect
import re

import pytest
from bs4 import BeautifulSoup

import gdcore
import gdcore.torch
from sitebuild import reference
from sitebuild.pages import Page, PageError, fill
from sitebuild.project import HERE

LANGUAGES = ["", "zh/"]


@pytest.fixture(scope="module")
def shown(site):
    """What stands under each anchor of the reference: {language: {address: {id: name of tag}}}."""
    found = {}
    for lang in LANGUAGES:
        pages = {}
        for path in sorted((site / lang / "api").rglob("index.html")):
            article = BeautifulSoup(path.read_text("utf-8"), "html.parser").article
            address = path.relative_to(site / lang).parent.as_posix() + "/"
            pages[address] = {tag["id"]: tag.name for tag in article.find_all(id=True)}
        found[lang] = pages
    return found


def paths(package):
    """The full name of each public name of a package."""
    for name in package.__all__:
        value = getattr(package, name)
        is_module = inspect.ismodule(value)
        yield value.__name__ if is_module else f"{value.__module__}.{name}"


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_public_name_has_one_page_and_an_anchor_there(shown, lang):
    pages = {page: ids for page, ids in shown[lang].items() if page != "api/"}
    assert len(pages) > 15
    for path in [*paths(gdcore), *paths(gdcore.torch)]:
        assert sum(path in ids for ids in pages.values()) == 1, path


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_list_leads_to_every_name_under_its_old_anchor(site, shown, lang):
    text = (site / lang / "api/index.html").read_text("utf-8")
    article = BeautifulSoup(text, "html.parser").article
    links = {a["id"]: a["href"] for a in article.select("a[id]")}
    names = {  # as mkdocstrings has them: modules are h2, what is in them h3
        name: f"{page.removeprefix('api/')}#{name}"
        for page, ids in shown[lang].items() if page != "api/"
        for name, tag in ids.items() if tag == "h3"
    }  # fmt: skip
    assert links == names
    titles = {heading.a["href"] for heading in article.select("h3")}
    assert titles == {page.removeprefix("api/") for page in shown[lang]} - {""}


@pytest.mark.slow
def test_a_page_of_the_reference_is_a_page_and_not_a_book(site, shown):
    for lang, pages in shown.items():
        for page in pages:
            size = (site / lang / page / "index.html").stat().st_size
            assert size < 200_000, f"{lang}{page}: split it"  # a fifth of when all stood on one


def test_an_entry_is_title_paragraph_and_names(toy):
    page = toy.root / "docs/zh/api/x.md"
    page.parent.mkdir(parents=True)
    page.write_text("# 题 { #x }\n\n一句。\n\n::: gdcore.x\n", "utf-8")
    (toy.root / "gdcore").mkdir()
    (toy.root / "gdcore/x.py").write_text(
        'A = 1\n"""Said."""\nB = 2\nC: int = 3\n"""Said."""\n\n\ndef f():\n    """Said."""\n\n\n'
        'def g():\n    pass\n\n\ndef _h():\n    """Said."""\n\n\nclass K:\n    """Said."""\n',
        "utf-8",
    )
    text = fill("{{ api/x }}\n", Page("api.md", "zh"), toy, {})
    assert text.startswith("### [题](api/x.md) { #x }\n\n一句。\n\n")
    assert re.findall(r"\[`(.*?)`\]\(api/x.md#(.*?)\)\{ #(.*?) \}", text) == [
        (written, f"gdcore.x.{written.rstrip('()')}", f"gdcore.x.{written.rstrip('()')}")
        for written in ("A", "C", "f()", "K")
    ]


def test_a_module_that_lists_its_names_shows_those():
    assert list(reference.names(HERE, "gdcore.objectives")) == gdcore.objectives.__all__


def test_an_entry_of_a_page_that_says_nothing_of_itself_is_refused(toy):
    with pytest.raises(PageError, match=r"docs/en/api.md: docs/en/api/x.md should begin with"):
        fill("{{ api/x }}", Page("api.md", "en"), toy, {})
