import numpy as np
import pytest
from sklearn.linear_model import LinearRegression as Reference

import gdcore as gd


@pytest.fixture
def problem(rng):
    return rng.standard_normal(4), rng.standard_normal((20, 3)), rng.standard_normal(20)


def test_the_gradient_is_the_slope_of_the_loss(problem):
    w, X, y = problem
    f, h = gd.LinearRegression(), 1e-6
    central = [(f(w + h * e, X, y) - f(w - h * e, X, y)) / (2 * h) for e in np.eye(4)]
    # rounding of a loss near 4, eps * 4 / h, is about 1e-9
    assert np.allclose(f.grad(w, X, y), central, rtol=0, atol=1e-8)


def test_the_loss_is_the_mean_of_the_squared_errors(problem):
    w, X, y = problem
    by_rows = np.mean([(x @ w[:3] + w[3] - t) ** 2 for x, t in zip(X, y, strict=True)])
    assert gd.LinearRegression()(w, X, y) == pytest.approx(by_rows, rel=1e-14)


def test_value_and_grad_are_the_value_and_the_gradient(problem):
    f = gd.LinearRegression()
    value, grad = f.value_and_grad(*problem)
    assert value == f(*problem)
    assert (grad == f.grad(*problem)).all()


def test_the_gradient_vanishes_at_scikit_learns_solution(problem):
    _, X, y = problem
    reference = Reference().fit(X, y)
    w = np.append(reference.coef_, reference.intercept_)
    assert np.abs(gd.LinearRegression().grad(w, X, y)).max() < 1e-13
    assert np.allclose(gd.LinearRegression().predict(w, X), reference.predict(X), rtol=1e-13)


def test_float32_stays_float32(problem):
    w, X, y = (a.astype(np.float32) for a in problem)
    assert gd.LinearRegression().grad(w, X, y).dtype == np.float32


def test_a_column_of_targets_is_refused_before_it_broadcasts(problem):
    w, X, y = problem
    with pytest.raises(ValueError, match=r"y must have shape \(m,\), got \(20, 1\)"):
        gd.LinearRegression().grad(w, X, y[:, None])
