import sys

import numpy as np
import pytest
import sklearn.datasets

import gdcore as gd


def test_the_line_is_the_line_plus_noise_of_the_given_size():
    n = 20_000
    X, y = gd.datasets.line(n=n, w=3.0, b=2.0, noise=0.1, seed=5)
    assert X.shape == (n, 1)
    assert y.shape == (n,)
    assert 0 <= X.min() < X.max() < 1
    scatter = y - (3 * X[:, 0] + 2)
    assert abs(scatter.mean()) < 4 * 0.1 / np.sqrt(n)  # four standard errors
    assert abs(scatter.std() / 0.1 - 1) < 4 / np.sqrt(2 * n)


def test_without_noise_the_points_lie_on_the_line():
    X, y = gd.datasets.line(n=10, w=-1.0, b=0.5, noise=0.0)
    assert (y == -X[:, 0] + 0.5).all()


def test_the_seed_names_the_points():
    assert (gd.datasets.line(seed=1).X == gd.datasets.line(seed=1).X).all()
    assert (gd.datasets.line(seed=1).X != gd.datasets.line(seed=2).X).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be 1 or more, got 0"),
        ({"noise": -1}, "must be 0 or more and finite, got -1"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gd.datasets.line(**options)


def test_a_regression_is_its_documented_plane_plus_noise_of_the_given_size():
    n = 20_000
    X, y = gd.datasets.regression(n=n, d=3, noise=0.5, seed=7)
    assert X.shape == (n, 3)
    assert y.shape == (n,)
    scatter = y - (X @ [3, -2, 3] + 2)
    assert abs(scatter.mean()) < 4 * 0.5 / np.sqrt(n)  # four standard errors
    assert abs(scatter.std() / 0.5 - 1) < 4 / np.sqrt(2 * n)


def test_the_variances_of_the_features_fall_from_one_to_one_over_the_condition():
    n = 20_000
    X, _ = gd.datasets.regression(n=n, d=3, condition=100, seed=3)
    assert np.abs(X.mean(axis=0) / [1, 0.316, 0.1]).max() < 4 / np.sqrt(n)  # standard errors
    ratio = (X**2).mean(axis=0) / [1, 0.1, 0.01]
    assert np.abs(ratio - 1).max() < 4 * np.sqrt(2 / n)  # a chi-squared mean
    correlation = np.corrcoef(X.T) - np.eye(3)
    assert np.abs(correlation).max() < 4 / np.sqrt(n)


def test_least_squares_finds_the_coefficients_of_a_regression_without_noise():
    X, y = gd.datasets.regression(n=50, d=5, noise=0, condition=30, seed=1)
    found, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), y)
    np.testing.assert_allclose(found, [3, -2, 3, -2, 3, 2], rtol=1e-12)  # rounding * sqrt(30)


def test_with_more_features_than_points_many_coefficients_fit_every_point():
    X, y = gd.datasets.regression(n=100, d=200, noise=0)
    given = np.append(np.resize([3.0, -2.0], 200), 2.0)
    rows = np.column_stack([X, np.ones(100)])
    shortest, *_ = np.linalg.lstsq(rows, y)
    for w in (given, shortest):
        np.testing.assert_allclose(rows @ w, y, atol=1e-11)  # sums of 200 terms of size 3
    assert np.linalg.norm(shortest) < 0.9 * np.linalg.norm(given)


def test_the_condition_rescales_the_features_and_changes_no_draw():
    X, y = gd.datasets.regression(n=20, noise=0.1, condition=100, seed=5)
    X1, y1 = gd.datasets.regression(n=20, noise=0.1, condition=1, seed=5)
    np.testing.assert_allclose(X, X1 * [1, 0.1], rtol=1e-15)
    np.testing.assert_allclose(y - X @ [3, -2], y1 - X1 @ [3, -2], atol=1e-14)


def test_the_seed_names_the_points_of_a_regression():
    again = gd.datasets.regression(seed=1)
    assert all((a == b).all() for a, b in zip(gd.datasets.regression(seed=1), again, strict=True))
    assert (again.X != gd.datasets.regression(seed=2).X).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be 1 or more, got 0"),
        ({"d": -1}, ValueError, "d must be 1 or more, got -1"),
        ({"n": 2.5}, TypeError, "n must be an integer, got 2.5"),
        ({"d": True}, TypeError, "d must be an integer, got True"),
        ({"noise": -1}, ValueError, "noise must be 0 or more and finite, got -1"),
        ({"noise": np.nan}, ValueError, "noise must be 0 or more and finite, got nan"),
        ({"noise": np.inf}, ValueError, "noise must be 0 or more and finite, got inf"),
        ({"condition": 0.5}, ValueError, "condition .* at least 1, got 0.5"),
        ({"condition": np.inf}, ValueError, "condition .* at least 1, got inf"),
        ({"d": 1, "condition": 10}, ValueError, "one feature has condition 1, got 10: ask for d"),
    ],
)
def test_a_regression_refuses_bad_input(options, error, message):
    with pytest.raises(error, match=message):
        gd.datasets.regression(**options)


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("digits", (1797, 64), np.int64),
        ("diabetes", (442, 10), np.float64),
        ("wine", (178, 13), np.int64),
        ("breast_cancer", (569, 30), np.int64),
    ],
)
def test_a_set_of_scikit_learn_is_theirs_row_by_row(name, shape, dtype):
    X, y = getattr(gd.datasets, name)()
    raw = {"scaled": False} if name == "diabetes" else {}
    theirs = getattr(sklearn.datasets, f"load_{name}")(**raw)
    units = 16 if name == "digits" else 1
    assert X.shape == shape
    assert (X.dtype, y.dtype) == (np.float64, dtype)
    assert (X * units == theirs.data).all()  # a sixteenth is exact
    assert (y == theirs.target).all()


def test_pixels_of_digits_fill_the_unit_interval():
    X, y = gd.datasets.digits()
    assert (X.min(), X.max()) == (0, 1)
    assert set(y) == set(range(10))


@pytest.mark.parametrize("name", ["digits", "diabetes", "wine", "breast_cancer"])
def test_without_scikit_learn_the_message_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "sklearn.datasets", raising=False)
    with pytest.raises(ImportError, match=r"sklearn.*pip install 'gdcore\[data\]'"):
        getattr(gd.datasets, name)()


def test_a_whole_set_can_be_dealt_into_batches():
    batches = gd.Batches(*gd.datasets.digits(), batch_size=100)
    assert [len(y) for _, y in batches.epoch(0)] == [100] * 17 + [97]
