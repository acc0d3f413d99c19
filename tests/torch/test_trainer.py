import copy

import numpy as np
import pytest
import torch

import gdcore as gd
from gdcore.torch import ResidentBatches, Trainer


@pytest.fixture
def batches(rng):
    X, y = rng.standard_normal((50, 4)), rng.integers(0, 3, 50)
    return ResidentBatches(X, y, batch_size=8, seed=2, device="cpu", dtype=torch.float32)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))


def test_fit_is_the_loop_written_out(batches, model):
    loss_fn, twin = torch.nn.CrossEntropyLoss(), copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = Trainer(model, loss_fn, optimizer).fit(batches, epochs=3)

    optimizer, losses = torch.optim.Adam(twin.parameters(), lr=0.01), []
    for epoch in range(3):
        for X_batch, y_batch in batches.epoch(epoch):
            optimizer.zero_grad()
            loss = loss_fn(twin(X_batch), y_batch)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert list(history["loss"]) == losses
    with torch.no_grad():
        whole = loss_fn(twin(batches.X), batches.y).item()
    assert history["epoch_loss"][-1] == pytest.approx(whole, rel=1e-6)  # float32


def test_a_second_fit_goes_on_where_the_first_ended(batches, model):
    loss_fn, twin = torch.nn.CrossEntropyLoss(), copy.deepcopy(model)
    at_once = Trainer(model, loss_fn, torch.optim.SGD(model.parameters(), lr=0.1))
    in_parts = Trainer(twin, loss_fn, torch.optim.SGD(twin.parameters(), lr=0.1))
    whole = at_once.fit(batches, epochs=4)
    first, second = in_parts.fit(batches, epochs=1), in_parts.fit(batches, epochs=3)
    assert list(whole["loss"]) == [*first["loss"], *second["loss"]]
    assert second.steps("loss")[0] == len(batches)


def test_the_epoch_loss_weighs_rows_and_not_batches(batches, model, monkeypatch):
    trainer = Trainer(model, torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters()))
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
    Trainer(model, torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)).fit(
        batches, epochs=1
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
