import gc
import time
import weakref

import numpy as np
import pytest
import torch

from gdcore.torch import Trainer, mlp, predict, probe, probes, small_cnn

LEAST, WARM_UP = probes.LEAST, probes.WARM_UP


def setup_of(make_model, *, optimizer=torch.optim.SGD, kind=Trainer, loss_fn=None):
    """Return a function that makes a trainer, and keeps those it made."""
    made = []

    def setup():
        model = make_model()
        trainer = kind(
            model, loss_fn or torch.nn.CrossEntropyLoss(), optimizer(model.parameters(), lr=0.01)
        )
        made.append(trainer)
        return trainer

    setup.made = made
    return setup


def draw_of(features, classes):
    """Return a function that draws a batch, and keeps the sizes it was asked for."""
    sizes = []

    def draw(size):
        sizes.append(size)
        return torch.randn(size, features), torch.randint(classes, (size,))

    draw.sizes = sizes
    return draw


def peak(layers, m, d, k, *, optimizer=torch.optim.SGD, updates=1):
    """Return the peak of an update with the mean squared error, as `probe` measures it."""
    model = torch.nn.Sequential(*layers)
    trainer = Trainer(model, torch.nn.MSELoss(), optimizer(model.parameters(), lr=0.01))
    X, y = torch.randn(m, d), torch.randn(m, k)
    for _ in range(updates):
        trainer.update(X, y)
    return max(probes.follow(trainer, X, y))


def loss(m, k):
    """Return the numbers held by a loss (on the CPU torch keeps its terms) and its own gradient."""
    zeros = torch.zeros(m, k)
    return torch.nn.functional.mse_loss(zeros, zeros).untyped_storage().nbytes() // 4 + 1


@pytest.mark.parametrize("updates", [0, 1, 3])
@pytest.mark.parametrize(("m", "d", "k"), [(1000, 3, 2), (64, 10, 10)])
def test_a_wide_batch_in_a_linear_layer_peaks_where_the_way_back_begins(m, d, k, updates):
    # X, y, the parameters; the predictions, and the gradient of the loss in them.
    numbers = m * d + m * k + (d * k + k) + 2 * m * k + loss(m, k)
    assert peak([torch.nn.Linear(d, k)], m, d, k, updates=updates) == 4 * numbers


@pytest.mark.parametrize(("m", "d", "k"), [(2, 100, 30), (5, 40, 40)])
def test_a_narrow_batch_in_a_linear_layer_peaks_where_the_way_back_ends(m, d, k):
    # The predictions are gone by then, and the gradients of all parameters are there.
    numbers = m * d + m * k + 2 * (d * k + k) + m * k + loss(m, k)
    assert peak([torch.nn.Linear(d, k)], m, d, k) == 4 * numbers


def test_adam_keeps_two_more_copies_and_a_clock_for_each_parameter():
    m, d, k = 1000, 3, 2
    plain = m * d + m * k + (d * k + k) + 2 * m * k + loss(m, k)
    adam = 2 * (d * k + k) + 2
    assert peak([torch.nn.Linear(d, k)], m, d, k, optimizer=torch.optim.Adam) == 4 * (plain + adam)


def test_a_hidden_layer_peaks_on_the_way_back_through_its_activation():
    m, d, h, k = 500, 3, 40, 2
    layers = [torch.nn.Linear(d, h), torch.nn.Tanh(), torch.nn.Linear(h, k)]
    parameters = d * h + h + h * k + k
    # X, y, the parameters; the activations, and the gradients in them and in what they were made
    # from; the gradients of the last layer's parameters.
    numbers = m * d + m * k + parameters + 3 * m * h + h * k + k + loss(m, k)
    assert peak(layers, m, d, k) == 4 * numbers


def test_memory_grows_by_the_same_for_every_row():
    rows = probe(
        setup_of(lambda: mlp((64, 128, 10))), draw_of(64, 10), [200, 300, 500], seconds=0.0
    )
    first, second, third = (row.peak_bytes for row in rows)
    assert third - second == 2 * (second - first) > 0


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(
    ("make_model", "features", "sizes"),
    [(lambda: mlp((64, 128, 10)), 64, [500, 2000]), (lambda: small_cnn((1, 14, 14)), 196, [100])],
    ids=["mlp", "small_cnn"],
)
def test_the_prediction_is_the_measured_peak_within_2_percent(
    make_model, features, sizes, optimizer
):
    setup, draw = setup_of(make_model, optimizer=optimizer), draw_of(features, 10)
    fixed, per_row = predict(setup, draw)
    assert set(draw.sizes) == {32, 64}  # it was said before anything larger was run
    for row in probe(setup, draw, sizes, seconds=0.0):
        assert row.predicted_bytes == fixed + row.batch_size * per_row
        assert row.predicted_bytes == pytest.approx(row.peak_bytes, rel=0.02)
        assert not row.out_of_memory


def test_few_rows_in_a_large_model_peak_in_the_step_of_the_optimizer_and_many_do_not():
    setup = setup_of(lambda: mlp((64, 256, 10)), optimizer=torch.optim.Adam)
    draw = draw_of(64, 10)
    fixed, per_row = predict(setup, draw)
    few, many = probe(setup, draw, [8, 4000], seconds=0.0)
    assert (few.predicted_bytes, many.predicted_bytes) == (few.peak_bytes, many.peak_bytes)
    assert few.peak_bytes > fixed + 8 * per_row
    assert many.peak_bytes == fixed + 4000 * per_row


def test_a_size_that_will_not_fit_is_not_tried_on_a_cpu(monkeypatch):
    setup, draw = setup_of(lambda: mlp((8, 16, 3))), draw_of(8, 3)
    fixed, per_row = predict(setup, draw)
    monkeypatch.setattr(probes, "memory", lambda device: (fixed + 1000 * per_row + 1, 1 << 40))
    fits, over, small = probe(setup, draw, [1000, 1001, 10], seconds=0.0)
    assert set(draw.sizes) == {32, 64, 1000, 10}
    assert over.out_of_memory
    assert (over.step_seconds, over.samples_per_second, over.peak_bytes) == (None, None, None)
    assert over.predicted_bytes == fixed + 1001 * per_row
    assert not fits.out_of_memory
    assert not small.out_of_memory


def test_all_sizes_are_tried_where_the_device_does_not_tell_its_memory(monkeypatch):
    monkeypatch.setattr(probes, "memory", lambda device: (None, None))
    (row,) = probe(setup_of(lambda: mlp((8, 16, 3))), draw_of(8, 3), [1000], seconds=0.0)
    assert not row.out_of_memory


class Greedy(Trainer):
    """Run out of memory above 100 rows, in a way of your choice."""

    def update(self, X_batch, y_batch):
        if len(X_batch) > 100:
            self.fail()
        return super().update(X_batch, y_batch)


def on_a_device():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def in_python():
    raise MemoryError


def on_the_real_cpu():
    torch.empty(1 << 55, dtype=torch.uint8)


def on_windows():
    raise RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to")


@pytest.mark.parametrize("fail", [on_a_device, in_python, on_the_real_cpu, on_windows])
def test_out_of_memory_is_a_row_and_the_next_size_is_measured(fail, monkeypatch):
    monkeypatch.setattr(Greedy, "fail", staticmethod(fail), raising=False)
    setup, draw = setup_of(lambda: mlp((8, 16, 3)), kind=Greedy), draw_of(8, 3)
    rows = probe(setup, draw, [100, 101, 50], seconds=0.0)
    assert [row.out_of_memory for row in rows] == [False, True, False]
    assert [row.batch_size for row in rows] == [100, 101, 50]
    assert rows[1].peak_bytes is None
    assert rows[1].predicted_bytes > rows[0].predicted_bytes
    alive = [weakref.ref(trainer) for trainer in setup.made]
    setup.made.clear()
    gc.collect()
    assert [trainer for trainer in alive if trainer() is not None] == []


def test_the_real_allocator_fails_as_it_is_known_to():
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        on_the_real_cpu()


def test_out_of_memory_in_the_making_of_a_trainer_or_a_batch_is_a_row_too():
    setup, calls = setup_of(lambda: mlp((8, 16, 3))), []

    def second_fails():
        calls.append(1)
        if len(calls) == 2:  # the first was the prediction's
            raise MemoryError
        return setup()

    rows = probe(second_fails, draw_of(8, 3), [40, 50], seconds=0.0)
    assert [row.out_of_memory for row in rows] == [True, False]

    def draw(size):
        if size == 70:
            on_the_real_cpu()
        return draw_of(8, 3)(size)

    rows = probe(setup, draw, [70, 80], seconds=0.0)
    assert [row.out_of_memory for row in rows] == [True, False]


def test_another_error_is_an_error(monkeypatch):
    def fail():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(Greedy, "fail", staticmethod(fail), raising=False)
    setup = setup_of(lambda: mlp((8, 16, 3)), kind=Greedy)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        probe(setup, draw_of(8, 3), [101], seconds=0.0)


class Counting(Trainer):
    """Note the rows of each update."""

    def update(self, X_batch, y_batch):
        self.__dict__.setdefault("seen", []).append(len(X_batch))
        return super().update(X_batch, y_batch)


def test_each_size_has_a_fresh_trainer_and_at_least_five_updates_that_count():
    setup = setup_of(lambda: mlp((8, 16, 3)), kind=Counting)
    probe(setup, draw_of(8, 3), [10, 20, 10], seconds=0.0)
    measured = [trainer.seen for trainer in setup.made if not {32, 64} & set(trainer.seen)]
    assert measured == [[m] * (WARM_UP + 1 + LEAST) for m in (10, 20, 10)]  # 1: the peak


def test_seconds_are_those_of_an_update_and_take_about_what_was_allowed():
    def slow(scores, targets):
        time.sleep(0.02)
        return torch.nn.functional.cross_entropy(scores, targets)

    setup = setup_of(lambda: mlp((8, 16, 3)), kind=Counting, loss_fn=slow)
    (row,) = probe(setup, draw_of(8, 3), [50], seconds=0.4)
    assert 0.02 <= row.step_seconds < 0.1
    assert row.samples_per_second == 50 / row.step_seconds
    (counted,) = (len(t.seen) for t in setup.made if t.seen[0] == 50)
    assert LEAST <= counted - WARM_UP - 1 <= 0.4 / 0.02 + 1


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (-3, ValueError), (2.5, TypeError)])
def test_a_bad_size_is_refused_before_anything_is_run(size, error):
    setup = setup_of(lambda: mlp((8, 16, 3)))
    with pytest.raises(error, match="batch_size must be"):
        probe(setup, draw_of(8, 3), [10, size], seconds=0.0)
    assert setup.made == []


@pytest.mark.parametrize("seconds", [-1.0, np.inf, np.nan])
def test_bad_seconds_are_refused(seconds):
    with pytest.raises(ValueError, match="seconds must be 0 or more and finite"):
        probe(setup_of(lambda: mlp((8, 16, 3))), draw_of(8, 3), [10], seconds=seconds)


@pytest.mark.gpu
def test_on_cuda_the_prediction_holds_and_memory_that_is_not_enough_is_a_row():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    device = torch.device("cuda")
    setup = setup_of(lambda: mlp((256, 1024, 10)).to(device))

    def draw(size):
        return torch.randn(size, 256, device=device), torch.randint(10, (size,), device=device)

    big = 1 << 40
    row, over, again = probe(setup, draw, [20_000, big, 20_000], seconds=0.1)
    assert row.predicted_bytes == pytest.approx(row.peak_bytes, rel=0.1)  # with its workspaces
    assert over.out_of_memory
    assert again.peak_bytes == row.peak_bytes
