import matplotlib.pyplot as plt
import numpy as np
import pytest

import gdcore as gd
from gdcore import plot


def run(values, first=0):
    history = gd.History()
    for step, value in enumerate(values, first):
        history.record(step, loss=value)
    return history


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_one_run_is_a_line_in_the_unit_asked_for(ax):
    line = plot.loss(run([3.0, 2.0, 1.0]), ax=ax, per_update=0.5, label="SGD")
    assert list(line.get_xdata()) == [0, 0.5, 1.0]
    assert list(line.get_ydata()) == [3.0, 2.0, 1.0]
    assert line.get_label() == "SGD"
    assert not ax.collections


def test_several_runs_are_their_mean_and_a_band_from_lowest_to_highest(ax):
    line = plot.loss([run([1.0, 5.0]), run([3.0, 7.0, 9.0])], ax=ax)
    assert list(line.get_ydata()) == [2.0, 6.0]  # as far as the shortest goes
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    assert {tuple(corner) for corner in corners} >= {(0, 1.0), (0, 3.0), (1, 5.0), (1, 7.0)}


def test_a_long_run_is_thinned_and_keeps_its_ends(ax):
    values = np.arange(100_000.0)
    x = plot.loss(run(values), ax=ax).get_xdata()
    assert len(x) < 2 * plot.POINTS
    assert x[0] == 0
    assert x[-1] == 99_999
    assert (np.diff(x) > 0).all()


def test_runs_that_do_not_match_are_refused(ax):
    with pytest.raises(ValueError, match="no runs to draw"):
        plot.loss([], ax=ax)
    with pytest.raises(ValueError, match="at different steps"):
        plot.loss([run([1.0, 2.0]), run([1.0, 2.0], first=1)], ax=ax)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("look", [plot.BATCH, plot.MINI_BATCH, plot.STOCHASTIC])
@pytest.mark.parametrize("ground", ["#ffffff", "#1e2129"])  # the theme's two backgrounds
def test_colours_stand_out_on_both_grounds(look, ground):
    high, low = sorted((luminance(look["color"]), luminance(ground)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_methods_differ_without_colour_too():
    looks = [plot.BATCH, plot.MINI_BATCH, plot.STOCHASTIC]
    assert len({(look["linestyle"], look["linewidth"]) for look in looks}) == 3
