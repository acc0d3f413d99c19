"""Noise of gradients against enumeration and simulation."""

from itertools import combinations, product

import numpy as np
import pytest

from gdcore.classifiers import Softmax
from gdcore.noise import batch_variance, gradient_variance, noise_scale


@pytest.fixture
def grads(rng):
    return rng.normal([1.0, 0.0, -2.0], size=(6, 3))


def test_the_variance_is_the_trace_of_the_covariance(grads):
    expected = np.trace(np.cov(grads.T, bias=True))  # bias: divisor n
    assert gradient_variance(grads) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_without_replacement_the_variance_is_that_of_all_batches(grads, m):
    batches = np.array([grads[list(rows)].mean(0) for rows in combinations(range(6), m)])
    assert np.allclose(batches.mean(0), grads.mean(0), rtol=1e-13)
    spread = np.mean(np.sum((batches - grads.mean(0)) ** 2, axis=1))
    assert batch_variance(grads, m) == pytest.approx(spread, rel=1e-12, abs=1e-30)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_with_replacement_the_variance_is_that_of_all_draws(grads, m):
    batches = np.array([grads[list(rows)].mean(0) for rows in product(range(6), repeat=m)])
    spread = np.mean(np.sum((batches - grads.mean(0)) ** 2, axis=1))
    assert batch_variance(grads, m, replacement=True) == pytest.approx(spread, rel=1e-12)


def test_draws_may_outnumber_the_rows_but_batches_may_not(grads):
    expected = gradient_variance(grads) / 7
    assert batch_variance(grads, 7, replacement=True) == pytest.approx(expected, rel=1e-15)
    for m in (0, 7):
        with pytest.raises(ValueError, match=rf"batch_size must lie in 1..6 .* got {m}"):
            batch_variance(grads, m)
    with pytest.raises(ValueError, match=r"batch_size must lie in 1..6"):
        batch_variance(grads, 0, replacement=True)


def test_a_single_example_has_no_noise():
    assert batch_variance(np.ones((1, 3)), 1) == 0


def test_one_of_two_examples_misses_the_mean_by_half_their_distance():
    assert batch_variance(np.array([[0.0], [2.0]]), 1) == 1


def test_at_the_noise_scale_noise_equals_signal(grads):
    B = noise_scale(grads)
    G = grads.mean(0)
    assert gradient_variance(grads) / B == pytest.approx(G @ G, rel=1e-13)


def test_gradients_of_a_model_have_the_noise_that_sampling_shows(rng):
    X, y = rng.standard_normal((40, 3)), rng.integers(0, 3, 40)
    model, w = Softmax(3), rng.standard_normal(12)
    grads, m, draws = model.per_example_grads(w, X, y), 5, 4000
    rows = rng.integers(40, size=(draws, m))
    sampled = model.grad(np.tile(w, (draws, 1)), X[rows], y[rows])
    squares = np.sum((sampled - model.grad(w, X, y)) ** 2, axis=1)
    error = squares.std() / np.sqrt(draws)
    # four standard errors
    assert abs(squares.mean() - batch_variance(grads, m, replacement=True)) < 4 * error


def test_every_run_has_the_noise_it_has_alone(rng):
    many = rng.standard_normal((4, 6, 3))
    for measure in (gradient_variance, noise_scale, lambda g: batch_variance(g, 2)):
        alone = [measure(grads) for grads in many]
        assert np.allclose(measure(many), alone, rtol=1e-12)
