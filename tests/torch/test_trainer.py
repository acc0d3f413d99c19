"""The trainer against loops written out here, update by update."""

import contextlib
import copy
import logging
import math
import re
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, TensorDataset

import gdcore as gd
from gdcore.torch import ResidentBatches, StreamedBatches, Trainer, from_loader, tf32

loss_fn = torch.nn.CrossEntropyLoss()
PLAN = {"batch_size": 8, "seed": 2}
EACH = 7  # updates in an epoch: six batches of 8 rows, and one of 2


@pytest.fixture
def rows(rng):
    return rng.standard_normal((50, 4)), rng.integers(0, 3, 50)


@pytest.fixture
def batches(rows):
    return ResidentBatches(*rows, **PLAN, device="cpu", dtype=torch.float32)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))


def dealt(rows, epochs, dtype=torch.float64):
    """The batches of the NumPy plan."""
    plan = gd.Batches(*rows, **PLAN)
    for epoch in range(epochs):
        for X_batch, y_batch in plan.epoch(epoch):
            yield torch.tensor(X_batch, dtype=dtype), torch.tensor(y_batch)


def descent(model, lr=0.5):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


SCHEDULE = gd.schedules.Warmup(gd.schedules.Cosine(0.05, steps=12), steps=4)


def plain_loop(model, rows, epochs):
    optimizer, losses = torch.optim.Adam(model.parameters()), []
    for t, (X_batch, y_batch) in enumerate(dealt(rows, epochs)):
        optimizer.param_groups[0]["lr"] = SCHEDULE(t)
        optimizer.zero_grad()
        loss = loss_fn(model(X_batch), y_batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


class AsPlanned:
    """Row numbers for a DataLoader, in the order of the plan."""

    def __init__(self, rows):
        self.plan, self.epoch = gd.Batches(*rows, **PLAN), 0

    def __len__(self):
        return len(self.plan)

    def __iter__(self):
        order = self.plan.order(self.epoch)
        self.epoch += 1
        return (order[part].tolist() for part in self.plan.slices())


def resident(rows):
    return ResidentBatches(*rows, **PLAN, device="cpu")


def streamed(rows):
    return StreamedBatches(*rows, **PLAN, device="cpu", ahead=2)


def loaded(rows):
    data = TensorDataset(*map(torch.from_numpy, rows))
    return from_loader(DataLoader(data, batch_sampler=AsPlanned(rows)), device="cpu")


def as_it_is(model):
    return model


def compiled(model):
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize(
    ("make", "prepare", "options", "fit"),
    [
        (resident, as_it_is, {}, {}),
        (resident, as_it_is, {"accumulate": 2}, {}),
        (resident, as_it_is, {"accumulate": 3}, {}),
        (resident, as_it_is, {"accumulate": 7}, {}),  # the last batch has 2 rows
        (resident, as_it_is, {"max_norm": math.inf}, {}),
        (resident, as_it_is, {"accumulate": 3, "max_norm": math.inf}, {}),
        (resident, as_it_is, {}, {"progress": True}),
        (resident, as_it_is, {}, {"validation": resident}),
        (resident, as_it_is, {}, {"validation": resident, "patience": 99, "max_loss": 99.0}),
        (resident, compiled, {}, {}),
        (streamed, as_it_is, {}, {}),
        (streamed, as_it_is, {"accumulate": 2}, {"validation": streamed}),
        (loaded, as_it_is, {}, {}),
    ],
    ids=lambda part: getattr(part, "__name__", None) or "+".join(part) or "plain",
)
def test_fit_is_the_loop_written_out(rows, model, make, prepare, options, fit):
    twin = copy.deepcopy(model.double())
    optimizer = torch.optim.Adam(model.parameters(), lr=123.0)
    trainer = Trainer(prepare(model), loss_fn, optimizer, lr=SCHEDULE, **options)
    if "validation" in fit:
        fit = {**fit, "validation": fit["validation"](rows)}
    history = trainer.fit(make(rows), epochs=3, **fit)
    losses = plain_loop(twin, rows, 3)
    assert np.ptp(losses) > 0.1
    assert history.steps("loss").tolist() == list(range(3 * EACH))
    assert np.abs(history["loss"] - losses).max() < 1e-12
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        assert (ours - theirs).abs().max() < 1e-12
    assert ("grad_norm" in history) == ("max_norm" in options)
    assert ("validation_loss" in history) == ("validation" in fit)
    if "validation" in fit:
        X, y = map(torch.from_numpy, rows)
        assert history.steps("validation_loss").tolist() == [0, EACH, 2 * EACH, 3 * EACH]
        assert history["validation_loss"][-1] == pytest.approx(
            loss_fn(twin(X), y).item(), rel=1e-12
        )
    assert history.stop == "steps"


@pytest.mark.parametrize("accumulate", [1, 3])
def test_clipping_is_that_of_torch_and_the_norm_is_taken_before(rows, model, accumulate):
    twin, limit = copy.deepcopy(model.double()), 0.5
    trainer = Trainer(model, loss_fn, descent(model), accumulate=accumulate, max_norm=limit)
    history = trainer.fit(resident(rows), epochs=3)

    optimizer, losses, norms = descent(twin), [], []
    for X_batch, y_batch in dealt(rows, 3):
        optimizer.zero_grad()
        loss = loss_fn(twin(X_batch), y_batch)
        loss.backward()
        norms.append(math.sqrt(sum((p.grad**2).sum().item() for p in twin.parameters())))
        torch.nn.utils.clip_grad_norm_(twin.parameters(), limit)
        optimizer.step()
        losses.append(loss.item())
    assert min(norms) < limit < max(norms)
    assert np.abs(history["loss"] - losses).max() < 1e-12
    assert np.abs(history["grad_norm"] - norms).max() < 1e-12
    assert (history.steps("grad_norm") == history.steps("loss")).all()


@pytest.mark.parametrize("max_norm", [None, 0.2])
def test_bfloat16_is_a_loop_under_autocast(rows, batches, model, max_norm):
    twin, plain = copy.deepcopy(model), copy.deepcopy(model)
    trainer = Trainer(model, loss_fn, descent(model), amp=torch.bfloat16, max_norm=max_norm)
    history = trainer.fit(batches, epochs=2)

    optimizer, losses = descent(twin), []
    for X_batch, y_batch in dealt(rows, 2, torch.float32):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_fn(twin(X_batch), y_batch)
        loss.backward()
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(twin.parameters(), max_norm)
        optimizer.step()
        losses.append(loss.item())
    assert history["loss"].tolist() == losses
    full = Trainer(plain, loss_fn, descent(plain), max_norm=max_norm).fit(batches, epochs=2)
    assert (full["loss"] != losses).any()
    assert next(model.parameters()).dtype == torch.float32


@pytest.mark.parametrize("max_norm", [None, 0.2])
def test_float16_is_a_loop_with_a_scaler(rows, batches, model, max_norm):
    def steep(scores, targets):
        return 100 * loss_fn(scores, targets)  # so that the first scales are too large

    twin = copy.deepcopy(model)
    optimizer = descent(model, lr=1e-3)
    trainer = Trainer(model, steep, optimizer, amp=torch.float16, max_norm=max_norm)
    history = trainer.fit(batches, epochs=2)

    optimizer, scaler, losses, norms = descent(twin, lr=1e-3), torch.amp.GradScaler("cpu"), [], []
    for X_batch, y_batch in dealt(rows, 2, torch.float32):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.float16):
            loss = steep(twin(X_batch), y_batch)
        scaler.scale(loss).backward()
        if max_norm is not None:
            scaler.unscale_(optimizer)
            norms.append(torch.nn.utils.clip_grad_norm_(twin.parameters(), max_norm).item())
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert history["loss"].tolist() == losses
    assert trainer.scaler.get_scale() == scaler.get_scale() < 2**16
    if max_norm is not None:
        assert np.array_equal(history["grad_norm"], norms, equal_nan=True)
        assert not np.isfinite(norms).all()  # skipped
        assert max_norm < np.min(norms, where=np.isfinite(norms), initial=9e9)  # clipped


def test_tf32_is_on_inside_and_as_before_outside():
    with contextlib.suppress(RuntimeError):
        assert torch.get_float32_matmul_precision() == "highest"
        with tf32():
            assert torch.get_float32_matmul_precision() == "high"
            raise RuntimeError
    assert torch.get_float32_matmul_precision() == "highest"


def counted(then, at):
    """The loss, and at one call (the first is 1) what `then` makes of it."""
    calls = []

    def loss(scores, targets):
        calls.append(len(scores))
        value = loss_fn(scores, targets)
        return then(value) if len(calls) == at else value

    loss.calls = calls
    return loss


def interrupt(_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("make", [resident, streamed])
@pytest.mark.parametrize(
    ("at", "accumulate", "made"),
    [(2, 1, 1), (7, 1, 6), (8, 1, 7), (12, 1, 11), (6, 2, 2), (21, 1, 20)],
)
def test_a_later_fit_goes_on_where_ctrl_c_came(rows, model, make, at, accumulate, made, caplog):
    twin = copy.deepcopy(model.double())
    whole = Trainer(twin, loss_fn, descent(twin), accumulate=accumulate, lr=SCHEDULE).fit(
        make(rows), epochs=3
    )
    trainer = Trainer(
        model, counted(interrupt, at), descent(model), accumulate=accumulate, lr=SCHEDULE
    )
    first = trainer.fit(make(rows), epochs=3)
    assert first.stop == "interrupted"
    assert trainer.step == len(first["loss"]) == made
    assert (trainer.epoch, trainer.done) == divmod(made, EACH)
    assert f"interrupted after {made} updates" in caplog.text
    second = trainer.fit(make(rows), epochs=3 - trainer.epoch)
    assert second.stop == "steps"
    assert [*first["loss"], *second["loss"]] == whole["loss"].tolist()
    assert [*first.steps("loss"), *second.steps("loss")] == list(range(3 * EACH))
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.fixture
def ctrl_c():
    """A press of the keys, where a shell may have had them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda loss: signal.raise_signal(signal.SIGINT) or loss
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("at", [1, 3, EACH, EACH + 1, 3 * EACH])
def test_ctrl_c_lets_the_update_be_finished(batches, model, ctrl_c, at):
    twin = copy.deepcopy(model)
    whole = Trainer(twin, loss_fn, descent(twin)).fit(batches, epochs=4)
    trainer = Trainer(model, counted(ctrl_c, at), descent(model))
    first = trainer.fit(batches, epochs=3)
    assert first.stop == "interrupted"
    assert trainer.step == len(first["loss"]) == at
    assert (trainer.epoch, trainer.done) == divmod(at, EACH)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    second = trainer.fit(batches, epochs=4 - trainer.epoch)
    assert [*first["loss"], *second["loss"]] == whole["loss"].tolist()


def test_a_second_ctrl_c_is_heard_at_once(batches, model, ctrl_c):
    trainer = Trainer(model, counted(lambda loss: ctrl_c(ctrl_c(loss)), 3), descent(model))
    assert trainer.fit(batches, epochs=1).stop == "interrupted"
    assert trainer.step == 2


def test_ctrl_c_in_the_last_validation_is_not_lost(batches, model, ctrl_c):
    trainer = Trainer(model, counted(ctrl_c, 1 + EACH + 1), descent(model))
    history = trainer.fit(batches, epochs=1, validation=batches)
    assert history.stop == "interrupted"
    assert history.steps("validation_loss").tolist() == [0, EACH]


def test_the_wait_after_ctrl_c_at_the_end_of_an_epoch_is_not_shorter(batches, model, ctrl_c):
    trainer = Trainer(model, counted(ctrl_c, EACH), descent(model, lr=0.01))
    trainer.fit(batches, epochs=9)
    history = trainer.fit(batches, epochs=2, validation=batches, patience=1)
    assert history.steps("validation_loss").tolist() == [EACH, 2 * EACH, 3 * EACH]
    assert (np.diff(history["validation_loss"]) < 0).all()


def test_a_handler_of_the_programs_own_stays(batches, model):
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    press = counted(lambda loss: signal.raise_signal(signal.SIGINT) or loss, 3)
    try:
        assert Trainer(model, press, descent(model)).fit(batches, epochs=1).stop == "steps"
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [1]


def test_ctrl_c_between_the_last_update_and_the_end_of_the_epoch_loses_nothing(batches, model):
    twin, deal = copy.deepcopy(model), batches.epoch
    whole = Trainer(twin, loss_fn, descent(twin)).fit(batches, epochs=2)

    def interrupted(epoch):
        yield from deal(epoch)
        raise KeyboardInterrupt

    trainer = Trainer(model, loss_fn, descent(model))
    batches.epoch = interrupted
    first = trainer.fit(batches, epochs=2)
    assert (first.stop, trainer.step) == ("interrupted", EACH)
    batches.epoch = deal
    second = trainer.fit(batches, epochs=2, progress=True)
    assert [*first["loss"], *second["loss"]] == whole["loss"].tolist()


def test_an_error_of_the_model_is_the_users_to_see(batches, model):
    def fail(_):
        raise ArithmeticError("from within")

    trainer = Trainer(model, counted(fail, 10), descent(model))
    with pytest.raises(ArithmeticError, match="from within"):
        trainer.fit(batches, epochs=3)
    assert (trainer.step, trainer.epoch, trainer.done) == (9, 1, 2)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 50.0, 51.0])
def test_the_record_ends_before_the_first_loss_that_is_too_large(batches, model, bad, caplog):
    spiked = counted(lambda loss: loss - loss.detach() + bad, 11)
    trainer = Trainer(model, spiked, descent(model), max_norm=1.0)
    with caplog.at_level(logging.WARNING, "gdcore"):
        history = trainer.fit(batches, epochs=5, max_loss=50.0)
    assert history.stop == "diverged"
    for name in ("loss", "grad_norm"):
        assert history.steps(name).tolist() == list(range(10))
        assert np.isfinite(history[name]).all()
    assert len(spiked.calls) == 2 * EACH  # the epoch is the last
    (record,) = caplog.records
    assert record.getMessage().startswith(
        f"diverged: the loss before update 10 is {bad:g}, "
        f"after a last one of {history['loss'][-1]:g};"
    )


def test_a_loss_below_the_limit_is_recorded(batches, model):
    spiked = counted(lambda loss: loss - loss.detach() + 49.5, 11)
    history = Trainer(model, spiked, descent(model)).fit(batches, epochs=2, max_loss=50.0)
    assert history.stop == "steps"
    assert history["loss"][10] == 49.5


def test_a_validation_loss_that_is_too_large_ends_the_training(batches, model, caplog):
    bad = counted(lambda loss: loss * math.nan, 1 + EACH + 1)  # the one after the first epoch
    history = Trainer(model, bad, descent(model)).fit(batches, validation=batches, epochs=3)
    assert history.stop == "diverged"
    assert history.steps("validation_loss").tolist() == [0]
    assert len(history["loss"]) == EACH
    assert f"diverged: the validation loss after update {EACH} is nan" in caplog.text


def test_losses_are_fetched_once_in_an_epoch(batches, model, monkeypatch):
    fetched = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is torch.ops.aten._local_scalar_dense.default:  # item, float, bool, int
                fetched.append("number")
            return func(*args, **(kwargs or {}))

    def watched(name, original):
        return lambda tensor: fetched.append(name) or original(tensor)

    for name in ("tolist", "numpy", "cpu"):
        monkeypatch.setattr(torch.Tensor, name, watched(name, getattr(torch.Tensor, name)))
    trainer = Trainer(model, loss_fn, descent(model), accumulate=2, max_norm=1.0)
    with Watch():
        trainer.fit(batches, epochs=3, validation=batches, progress=True)
    assert fetched == ["number", *["tolist", "tolist", "number"] * 3]  # loss, grad_norm; validation


def test_the_bar_shows_loss_rate_and_speed(batches, model, monkeypatch, capsys):
    clock = iter(range(0, 99, 2))
    monkeypatch.setattr(
        "gdcore.torch.trainer.time", SimpleNamespace(perf_counter=lambda: next(clock))
    )
    trainer = Trainer(model, loss_fn, descent(model), lr=lambda t: 0.25 / (t + 1))
    history = trainer.fit(batches, epochs=2, progress=True)
    shown = capsys.readouterr().err
    for t in (EACH, 2 * EACH):  # 50 rows in 2 seconds
        lr = f"{0.25 / t:.3g}"
        assert f"loss {history['loss'][t - 1]:.4g}, lr {lr}, 25 samples/s" in shown
    assert re.search(r"100%.* 14/14 ", shown)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_drawn_where_there_is_a_terminal(batches, model, terminal, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    Trainer(model, loss_fn, descent(model)).fit(batches, epochs=1)
    assert ("samples/s" in capsys.readouterr().err) == terminal


def test_no_bar_is_drawn_where_none_is_wanted(batches, model, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    Trainer(model, loss_fn, descent(model)).fit(batches, epochs=1, progress=False)
    assert not capsys.readouterr().err


def test_the_optimizers_own_rate_is_left_and_a_number_is_written(batches, model):
    for lr, expected in ((None, 0.3), (0.1, 0.1)):
        optimizer = torch.optim.SGD(
            [{"params": model[0].parameters(), "lr": 0.3}, {"params": model[2].parameters()}],
            lr=0.3,
        )
        Trainer(model, loss_fn, optimizer, lr=lr).fit(batches, epochs=1)
        assert [group["lr"] for group in optimizer.param_groups] == [expected] * 2


def test_batches_in_another_order_are_refused(rows, batches, model):
    trainer = Trainer(model, loss_fn, descent(model))
    trainer.fit(batches, epochs=1)
    others = ResidentBatches(*rows, batch_size=8, seed=3, device="cpu", dtype=torch.float32)
    message = r"follows the orders of seed 2, and these batches those of seed 3: give them seed=2"
    with pytest.raises(ValueError, match=message):
        trainer.fit(others, epochs=1)
    assert trainer.step == EACH
    trainer.fit(batches, epochs=1)
    trainer.seed, trainer.epoch, trainer.done = None, 0, 0
    assert trainer.fit(others, epochs=1).steps("loss")[0] == 2 * EACH
    assert trainer.seed == 3


def test_a_loader_has_no_seed_to_follow(rows, model):
    trainer = Trainer(model.double(), loss_fn, descent(model))
    trainer.fit(loaded(rows), epochs=1)
    assert trainer.seed is None
    trainer.fit(resident(rows), epochs=1)
    trainer.fit(loaded(rows), epochs=1)
    assert trainer.seed == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"accumulate": 0}, ValueError, "accumulate must be 1 or more, got 0"),
        ({"accumulate": 2.0}, TypeError, r"accumulate must be an integer, got 2\.0"),
        ({"amp": torch.float64}, ValueError, r"amp must be torch\.bfloat16, .*got torch\.float64"),
        ({"amp": True}, ValueError, r"amp must be torch\.bfloat16, .*got True"),
        ({"max_norm": 0}, ValueError, "max_norm must be above 0, got 0"),
        ({"max_norm": -1}, ValueError, "max_norm must be above 0, got -1"),
        ({"max_norm": math.nan}, ValueError, "max_norm must be above 0, got nan"),
        ({"max_norm": "1"}, TypeError, "max_norm must be a number, got '1'"),
        ({"lr": -0.1}, ValueError, r"lr must be 0 or more and finite, .*got -0\.1"),
        ({"lr": math.inf}, ValueError, "lr must be 0 or more and finite, .*got inf"),
        ({"lr": "0.1"}, TypeError, r"lr must be a number or a function of the step, got '0\.1'"),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused_by_name(model, options, error, message):
    with pytest.raises(error, match=message):
        Trainer(model, loss_fn, descent(model), **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be 1 or more, got 0"),
        ({"epochs": 1.5}, TypeError, r"epochs must be an integer, got 1\.5"),
        ({"epochs": 1, "patience": 0}, ValueError, "patience must be 1 or more, got 0"),
        ({"epochs": 1, "patience": 3}, ValueError, "pass validation="),
    ],
    ids=str,
)
def test_a_fit_out_of_range_is_refused_by_name(batches, model, options, error, message):
    trainer = Trainer(model, loss_fn, descent(model))
    with pytest.raises(error, match=message):
        trainer.fit(batches, **options)
    assert (trainer.step, trainer.seed) == (0, None)


def test_a_second_fit_goes_on_where_the_first_ended(batches, model):
    twin = copy.deepcopy(model)
    at_once = Trainer(model, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1))
    in_parts = Trainer(twin, loss_fn, torch.optim.SGD(twin.parameters(), lr=0.1))
    whole = at_once.fit(batches, epochs=4)
    first, second = in_parts.fit(batches, epochs=1), in_parts.fit(batches, epochs=3)
    assert list(whole["loss"]) == [*first["loss"], *second["loss"]]
    assert second.steps("loss")[0] == len(batches)


def test_the_validation_loss_weighs_rows_and_not_batches(batches, model, monkeypatch):
    trainer = Trainer(model, loss_fn, torch.optim.SGD(model.parameters()))
    at_once = trainer.evaluate(batches)
    monkeypatch.setattr("gdcore.torch.trainer.ROWS", 7)  # 50 = 7 * 7 + 1
    assert trainer.evaluate(batches) == pytest.approx(at_once, rel=1e-6)


def test_dropout_is_on_while_training_and_off_while_evaluating(batches):
    seen = []

    class Spy(torch.nn.Linear):
        def forward(self, x):
            seen.append((self.training, torch.is_grad_enabled(), len(x)))
            return super().forward(x)

    model = Spy(4, 3)
    Trainer(model, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1)).fit(
        batches, epochs=1, validation=batches
    )
    assert seen[0] == seen[-1] == (False, False, 50)
    assert seen[1:-1] == [(True, True, 8)] * 6 + [(True, True, 2)]


def test_integer_targets_stay_integers_and_floats_take_the_type(batches):
    assert batches.X.dtype == torch.float32
    assert batches.y.dtype == torch.int64


def test_the_batches_are_those_of_numpy(rng):
    X, y = rng.standard_normal((30, 2)), rng.standard_normal(30)
    options = {"batch_size": 4, "seed": 5, "drop_last": True}
    ours = gd.Batches(X, y, **options).epoch(3)
    theirs = ResidentBatches(X, y, device="cpu", **options).epoch(3)
    for (X_ours, y_ours), (X_theirs, y_theirs) in zip(ours, theirs, strict=True):
        assert np.array_equal(X_ours, X_theirs.numpy())
        assert np.array_equal(y_ours, y_theirs.numpy())


def test_bad_rows_are_refused_as_in_numpy():
    with pytest.raises(ValueError, match=r"batch_size must lie in 1\.\.5"):
        ResidentBatches(np.zeros((5, 1)), np.zeros(5), batch_size=9, device="cpu")


@pytest.mark.gpu
def test_training_on_the_accelerator_follows_the_cpu():
    if not torch.accelerator.is_available():
        pytest.skip("no accelerator here")
    X, y = gd.datasets.line(n=200)
    runs = []
    for device in ("cpu", "auto"):
        batches = ResidentBatches(X, y[:, None], batch_size=16, device=device, dtype=torch.float32)
        model = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(model.weight)
        torch.nn.init.zeros_(model.bias)
        model.to(batches.device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        runs.append(Trainer(model, torch.nn.MSELoss(), optimizer).fit(batches, epochs=5))
    assert np.allclose(runs[0]["loss"], runs[1]["loss"], rtol=1e-4)  # float32, other kernels
