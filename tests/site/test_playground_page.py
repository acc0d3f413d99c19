"""What a reader can do with a playground, in headless Chromium: knobs, keys, taps, links."""

import itertools
import json
import re
import statistics
from urllib.parse import parse_qs

import numpy as np
import pytest

from sitebuild import cache, playground
from sitebuild.project import HERE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOME = "playground/"
SNIPPET = "playground/presets"


@pytest.fixture
def play(visit):
    """Open a page and return it with its playground, drawn."""

    def go(path=HOME, **options):
        page = visit(path, **options).page
        page.locator(".playground").first.scroll_into_view_if_needed()
        page.wait_for_selector(".playground.live")
        return page, page.locator(".playground").first

    return go


@pytest.fixture(scope="module")
def recorded(site):
    return cache.load(HERE.run(SNIPPET))


def drawn(figure):
    """Return the settings that are drawn, as a link has them."""
    figure.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
    return {key: value[0] for key, value in parse_qs(figure.get_attribute("data-drawn")).items()}


def said(figure):
    """Return what the status says once it has come to rest."""
    figure.page.wait_for_timeout(400)
    return figure.locator(".status span").all_inner_texts()


def turn(figure, name, position):
    figure.locator(f"[name={name}]").evaluate(
        "(e, at) => { e.value = at; e.dispatchEvent(new Event('input', {bubbles: true})) }",
        position,
    )


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_the_default_runs_end_as_gdcore_says(play, recorded, lang):
    _, figure = play(lang + HOME)
    for line, key in zip(said(figure), ["bowl_sgd", "bowl_momentum"], strict=True):
        assert str(recorded.values[key]) in re.findall(r"\d+", line)


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_a_link_in_the_text_sets_the_playground_and_the_reason_is_given(play, recorded, lang):
    page, figure = play(lang + HOME)
    page.locator("a.try").first.click()
    page.wait_for_function("document.querySelector('.playground').dataset.drawn.includes('0.21')")
    (line,) = said(figure)
    assert f"0.21 {'大于' if lang else 'is above'} 2/L = 0.2" in line
    assert str(recorded.values["too_fast_steps"]) in re.findall(r"\d+", line)


@pytest.mark.parametrize("key", ["too_fast", "narrow", "turned", "noisy", "calmer"])
def test_every_experiment_ends_as_the_text_says(play, recorded, key):
    page, figure = play()
    settings = playground.check(recorded, key)
    page.locator("a.try", has_text=re.compile(".")).nth(
        ["too_fast", "narrow", "turned", "noisy", "calmer"].index(key)
    ).click()
    page.wait_for_timeout(100)
    assert float(drawn(figure)["kappa"]) == settings["kappa"]
    lines = said(figure)
    values = recorded.values
    if key in {"narrow", "turned"}:
        for rule, line in zip(("sgd", "momentum", "rmsprop"), lines, strict=True):
            assert f"at step {values[f'{key}_{rule}']}." in line
    elif key in {"noisy", "calmer"}:
        height = float(re.search(r"hovers ([\d.]+)( × 10⁻⁴)?", lines[0])[1])
        assert height * (1e-4 if "10⁻⁴" in lines[0] else 1) == pytest.approx(
            values[f"{key}_level"], rel=0.06
        )


def test_a_click_chooses_the_start(play):
    _, figure = play()
    canvas = figure.locator("canvas").first
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.7, "y": box["height"] * 0.3})
    start = drawn(figure)
    assert float(start["x"]) > 0.2
    assert float(start["y"]) > 0.2
    # The sliders of the start follow.
    assert float(figure.locator("[name=x]").input_value()) == pytest.approx(
        float(start["x"]), abs=0.02
    )


def test_a_drag_takes_the_start_along(play):
    page, figure = play()
    canvas = figure.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    seen = []
    page.mouse.move(box["x"] + 80, box["y"] + 60)
    page.mouse.down()
    for x in (100, 140, 180):
        page.mouse.move(box["x"] + x, box["y"] + 60)
        seen.append(float(drawn(figure)["x"]))
    page.mouse.up()
    page.mouse.move(box["x"] + 60, box["y"] + 120)
    assert seen == sorted(set(seen))  # it moved every time
    assert float(drawn(figure)["x"]) == seen[-1]  # and stays where it was let go


def test_a_tap_chooses_the_start_and_a_swipe_scrolls(play):
    _, figure = play(has_touch=True, width=390)
    before = drawn(figure)
    canvas = figure.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    # The first touch of a swipe: no start is chosen until it turns out to be a tap.
    canvas.dispatch_event("pointerdown", {"pointerType": "touch", "isPrimary": True, "button": 0})
    assert drawn(figure) == before
    canvas.tap(position={"x": 200, "y": 60})
    assert drawn(figure)["x"] != before["x"]
    assert canvas.evaluate("e => getComputedStyle(e).touchAction") == "pan-y pinch-zoom"


def test_arrow_keys_on_the_map_move_the_start(play):
    page, figure = play()
    before = drawn(figure)
    figure.locator("canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    after = drawn(figure)
    width = 2 * 1.1 * np.sqrt(2)
    assert float(after["x"]) - float(before["x"]) == pytest.approx(0.01 * width, abs=1e-3)
    assert float(before["y"]) - float(after["y"]) == pytest.approx(0.1 * width, abs=1e-3)


def test_everything_is_reached_and_turned_by_keys(play):
    page, figure = play()
    figure.locator("canvas").first.focus()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.name || document.activeElement.classList[0]")
        if not page.evaluate("!!document.activeElement.closest('.playground')"):
            break
        reached.append(name)
    assert {"surface", "kappa", "turn", "x", "y", "on-sgd", "lr-sgd", "momentum", "noise"} <= {
        *reached
    }
    assert {"batch", "steps", "shown", "play", "again", "share"} <= {*reached}
    figure.locator("[name=lr-sgd]").focus()
    page.keyboard.press("ArrowRight")
    rate = float(re.search(r"sgd:([\d.]+)", drawn(figure)["rules"])[1])
    assert rate == pytest.approx(0.18 * 10**0.01, rel=0.02)  # a hundredth of a decade
    knob = figure.locator("[name=lr-sgd]")
    assert knob.get_attribute("aria-valuetext") == str(rate)
    assert figure.locator("output").nth(4).inner_text() == str(rate)


def test_every_knob_has_a_name_and_a_value_that_is_drawn(play):
    _, figure = play()
    for knob in figure.locator("input[type=range]").all():
        name, ident = knob.get_attribute("name"), knob.get_attribute("id")
        assert knob.evaluate("e => (e.labels[0]?.innerText ?? e.ariaLabel).length") > 3
        assert figure.locator(f'output[for="{ident}"]').count() == 1
        if knob.is_enabled() and knob.is_visible():
            before = figure.get_attribute("data-drawn")
            canvases = figure.evaluate(PIXELS)
            turn(figure, name, knob.evaluate("e => +e.min + 0.37 * (e.max - e.min)"))
            drawn(figure)
            if name not in {"shown", "batch"}:  # batch: without noise it changes nothing
                assert figure.get_attribute("data-drawn") != before
            if name != "batch":
                assert figure.evaluate(PIXELS) != canvases


PIXELS = "f => [...f.querySelectorAll('canvas')].map((c) => c.toDataURL()).join()"


def test_another_surface_brings_its_own_start_and_takes_away_the_knobs_of_the_bowl(play):
    _, figure = play()
    for name, start in (("rosenbrock", (-1.2, 1)), ("himmelblau", (0, 0)), ("saddle", (1, 0.001))):
        figure.locator("select").select_option(name)
        now = drawn(figure)
        assert (float(now["x"]), float(now["y"])) == start
        assert not figure.locator("[name=kappa]").is_visible()
    figure.locator("select").select_option("bowl")
    assert figure.locator("[name=kappa]").is_visible()
    figure.locator("[name=again]").click()
    assert drawn(figure)["x"] == "-1.4"


@pytest.mark.parametrize("lang", ["", "zh/"])
def test_a_link_keeps_the_settings(play, address, lang):
    page, figure = play(lang + HOME)
    figure.locator("select").select_option("beale")
    figure.locator("[name=on-adam]").check()
    turn(figure, "lr-adam", -1.3)
    turn(figure, "noise", 0.5)
    turn(figure, "steps", 2.5)
    kept = drawn(figure)
    figure.locator(".share").click()
    page.wait_for_timeout(100)
    assert drawn(figure) == kept
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    assert any(word in " ".join(said(figure)) for word in ("copied", "已复制"))
    _, other = play(link.removeprefix(address))
    assert drawn(other) == kept
    assert other.evaluate(PIXELS) == figure.evaluate(PIXELS)
    # The other language keeps the settings too.
    page.click(".other-language")
    page.wait_for_selector(".playground.live")
    assert drawn(page.locator(".playground").first) == kept


@pytest.mark.parametrize(
    "query",
    [
        "surface=torus&rules=magic&kappa=-3&lr=1e99",
        "steps=1e9&x=NaN&y=%3Cimg%20src=x%20onerror=alert(1)%3E",
        "%E0%A4%A",
        "__proto__=1&constructor=2",
        "&&&===",
    ],
)
def test_a_bad_link_falls_back_and_says_so(play, query):
    page, figure = play(f"{HOME}?{query}#play-bowl")
    _, plain = play()
    assert drawn(figure) == drawn(plain)
    if "=" in query.strip("&="):
        assert any("no knob can show" in line for line in said(figure))
    assert page.locator(".status img").count() == 0


def test_without_a_script_the_picture_tells_the_story(visit):
    for path in (HOME, "zh/" + HOME, "chapters/mini-batches/"):
        page = visit(path, java_script_enabled=False).page
        figure = page.locator(".playground").first
        shown = [image for image in figure.locator("img").all() if image.is_visible()]
        assert len(shown) == 2
        for image in shown:
            assert len(image.get_attribute("alt")) > 20
            image.scroll_into_view_if_needed()
            assert image.bounding_box()["width"] > 200
        assert not figure.locator(".controls").is_visible()
        assert not figure.locator(".status").is_visible()
        assert figure.locator("figcaption").is_visible()


def test_the_page_does_not_move_when_the_script_takes_over(chromium, address, count_moves):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(count_moves)
    page.goto(address + HOME)
    page.wait_for_selector(".playground.live")
    page.wait_for_timeout(500)
    moved = page.evaluate("window.moved")
    context.close()
    assert moved < 0.05  # 0.1 is the bound of what counts as good


def test_the_map_follows_the_scheme(play):
    page, figure = play()
    light = figure.evaluate(PIXELS)
    page.locator("label[for=__palette_1]:visible, label[for=__palette_0]:visible").first.click()
    page.wait_for_timeout(100)
    assert figure.evaluate(PIXELS) != light


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_play_shows_the_run_step_by_step_unless_motion_is_unwanted(play, motion):
    page, figure = play(reduced_motion=motion)
    shown = figure.locator("[name=shown]")
    figure.locator("[name=play]").click()
    page.wait_for_timeout(500)
    if motion == "reduce":
        assert shown.input_value() == "100"
        return
    assert 0 < float(shown.input_value()) < 42
    figure.locator("[name=play]").click()  # stops it
    at = shown.input_value()
    page.wait_for_timeout(300)
    assert shown.input_value() == at
    assert float(at) > 0


@pytest.mark.parametrize("lang", ["", "zh/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_narrowest_phone_needs_no_sideways_scrolling(play, lang, scheme):
    for path in (HOME, "chapters/mini-batches/"):
        page, figure = play(lang + path, width=320, scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        for knob in figure.locator("input:visible, button:visible, select:visible").all():
            box = knob.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 320
            if knob.get_attribute("type") != "checkbox":  # whose label is as tall
                assert box["height"] >= 24  # WCAG 2.2, 2.5.8


def test_pages_without_a_playground_load_nothing_of_it(visit):
    page = visit("conventions/").page
    assert "playground" not in page.evaluate(
        "JSON.stringify(performance.getEntriesByType('resource').map((e) => e.name))"
    )


FRAMES = """(name) => new Promise((done) => {
  const knob = document.querySelector(`.playground [name=${name}]`), times = [];
  const tick = (now) => {
    times.push(now);
    knob.value = +knob.min + (knob.max - knob.min) * (0.5 + 0.3 * Math.sin(times.length / 9));
    knob.dispatchEvent(new Event("input", {bubbles: true}));
    if (times.length < 100) requestAnimationFrame(tick); else done(times);
  };
  requestAnimationFrame(tick);
})"""


@pytest.mark.alone
@pytest.mark.parametrize("name", ["kappa", "lr-sgd", "x"])
def test_a_slider_moves_at_sixty_frames_a_second(play, name):
    page, _ = play()
    medians = []
    for _attempt in range(3):  # another program may take the processor for a while
        times = page.evaluate(FRAMES, name)
        medians.append(statistics.median(b - a for a, b in itertools.pairwise(times)))
        if medians[-1] <= 17:
            return
    raise AssertionError(f"median frame {min(medians):.1f} ms")


def test_the_tape_is_what_numpy_drew(visit, recorded):
    page = visit(HOME).page
    served = page.evaluate(f"fetch('../runs/{SNIPPET}/tape.json').then((r) => r.json())")
    wanted = np.random.default_rng(0).standard_normal((1000, 2)).round(4)
    assert (np.array(served).reshape(-1, 2) == wanted).all()
    assert json.loads(recorded.values["tape"]) == served
