"""Input of the wrong type is refused at the border, by name."""

import re

import numpy as np
import pytest

import gdcore as gd

SADDLE, RULE = gd.objectives.Saddle(), gd.SGD()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: gd.SGD(lr="0.1"), TypeError, "lr must be a number or a function of the step"),
        (lambda: gd.SGD(lr=None), TypeError, "lr must be a number or a function of the step"),
        (lambda: gd.SGD(lr=[0.1, 0.2]), TypeError, "lr must be a number or a function of the step"),
        (lambda: gd.SGD(lr=1j), TypeError, "lr must be a number or a function of the step, got 1j"),
        (lambda: gd.SGD(momentum="0.9"), TypeError, "momentum must be a number, got '0.9'"),
        (lambda: gd.SGD(weight_decay=None), TypeError, "weight_decay must be a number, got None"),
        (lambda: gd.Adam(betas=0.9), TypeError, "betas must be two numbers in [0, 1), got 0.9"),
        (lambda: gd.Adam(betas=("a", 0.9)), TypeError, "betas[0] must be a number, got 'a'"),
        (lambda: gd.Adam(eps="small"), TypeError, "eps must be a number, got 'small'"),
        (lambda: gd.schedules.Step("a", 3), TypeError, "lr must be a number, got 'a'"),
        (lambda: gd.schedules.Inverse(1, "b"), TypeError, "b must be a number, got 'b'"),
        (lambda: gd.schedules.Warmup("a", 3), TypeError, "after must be a number or a function"),
        (lambda: gd.LinearRegression(l2="a"), TypeError, "l2 must be a number, got 'a'"),
        (lambda: gd.Softmax(2.5), TypeError, "classes must be an integer, got 2.5"),
        (lambda: gd.MLP(5), TypeError, "sizes must be a sequence of widths, input first, got 5"),
        (lambda: gd.MLP((3, 2.5)), TypeError, "sizes[1] must be an integer, got 2.5"),
        (lambda: gd.datasets.line(n=2.5), TypeError, "n must be an integer, got 2.5"),
        (lambda: gd.datasets.line(noise="a"), TypeError, "noise must be a number, got 'a'"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_named(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make()


@pytest.mark.parametrize("descend", [gd.descend, gd.descend_runs])
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": -3}, ValueError, "steps must be 0 or more, got -3"),
        ({"steps": 2.5}, TypeError, "steps must be an integer, got 2.5"),
        ({"epochs": -1}, ValueError, "epochs must be 0 or more, got -1"),
        ({"epochs": float("inf")}, TypeError, "epochs must be an integer, got inf"),
        ({"steps": 3, "tol": -1e-9}, ValueError, "tol must be 0 or more and finite, got -1e-09"),
        ({"steps": 3, "tol": np.nan}, ValueError, "tol must be 0 or more and finite, got nan"),
    ],
)  # fmt: skip
def test_a_run_ends_after_a_count_of_updates(descend, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        descend(SADDLE, [1.0, 2.0], RULE, **options)


@pytest.mark.parametrize("descend", [gd.descend, gd.descend_runs])
@pytest.mark.parametrize("w0", ["ab", [1j, 0]])
def test_a_start_is_real_numbers(descend, w0):
    with pytest.raises(TypeError, match=r"^w0 must hold real numbers, got dtype"):
        descend(SADDLE, w0, RULE, steps=1)


def test_numbers_of_numpy_are_numbers():
    assert gd.SGD(lr=np.float32(0.5), momentum=np.float64(0.5)).lr == 0.5
    assert gd.schedules.Step(np.float64(1), np.int64(3))(0) == 1
