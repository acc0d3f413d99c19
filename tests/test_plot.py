import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

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


def test_a_band_goes_from_the_lowest_run_to_the_highest_and_one_run_has_none(ax):
    line = plot.band([1, 2], [[1.0, 6.0], [2.0, 5.0], [6.0, 1.0]], ax=ax, color="#123456")
    assert list(line.get_xdata()) == [1, 2]
    assert list(line.get_ydata()) == [3.0, 4.0]
    (drawn,) = ax.collections
    corners = {tuple(corner) for corner in drawn.get_paths()[0].vertices}
    assert corners == {(1, 1.0), (1, 6.0), (2, 1.0), (2, 6.0)}
    assert to_hex(drawn.get_facecolor()[0]) == "#123456"
    plot.band([1, 2], [1.0, 6.0], ax=ax)
    assert len(ax.lines) == 2
    assert len(ax.collections) == 1


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


@pytest.mark.parametrize(
    "look", [plot.BATCH, plot.MINI_BATCH, plot.STOCHASTIC, *plot.RULES.values()]
)
@pytest.mark.parametrize("ground", ["#ffffff", "#1e2129"])  # the theme's two backgrounds
def test_colours_stand_out_on_both_grounds(look, ground):
    high, low = sorted((luminance(look["color"]), luminance(ground)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_methods_differ_without_colour_too():
    looks = [plot.BATCH, plot.MINI_BATCH, plot.STOCHASTIC]
    assert len({(look["linestyle"], look["linewidth"]) for look in looks}) == 3


def test_rules_differ_without_colour_too():
    assert len({str(look["linestyle"]) for look in plot.RULES.values()}) == len(plot.RULES)


# Linear sRGB as seen without one kind of cone: Machado, Oliveira and Fernandes 2009, table 1.
SIGHT = {
    "all cones": np.eye(3),
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998]],
    "no medium": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                  [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                 [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
# Oklab, Ottosson 2020: linear sRGB to cones, the cube root of cones to lightness and two hues.
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
HUES = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660]]  # fmt: skip


@pytest.mark.parametrize("sight", SIGHT)
def test_rules_stay_apart_under_colour_blindness(sight):
    def seen(look):
        parts = np.array([int(look["color"][i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return np.array(HUES) @ np.cbrt(CONES @ (SIGHT[sight] @ linear).clip(0, 1))

    apart = [
        np.linalg.norm(seen(one) - seen(other))
        for one, other in itertools.combinations(plot.RULES.values(), 2)
    ]
    assert min(apart) > 0.075  # 0.02 is just seen; blue and green of Okabe and Ito come to 0.086


class Valley:
    domain = np.array([[-2.0, 2.0], [-1.0, 1.0]])
    minima = np.array([[0.0, 0.0]])

    def __call__(self, w):
        return w[..., 0] ** 2 + 10 * w[..., 1] ** 2

    def value_and_grad(self, w):
        return float(self(w)), np.array([2.0, 20.0]) * w


def test_a_contour_has_its_levels_between_lowest_and_highest_and_marks_the_minimum(ax):
    drawn = plot.contour(Valley(), ax=ax, levels=9)
    assert len(drawn.levels) == 9
    assert 0 < drawn.levels[0] < drawn.levels[-1] <= 14  # 2^2 + 10 * 1^2
    (cross,) = ax.lines
    assert list(cross.get_xdata()) == [0.0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$w_1$", "$w_2$")


def test_a_path_goes_through_the_points_of_the_run_and_opens_at_its_start(ax):
    optimizer = gd.SGD(lr=0.02)
    history = gd.descend(Valley(), [-1.5, 0.8], optimizer, steps=5, path=True)
    line = plot.path(history, ax=ax, label=optimizer)
    assert (line.get_xydata() == history["w"]).all()
    assert line.get_label() == "SGD(lr=0.02)"
    assert ax.lines[1].get_xydata().tolist() == [[-1.5, 0.8]]


def test_a_run_that_kept_no_path_is_refused_with_what_to_do(ax):
    history = gd.descend(Valley(), [-1.5, 0.8], gd.SGD(), steps=5)
    with pytest.raises(ValueError, match=r"shape \(2, 2\): pass path=True to descend"):
        plot.path(history, ax=ax)


def test_a_phase_plot_is_velocity_against_position(ax):
    line = plot.phase([1.0, 0.5], [0.0, -0.5], ax=ax)
    assert line.get_xydata().tolist() == [[1.0, 0.0], [0.5, -0.5]]
    assert ax.get_ylabel() == "velocity $v$"


def test_a_batch_study_is_the_mean_of_its_runs_on_logarithmic_axes(ax):
    line = plot.batch_study([1, 8, 64], [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]], ax=ax)
    assert list(line.get_ydata()) == [2.0, 3.0, 4.0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert len(ax.collections) == 1
    plot.batch_study([1, 8], [1.0, 2.0], ax=ax)
    assert len(ax.collections) == 1


def test_the_border_of_a_stability_map_is_where_the_radius_is_one(ax):
    lr, lam = np.linspace(0.01, 3, 60), np.linspace(0.1, 2, 50)
    radius = abs(1 - lr * lam[:, None])
    plot.stability_map(lr, lam, radius, ax=ax)
    border = ax.collections[-1]
    x, y = np.concatenate([path.vertices for path in border.get_paths()]).T
    inside = (x > 0.1) & (x * y > 1)
    assert np.allclose(x[inside] * y[inside], 2, atol=0.01)  # gradient descent: lr * lam < 2


def test_a_histogram_stands_beside_the_normal_curve_of_its_mean_and_spread(ax, rng):
    values = rng.normal(3.0, 0.5, 5000)
    curve = plot.histogram(values, ax=ax)
    x, y = curve.get_data()
    assert x[y.argmax()] == pytest.approx(values.mean(), abs=0.03)  # one point of the curve
    assert y.max() == pytest.approx(1 / (values.std() * np.sqrt(2 * np.pi)), rel=1e-3)
    assert sum(bar.get_height() * bar.get_width() for bar in ax.patches) == pytest.approx(1)
