"""Each kind of page in headless Chromium: axe, weight, paper, formulas, and life without scripts.

Which pages there are is read from the site, so that a new one is held to the same.
"""

import gzip
import json
import re
from urllib.parse import urlsplit

import pytest

from sitebuild import formulas
from sitebuild.project import HERE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = 320  # px: the narrowest that WCAG asks for
BUDGET = 250_000  # bytes over the wire of a first visit
# what KaTeX draws is hidden from readers' devices, which are given MathML
LEFT_OUT = [".katex-html"]
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
    for page in (page.removeprefix("zh/") for page in pages):
        folder, _, below = page.partition("/")  # api/ lists what is below it
        heaviest.setdefault((folder, below == ""), page)
    return list(heaviest.values())


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_axe_finds_nothing_on_any_kind_of_page_in_either_scheme(visit, pages, address, lang):
    script = formulas.katex(HERE.root / ".cache").parents[1] / "axe-core" / "axe.min.js"
    opened = visit(lang)
    faults = {}
    for path in kinds(pages):
        opened.whole(address + lang + path)
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


def drawn(page, site):
    """Bytes over the wire of a page and of its figures in the light scheme."""
    text = (site / page / "index.html").read_text("utf-8")
    figures = {site / page / src for src in re.findall(r'src="([^"#]+)#only-light"', text)}
    files = [text.encode(), *(figure.read_bytes() for figure in figures)]
    return sum(len(gzip.compress(file)) for file in files)


FURTHER = """() => {
  scrollBy(0, 400);
  return scrollY + innerHeight < document.documentElement.scrollHeight - 1;
}"""


@pytest.mark.parametrize("weight", ["text", "text and figures"])
def test_a_first_visit_to_the_heaviest_chapter_is_light(visit, site, pages, address, weight):
    chapters = [page for page in pages if "chapters/" in page]
    path = chapters[0] if weight == "text" else max(chapters, key=lambda page: drawn(page, site))
    opened = visit("conventions/")
    asked = set()
    opened.context.on("request", lambda request: asked.add(urlsplit(request.url).path))
    opened.page.goto(address + path, wait_until="networkidle")
    while opened.page.evaluate(FURTHER):  # to the end: all that loads late
        opened.page.wait_for_timeout(30)
    opened.page.wait_for_load_state("networkidle")
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
    assert sum(file.suffix == ".svg" and "runs" in file.parts for file in files) >= 5
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
    page = visit("api/adaptive/", width=PHONE).page
    for formula in page.locator(".formula").all():
        formula.scroll_into_view_if_needed()
    wide = page.locator(".formula[tabindex='0']")
    wide.first.wait_for()
    box = wide.first
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft > 0", arg=box.element_handle())
    fits = page.locator(".formula:not([tabindex])").first
    assert fits.evaluate("e => e.scrollWidth <= e.clientWidth")


STYLED = """() => new Promise(done => setTimeout(() => done(document.all.length), 500))"""


@pytest.mark.parametrize("path", ["api/objectives/", "chapters/mini-batches/"])
def test_a_page_that_opens_is_styled_about_once(visit, chromium, address, path):
    page = visit("conventions/").page
    chromium.start_tracing(page=page, categories=["devtools.timeline"])
    page.goto(f"{address}{path}#whole", wait_until="networkidle")
    elements = page.evaluate(STYLED)
    events = json.loads(chromium.stop_tracing())["traceEvents"]
    styled = [
        event["args"].get("elementCount", 0)
        for event in events
        if event["name"] == "UpdateLayoutTree" and "args" in event
    ]
    assert sum(styled) > elements / 2  # the trace has what is counted
    # As it comes the theme has it done five times over; parts that come late are done twice.
    assert sum(styled) < 2.5 * elements, styled


WAITING = """() => [...document.querySelectorAll('article *')]
  .filter(e => e.checkVisibility() && !e.checkVisibility({contentVisibilityAuto: true}))
  .filter(e => !e.closest('.katex')).length"""


@pytest.mark.parametrize("path", ["api/objectives/", "chapters/mini-batches/", "zh/systems/"])
def test_what_is_far_below_is_laid_out_when_it_is_near_and_nothing_jumps(visit, path, count_moves):
    page = visit(path).page
    assert page.evaluate(WAITING) > 50
    page.evaluate(count_moves)
    while page.evaluate(FURTHER):
        page.wait_for_timeout(30)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(100)
    assert page.evaluate("window.moved") < 0.02


@pytest.mark.parametrize("path", ["api/objectives/", "chapters/mini-batches/", "zh/systems/"])
@pytest.mark.parametrize("width", [PHONE, 1280])
def test_a_link_far_down_the_page_leads_to_the_line(visit, address, path, width):
    opened = visit(path, width=width)
    page = opened.page
    heading = page.locator("article :is(h2, h3, h4)[id]").nth(-3)
    anchor = heading.get_attribute("id")
    page.evaluate(
        "to => { const a = document.createElement('a'); a.href = `#${to}`;"
        " document.querySelector('article').prepend(a); a.click(); a.remove(); }",
        anchor,
    )
    page.wait_for_timeout(300)
    clicked = heading.bounding_box()["y"]
    opened.page.goto("about:blank")
    opened.page.goto(f"{address}{path}#{anchor}", wait_until="load")
    assert page.evaluate(WAITING) == 0  # who comes to the middle has the whole page
    page.wait_for_timeout(300)
    assert 40 < clicked == pytest.approx(heading.bounding_box()["y"], abs=1)


def test_a_playground_far_below_waits_until_it_is_near(visit):
    page = visit("chapters/mini-batches/").page
    page.wait_for_load_state("networkidle")
    figures = page.locator(".playground")
    assert figures.count() == 1
    assert page.locator(".playground.live").count() == 0
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
    page.wait_for_function("!document.querySelector('.playground:not(.live)')")


def test_every_formula_has_mathml_with_its_tex(site, pages):
    seen = 0
    for path in pages:
        text = (site / path if path.endswith(".html") else site / path / "index.html").read_text()
        drawn = text.count('<span class="katex-html" aria-hidden="true">')
        assert drawn == len(re.findall(r"<math\b", text)) == text.count("application/x-tex"), path
        seen += drawn
    assert seen > 100
