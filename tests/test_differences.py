"""Numerical slopes and curvature against closed forms."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from gdcore import objectives as o
from gdcore.classifiers import Softmax
from gdcore.differences import (
    central_grad,
    check_grad,
    forward_grad,
    hessian_vector_product,
    sharpness,
)
from gdcore.models import LinearRegression
from gdcore.networks import MLP


@dataclass
class Form:
    """w'Hw / 2 for any symmetric H, and a gradient that may be wrong."""

    H: np.ndarray
    error: float = 0.0

    def __call__(self, w):
        return np.vecdot(w, np.matvec(self.H, w)) / 2

    def grad(self, w):
        return np.matvec(self.H, w) * (1 + self.error)


@pytest.fixture
def rows(rng):
    return rng.standard_normal((30, 4)), rng.integers(0, 3, 30)


def test_forward_errors_fall_with_h_and_central_errors_with_its_square():
    w = np.array([0.7])

    def f(w):
        return np.exp(w[..., 0])

    for grad, ratio in ((forward_grad, 10), (central_grad, 100)):
        errors = [abs(grad(f, w, h=h)[0] - np.exp(0.7)) for h in (1e-2, 1e-3)]
        assert errors[0] / errors[1] == pytest.approx(ratio, rel=0.01)  # the next term is h / 3


def test_the_leading_error_terms_are_those_of_taylor():
    w, h = np.array([0.7]), 1e-3
    slope = np.exp(0.7)  # of exp, and all its derivatives

    def f(w):
        return np.exp(w[..., 0])

    assert forward_grad(f, w, h=h)[0] - slope == pytest.approx(slope * h / 2, rel=1e-3)
    assert central_grad(f, w, h=h)[0] - slope == pytest.approx(slope * h**2 / 6, rel=1e-3)


def test_the_default_steps_are_near_the_best():
    f, w = o.Rosenbrock(), np.array([-1.2, 1.0])
    exact = f.grad(w)
    assert np.allclose(forward_grad(f, w), exact, rtol=1e-5)  # sqrt(eps) times f'' / f'
    assert np.allclose(central_grad(f, w), exact, rtol=1e-8)


def test_three_table_entries_give_a_slope_of_two():
    table = {0.25: 0.4, 0.3: 0.5, 0.35: 0.6}

    def f(w):
        return table[round(float(w[0]), 2)]

    w = np.array([0.3])
    assert forward_grad(f, w, h=0.05) == pytest.approx([2], rel=1e-12)
    assert central_grad(f, w, h=0.05) == pytest.approx([2], rel=1e-12)


def test_differences_leave_w_alone_and_take_a_run_axis(rng):
    f, w = o.Himmelblau(), rng.standard_normal((3, 2))
    before = w.copy()
    for grad in (forward_grad, central_grad):
        many = grad(f, w)
        assert many.shape == w.shape
        for r in range(3):
            assert np.allclose(many[r], grad(f, w[r]), rtol=1e-9)  # the same values, rounded
    assert (w == before).all()


def test_a_gradient_costs_d_plus_1_values_or_2d():
    calls = []

    def f(w):
        calls.append(1)
        return 0.0

    forward_grad(f, np.zeros(5))
    assert len(calls) == 6
    central_grad(f, np.zeros(5))
    assert len(calls) == 6 + 10


def test_a_right_gradient_passes_the_check_and_a_wrong_one_does_not(rows, rng):
    X, labels = rows
    assert check_grad(LinearRegression(), rng.standard_normal(5), X, X[:, 0]) < 1e-8
    assert check_grad(Softmax(3), rng.standard_normal((2, 15)), X, labels) < 1e-8
    H = np.diag([1.0, 2.0])
    assert check_grad(Form(H, 0.01), np.ones(2)) == pytest.approx(0.01 / 1.01, rel=1e-5)
    assert check_grad(Form(H, -0.5), np.ones(2)) == pytest.approx(0.5, rel=1e-5)
    assert check_grad(Form(H, -2), np.ones(2)) == pytest.approx(2, rel=1e-5)
    assert type(check_grad(Form(H), np.ones(2))) is float


def test_one_bad_run_or_coordinate_is_enough_to_fail_the_check():
    class Bad(Form):
        def grad(self, w):
            g = super().grad(w)
            g[..., -1, 1] *= 3
            return g

    w = np.array([[1.0, 1.0], [1.0, 2.0], [10.0, 1.0]])
    # 10 and 3 by hand against 10 and 1: off by 2 in 10
    assert check_grad(Bad(np.eye(2)), w) == pytest.approx(0.2, rel=1e-5)


def test_the_step_of_the_check_is_the_readers():
    f, w = o.Rosenbrock(), np.array([-1.2, 1.0])
    assert check_grad(f, w, h=1e-2) > 1e-4 > check_grad(f, w)


def test_two_zero_gradients_agree():
    assert check_grad(Form(np.eye(2)), np.zeros(2)) == 0


def test_hessian_vector_products_are_products_with_the_hessian(rng):
    f, w, v = o.Himmelblau(), rng.standard_normal((4, 2)), rng.standard_normal((4, 2))
    exact = np.matvec(f.hessian(w), v)
    # h^2 times third derivatives cancels for this quartic but for 1e-10 * 24
    assert np.allclose(hessian_vector_product(f, w, v), exact, rtol=1e-7, atol=1e-7)
    assert np.allclose(hessian_vector_product(f, w[0], v[0]), exact[0], rtol=1e-7, atol=1e-7)
    coarse = hessian_vector_product(f, w[0], v[0], h=0.1) - exact[0]
    finer = hessian_vector_product(f, w[0], v[0], h=0.01) - exact[0]
    assert np.allclose(coarse, 100 * finer, rtol=1e-6)  # central: the error goes with h^2


def test_hessian_vector_products_of_a_network_match_torch(rng):
    model = MLP((4, 5, 3))
    w, v = model.init(0), rng.standard_normal(model.size)
    v /= np.linalg.norm(v)
    X, y = rng.standard_normal((20, 4)), rng.integers(0, 3, 20)

    def loss(w):
        h, start = torch.tensor(X), 0
        for last, (a, b) in enumerate(((4, 5), (5, 3))):
            W = w[start : start + a * b].reshape(a, b)
            h = h @ W + w[start + a * b : start + (a + 1) * b]
            h = h if last else torch.tanh(h)
            start += (a + 1) * b
        return torch.nn.functional.cross_entropy(h, torch.tensor(y))

    _, exact = torch.autograd.functional.hvp(loss, torch.tensor(w), torch.tensor(v))
    # h^2 f''' is about 1e-10
    assert np.allclose(hessian_vector_product(model, w, v, X, y), exact.numpy(), atol=1e-9)


def test_sharpness_is_the_top_eigenvalue(rng):
    w = rng.standard_normal(4)
    f = o.Quadratic.conditioned(50.0, 4, seed=1)
    assert sharpness(f, w) == pytest.approx(50, rel=1e-5)  # tol squared, and a gap of 50 : 14
    assert sharpness(f, w, tol=1e-8) == pytest.approx(50, rel=1e-9)
    assert type(sharpness(f, w)) is float


def test_sharpness_of_least_squares_and_softmax_has_a_closed_form(rows):
    X, labels = rows
    X1 = np.column_stack([X, np.ones(30)])
    top = np.linalg.eigvalsh(X1.T @ X1 / 30)[-1]
    found = sharpness(LinearRegression(), np.zeros(5), X, X[:, 0], tol=1e-6)
    assert found == pytest.approx(2 * top, rel=1e-8)
    # at zero weights, K = 3; the top eigenvalue is double there
    assert sharpness(Softmax(3), np.zeros(15), X, labels, tol=1e-6) == pytest.approx(
        top / 3, rel=1e-8
    )


def test_at_a_saddle_the_largest_eigenvalue_is_found_though_a_negative_one_is_larger():
    assert sharpness(Form(np.diag([-5.0, 2.0, 1.0])), np.ones(3), tol=1e-6) == pytest.approx(2)
    assert sharpness(Form(np.diag([-5.0, -2.0])), np.ones(2), tol=1e-6) == pytest.approx(-2)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "eigenvalues", [(-2, 2), (-2, 2, 1), (-2, 1.999), (-3, 2, -1), (-3, -2.9), (0, 1)]
)
def test_eigenvalues_of_both_signs_do_not_swing_for_ever(eigenvalues, seed):
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))[0]
    found = sharpness(Form(Q * eigenvalues @ Q.T), np.ones(len(Q)), seed=seed, max_steps=200)
    assert found == pytest.approx(max(eigenvalues), abs=1e-3 * np.abs(eigenvalues).max())


def test_the_only_curvature_is_found_at_once():
    f = o.Quadratic([4.0])
    assert sharpness(f, np.ones(1), max_steps=1) == pytest.approx(4, rel=1e-9)


def test_a_level_surface_has_no_curvature():
    assert sharpness(Form(np.zeros((3, 3))), np.ones(3)) == 0


def test_the_seed_draws_the_first_vector():
    seen = []

    class Spy(Form):
        def grad(self, w):
            seen.append(w)
            return super().grad(w)

    for seed in (0, 0, 1):
        sharpness(Spy(np.diag([1.0, 3.0])), np.zeros(2), tol=1.0, seed=seed)
    first, again, other = seen[::2]
    assert (first == again).all()
    assert not np.allclose(first, other)


def test_power_iteration_that_does_not_settle_says_so():
    f = Form(np.diag([1.0, 1.001]))
    with pytest.raises(RuntimeError, match=r"came to 1.00\d* in 5 steps, not within tol=1e-06"):
        sharpness(f, np.ones(2), tol=1e-6, max_steps=5)
