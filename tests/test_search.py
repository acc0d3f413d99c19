import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdcore.search import (
    exact_line_search,
    golden_section,
    grid_search,
    newton_step,
    random_local_search,
    random_search,
)

SQUARE = [[-1, 1], [-1, 1]]


def bowl(w, center=(0.0, 0.0)):
    return ((w - np.asarray(center)) ** 2).sum(-1)


def test_three_rounds_of_sixteen_replace_a_grid_of_64_by_64():
    found = grid_search(bowl, SQUARE, np.array([0.3, -0.7]))
    whole = grid_search(bowl, SQUARE, np.array([0.3, -0.7]), cells=64, rounds=1)
    assert (found.evaluations, whole.evaluations) == (48, 4096)
    # a round bowl: the nearest centre is in the nearest cell, so both find one point
    assert np.allclose(found.w, whole.w, rtol=0, atol=1e-15)
    assert found.value == pytest.approx(whole.value, rel=1e-12)


@given(
    center=st.tuples(*[st.floats(-0.9, 0.9)] * 3),
    cells=st.integers(2, 5),
    rounds=st.integers(1, 3),
)
def test_on_a_round_bowl_the_refined_point_is_within_half_a_cell(center, cells, rounds):
    found = grid_search(bowl, [[-1, 1]] * 3, center, cells=cells, rounds=rounds)
    assert found.evaluations == rounds * cells**3
    # 1e-12: a center on the border of two cells
    assert (abs(found.w - center) <= cells**-rounds * 1.0 + 1e-12).all()
    assert found.value == bowl(found.w, center)
    assert (found.best[1:] <= found.best[:-1]).all()


def test_the_centres_of_the_cells_are_tried_in_order_in_a_box_of_any_shape():
    tried = []

    def f(w):
        tried.append(w)
        return w[:, 0] + w[:, 1]

    found = grid_search(f, [[0, 4], [10, 12]], cells=2, rounds=2)
    assert tried[0].tolist() == [[1, 10.5], [1, 11.5], [3, 10.5], [3, 11.5]]
    assert tried[1].tolist() == [[0.5, 10.25], [0.5, 10.75], [1.5, 10.25], [1.5, 10.75]]
    assert found.w.tolist() == [0.5, 10.25]
    assert found.value == 10.75
    assert found.values.tolist() == [11.5, 12.5, 13.5, 14.5, 10.75, 11.25, 11.75, 12.25]
    assert repr(found) == "Found(w=array([ 0.5 , 10.25]), value=10.75)"


def test_a_cell_with_a_low_centre_can_hide_a_lower_point_in_another():
    def needle(w):
        return np.where(abs(w[:, 0] - 0.9) < 0.02, -1.0, w[:, 0] ** 2)

    domain = [[-1, 1]]
    assert grid_search(needle, domain, cells=4, rounds=3).value > 0
    assert grid_search(needle, domain, cells=64, rounds=1).value == -1


def test_a_value_that_is_not_a_number_never_wins():
    found = grid_search(lambda w: np.where(w[:, 0] < 0, np.nan, w[:, 0]), [[-1, 1]], rounds=1)
    assert found.w.tolist() == [0.25]
    assert math.isnan(found.best[0])
    assert found.best[2:].tolist() == [0.25, 0.25]
    found = random_search(lambda w: np.nan if w[0] < 0 else w[0], [[-1, 1]], evaluations=50)
    assert 0 <= found.value == np.nanmin(found.values)


def test_random_search_draws_evenly_from_its_box_and_keeps_the_lowest():
    tried = []

    def f(w, scale):
        tried.append(w)
        return scale * abs(w[0])

    found = random_search(f, [[-1, 1], [10, 14]], 2.0, evaluations=4000, seed=3)
    points = np.array(tried)
    assert points.shape == (4000, 2)
    assert found.evaluations == 4000
    assert ((points >= [-1, 10]) & (points < [1, 14])).all()
    # four standard errors of the mean of numbers even in a box of that width
    assert (abs(points.mean(0) - [0, 12]) < 4 * np.array([2, 4]) / math.sqrt(12 * 4000)).all()
    assert found.values.tolist() == (2 * abs(points[:, 0])).tolist()
    assert found.value == found.values.min() == found.best[-1]
    assert (found.w == points[found.values.argmin()]).all()


def test_random_local_search_starts_at_its_start_and_only_ever_goes_down():
    tried = []

    def f(w, center):
        tried.append(w)
        return float(bowl(w, center))

    start = np.array([3.0, -2.0])
    found = random_local_search(f, start, [1.0, 1.0], scale=0.2, evaluations=500, seed=1)
    assert tried[0].tolist() == [3, -2]
    assert start.tolist() == [3, -2]
    assert len(tried) == found.evaluations == 500
    assert found.values[0] == 13
    assert found.value == found.values.min() < 0.01
    assert (found.w == tried[found.values.argmin()]).all()
    at, low, moves = tried[0], 13.0, []
    for w, value in zip(tried[1:], found.values[1:], strict=True):  # each step starts at the lowest
        moves.append(w - at)
        if value < low:
            at, low = w, value
    # four standard errors of a standard deviation from 998 numbers
    assert np.std(moves) == pytest.approx(0.2, rel=4 / math.sqrt(2 * 998))


def test_local_search_stays_where_a_step_is_no_lower():
    found = random_local_search(lambda w: 1.0, [2, 5], evaluations=20)
    assert found.w.tolist() == [2.0, 5.0]
    assert found.evaluations == 20
    assert random_local_search(lambda w: 7.0, [2, 5], evaluations=1).value == 7


@pytest.mark.parametrize(
    "search",
    [
        lambda seed: random_search(bowl, SQUARE, evaluations=20, seed=seed),
        lambda seed: random_local_search(bowl, [1, 1], evaluations=20, seed=seed),
    ],
)
def test_a_seed_names_the_points(search):
    assert (search(4).values == search(4).values).all()
    assert (search(4).values != search(5).values).any()


def test_the_defaults_are_a_thousand_evaluations_of_seed_zero():
    for found, again in [
        (
            random_search(bowl, SQUARE),
            random_search(bowl, SQUARE, evaluations=1000, seed=0),
        ),
        (
            random_local_search(bowl, [1, 1]),
            random_local_search(bowl, [1, 1], scale=0.1, evaluations=1000, seed=0),
        ),
    ]:
        assert found.evaluations == 1000
        assert (found.values == again.values).all()
    assert golden_section(abs, -1, 2).evaluations == 40


@given(low=st.floats(-5, -1), high=st.floats(1, 5), bottom=st.floats(-0.9, 0.9))
def test_golden_section_shrinks_about_the_bottom_by_the_golden_ratio(low, high, bottom):
    for k in (2, 3, 10, 40):
        found = golden_section(lambda x: abs(x - bottom), low, high, evaluations=k)
        assert found.evaluations == k
        # the interval after k values; 1e-12: its ends are computed by subtraction
        assert abs(found.w - bottom) <= 0.6180339887498949 ** (k - 1) * (high - low) + 1e-12
        assert found.value == abs(found.w - bottom) == found.values.min()


def test_golden_section_divides_as_written():
    tried = []
    golden_section(lambda x: tried.append(x) or -x, 0.0, 1.0, evaluations=4)
    phi = (math.sqrt(5) - 1) / 2
    exact = [1 - phi, phi, 1 - phi**3, 1 - phi**4]  # the right part is kept each time
    assert np.allclose(tried, exact, rtol=1e-14)
    tried.clear()
    golden_section(lambda x: tried.append(x) or x, 0.0, 1.0, evaluations=4)
    assert np.allclose(tried, [1 - phi, phi, phi**3, phi**4], rtol=1e-14)


def test_golden_section_on_a_line_agrees_with_the_exact_search(rng):
    H, w = np.diag([1.0, 5.0, 9.0]), rng.standard_normal(3)
    p = -H @ w
    found = golden_section(lambda eta: (w + eta * p) @ H @ (w + eta * p) / 2, 0, 1)
    # the root of the rounding error: a minimum is flat
    assert found.w == pytest.approx(exact_line_search(H @ w, H, p), abs=1e-7)
    assert found.w.shape == ()


@pytest.mark.parametrize("k", [2.0, 10.0, 1000.0])
def test_exact_line_search_zigzags_at_its_closed_rate(k):
    H, w = np.diag([1.0, k]), np.array([k, 1.0])
    for _ in range(5):
        g = H @ w
        new = w + exact_line_search(g, H, -g) * -g
        # a few roundings, worse by the condition number where the ratio is near 1
        assert new @ H @ new / (w @ H @ w) == pytest.approx(((k - 1) / (k + 1)) ** 2, rel=1e-10)
        g_new = H @ new
        assert abs(g @ g_new) <= 1e-10 * np.linalg.norm(g) * np.linalg.norm(g_new)
        w = new


@given(seed=st.integers(0, 99), d=st.integers(1, 5))
def test_newton_takes_one_step_to_the_minimum_of_a_quadratic(seed, d):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((d, d))
    H, center, w = A @ A.T + np.eye(d), rng.standard_normal(d), rng.standard_normal(d)
    g = H @ (w - center)
    p = newton_step(g, H)
    # condition numbers up to about a hundred
    assert np.allclose(w + p, center, rtol=0, atol=1e-12)
    assert exact_line_search(g, H, p) == pytest.approx(1, rel=1e-12)


def test_many_runs_at_once_are_the_runs_alone(rng):
    A = rng.standard_normal((6, 3, 3))
    H, g = A @ A.transpose(0, 2, 1) + np.eye(3), rng.standard_normal((6, 3))
    etas, steps = exact_line_search(g, H, -g), newton_step(g, H)
    shared = exact_line_search(g, H[0], -g)
    assert etas.shape == shared.shape == (6,)
    for r in range(6):  # the same products summed in another order
        assert etas[r] == pytest.approx(exact_line_search(g[r], H[r], -g[r]), rel=1e-13)
        assert shared[r] == pytest.approx(exact_line_search(g[r], H[0], -g[r]), rel=1e-13)
        assert np.allclose(steps[r], newton_step(g[r], H[r]), rtol=1e-12)
        assert np.allclose(newton_step(g, H[0])[r], newton_step(g[r], H[0]), rtol=1e-12)


def test_newton_is_drawn_to_a_saddle_and_refuses_what_is_flat():
    assert newton_step(np.array([2.0, -3.0]), np.diag([1.0, -1.0])).tolist() == [-2, -3]
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        newton_step(np.ones(2), np.zeros((2, 2)))


LINE = "there is no lowest point along p: its curvature is "


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grid_search(bowl, SQUARE, cells=1), "cells must be 2 or more, got 1"),
        (lambda: grid_search(bowl, SQUARE, rounds=0), "rounds must be 1 or more, got 0"),
        (
            lambda: grid_search(np.sum, SQUARE),
            "f must return a value per point, (16,), got ()",
        ),
        (
            lambda: grid_search(bowl, [-1, 1]),
            "domain must have shape (d, 2), a row (low, high) per axis: (2,)",
        ),
        (
            lambda: random_search(bowl, np.zeros((2, 3))),
            "domain must have shape (d, 2), a row (low, high) per axis: (2, 3)",
        ),
        *(
            (
                lambda box=box: random_search(bowl, box),
                f"domain must have every low below its high, and both finite: {box}",
            )
            for box in ([[0, 1], [1, 1]], [[0, math.inf]], [[math.nan, 1]], [[2, 1]])
        ),
        (
            lambda: random_search(bowl, SQUARE, evaluations=0),
            "evaluations must be 1 or more, got 0",
        ),
        (
            lambda: random_local_search(bowl, [0, 0], evaluations=0),
            "evaluations must be 1 or more, got 0",
        ),
        *(
            (
                lambda scale=scale: random_local_search(bowl, [0, 0], scale=scale),
                f"scale must be above 0 and finite, got {scale}",
            )
            for scale in (0, -1, math.nan, math.inf)
        ),
        (lambda: golden_section(abs, 0, 1, evaluations=1), "evaluations must be 2 or more, got 1"),
        *(
            (
                lambda a=a, b=b: golden_section(abs, a, b),
                f"low must be below high and both finite, got {a} and {b}",
            )
            for a, b in [(1, 1), (2, 1), (-math.inf, 1), (0, math.inf), (0, math.nan)]
        ),
        (lambda: exact_line_search(np.ones(2), np.diag([1, -2]), np.ones(2)), f"{LINE}-1.0"),
        (lambda: exact_line_search(np.ones(2), np.eye(2), np.zeros(2)), f"{LINE}0.0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
