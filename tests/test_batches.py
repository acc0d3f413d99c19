import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdcore as gd


def rows(n: int, d: int = 2) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n * d, dtype=float).reshape(n, d), np.arange(n, dtype=float)


@given(n=st.integers(1, 40), data=st.data(), seed=st.integers(0, 5), epoch=st.integers(0, 5))
def test_an_epoch_sees_every_row_once(n, data, seed, epoch):
    m = data.draw(st.integers(1, n))
    shuffle = data.draw(st.sampled_from([True, False, "once"]))
    X, y = rows(n)
    batches = gd.Batches(X, y, batch_size=m, shuffle=shuffle, seed=seed)
    dealt = list(batches.epoch(epoch))
    assert len(dealt) == len(batches) == int(np.ceil(n / m))
    assert all(len(y_batch) == m for _, y_batch in dealt[:-1])
    assert sorted(np.concatenate([y_batch for _, y_batch in dealt])) == list(y)
    for X_batch, y_batch in dealt:  # rows stay together
        assert (X_batch == X[y_batch.astype(int)]).all()


@given(n=st.integers(1, 40), data=st.data())
def test_drop_last_leaves_out_the_small_batch(n, data):
    m = data.draw(st.integers(1, n))
    batches = gd.Batches(*rows(n), batch_size=m, drop_last=True)
    sizes = [len(y_batch) for _, y_batch in batches.epoch(0)]
    assert sizes == [m] * (n // m)
    assert len(batches) == n // m


def test_an_epoch_is_a_function_of_seed_and_number():
    first, again = (gd.Batches(*rows(50), batch_size=7, seed=3) for _ in range(2))
    assert (first.order(4) == again.order(4)).all()
    assert (first.order(4) != first.order(5)).any()
    assert (first.order(4) != gd.Batches(*rows(50), batch_size=7, seed=4).order(4)).any()


def test_epoch_k_takes_the_kth_stream_that_numpy_spawns_from_the_seed():
    batches = gd.Batches(*rows(50), batch_size=7, seed=3)
    streams = np.random.SeedSequence(3).spawn(5)
    assert (batches.order(4) == np.random.default_rng(streams[4]).permutation(50)).all()


@pytest.mark.parametrize("seed", [0, 3])
def test_no_order_repeats_the_bits_of_data_or_start_made_with_the_same_seed(seed):
    first = gd.Batches(*rows(50), batch_size=7, seed=seed).order(0)
    assert (first != np.random.default_rng(seed).permutation(50)).any()


def test_shuffle_once_repeats_one_order_and_cyclic_keeps_the_rows():
    once = gd.Batches(*rows(50), batch_size=7, shuffle="once", seed=3)
    assert (once.order(9) == gd.Batches(*rows(50), batch_size=7, seed=3).order(0)).all()
    assert (once.order(0) == once.order(9)).all()
    assert (once.order(0) != np.arange(50)).any()
    cyclic = gd.Batches(*rows(50), batch_size=7, shuffle=False)
    assert (cyclic.order(9) == np.arange(50)).all()


def test_one_batch_of_all_rows_is_the_data_itself_without_a_copy():
    X, y = rows(10)
    ((X_batch, y_batch),) = gd.Batches(X, y, batch_size=10, seed=1).epoch(0)
    assert np.shares_memory(X_batch, X)
    assert (y_batch == y).all()


def test_with_replacement_leaves_the_expected_share_unseen():
    n, epochs = 200, 400
    batches = gd.Batches(*rows(n), batch_size=n, replacement=True, seed=0)
    unseen = [n - len(np.unique(batches.order(k))) for k in range(epochs)]
    expected = n * (1 - 1 / n) ** n
    # variance of the number of empty boxes, n (1/e - 2/e^2); four standard errors of the mean
    error = np.sqrt(n * (np.exp(-1) - 2 * np.exp(-2)) / epochs)
    assert abs(np.mean(unseen) - expected) < 4 * error
    assert (batches.order(0) != batches.order(1)).any()


def test_the_batches_cannot_be_written_through():
    X, y = rows(10)
    batches = gd.Batches(X, y, batch_size=10)
    with pytest.raises(ValueError, match="read-only"):
        next(batches.epoch(0))[0][0, 0] = 7
    X[0, 0] = 7  # the caller's own array stays theirs


def test_lists_become_arrays():
    batches = gd.Batches([[1], [2]], [3, 4], batch_size=1)
    assert batches.X.shape == (2, 1)
    assert (batches.y == np.array([3, 4])).all()
    with pytest.raises(ValueError, match="read-only"):
        batches.y[0] = 7


def test_floats_keep_their_type_and_integers_become_float64():
    y = np.zeros(4)
    assert gd.Batches(np.ones((4, 1), np.float32), y, batch_size=2).X.dtype == np.float32
    assert gd.Batches(np.ones((4, 1), int), y, batch_size=2).X.dtype == np.float64


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, r"batch_size must lie in 1\.\.6 .*got 0"),
        ({"batch_size": 7}, ValueError, r"batch_size must lie in 1\.\.6 .*got 7"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be an integer, got 2.0"),
        ({"batch_size": True}, TypeError, "batch_size must be an integer, got True"),
        ({"seed": -1}, ValueError, "seed must be 0 or more, got -1"),
        ({"seed": None}, TypeError, "seed must be an integer, got None"),
        ({"shuffle": "never"}, ValueError, "shuffle must be True, False or 'once', got 'never'"),
        ({"replacement": True, "shuffle": "once"}, ValueError, "^replacement=True draws every row"),
        ({"replacement": True, "shuffle": False}, ValueError, "keep: leave shuffle at True, got F"),
        ({"X": np.zeros((6, 2, 1))}, ValueError, r"X must have shape \(n, d\), got \(6, 2, 1\)$"),
        ({"y": np.zeros(5)}, ValueError, r"each of the 6 rows of X, got shape \(5,\)"),
        ({"y": np.zeros((6, 1, 1))}, ValueError, r"got shape \(6, 1, 1\)"),
        (
            {"X": np.zeros(6)},
            ValueError,
            r"X must have shape \(n, d\), got \(6,\): pass X\[:, None",
        ),
        ({"X": np.zeros((0, 2)), "y": np.zeros(0)}, ValueError, "^X and y have no rows: there"),
        ({"y": np.full(6, "a")}, TypeError, "^y must hold real numbers, got dtype"),
        (
            {"X": np.full((6, 2), np.inf)},
            ValueError,
            "^X must be finite, got inf in row 0, column 0",
        ),
        ({"seed": ()}, ValueError, "^seed must name at least one run"),
        ({"X": np.full((6, 2), "a")}, TypeError, "^X must hold real numbers, got dtype"),
        (
            {"y": np.array([0, 1, np.nan, 3, np.inf, 5])},
            ValueError,
            "^y must be finite, got nan in row 2 .2 such",
        ),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(change, error, message):
    given = {"X": np.zeros((6, 2)), "y": np.zeros(6), "batch_size": 2} | change
    with pytest.raises(error, match=message):
        gd.Batches(given.pop("X"), given.pop("y"), **given)


def test_the_repr_is_short():
    text = repr(gd.Batches(*rows(1000), batch_size=8))
    assert text == "Batches(n=1000, batch_size=8, seed=0)"
