"""Surfaces and curves against differences, closed forms and their own minima."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdcore import objectives as o
from gdcore.differences import central_grad
from gdcore.surfaces import fixed

SURFACES = [
    o.Parabola(),
    o.Parabola(a=0.1, center=3.0),
    o.DoubleWell(),
    o.DoubleWell(tilt=-1.0),
    o.CosineBumps(),
    o.ThreeCycle(),
    o.Saddle(),
    o.Rosenbrock(),
    o.Rosenbrock(a=0.5, b=7.0),
    o.Beale(),
    o.Himmelblau(),
    o.Rastrigin(),
    o.Quadratic(),
    o.Quadratic([4.0]),
    o.Quadratic([1.0, 30.0], rotation=0.4, center=[0.3, -0.7]),
    o.Quadratic.conditioned(50.0, 4, seed=3, center=2.0),
]
each = pytest.mark.parametrize("f", SURFACES, ids=lambda f: type(f).__name__)


def points(f, rng, runs=40):
    low, high = f.domain.T
    return rng.uniform(low, high, (runs, len(low)))


@each
def test_the_gradient_is_the_slope_of_the_value(f, rng):
    w = points(f, rng)
    grad = f.grad(w)
    # rounding of a value, eps |f| / h with h = 1e-6 and |f| to 1e5 (Beale), and h^2 f'''
    error = np.abs(central_grad(f, w) - grad)
    assert (error <= 1e-8 + 1e-9 * (np.abs(grad).max(-1) + np.abs(f(w)))[:, None]).all()


@each
def test_the_hessian_is_the_slope_of_the_gradient(f, rng):
    w, h = points(f, rng), 1e-6
    columns = [(f.grad(w + h * e) - f.grad(w - h * e)) / (2 * h) for e in np.eye(w.shape[-1])]
    hessian = f.hessian(w)
    assert hessian.shape == (*w.shape, w.shape[-1])
    scale = 1 + np.abs(hessian).max((-2, -1), keepdims=True) + np.abs(f.grad(w)).max()
    assert (np.abs(np.stack(columns, -1) - hessian) <= 1e-8 * scale).all()  # as above


@each
def test_at_a_minimum_the_slope_is_zero_and_the_curvatures_are_positive(f):
    assert f.minima.ndim == 2
    # 16 digits of a minimum leave eps times the curvature
    assert np.abs(f.grad(f.minima)).max() < 1e-12
    assert (f.hessian_eigenvalues(f.minima) > 0).all()
    values = f(f.minima)
    assert (np.diff(values) > -1e-12).all()  # the lowest comes first
    assert ((f.domain[:, 0] < f.minima) & (f.minima < f.domain[:, 1])).all()
    assert ((f.domain[:, 0] <= f.start) & (f.start <= f.domain[:, 1])).all()


@each
def test_no_point_of_the_domain_lies_below_the_lowest_minimum(f):
    axes = [np.linspace(low, high, 25) for low, high in f.domain]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, len(axes))
    assert f(grid).min() >= f(f.minima[0]) - 1e-12


@each
def test_a_point_among_many_has_the_value_and_gradient_it_has_alone(f, rng):
    w = points(f, rng, 5)
    values, grads = f.value_and_grad(w)
    assert values.shape == (5,)
    assert grads.shape == w.shape
    for r, alone in enumerate(w):
        value, grad = f.value_and_grad(alone)
        assert np.ndim(value) == 0
        assert grad.shape == alone.shape
        assert value == f(alone)
        assert (grad == f.grad(alone)).all()
        assert values[r] == pytest.approx(value, rel=1e-12)
        assert np.allclose(grads[r], grad, rtol=1e-12)
        assert np.allclose(f.hessian(w)[r], f.hessian(alone), rtol=1e-12)
        assert f.hessian(alone).shape == (len(alone), len(alone))
    assert f(w.reshape(5, 1, -1)).shape == (5, 1)


@each
def test_float32_stays_float32_and_integers_count_as_floats(f):
    w = f.start.astype(np.float32)
    value, grad = f.value_and_grad(w)
    assert value.dtype == grad.dtype == np.float32
    ones = np.ones(len(w), np.int64)
    assert np.allclose(f.grad(ones), f.grad(ones.astype(float)), rtol=1e-15)


@each
def test_what_a_surface_knows_cannot_be_changed_behind_its_back(f):
    for name in ("minima", "domain", "start"):
        array = getattr(f, name)
        if array.flags.writeable:
            array += 1  # a fresh one
            assert (getattr(f, name) != array).all()
    assert not fixed([1, 2]).flags.writeable
    assert fixed([1, 2]).dtype == np.float64


def test_the_classical_values():
    assert o.Parabola(0.1)(np.array([3.0])) == pytest.approx(0.9, rel=1e-15)
    assert o.DoubleWell()(np.array([1.0])) == pytest.approx(0.3, rel=1e-15)
    assert o.CosineBumps()(np.array([1.0])) == -1
    assert o.Saddle()(np.array([0.0, 1.0])) == -0.25
    assert o.Rosenbrock()(o.Rosenbrock().start) == pytest.approx(24.2, rel=1e-14)
    # problem 5 of Moré, Garbow and Hillstrom: 1.5^2 + 2.25^2 + 2.625^2
    assert o.Beale()(np.ones(2)) == pytest.approx(14.203125, rel=1e-15)
    assert o.Himmelblau()(np.zeros(2)) == 170
    assert o.Rastrigin()(np.array([0.5, 0.0])) == pytest.approx(20.25, rel=1e-14)
    assert o.Rastrigin()(np.zeros(2)) == 0


def test_the_saddle_curves_up_along_x_and_down_along_y():
    assert list(o.Saddle().hessian_eigenvalues(np.zeros(2))) == [-1, 1]
    assert list(o.Saddle().grad(np.array([0.7, 0.0]))) == [0.7, 0]


@pytest.mark.parametrize("tilt", [-1.5, -0.3, 0.0, 0.3, 1.0, 1.5])
def test_the_ridge_parts_the_two_wells(tilt):
    f = o.DoubleWell(tilt)
    real = np.sort(np.roots([4, 0, -4, tilt]).real)  # numpy's companion matrix as outside oracle
    assert f.ridge == pytest.approx(real[1], abs=1e-12)
    assert np.allclose(np.sort(f.minima[:, 0]), real[[0, 2]], rtol=1e-12)
    assert f.curvature(f.ridge) < 0
    if tilt:
        assert np.sign(f.minima[0, 0]) == -np.sign(tilt)  # the deeper well lies down the slope


def test_descent_falls_to_the_side_of_the_ridge_from_which_it_starts():
    f = o.DoubleWell()
    w = f.ridge + np.array([[-1e-3], [1e-3]])
    for _ in range(2000):
        w = w - 0.05 * f.grad(w)
    assert np.allclose(w, f.minima, rtol=1e-12)


def test_heavy_ball_goes_round_three_points_for_ever():
    f = o.ThreeCycle()
    x, v, seen = f.start.copy(), np.zeros(1), []
    for _ in range(300):
        v = 4 / 9 * v + f.grad(x)
        x = x - v / 9
        seen.append(x[0])
    # Lessard, Recht and Packard 2016: the cycle's points are 792/1225, -2208/1225, 2592/1225
    assert sorted(seen[-3:]) == pytest.approx([-2208 / 1225, 792 / 1225, 2592 / 1225], rel=1e-9)


@pytest.mark.parametrize("x", [1.0, 2.0])
def test_the_pieces_of_the_three_cycle_meet(x):
    f, near = o.ThreeCycle(), 1e-9
    assert f.value(x + near) - f.value(x - near) == pytest.approx(2 * near * f.slope(x), rel=1e-6)
    assert f.slope(x + near) == pytest.approx(f.slope(x - near), abs=1e-6)
    assert f.slope(1.0) == 25
    assert f.slope(2.0) == 26
    assert f.curvature(1.5) == 1
    assert (f.curvature(0.0), f.curvature(3.0)) == (25, 25)


def test_a_curve_is_drawn_from_plain_numbers():
    x = np.linspace(-1, 1, 7)
    for f in SURFACES[:6]:
        assert f.value(x).shape == f.slope(x).shape == f.curvature(x).shape == (7,)
        assert np.ndim(f.value(0.5)) == 0


def test_the_bowl_at_hand_is_upright_with_curvatures_1_and_10():
    assert o.Quadratic().H.tolist() == [[1, 0], [0, 10]]
    with pytest.raises(AttributeError, match="cannot assign"):
        o.Quadratic().center = 1.0


def test_a_quadratic_is_its_eigenvectors_scaled():
    f = o.Quadratic([1.0, 25.0], rotation=0.3, center=[1.0, 2.0])
    axis = np.array([-np.sin(0.3), np.cos(0.3)])  # the second axis, turned to the left
    assert np.allclose(f.grad(f.minima[0] + 2 * axis), 50 * axis, rtol=1e-14)
    assert f(f.minima[0] + 2 * axis) == pytest.approx(50, rel=1e-14)
    assert np.allclose(f.hessian_eigenvalues(np.zeros(2)), [1, 25], rtol=1e-14)
    assert f(f.start) == pytest.approx(13, rel=1e-14)  # one along each axis: (1 + 25) / 2
    assert np.allclose(f.start, f.minima[0] + [np.cos(0.3), np.sin(0.3)] + axis, rtol=1e-14)
    side = 1.1 * np.sqrt(2)
    assert np.allclose(f.domain, [[1 - side, 1 + side], [2 - side, 2 + side]])


@given(condition=st.floats(1, 1e4), d=st.integers(2, 6), seed=st.none() | st.integers(0, 99))
def test_a_conditioned_quadratic_has_that_condition_number(condition, d, seed):
    f = o.Quadratic.conditioned(condition, d, seed=seed)
    values = f.hessian_eigenvalues(f.start)
    # eigvalsh is right to eps times the largest eigenvalue
    assert np.allclose(values, np.geomspace(1, condition, d), rtol=0, atol=1e-12 * condition)
    if seed is None:
        assert not f.H[~np.eye(d, dtype=bool)].any()


def test_random_rotations_are_drawn_by_the_seed_and_all_equally_likely():
    first, again = (o.Quadratic.conditioned(9.0, seed=5).H for _ in range(2))
    assert (first == again).all()
    assert not np.allclose(first, o.Quadratic.conditioned(9.0, seed=6).H)
    axes = [o.Quadratic.conditioned(9.0, 3, seed=s).rotation[:, 0] for s in range(2000)]
    # a uniform direction has mean 0 and squares of mean 1/3; four standard errors of 2000 draws
    assert np.abs(np.mean(axes, axis=0)).max() < 4 * np.sqrt(1 / 3 / 2000)
    assert np.abs(np.mean(np.square(axes), axis=0) - 1 / 3).max() < 4 * np.sqrt(4 / 45 / 2000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: o.Parabola(a=0.0), "a must be above 0 and finite, got 0.0"),
        (lambda: o.Parabola(a=np.inf), "a must be above 0 and finite, got inf"),
        (lambda: o.Parabola(center=np.nan), "center must be finite, got nan"),
        (lambda: o.DoubleWell(tilt=-1.51), "tilt must lie in -1.5..1.5 for two valleys, got -1.51"),
        (lambda: o.DoubleWell(tilt=np.nan), "got nan"),
        (lambda: o.Rosenbrock(b=0.0), "b must be above 0 and finite, got 0.0"),
        (lambda: o.Rosenbrock(b=np.inf), "b must be above 0 and finite, got inf"),
        (lambda: o.Rosenbrock(a=np.inf), "a must be finite, got inf"),
        (lambda: o.Quadratic([1.0, 0.0]), r"eigenvalues must be above 0 and finite, got \[1"),
        (lambda: o.Quadratic([1.0, np.inf]), "eigenvalues must be above 0 and finite"),
        (lambda: o.Quadratic(3.0), r"eigenvalues must have shape \(d,\), got \(\)"),
        (lambda: o.Quadratic([]), r"eigenvalues must have shape \(d,\), got \(0,\)"),
        (lambda: o.Quadratic([1, 2, 3], 0.5), r"matrix of shape \(3, 3\), got 0.5"),
        (lambda: o.Quadratic([1, 2], np.eye(3)), r"matrix of shape \(2, 2\), or an angle, got"),
        (lambda: o.Quadratic([1, 2], 1.001 * np.eye(2)), "must be an orthogonal matrix"),
        (lambda: o.Quadratic(center=[1, 2, 3]), r"center must be finite, of shape \(2,\), got"),
        (lambda: o.Quadratic(center=np.nan), "center must be finite"),
        (lambda: o.Quadratic.conditioned(0.5), "condition must be 1 or more, got 0.5"),
        (lambda: o.Quadratic.conditioned(2.0, d=1), "d must be 2 or more for a condition number"),
    ],
)
def test_what_makes_no_surface_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
