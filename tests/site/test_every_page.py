"""All pages in headless Chromium: no fault, no other host, no sideways scrolling; axe on each kind.

Which pages there are is read from the site, so that a new one is held to the same.
"""

import gzip
import re
from urllib.parse import urlsplit

import pytest

from sitebuild import formulas
from sitebuild.project import HERE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = 320  # px: the narrowest that WCAG asks for
BUDGET = 250_000  # bytes over the wire of a first visit
# Two thirds of the reference are left to the checks by hand, or axe takes half a minute for it;
# what KaTeX draws is hidden from readers' devices, which are given MathML.
LEFT_OUT = [".katex-html", ".doc-module ~ .doc-module ~ .doc-module"]
AXE = """([leftOut, rules]) => axe.run(
  { exclude: leftOut.map(selector => [selector]) },
  { resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) },
).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
  nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\\n${failureSummary}`)))"""


@pytest.fixture(scope="module")
def pages(site):
    """Addresses of all pages, the heaviest first."""
    files = sorted(site.rglob("*.html"), key=lambda path: -path.stat().st_size)
    return [path.relative_to(site).as_posix().removesuffix("index.html") for path in files]


def kinds(pages):
    """Return the heaviest page of each kind: the start, the chapters, the notebooks and so on."""
    heaviest = {}
    for page in pages:
        heaviest.setdefault(page.removeprefix("zh/").partition("/")[0], page.removeprefix("zh/"))
    return list(heaviest.values())


def test_no_page_has_a_fault_or_needs_sideways_scrolling_on_a_phone(visit, pages, address):
    opened = visit("", width=PHONE)  # faults of all pages gather here, and fail the test
    assert len(pages) > 20
    too_wide = []
    for path in pages:
        opened.page.goto(address + path, wait_until="load")
        opened.page.evaluate("document.fonts.ready")
        if opened.page.evaluate("document.documentElement.scrollWidth") > PHONE:
            too_wide.append(path)
    assert too_wide == []


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_axe_finds_nothing_on_any_kind_of_page_in_either_scheme(visit, pages, address, lang):
    script = formulas.katex(HERE.root / ".cache").parents[1] / "axe-core" / "axe.min.js"
    opened = visit(lang)
    faults = {}
    for path in kinds(pages):
        opened.page.goto(address + lang + path, wait_until="load")
        opened.page.add_script_tag(path=script)
        found = opened.page.evaluate(AXE, [LEFT_OUT, None])
        opened.page.add_style_tag(content="* { transition: none !important }")
        # nothing but contrast differs between the schemes
        opened.page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
        found += opened.page.evaluate(AXE, [LEFT_OUT, ["color-contrast"]])
        if found:
            faults[lang + path] = found
    assert faults == {}


def test_axe_is_awake(visit):
    page = visit("").page
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=assets/logo.svg>'")
    page.evaluate("document.querySelector('article p').style.color = '#aaa'")
    page.add_script_tag(
        path=formulas.katex(HERE.root / ".cache").parents[1] / "axe-core" / "axe.min.js"
    )
    found = "\n".join(page.evaluate(AXE, [LEFT_OUT, None]))
    assert "image-alt: " in found
    assert "color-contrast: " in found


def test_a_first_visit_to_the_heaviest_chapter_is_light(visit, site, pages, address):
    path = next(page for page in pages if "chapters/" in page)
    opened = visit("conventions/")
    asked = set()
    opened.context.on("request", lambda request: asked.add(urlsplit(request.url).path))
    opened.page.goto(address + path, wait_until="networkidle")
    for image in opened.page.locator("article img:visible").all():
        image.scroll_into_view_if_needed()  # to the end: all that loads late
        opened.page.wait_for_function("e => e.complete", arg=image.element_handle())
    files = [site / (name + "index.html" if name.endswith("/") else name)
             for name in (path.lstrip("/") for path in asked)]  # fmt: skip
    packed = {".woff2", ".png"}
    sizes = {
        file: file.stat().st_size
        if file.suffix in packed
        else len(gzip.compress(file.read_bytes()))
        for file in files
    }
    assert len(sizes) > 10
    assert not [file for file in sizes if "search_index" in file.name]  # until it is searched
    assert sum(sizes.values()) <= BUDGET, sizes


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_without_scripts_text_figures_and_formulas_are_there(visit, pages, lang):
    path = next(page for page in pages if page.startswith(f"{lang}chapters/"))
    page = visit(path, java_script_enabled=False).page
    shown, hidden = (page.locator(f'article img[src$="#only-{s}"]') for s in ("light", "dark"))
    assert shown.count() >= 1
    assert all(image.is_visible() for image in shown.all())
    assert not any(image.is_visible() for image in hidden.all())
    assert page.locator("article .katex-html").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_has_light_figures_and_nothing_to_press(visit, scheme):
    page = visit("chapters/step-size/", scheme=scheme).page
    page.evaluate(
        """() => addEventListener("beforeprint", () => (window.printed = {
          scheme: document.body.dataset.mdColorScheme,
          lazy: [...document.images].filter(image => image.loading === "lazy").length }))"""
    )
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.evaluate("printed") == {"scheme": "default", "lazy": 0}
    shown = {"light": "default", "dark": "slate"}[scheme]
    assert page.evaluate("document.body.dataset.mdColorScheme") == shown
    page.emulate_media(media="print")
    for pressed in (
        ".md-header",
        ".md-sidebar",
        ".md-footer",
        ".md-code__nav",
        ".headerlink",
        ".controls",
    ):
        assert not any(part.is_visible() for part in page.locator(pressed).all()), pressed
    assert page.locator("article h1").is_visible()


def test_a_formula_wider_than_a_phone_scrolls_in_a_box_that_keys_reach(visit, pages):
    page = visit("api/", width=PHONE).page
    page.evaluate("document.fonts.ready")
    wide = page.locator(".formula[tabindex='0']")
    assert wide.count() >= 1
    box = wide.first
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft > 0", arg=box.element_handle())
    fits = page.locator(".formula:not([tabindex])").first
    assert fits.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_every_formula_has_mathml_with_its_tex(site, pages):
    seen = 0
    for path in pages:
        text = (site / path if path.endswith(".html") else site / path / "index.html").read_text()
        drawn = text.count('<span class="katex-html" aria-hidden="true">')
        assert drawn == len(re.findall(r"<math\b", text)) == text.count("application/x-tex"), path
        seen += drawn
    assert seen > 100
