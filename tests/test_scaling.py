import dataclasses

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from gdcore.scaling import Centre, MinMax, Standardize

PEERS = {
    Centre: StandardScaler(with_std=False),
    Standardize: StandardScaler(),
    MinMax: MinMaxScaler(),
}
KINDS = pytest.mark.parametrize("kind", PEERS)


def wine():
    X = sklearn.datasets.load_wine().data
    return X[::2], X[1::2]


@KINDS
def test_training_and_test_rows_come_out_as_scikit_learn_has_them(kind):
    train, test = wine()
    scale, peer = kind.fit(train), PEERS[kind].fit(train)
    # values up to 1e3 of which means up to 1e3 are taken: 1e-13 of rounding
    np.testing.assert_allclose(scale(train), peer.transform(train), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scale(test), peer.transform(test), rtol=1e-12, atol=1e-12)


@KINDS
def test_inverting_gives_the_rows_back(kind):
    train, test = wine()
    scale = kind.fit(train)
    np.testing.assert_allclose(scale.invert(scale(test)), test, rtol=1e-13)


def test_the_fitted_rows_get_mean_zero_deviation_one_and_the_unit_interval():
    X, _ = wine()
    for kind in (Centre, Standardize):
        assert np.abs(kind.fit(X)(X).mean(axis=0)).max() < 1e-12
    np.testing.assert_allclose(Standardize.fit(X)(X).std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(Centre.fit(X)(X).std(axis=0), X.std(axis=0), rtol=1e-12)
    Z = MinMax.fit(X)(X)
    assert (Z.min(axis=0) == 0).all()
    assert (Z.max(axis=0) == 1).all()


def test_rows_that_were_not_fitted_may_leave_the_unit_interval():
    scale = MinMax.fit([[0.0], [10.0]])
    assert scale([[-5.0], [20.0]]).tolist() == [[-0.5], [2.0]]


@KINDS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -7.3e8, 1e-30])
def test_a_constant_column_becomes_zero_and_comes_back(kind, dtype, value):
    X = np.column_stack([np.full(1000, value), np.arange(1000)]).astype(dtype)
    scale = kind.fit(X)
    Z = scale(X)
    assert (Z[:, 0] == 0).all()
    assert np.isfinite(Z).all()
    assert (scale.invert(Z)[:, 0] == X[:, 0]).all()
    assert scale.scale[0] == 1


@KINDS
def test_a_column_that_varies_by_rounding_alone_is_constant(kind):
    X = np.array([[0.1 + 0.2], [0.3]])
    scale = kind.fit(X)
    assert X[0] != X[1]
    assert scale.scale == 1
    assert np.abs(scale(X)).max() < 1e-15


@KINDS
def test_a_column_in_tiny_units_is_scaled_like_any_other(kind):
    X, _ = wine()
    tiny = X * 2.0**-120
    factor = 2.0**-120 if kind is Centre else 1.0
    np.testing.assert_allclose(kind.fit(tiny)(tiny), kind.fit(X)(X) * factor, rtol=1e-12)


def test_a_deviation_too_small_for_a_double_divides_nothing_by_zero():
    X = np.array([[1e-200], [2e-200]])  # squares of these are 0
    assert np.abs(Standardize.fit(X)(X)).max() < 1e-199


@KINDS
def test_one_row_is_constant_in_every_column(kind):
    assert kind.fit([[1.0, 2.0]])([[1.0, 2.0]]).tolist() == [[0, 0]]


@KINDS
def test_float32_stays_float32_and_integers_become_float64(kind):
    X = np.arange(12).reshape(4, 3)
    for fitted in (X, X.astype(np.float32), X.astype(np.float64)):
        scale = kind.fit(fitted)
        for rows, dtype in ((X, np.float64), (X.astype(np.float32), np.float32)):
            assert scale(rows).dtype == dtype
            assert scale.invert(rows).dtype == dtype
    small, large = kind.fit(X.astype(np.float32))(X), kind.fit(X)(X)
    np.testing.assert_allclose(small, large, rtol=1e-15)


def test_a_mean_over_many_float32_rows_keeps_its_digits():
    X = np.full((200_000, 1), 0.1, np.float32)
    X[::2] = 0.3
    assert abs(Standardize.fit(X).shift[0] - 0.2) < 1e-7  # a sum in float32 misses by 1e-4


@KINDS
def test_runs_side_by_side_and_single_rows_are_scaled_alike(kind):
    train, test = wine()
    scale = kind.fit(train)
    stack = np.stack([test, test[::-1]])
    assert (scale(stack)[1] == scale(test)[::-1]).all()
    assert (scale(test[0]) == scale(test)[0]).all()


@KINDS
@given(data=st.data())
def test_any_columns_make_the_way_there_and_back(kind, data):
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 4)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    X = data.draw(arrays(dtype, shape, elements=st.floats(-1000, 1000, width=32)))
    scale = kind.fit(X)
    Z = scale(X)
    assert Z.dtype == dtype
    assert np.isfinite(Z).all()
    # each of two roundings is relative to the largest value met, and Z is at most sqrt(n)
    largest = np.abs(X).max() + 1e-30
    np.testing.assert_allclose(scale.invert(Z), X, atol=20 * np.finfo(dtype).eps * largest)


@KINDS
def test_fitting_and_scaling_leave_the_rows_as_they_were(kind):
    X = np.arange(6.0).reshape(3, 2)
    X.flags.writeable = False  # or this raises
    scale = kind.fit(X)
    scale.invert(scale(X))
    assert X.tolist() == [[0, 1], [2, 3], [4, 5]]


@KINDS
def test_what_was_fitted_cannot_be_changed(kind):
    scale = kind.fit(wine()[0])
    with pytest.raises(ValueError, match="read-only"):
        scale.shift[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        scale.scale[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        scale.shift = np.zeros(13)


def test_arrays_given_by_hand_stay_writeable_for_their_owner():
    shift = np.zeros(2)
    Standardize(shift, np.ones(2))
    shift[0] = 1


def test_a_scaling_says_what_it_is():
    assert repr(Standardize.fit(wine()[0])) == "Standardize(13 columns)"


@KINDS
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"\(n, d\).*got \(2,\): pass X\[:, None\]"),
        (np.zeros((0, 3)), ValueError, r"both at least 1, got \(0, 3\)$"),
        (np.zeros((3, 0)), ValueError, r"both at least 1, got \(3, 0\)$"),
        (np.zeros((2, 2, 2)), ValueError, r"got \(2, 2, 2\)$"),
        (
            [[1.0, 2.0], [3.0, np.nan]],
            ValueError,
            "got nan in row 1, column 1 .1 such values in all.: clean or drop",
        ),
        ([[np.inf]], ValueError, "got inf in row 0, column 0"),
        ([["a"]], TypeError, "X must hold real numbers, got dtype <U1"),
        ([[1j]], TypeError, "X must hold real numbers, got dtype complex128"),
    ],
)
def test_rows_that_cannot_be_fitted_are_refused(kind, X, error, message):
    with pytest.raises(error, match=message):
        kind.fit(X)


def test_rows_with_other_columns_are_refused():
    scale = Standardize.fit(wine()[0])
    with pytest.raises(ValueError, match=r"X must have the 13 columns .* got shape \(4, 12\)"):
        scale(np.zeros((4, 12)))
    with pytest.raises(ValueError, match=r"Z must have the 13 columns .* got shape \(\)"):
        scale.invert(3.0)
    with pytest.raises(TypeError, match="Z must hold real numbers"):
        scale.invert([["a"] * 13])


@KINDS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_column_that_varies_by_less_than_the_type_can_divide_by_is_constant(kind, dtype):
    X = np.array([[np.finfo(dtype).smallest_subnormal], [0]], dtype)
    scale = kind.fit(X)
    assert np.isfinite(scale(X)).all()
    assert np.allclose(scale.invert(scale(X)), X)
