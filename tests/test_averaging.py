import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gdcore.averaging import Average
from gdcore.optimizers import SGD


@given(start=st.integers(0, 12), rows=st.integers(1, 30), seed=st.integers(0, 99))
def test_the_average_is_the_mean_of_the_iterates_after_the_first_few(start, rows, seed):
    iterates = np.random.default_rng(seed).standard_normal((rows, 3))
    average = Average(start=start)
    for t, w in enumerate(iterates, 1):
        average.update(w)
        kept = iterates[start:t] if t > start else iterates[t - 1 : t]
        # thirty roundings of numbers of size one
        assert np.allclose(average.w, kept.mean(axis=0), rtol=0, atol=1e-14)
    assert average.t == rows


@pytest.mark.parametrize("start", [0, 1, 7])
def test_the_average_is_that_of_asgd_in_torch(start, rng):
    w, rule, average = rng.standard_normal(4), SGD(lr=0.1), Average(start=start)
    tensor, state = torch.tensor(w, requires_grad=True), rule.init(w)
    asgd = torch.optim.ASGD([tensor], lr=0.1, lambd=0.0, t0=start - 1)  # at a constant step
    for _ in range(50):
        g = rng.standard_normal(4)
        rule.step(w, g, state)
        average.update(w)
        tensor.grad = torch.tensor(g)
        asgd.step()
    theirs = asgd.state[tensor]["ax"].numpy()
    # torch keeps the weight 1 / n in float32
    assert np.allclose(average.w, theirs, rtol=1e-6)


def test_a_copy_is_kept_and_the_iterate_is_not_touched():
    w, average = np.array([1.0, 2.0]), Average()
    average.update(w)
    w += 2
    assert list(average.w) == [1, 2]
    average.update(w)
    assert list(average.w) == [2, 3]
    assert list(w) == [3, 4]


def test_many_runs_at_once_are_the_runs_alone_and_float32_stays_float32(rng):
    iterates = rng.standard_normal((10, 4, 3)).astype(np.float32)
    many, alone = Average(start=2), [Average(start=2) for _ in range(4)]
    for w in iterates:
        many.update(w)
        for r in range(4):
            alone[r].update(w[r])
    assert many.w.dtype == np.float32
    assert (many.w == [one.w for one in alone]).all()


def test_integers_and_plain_numbers_are_averaged_as_floats():
    average = Average()
    for w in (1, 2, 4):
        average.update(w)
    assert average.w == pytest.approx(7 / 3, rel=1e-15)
    average = Average()
    for w in ([1, 2], [2, 5]):
        average.update(w)
    assert list(average.w) == [1.5, 3.5]


def test_the_variance_of_averaged_sgd_is_that_of_the_mean_of_the_noise():
    # x <- x - eta (lam x + s xi): t Var(average) -> s^2 / lam^2
    lam, s, eta, steps, runs = 2.0, 0.5, 0.1, 2000, 4000
    rng, x, average = np.random.default_rng(5), np.zeros(runs), Average(start=200)
    rule = SGD(lr=eta)
    state = rule.init(x)
    for _ in range(steps):
        rule.step(x, lam * x + s * rng.standard_normal(runs), state)
        average.update(x)
    found = (steps - 200) * np.mean(average.w**2) * lam**2 / s**2
    # four standard errors of a variance, and the 1 / (eta lam t) of the two ends
    assert found == pytest.approx(1, abs=4 * (2 / runs) ** 0.5 + 1 / (eta * lam * 1800))


def test_what_is_missing_is_said():
    message = "there is no iterate to average yet: call update(w) in the loop"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _ = Average().w


def test_a_start_that_is_no_count_is_refused():
    with pytest.raises(ValueError, match=r"^start must be 0 or more, got -1$"):
        Average(start=-1)
    with pytest.raises(TypeError, match=r"^start must be an integer, got nan$"):
        Average(start=float("nan"))


def test_the_repr_says_how_far_it_is():
    average = Average(start=3)
    average.update([0.0])
    assert repr(average) == "Average(start=3, t=1)"
