"""The mini-batch playground: its numbers against gdcore's, and the settings a page may ask for."""

import gzip
import json
import re

import numpy as np
import pytest

import gdcore as gd
from sitebuild import minibatch, pages, playgrounds
from sitebuild.cache import Run
from sitebuild.pages import Page, PageError
from sitebuild.project import HERE
from sitebuild.settings import SettingError

SCRIPTS = HERE.root / "docs" / "assets" / "minibatch"
SAMPLING = {"reshuffle": {}, "once": {"shuffle": "once"}, "replacement": {"replacement": True}}
CHOICES = {
    "m": [1, 2, 4, 8, 16, 32, 64, 100],
    "lr": [0.001, 1],
    "sampling": list(SAMPLING),
    "seed": [0, 19],
    "updates": [0, 1000],
    "clock": ["updates", "epochs", "rows"],
    "speed": [1, 10, 1000],
}
LINE = "m=8 lr=0.1 sampling=reshuffle seed=0 updates=100 clock=updates speed=10"


ORDERS = """
async ({cases, folder}) => {
  const {order} = await import(`${folder}/batches.js`);
  return cases.map(({n, epoch, ...plan}) => [...order(n, plan, epoch)]);
}
"""


@pytest.mark.parametrize("sampling", SAMPLING)
def test_an_order_is_numpys_to_the_last_row(node, sampling):
    cases = [
        {"n": n, "m": m, "seed": seed, "epoch": epoch, "sampling": sampling}
        for n, m in ((2, 1), (3, 2), (200, 7), (1000, 1000), (1000, 128))
        for seed in (0, 1, 19, 2**31, 2**32 - 1)
        for epoch in (0, 1, 2, 77, 9999)
    ]
    for case, made in zip(cases, node("minibatch", ORDERS, cases=cases), strict=True):
        n, m, seed = case["n"], case["m"], case["seed"]
        rows = np.zeros((n, 1))
        batches = gd.Batches(rows, rows[:, 0], batch_size=m, seed=seed, **SAMPLING[sampling])
        assert made == batches.order(case["epoch"]).tolist(), case


def test_draws_that_would_favour_some_rows_are_drawn_again(node):
    n = 65_175  # epochs 5, 6, 7 and 9 have such draws; among a thousand rows they are too rare
    rows, plan = np.zeros((n, 1)), {"n": n, "m": 1, "seed": 0, "sampling": "replacement"}
    cases = [plan | {"epoch": epoch} for epoch in range(5, 10)]
    batches = gd.Batches(rows, rows[:, 0], batch_size=1, replacement=True)
    for case, made in zip(cases, node("minibatch", ORDERS, cases=cases), strict=True):
        assert made == batches.order(case["epoch"]).tolist()


def data_of(n):
    """What a snippet leaves for the script, of other points than the page's."""
    X, y = gd.datasets.line(n=n, seed=3)
    A = np.column_stack([X, np.ones(n)])
    H, best = 2 * A.T @ A / n, np.linalg.lstsq(A, y)[0]
    floor = gd.LinearRegression()(best, X, y)
    parts = {"X": X.ravel(), "y": y, "best": best, "H": H}
    return X, y, {k: v.tolist() for k, v in parts.items()} | {"floor": floor, "choices": CHOICES}


PATHS = """
async ({data, plans, updates, folder}) => {
  const {Descent} = await import(`${folder}/descent.js`);
  return plans.map((plan) => {
    const run = new Descent(data, plan);
    run.advance(updates);
    const read = [];
    for (let t = 0; t <= run.t; t++) read.push(run.batches.read(t));
    const {t, diverged, method} = run;
    return {path: [...run.path.slice(0, 2 * t + 2)], excess: [...run.excess.slice(0, t + 1)],
      t, diverged, batch: [...run.batch], read, method};
  });
}
"""


def plans(sizes):
    return [
        {"m": m, "lr": lr, "sampling": sampling, "seed": seed}
        for m in sizes
        for lr, seed in ((0.01, 0), (0.3, 19), (0.79, 5))
        for sampling in SAMPLING
    ]


def compare(X, y, data, plan, made, updates):
    """Hold one run of the script to gdcore's."""
    n, m = len(X), plan["m"]
    batches = gd.Batches(X, y, batch_size=m, seed=plan["seed"], **SAMPLING[plan["sampling"]])
    loss = gd.LinearRegression()
    run = gd.descend(loss, [0, 0], gd.SGD(lr=plan["lr"]), batches, steps=made["t"], path=True)
    w, path = run["w"], np.reshape(made["path"], (-1, 2))
    assert path.shape == w.shape == (made["t"] + 1, 2)
    if m == 1:  # a sum of one term: nothing is left to the processor
        assert (path == w).all()
    # In what order the terms of a mean are added up is the processor's choice: a few roundings of
    # numbers as large as the longest way that w has come.
    size = np.maximum.accumulate(np.abs(w).max(axis=1))[:, None]
    assert (np.abs(path - w) <= 1e-12 * size).all()
    losses = np.array([loss(each, X, y) for each in w])
    np.testing.assert_allclose(np.array(made["excess"]) + data["floor"], losses, rtol=1e-12)
    far = 1000 * losses[0]
    assert made["diverged"] == (losses[-1] > far)
    assert (losses[:-1] <= far).all()
    assert made["t"] == updates or made["diverged"]
    epoch, k = divmod(made["t"] - 1, len(batches))
    cut = list(batches.slices())
    assert made["batch"] == batches.order(epoch)[cut[k]].tolist()
    sizes = [len(range(n)[rows]) for rows in cut]
    assert made["read"] == [0, *np.cumsum(np.resize(sizes, made["t"]))]
    assert made["method"] == {1: "stochastic", n: "batch"}.get(m, "mini")


def test_a_run_takes_the_steps_of_gdcore(node):
    X, y, data = data_of(100)
    asked = plans([1, 2, 8, 64, 100])
    made = node("minibatch", PATHS, data=data, plans=asked, updates=300)
    for plan, one in zip(asked, made, strict=True):
        compare(X, y, data, plan, one, 300)
    assert {one["diverged"] for one in made} == {True, False}


SAY = """
async ({data, plan, updates, limits, folder}) => {
  const {Descent} = await import(`${folder}/descent.js`);
  const {sentences} = await import(`${folder}/words.js`);
  const names = ["start", "now", "loss", "diverges", "above", "between", "end"];
  const words = Object.fromEntries(names.map((name) => [name, name + " {t} {lr} {rows} {epoch}"]));
  const run = new Descent({...data, limits}, plan);
  run.advance(updates);
  return [run.t, sentences(run, words)];
}
"""


@pytest.mark.parametrize(
    ("m", "lr", "updates", "said"),
    [
        (8, 0.1, 0, ["start"]),
        (8, 0.1, 14, ["now", "loss"]),
        (100, 1, 3, ["now", "loss", "above"]),
        (100, 1, 1000, ["diverges", "above"]),
        (1, 0.77, 1000, ["diverges", "between"]),
        (8, 0.1, 1000, ["now", "loss", "end"]),
    ],
)
def test_the_sentences_say_what_happened(node, m, lr, updates, said):
    X, _, data = data_of(100)
    limits = [2 / np.linalg.eigvalsh(data["H"])[-1], 1 / (1 + np.max(X**2))]
    assert limits[1] < 0.77 < limits[0] < 1
    plan = {"m": m, "lr": lr, "sampling": "reshuffle", "seed": 0}
    t, lines = node("minibatch", SAY, data=data, plan=plan, updates=updates, limits=limits)
    assert [line.split()[0] for line in lines] == said
    if (m, updates) == (8, 14):  # twelve batches of 8 and one of 4, then one more of 8
        assert lines[0] == "now 14 0.1 108 2"
    assert t == updates or said[0] == "diverges"


READ = """
async ({query, choices, base, folder}) => {
  const {read, write} = await import(`${folder}/settings.js`);
  const first = read(base, choices).settings, made = read(query, choices, first);
  return {...made, again: read(write(made.settings), choices, first), first};
}
"""
BASE = LINE.replace(" ", "&")


def test_a_link_is_read_as_it_was_written(node):
    query = (
        "m=37&lr=0.123&sampling=once&seed=7&updates=999&clock=rows&speed=30"
        "&beside=1:0.5:replacement:2:40"
    )
    made = node("minibatch", READ, query=query, choices=CHOICES, base=BASE)
    assert made["ignored"] == []
    assert made["again"] == {"settings": made["settings"], "ignored": []}
    beside = made["settings"].pop("beside")
    assert beside == {"m": 1, "lr": 0.5, "sampling": "replacement", "seed": 2, "updates": 40}
    pairs = (part.split("=") for part in query.split("&")[:-1])
    assert {k: str(v) for k, v in made["settings"].items()} == dict(pairs)


def test_a_link_may_go_to_the_ends(node):
    for end in (0, -1):
        query = "&".join(f"{name}={among[end]}" for name, among in CHOICES.items())
        assert node("minibatch", READ, query=query, choices=CHOICES, base=BASE)["ignored"] == []


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("m=0&m=101&m=2.5&m=&m=all", ["m"] * 5),
        ("lr=0&lr=1.01&lr=NaN&lr=Infinity", ["lr"] * 4),
        ("sampling=random&sampling=__proto__", ["sampling"] * 2),
        ("seed=20&updates=-1&clock=hours&speed=0", ["seed", "updates", "clock", "speed"]),
        ("beside=1:0.5:once:2", ["beside"]),
        ("beside=1:0.5:once:2:1001", ["beside"]),
        ("colour=red&constructor=1&__proto__=1", ["colour", "constructor", "__proto__"]),
        ("lr=<b>&%E0%A4%A=1", None),
        ("&&==&", None),
    ],
)
def test_what_a_link_gets_wrong_is_left_as_it_was_and_named(node, query, ignored):
    made = node("minibatch", READ, query=query, choices=CHOICES, base=BASE)
    assert made["settings"] == made["first"]
    if ignored is not None:
        assert made["ignored"] == ignored


def test_settings_are_read_with_what_they_leave_out():
    settings = minibatch.read(f"{LINE} beside=1:0.5:once:2:40 show=m,lr views=rows", CHOICES)
    assert (settings["m"], settings["lr"], settings["beside"]) == (8, 0.1, "1:0.5:once:2:40")
    assert (settings["show"], settings["views"]) == (["m", "lr"], ["rows"])
    assert minibatch.read(LINE, CHOICES)["show"] == list(minibatch.KNOBS)
    assert minibatch.query(minibatch.read(LINE, CHOICES)) == BASE


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ("m=8", "m=101", "m must lie in 1 to 100, got '101'"),
        ("m=8", "m=8.5", "m must be a whole number, got '8.5'"),
        ("m=8", "m=all", "m must lie in 1 to 100, got 'all'"),
        ("lr=0.1", "lr=2", "lr must lie in 0.001 to 1, got '2'"),
        ("sampling=reshuffle", "sampling=random", "no sampling 'random'; there are: reshuffle,"),
        ("clock=updates", "clock=hours", "no clock 'hours'; there are: updates, epochs, rows"),
        ("updates=100", "updates=1001", "updates must lie in 0 to 1000"),
        ("speed=10", "", "no speed in 'm=8"),
        ("speed=10", "speed=10 colour=red", "no setting 'colour'; there are: m, lr, sampling"),
        ("speed=10", "speed=10 beside=1:0.1", "beside takes m:lr:sampling:seed:updates"),
        ("speed=10", "speed=10 beside=0:0.1:once:0:1", "m must lie in 1 to 100, got '0'"),
        ("speed=10", "speed=10 show=m,size", "no show 'size'; there are: m, lr, sampling, seed"),
        ("speed=10", "speed=10 views=map", "no views 'map'; there are: rows, bowl, curve"),
    ],
)
def test_what_no_knob_can_show_is_refused_with_what_there_is(was, now, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        minibatch.read(LINE.replace(was, now), CHOICES)


def run_with(**values):
    cells = [{"title": "small", "text": "", "figures": ["small", "small_2"]}]
    data = json.dumps({"choices": CHOICES})
    return Run("", {}, {}, "", "", 0.0, {"data": data} | values, cells, "", [])


def test_a_setting_out_of_range_stops_the_build_with_page_and_preset(toy):
    runs = {"toy/one": run_with(small=LINE.replace("m=8", "m=500"))}
    for form in ("![A line](play:toy/one/small)", "[A line](play:toy/one/small)"):
        with pytest.raises(
            PageError, match=r"docs/en/x.md: toy/one.small: m must lie in 1 to 100, got '500'"
        ):
            pages.fill(form, Page("x.md", "en"), toy, runs)
    with pytest.raises(PageError, match=r"no preset of toy/one called 'smal'.*: small"):
        pages.fill("[A line](play:toy/one/smal)", Page("x.md", "en"), toy, runs)


def test_a_link_leads_to_the_playground_of_its_kind(toy):
    runs = {"toy/one": run_with(small=LINE, large=LINE.replace("m=8", "m=64"))}
    text = pages.fill("[try](play:toy/one/large)", Page("chapters/x.md", "en"), toy, runs)
    wanted = f"../../{minibatch.HOME}?{BASE.replace('m=8', 'm=64')}#play-mini-batch"
    assert f'href="{wanted.replace("&", "&amp;")}"' in text


@pytest.mark.parametrize(("lang", "words"), [("en", "level lines"), ("zh", "等高线")])
def test_the_pictures_of_a_playground_have_alt_texts(lang, words):
    runs = {"toy/one": run_with(small=f"{LINE} views=rows,bowl", wrong="m=0")}
    text = "![A line](play:toy/one/small) ![B](play:toy/one/wrong) ![C](play:toy/one/none)"
    alts = playgrounds.alts(f"{text} [D](play:toy/one/small) ![E](play:toy/two/x)", runs, lang)
    assert alts.pop(("toy/one", "small")) == "A line"
    assert words in alts.pop(("toy/one", "small_2"))
    assert alts == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_form_stands_at_the_settings_and_every_input_has_a_label(lang):
    run = run_with(small=LINE.replace("m=8", "m=10"))
    made = minibatch.controls(run, "toy/one", "small", lang)
    inputs = re.findall(r'<(?:input|select)[^>]* id="([^"]*)"', made)
    assert inputs == [f"play-small-{name}" for name in minibatch.KNOBS]
    assert [made.count(f'<label for="{each}">') for each in inputs] == [1] * len(inputs)
    assert '<output for="play-small-m" aria-live="off">10</output>' in made
    assert re.search(r'name="m" [^>]*value="3"', made)  # 8 is the nearest of its stops
    assert '<option value="reshuffle" selected>' in made
    few = minibatch.controls(run_with(small=f"{LINE} show=lr"), "toy/one", "small", lang)
    assert re.findall(r'name="(\w+)" ', few) == ["lr"]


def test_both_languages_have_the_same_sentences():
    words = minibatch._words()

    def shape(node):
        if isinstance(node, dict):
            return {key: shape(value) for key, value in node.items()}
        return sorted(re.findall(r"\{\w+\}", node))

    assert shape(words["en"]) == shape(words["zh"])


def test_the_scripts_are_light():
    files = list(SCRIPTS.glob("*.js"))
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) <= 12_000
    assert all(len(path.read_text("utf-8").splitlines()) <= 250 for path in files)
