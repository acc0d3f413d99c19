"""What a reader gets, in headless Chromium: figures, links, copied programs, silence."""

import json
import re

import pytest

from sitebuild.project import HERE
from sitebuild.snippet import Snippet

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LIST = ".md-search__scrollwrap"
ITEM = ".md-search-result__item > .md-search-result__link"
PAGES = ["", "chapters/mini-batches/", "notebooks/batch/three_methods/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["", "zh/"])
@pytest.mark.parametrize("path", PAGES)
def test_figures_are_seen_in_both_schemes(visit, lang, path, scheme):
    page = visit(lang + path, scheme=scheme).page
    # a playground's picture is for readers without scripts
    shown = page.locator(f'img[src$="#only-{scheme}"]:not(.playground img)')
    other = {"light": "dark", "dark": "light"}[scheme]
    assert shown.count() >= 1
    for image in shown.all():
        image.scroll_into_view_if_needed()
        assert image.is_visible()
        page.wait_for_function("e => e.complete", arg=image.element_handle())
        assert image.evaluate("e => e.naturalWidth") > 0
        assert len(image.get_attribute("alt")) > 20
    for image in page.locator(f'img[src$="#only-{other}"]').all():
        assert not image.is_visible()


@pytest.mark.parametrize("path", ["chapters/mini-batches/#own-lr", "#run", "zh/#run"])
def test_the_language_link_leads_to_the_same_section(visit, address, path):
    page = visit(path).page
    page.click(".other-language")
    page.wait_for_load_state()
    twin = path.removeprefix("zh/") if path.startswith("zh/") else f"zh/{path}"
    assert page.url == address + twin
    assert page.locator(f":target, #{twin.partition('#')[2]}").first.is_visible()


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_a_click_on_a_copy_button_says_that_it_copied(visit, lang):
    page = visit(lang).page
    button = page.locator(".md-code__button[data-md-type=copy]").first
    button.hover()
    button.click()
    page.wait_for_selector(".md-dialog--active")
    text = page.evaluate("navigator.clipboard.readText()").strip()
    assert text == Snippet.read(HERE.source("start/ten_lines")).program("descend").strip()


def test_a_button_that_gives_the_whole_program_says_so(visit):
    for path, words in (("chapters/mini-batches/", "program that runs"), ("zh/", "直接运行的程序")):
        button = visit(path).page.locator(".md-code__button").first
        button.hover()
        assert words in button.get_attribute("title")


def pages_with(site, lang, pattern):
    """Return the pages that hold a word or a pattern, as the search index has their text."""
    index = json.loads((site / lang / "search/search_index.json").read_text("utf-8"))
    cut = "\u200b"  # between the words of Chinese
    return {
        doc["location"].partition("#")[0]
        for doc in index["docs"]
        if re.search(pattern, (doc["title"] + " " + doc["text"]).replace(cut, ""), re.I)
    }


def search(page, word):
    page.fill(".md-search__input", "")
    page.wait_for_selector(".md-search-result__item", state="detached")
    page.keyboard.insert_text(word)  # as an input method does, or a paste by mouse: no key goes up
    page.wait_for_selector(".md-search-result__item mark")
    count = int(re.search(r"\d+", page.locator(".md-search-result__meta").inner_text())[0])
    results = page.locator("li.md-search-result__item")
    for _ in range(count):  # the theme draws some more each time the end is scrolled to
        if results.count() == count:
            break
        for top in "0", "list.scrollHeight":
            page.eval_on_selector(LIST, f"list => list.scrollTo(0, {top})")
            page.wait_for_timeout(150)
    assert results.count() == count
    return [re.split("[?#]", link.get_attribute("href"))[0] for link in page.locator(ITEM).all()]


def test_each_chinese_term_is_found_whole(visit, site, address):
    page = visit("zh/").page
    page.click(".md-search__input")
    terms = [line.split()[0] for line in (HERE.root / "docs/terms.zh.txt").read_text().splitlines()]
    assert {"梯度下降", "学习率", "小批量", "批量大小", "动量", "鞍点"} <= set(terms)
    for term in terms:
        there = pages_with(site, "zh", term)
        assert there, f"docs/terms.zh.txt: no page has {term}"
        # on the pages that have it, and on no page that has but a part of it
        found = {link.removeprefix(f"{address}zh/") for link in search(page, term)}
        assert found == there, term


def test_a_term_of_two_words_is_found_where_both_are(visit, site, address):
    page = visit("zh/").page
    page.click(".md-search__input")
    found = {link.removeprefix(f"{address}zh/") for link in search(page, "随机梯度下降")}
    assert pages_with(site, "zh", "随机梯度下降") <= found
    assert found <= pages_with(site, "zh", "随机") & pages_with(site, "zh", "梯度下降")


@pytest.mark.parametrize("word", ["epoch", "momentum"])
def test_english_is_found_in_english(visit, site, address, word):
    page = visit("").page
    page.click(".md-search__input")
    found = {link.removeprefix(address) for link in search(page, word)}
    assert found == pages_with(site, "", rf"\b{word}")


@pytest.mark.parametrize("lang", ["", "zh/"])
@pytest.mark.parametrize(
    ("name", "page"), [("descend_runs", "descent"), ("GraphTrainer", "torch/trainers")]
)
def test_a_name_of_the_reference_is_found_on_its_page(visit, address, lang, name, page):
    opened = visit(lang).page
    opened.click(".md-search__input")
    assert f"{address}{lang}api/{page}/" in search(opened, name)


def test_what_was_searched_for_is_marked_on_the_page(visit):
    page = visit("zh/chapters/mini-batches/?h=%E5%AD%A6%E4%B9%A0%E7%8E%87").page
    page.wait_for_selector("article mark")
    assert page.locator("article mark").first.text_content() == "学习率"


def test_signatures_and_outputs_have_no_copy_button(visit):
    page = visit("api/models/").page
    assert page.locator(".doc-signature").count() > 10
    assert page.locator(".doc-signature .md-code__button").count() == 0
