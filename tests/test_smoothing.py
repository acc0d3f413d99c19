import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gdcore.smoothing import corrected_ema, ema

betas = st.floats(0, 0.999)


@given(beta=betas, height=st.floats(-10, 10))
def test_a_constant_comes_out_as_one_minus_beta_to_the_t_and_corrected_as_itself(beta, height):
    t = np.arange(1, 31)
    # thirty roundings, and 1 - beta^t loses up to three digits near beta = 1
    assert np.allclose(ema([height] * 30, beta), height * (1 - beta**t), rtol=1e-11, atol=1e-300)
    assert np.allclose(corrected_ema([height] * 30, beta), height, rtol=1e-11, atol=1e-300)


@given(beta=betas, rows=st.integers(1, 20), seed=st.integers(0, 99))
def test_the_average_is_a_sum_with_weights_that_fall_by_beta(beta, rows, seed):
    x = np.random.default_rng(seed).standard_normal(rows)
    age = np.subtract.outer(np.arange(rows), np.arange(rows))
    weights = np.where(age >= 0, (1 - beta) * beta ** np.maximum(age, 0), 0)
    # twenty roundings of numbers of size one
    assert np.allclose(ema(x, beta), weights @ x, rtol=0, atol=1e-14)
    weights /= weights.sum(axis=1, keepdims=True)
    assert np.allclose(corrected_ema(x, beta), weights @ x, rtol=0, atol=1e-11)


def test_it_is_the_running_mean_inside_adam_of_torch(rng):
    x, w = rng.standard_normal((40, 3)), torch.zeros(3, dtype=torch.float64, requires_grad=True)
    adam, means = torch.optim.Adam([w], betas=(0.9, 0.999)), ema(x, 0.9)
    for row, m in zip(x, means, strict=True):
        w.grad = torch.tensor(row)
        adam.step()
        assert np.allclose(m, adam.state[w]["exp_avg"].numpy(), rtol=1e-12, atol=1e-14)


def test_white_noise_keeps_its_closed_share_of_variance():
    beta, runs = 0.9, 20_000
    last = ema(np.random.default_rng(1).standard_normal((200, runs)), beta)[-1]
    # four standard errors of a variance of normal numbers; 0.9^400 is nothing
    exact = (1 - beta) / (1 + beta)
    assert last.var() == pytest.approx(exact, rel=4 * (2 / runs) ** 0.5)


def test_a_ramp_is_followed_at_the_mean_lag():
    beta = 0.9
    lag = 1000 - ema(np.arange(1001.0), beta)[-1]
    assert lag == pytest.approx(beta / (1 - beta), rel=1e-10)  # 1000 roundings of up to 1000


def test_memory_zero_changes_nothing(rng):
    x = rng.standard_normal(9)
    assert (ema(x, 0) == x).all()
    assert (corrected_ema(x, 0) == x).all()


@pytest.mark.parametrize("smooth", [ema, corrected_ema])
def test_columns_are_smoothed_one_by_one(smooth, rng):
    x = rng.standard_normal((12, 4, 3))
    whole = smooth(x, 0.7)
    assert whole.shape == x.shape
    assert (whole[:, 2, 1] == smooth(x[:, 2, 1], 0.7)).all()


@pytest.mark.parametrize("smooth", [ema, corrected_ema])
def test_types_are_kept_values_are_not_touched_and_no_rows_are_no_rows(smooth):
    x = np.ones(3, np.float32)
    assert smooth(x, 0.5).dtype == np.float32
    assert (x == 1).all()
    assert smooth([1, 2], 0.5).dtype == np.float64
    assert smooth(np.zeros((0, 2)), 0.5).shape == (0, 2)


@pytest.mark.parametrize("smooth", [ema, corrected_ema])
def test_bad_input_is_refused(smooth):
    for beta in (1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=rf"^beta must lie in \[0, 1\), got {beta}$"):
            smooth([1.0], beta)
    with pytest.raises(ValueError, match=r"^values must have shape \(rows, \.\.\.\), got the numb"):
        smooth(1.0, 0.5)
