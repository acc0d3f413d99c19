"""The mini-batch playground as a reader meets it, in headless Chromium."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

import gdcore as gd
from gdcore import plot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOME = "mini-batch-playground/"
SAMPLING = {"reshuffle": {}, "once": {"shuffle": "once"}, "replacement": {"replacement": True}}


class Playground:
    """The playground of an open page."""

    def __init__(self, page):
        self.page, self.figure = page, page.locator(".playground").first
        self.figure.scroll_into_view_if_needed()
        page.wait_for_selector(".playground.live")

    def drawn(self):
        """Settings of what was last drawn."""
        return dict(parse_qsl(self.figure.get_attribute("data-drawn")))

    def wait(self, **settings):
        """Wait until what is drawn has these settings."""
        self.page.wait_for_function(
            "([figure, wanted]) => { const now = new URLSearchParams(figure.dataset.drawn);"
            " return Object.entries(wanted).every(([name, value]) => now.get(name) === value); }",
            arg=[self.figure.element_handle(), {k: str(v) for k, v in settings.items()}],
        )
        return self.drawn()

    def said(self, words):
        """Wait for a status that has these words, and return it."""
        status = self.figure.locator("[role=status]")
        self.page.wait_for_function(
            "([e, words]) => e.textContent.includes(words)", arg=[status.element_handle(), words]
        )
        return " ".join(status.locator("span").all_text_contents())

    def button(self, name):
        return self.figure.locator(f"button[name={name}]")

    def knob(self, name):
        return self.figure.locator(f"[name={name}]")

    def colours(self, view):
        """How often each colour of the methods is seen in a view, nearly as it is."""
        canvas = self.figure.locator("canvas").nth(view)
        pixels = canvas.evaluate(
            "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
        )
        rgba = np.reshape(pixels, (-1, 4))
        return {
            name: int((np.abs(rgba - [*bytes.fromhex(look["color"][1:]), 255]) < 4).all(1).sum())
            for name, look in (
                ("batch", plot.BATCH),
                ("mini", plot.MINI_BATCH),
                ("stochastic", plot.STOCHASTIC),
            )
        }


@pytest.fixture
def playground(visit):
    def go(path=HOME, **options):
        return Playground(visit(path, **options).page)

    return go


def link(**settings):
    plain = {"m": 128, "lr": 0.1, "sampling": "reshuffle", "seed": 0, "updates": 100}
    query = "&".join(f"{name}={value}" for name, value in (plain | settings).items())
    return f"{HOME}?{query}#play-mini-batch"


RUNS = """
async ({plans, root}) => {
  const {Descent} = await import(`${root}assets/minibatch/descent.js`);
  const data = await (await fetch(`${root}runs/playground/mini_batch/data.json`)).json();
  const paths = plans.map(({updates, ...plan}) => {
    const run = new Descent(data, plan);
    run.advance(updates);
    return {w: [...run.path.slice(0, 2 * run.t + 2)], loss: run.loss};
  });
  return {X: data.X, y: data.y, paths};
}
"""


def test_the_browser_takes_the_steps_of_gdcore(visit, address):
    plans = [
        {"m": m, "lr": lr, "sampling": sampling, "seed": seed, "updates": updates}
        for m, updates in ((1, 2000), (5, 500), (128, 300), (512, 100), (1000, 100))
        for lr, seed in ((0.1, 0), (0.5, 17))
        for sampling in SAMPLING
    ]
    made = visit(HOME).page.evaluate(RUNS, {"plans": plans, "root": address})
    published = np.random.RandomState(42)  # what np.random.seed(42) seeds
    X = published.rand(1000, 1)
    y = (3 * X + 2 + 0.1 * published.randn(1000, 1)).ravel()
    assert (X.ravel() == made["X"]).all()
    assert (y == made["y"]).all()
    loss = gd.LinearRegression()
    for plan, one in zip(plans, made["paths"], strict=True):
        batches = gd.Batches(
            X, y, batch_size=plan["m"], seed=plan["seed"], **SAMPLING[plan["sampling"]]
        )
        rule, updates = gd.SGD(lr=plan["lr"]), plan["updates"]
        w = gd.descend(loss, [0, 0], rule, batches, steps=updates, path=True)["w"]
        path = np.reshape(one["w"], (-1, 2))
        if plan["m"] == 1:
            assert (path == w).all()
        size = np.abs(w).max(axis=1)[:, None]  # a mean is added up in the processor's own order
        assert (np.abs(path - w) <= 1e-12 * np.maximum.accumulate(size)).all()
        assert one["loss"] == pytest.approx(loss(w[-1], X, y), rel=1e-12)


def test_the_script_takes_over_the_picture_and_says_what_it_shows(playground):
    on = playground()
    assert on.wait(m=128, lr=0.1, updates=100)["sampling"] == "reshuffle"
    assert on.figure.locator("img:visible").count() == 0
    for canvas in on.figure.locator("canvas").all():
        assert canvas.is_visible()
        assert len(canvas.get_attribute("aria-label")) > 20
        assert canvas.get_attribute("role") == "img"
    text = on.said("Update 100, in epoch 13: 12,512 rows read. The line is y = 2.6x + 2.22.")
    assert "The loss of all rows is 0.0226, 0.013 above the best line's." in text


def test_each_knob_is_turned_by_mouse(playground):
    on = playground()
    box = on.knob("m").bounding_box()
    on.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    on.page.mouse.down()
    on.page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2, steps=4)
    on.page.mouse.up()
    on.wait(m=1, updates=100)
    assert on.figure.locator("output").first.text_content() == "1"
    on.knob("sampling").select_option("replacement")
    on.knob("clock").select_option("rows")
    on.wait(m=1, sampling="replacement", clock="rows", updates=100)
    on.button("again").click()
    on.wait(updates=0)
    on.said("No row has been read yet.")


def test_all_is_done_by_keyboard_too(playground):
    on = playground()
    on.knob("m").focus()
    on.page.keyboard.press("ArrowRight")
    on.wait(m=256)
    assert on.knob("m").get_attribute("aria-valuetext") == "256"
    on.page.keyboard.press("End")
    on.wait(m=1000)
    on.page.keyboard.press("Tab")
    on.page.keyboard.press("Home")
    on.wait(m=1000, lr=0.001)
    on.button("step").focus()
    on.page.keyboard.press("Enter")
    on.wait(updates=101)
    on.button("play").focus()
    on.page.keyboard.press("Space")
    on.page.wait_for_function("() => document.activeElement.textContent === 'pause'")
    on.page.keyboard.press("Space")
    now = int(on.drawn()["updates"])
    assert on.button("play").text_content() == "play"
    on.page.wait_for_timeout(300)
    assert int(on.drawn()["updates"]) == now


def test_fingers_do_as_well_on_a_phone(playground):
    on = playground(HOME, width=360, has_touch=True, is_mobile=True)
    on.button("step").tap()
    on.wait(updates=101)
    width = on.knob("m").bounding_box()["width"]
    on.knob("m").tap(position={"x": width - 6, "y": 12})
    on.wait(m=1000, updates=101)


@pytest.mark.parametrize(
    ("m", "method", "view"),
    [(1000, "batch", 0), (128, "mini", 0), (1, "stochastic", 0), (16, "mini", 2)],
)
def test_the_batch_is_in_the_colour_of_its_method(playground, m, method, view):
    on = playground(link(m=m))
    on.wait(m=m, updates=100)
    seen = on.colours(view)
    assert seen[method] > 5  # one row is one dot
    assert sum(seen.values()) == seen[method]


@pytest.mark.alone
def test_playing_makes_updates_at_the_speed_asked_for(playground):
    on = playground(link(speed=100, updates=0))
    on.wait(updates=0)
    on.button("play").click()
    on.page.wait_for_timeout(1500)
    on.button("play").click()
    made = int(on.wait(speed=100)["updates"])
    assert 50 < made < 250  # a loaded machine drops frames, and time with them
    on.said(f"Update {made}")


def test_a_run_that_diverges_says_when_and_why(playground):
    on = playground(link(m=1000, lr=0.85, updates=10000))
    text = on.said("Diverges at update 27")
    assert "lr 0.85 is above 2/L = 0.795" in text
    on.page.goto(on.page.url.replace("m=1000&lr=0.85", "m=1&lr=0.79"))
    text = on.said("Diverges at update 38")
    assert "lr 0.79 is below 2/L = 0.795" in text
    assert "above 0.500, the limit of the row that curves most" in text
    on.button("play").click()  # and it can be looked at again from the start
    assert int(on.drawn()["updates"]) <= 38


def test_a_link_keeps_all_settings_and_the_run_beside(playground, visit):
    on = playground(link(m=1, lr=0.3, seed=4, updates=200))
    on.wait(m=1, updates=200)
    on.button("keep").click()
    assert on.button("keep").get_attribute("aria-pressed") == "true"
    on.knob("m").focus()
    on.page.keyboard.press("ArrowRight")
    on.button("step").click()
    before = on.wait(m=2, updates=201, beside="1:0.3:reshuffle:4:200")
    assert on.colours(2)["mini"] > 20
    on.figure.locator(".share").click()
    on.said("The link is copied.")
    address = on.page.evaluate("navigator.clipboard.readText()")
    assert address == on.page.url
    root = address.partition(HOME)[0]
    again = playground(address.removeprefix(root))
    assert again.wait(**before) == before
    assert [e.input_value() for e in again.figure.locator("input, select").all()] == [
        e.input_value() for e in on.figure.locator("input, select").all()
    ]
    again.page.click(".other-language")
    chinese = Playground(again.page)
    assert chinese.wait(**before) == before
    assert "/zh/" in chinese.page.url
    chinese.button("keep").click()
    chinese.wait(m=2)
    assert "beside" not in chinese.drawn()


@pytest.mark.parametrize("query", ["m=0&lr=9", "m=&lr=x", "lr=%E0%A4%A&m=<b>"])
def test_a_link_that_asks_too_much_is_told_so(playground, query):
    on = playground(f"{HOME}?{query}#play-mini-batch")
    on.wait(m=128, lr=0.1, updates=100)
    text = on.said("no knob can show")
    assert set(re.search(r"as it was: (.*)\.$", text)[1].split(", ")) == {"m", "lr"}


def test_the_things_to_try_set_the_playground_again_and_again(playground):
    on = playground()
    tries = on.page.locator("a.try")
    assert tries.count() >= 8
    for each in tries.all():
        wanted = dict(parse_qsl(urlsplit(each.get_attribute("href")).query))
        each.click()
        if wanted["lr"] in ("0.85", "0.79") and wanted["updates"] == "10000":
            wanted.pop("updates")  # some of these diverge
        assert on.wait(**wanted)
    last = tries.last
    on.button("again").click()
    on.wait(updates=0)
    last.click()
    on.wait(updates=10_000)


@pytest.mark.parametrize("lang", ["", "zh/"])
@pytest.mark.parametrize("path", [HOME, "chapters/mini-batches/"])
def test_without_a_script_the_default_run_is_a_picture(visit, path, lang):
    page = visit(lang + path, java_script_enabled=False).page
    figure = page.locator('.playground[data-module*="minibatch"]')
    images = figure.locator('img[src$="#only-light"]')
    assert images.count() == (3 if path == HOME else 2)
    for image in images.all():
        image.scroll_into_view_if_needed()
        assert image.is_visible()
        assert len(image.get_attribute("alt")) > 10
        assert image.bounding_box()["width"] > 200
    assert not figure.locator("form").is_visible()
    assert not figure.locator("[role=status]").is_visible()
    assert figure.locator("figcaption").is_visible()


def test_the_chapter_has_a_small_one(playground):
    on = playground("chapters/mini-batches/")
    assert on.wait(m=8, updates=60)
    assert on.figure.locator("input, select").count() == 2
    on.knob("m").focus()
    on.page.keyboard.press("Home")
    on.wait(m=1, updates=60)
    on.said("Update 60, in epoch 1: 60 rows read.")


def test_it_speaks_chinese(playground):
    on = playground("zh/mini-batch-playground/")
    text = on.said("第 100 次更新，第 13 轮，已读 12,512 行。")
    assert "直线是 y = 2.6x + 2.22。" in text
    assert on.button("play").text_content() == "播放"
    assert not re.search(r"[A-Za-z]{3,}", on.figure.locator("form").text_content())


def test_who_wants_no_motion_gets_none(playground):
    on = playground(link(m=1, updates=1), reduced_motion="reduce")
    on.wait(updates=1)
    assert on.button("play").text_content() == "ten times as far"
    on.page.evaluate(
        "figure => { window.seen = []; new MutationObserver(() => seen.push("
        "new URLSearchParams(figure.dataset.drawn).get('updates')))"
        ".observe(figure, { attributeFilter: ['data-drawn'] }); }",
        on.figure.element_handle(),
    )
    for goal in (10, 100, 1000, 10_000):
        on.button("play").click()
        on.wait(updates=goal)
    assert set(on.page.evaluate("seen")) == {"10", "100", "1000", "10000"}  # nothing between


FRAMES = """
() => new Promise((done) => {
  const times = [];
  const tick = (now) => {
    times.push(now);
    if (times.length < 90) requestAnimationFrame(tick);
    else done(times);
  };
  requestAnimationFrame(tick);
})
"""


def median_frame(page, meanwhile):
    page.evaluate(f"window.frames_ = ({FRAMES})()")
    meanwhile()
    times = page.evaluate("window.frames_")
    return np.median(np.diff(times))


@pytest.mark.alone
@pytest.mark.parametrize("start", [{}, {"m": 1, "updates": 3000}])
def test_it_draws_sixty_times_a_second(playground, start):
    on = playground(link(**start))
    on.wait(**start)
    box = on.knob("lr").bounding_box()

    def drag():
        middle = box["y"] + box["height"] / 2
        on.page.mouse.move(box["x"] + box["width"] / 2, middle)
        on.page.mouse.down()
        for k in range(60):
            on.page.mouse.move(box["x"] + box["width"] * (0.3 + 0.4 * (k % 20) / 20), middle)
            on.page.wait_for_timeout(10)
        on.page.mouse.up()

    def play():
        on.button("play").click()
        on.page.wait_for_timeout(1200)
        on.button("play").click()

    for act in (drag, play):
        # The machine may be busy with something else: the best of three is what the page can do.
        assert any(median_frame(on.page, act) <= 17 for _ in range(3))


@pytest.mark.parametrize("lang", ["", "zh/"])
@pytest.mark.parametrize("path", [HOME, "chapters/mini-batches/"])
def test_it_fits_a_narrow_phone(playground, path, lang):
    on = playground(lang + path, width=320)
    assert on.page.evaluate("document.documentElement.scrollWidth") == 320
    for each in on.figure.locator("canvas, input, select, button, output").all():
        box = each.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320


def test_what_is_pressed_is_large_enough(playground):
    on = playground(width=360)
    for each in on.figure.locator("input, select, button").all():
        assert each.bounding_box()["height"] >= 24  # WCAG 2.2, 2.5.8


def test_pages_without_one_load_nothing_of_it(visit):
    page = visit("conventions/").page
    assert page.locator('script[src*="minibatch"], script[src*="playground"]').count() == 0
    page = visit("playground/").page
    assert page.locator('script[src*="minibatch"]').count() == 0


def test_the_rows_and_all_that_the_page_reads_of_them_are_light(visit, address):
    sizes = {}
    page = visit("conventions/").page
    page.on("response", lambda r: sizes.update({r.url: len(r.body())}))
    page.goto(address + HOME)
    page.wait_for_selector(".playground.live")
    (data,) = [size for url, size in sizes.items() if url.endswith("data.json")]
    assert data <= 60_000
    assert json.loads(page.locator(".playground script").text_content())["data"].endswith(".json")
