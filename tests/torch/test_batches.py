import threading
import time

import numpy as np
import pytest
import torch

import gdcore as gd
from gdcore.torch import ResidentBatches, StreamedBatches, Trainer, from_loader, place

PLANS = [
    {},
    {"shuffle": "once"},
    {"shuffle": False},
    {"replacement": True},
    {"drop_last": True},
    {"drop_last": True, "shuffle": False},
    {"drop_last": True, "replacement": True},
    {"batch_size": 23},
    {"batch_size": 1},
]


@pytest.fixture
def rows(rng):
    return rng.standard_normal((23, 3)), rng.integers(0, 4, 23)


@pytest.fixture
def free(monkeypatch):
    """Set the bytes that the device has free."""

    def set_free(amount):
        monkeypatch.setattr("gdcore.torch.placement.memory", lambda device: (amount, amount))

    return set_free


def same(ours, theirs):
    for (X_ours, y_ours), (X_theirs, y_theirs) in zip(ours, theirs, strict=True):
        assert np.array_equal(X_ours, X_theirs.numpy())
        assert np.array_equal(y_ours, y_theirs.numpy())


@pytest.mark.parametrize("kind", [ResidentBatches, StreamedBatches])
@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_every_plan_is_dealt_as_in_numpy(rows, kind, plan):
    options = {"batch_size": 5, "seed": 7} | plan
    ours, theirs = gd.Batches(*rows, **options), kind(*rows, device="cpu", **options)
    assert len(ours) == len(theirs)
    for epoch in (0, 1, 5):
        same(ours.epoch(epoch), theirs.epoch(epoch))


def test_rows_are_streamed_out_of_a_memory_map(rows, tmp_path):
    X, y = rows
    for name, values in (("X", X), ("y", y)):
        np.save(tmp_path / f"{name}.npy", values)
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "Xy"]
    streamed = StreamedBatches(*maps, batch_size=5, seed=1, device="cpu")
    assert np.shares_memory(streamed.plan.X, maps[0])  # no copy was made of it
    for epoch in range(2):
        same(gd.Batches(X, y, batch_size=5, seed=1).epoch(epoch), streamed.epoch(epoch))


@pytest.mark.parametrize("kind", [ResidentBatches, StreamedBatches])
@pytest.mark.parametrize("size", [1, 7, 23, 100])
def test_rows_come_as_they_stand_in_pieces_of_a_size(rows, kind, size):
    pieces = list(kind(*rows, batch_size=4, drop_last=True, device="cpu").rows(size))
    assert [len(X) for X, _ in pieces] == [len(p) for p in np.split(rows[0], range(size, 23, size))]
    for values, told in zip(rows, zip(*pieces, strict=True), strict=True):
        assert np.array_equal(values, torch.cat(told).numpy())


@pytest.mark.parametrize("kind", [ResidentBatches, StreamedBatches])
def test_floats_take_the_type_and_integers_keep_theirs(rows, kind):
    batches = kind(*rows, batch_size=5, device="cpu", dtype=torch.float32)
    for X, y in (*batches.epoch(0), *batches.rows(8)):
        assert (X.dtype, y.dtype) == (torch.float32, torch.int64)
    (X, _), *_ = kind(*rows, batch_size=5, device="cpu").epoch(0)
    assert X.dtype == torch.float64


def test_training_on_streamed_rows_is_training_on_resident_ones(rows):
    losses = []
    for kind in (ResidentBatches, StreamedBatches):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 4, dtype=torch.float64)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        trainer = Trainer(model, torch.nn.CrossEntropyLoss(), optimizer)
        batches = kind(*rows, batch_size=5, device="cpu")
        history = trainer.fit(batches, epochs=3, validation=batches)
        losses.append([*history["loss"], *history["validation_loss"]])
    assert losses[0] == losses[1]


@pytest.mark.parametrize("ahead", [1, 3])
def test_no_more_batches_wait_than_asked_for(rows, ahead, monkeypatch):
    batches = StreamedBatches(*rows, batch_size=1, ahead=ahead, device="cpu")
    gather, gathered = batches._gather, []
    monkeypatch.setattr(batches, "_gather", lambda rows: gathered.append(1) or gather(rows))
    epoch = batches.epoch(0)
    next(epoch)
    time.sleep(0.3)  # the thread has had time for all 23
    assert len(gathered) == 1 + ahead + 1  # with us, waiting, and in the thread's hand
    epoch.close()


def test_a_reader_that_leaves_in_mid_epoch_leaves_no_thread_behind(rows):
    before = set(threading.enumerate())
    epoch = StreamedBatches(*rows, batch_size=1, ahead=1, device="cpu").epoch(0)
    next(epoch)
    assert len(set(threading.enumerate()) - before) == 1
    epoch.close()
    assert set(threading.enumerate()) == before


def test_a_whole_epoch_and_one_that_was_never_begun_leave_no_thread_either(rows):
    before = set(threading.enumerate())
    batches = StreamedBatches(*rows, batch_size=5, device="cpu")
    list(batches.epoch(0))
    batches.epoch(1)
    assert set(threading.enumerate()) == before


def test_an_interrupted_training_leaves_no_thread_behind(rows):
    before = set(threading.enumerate())

    def loss_fn(scores, targets):
        raise KeyboardInterrupt

    model = torch.nn.Linear(3, 4, dtype=torch.float64)
    trainer = Trainer(model, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1))
    history = trainer.fit(StreamedBatches(*rows, batch_size=1, ahead=1, device="cpu"), epochs=1)
    assert history.stop == "interrupted"
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("error", [OSError("the disk is gone"), MemoryError("too much")])
def test_an_error_in_the_gathering_thread_reaches_the_reader(rows, monkeypatch, error):
    before, gather = set(threading.enumerate()), StreamedBatches._gather

    def fail(self, rows):
        if rows[0] == 10:
            raise error
        return gather(self, rows)

    monkeypatch.setattr(StreamedBatches, "_gather", fail)
    batches = StreamedBatches(*rows, batch_size=5, shuffle=False, device="cpu")
    read = []
    with pytest.raises(type(error), match=str(error)):
        read.extend(batches.epoch(0))  # extends as far as it goes
    assert [len(X) for X, _ in read] == [5, 5]
    assert set(threading.enumerate()) == before


def test_a_stock_loader_is_trained_on_as_it_deals(rows):
    X, y = torch.from_numpy(rows[0]), torch.from_numpy(rows[1])
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size=5)
    batches = from_loader(loader, device="cpu")
    assert len(batches) == 5
    for told in (batches.epoch(0), batches.epoch(3), batches.rows(999)):
        pieces = list(told)
        assert [len(piece) for piece, _ in pieces] == [5, 5, 5, 5, 3]
        assert torch.equal(torch.cat([piece for piece, _ in pieces]), X)
        assert torch.equal(torch.cat([piece for _, piece in pieces]), y)
    losses = []
    for each in (batches, ResidentBatches(*rows, batch_size=5, shuffle=False, device="cpu")):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 4, dtype=torch.float64)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        trainer = Trainer(model, torch.nn.CrossEntropyLoss(), optimizer)
        losses.append(list(trainer.fit(each, epochs=2)["loss"]))
    assert losses[0] == losses[1]


# 23 rows of 3 float64 and an int64 are 23 * 32 bytes; two copies of them 1472, in half of 2944.
@pytest.mark.parametrize(
    ("amount", "kind", "told"),
    [
        (2944, ResidentBatches, "keeping the rows on cpu: two copies take 0.0 MiB, 0.0 MiB is"),
        (2943, StreamedBatches, "streaming the rows to cpu: two copies take 0.0 MiB, 0.0 MiB is"),
        (None, ResidentBatches, "keeping the rows on cpu: two copies take 0.0 MiB, an unknown am"),
        (5 << 20, ResidentBatches, "take 0.0 MiB, 5.0 MiB is free"),
    ],
)
def test_rows_are_kept_where_two_copies_take_half_of_what_is_free(
    rows, free, caplog, amount, kind, told
):
    free(amount)
    with caplog.at_level("INFO", logger="gdcore"):
        batches = place(*rows, batch_size=5, device="cpu", seed=3)
    assert type(batches) is kind
    (record,) = caplog.records
    assert told in record.getMessage()
    same(gd.Batches(*rows, batch_size=5, seed=3).epoch(2), batches.epoch(2))


def test_what_is_placed_is_counted_in_its_type_on_the_device(rows, free):
    free(23 * (3 * 4 + 8) * 4)  # float32 inputs, int64 targets
    options = {"batch_size": 5, "device": "cpu"}
    assert type(place(*rows, dtype=torch.float32, **options)) is ResidentBatches
    assert type(place(*rows, **options)) is StreamedBatches


def test_small_rows_stay_resident_on_the_real_device(rows):
    batches = place(*rows, batch_size=5)
    assert type(batches) is ResidentBatches
    assert batches.X.device.type == batches.device.type


@pytest.mark.parametrize("kind", [ResidentBatches, StreamedBatches, place])
@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"batch_size": 0}, ValueError, r"batch_size must lie in 1\.\.23"),
        ({"batch_size": 24}, ValueError, r"batch_size must lie in 1\.\.23"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be an integer"),
        ({"shuffle": "twice"}, ValueError, "shuffle must be True, False or 'once'"),
        ({"shuffle": False, "replacement": True}, ValueError, "no order to keep"),
        ({"seed": -1}, ValueError, "seed must be 0 or more"),
        ({"seed": [1, 2]}, TypeError, "seed must be an integer"),
        ({"device": "nowhere"}, ValueError, "device 'nowhere' is not here"),
    ],
)
def test_what_numpy_refuses_is_refused(rows, kind, options, error, told):
    with pytest.raises(error, match=told):
        kind(*rows, **({"batch_size": 5, "device": "cpu"} | options))


@pytest.mark.parametrize("kind", [ResidentBatches, StreamedBatches, place])
def test_rows_that_are_not_finite_are_refused(rows, kind):
    X, y = rows
    X[7, 1] = np.nan
    with pytest.raises(ValueError, match="X must be finite, got nan in row 7, column 1"):
        kind(X, y, batch_size=5, device="cpu")


@pytest.mark.parametrize(("ahead", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_ahead_is_a_count(rows, ahead, error):
    with pytest.raises(error, match="ahead must be"):
        StreamedBatches(*rows, batch_size=5, device="cpu", ahead=ahead)


def test_batches_say_what_they_are(rows):
    batches = StreamedBatches(*rows, batch_size=5, device="cpu", seed=4)
    assert repr(batches) == "StreamedBatches(Batches(n=23, batch_size=5, seed=4), device='cpu')"


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [ResidentBatches, StreamedBatches])
def test_batches_come_on_the_accelerator(rows, kind):
    if not torch.accelerator.is_available():
        pytest.skip("no accelerator here")
    theirs = list(kind(*rows, batch_size=5, seed=7, dtype=torch.float32).epoch(1))
    assert {values.device.type for pair in theirs for values in pair} == {
        torch.accelerator.current_accelerator().type
    }
    ours = gd.Batches(rows[0].astype(np.float32), rows[1], batch_size=5, seed=7).epoch(1)
    same(ours, [(X.cpu(), y.cpu()) for X, y in theirs])
