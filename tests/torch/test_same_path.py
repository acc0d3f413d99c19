"""NumPy and torch walk one path."""

import numpy as np
import pytest
import torch

import gdcore as gd
from gdcore.torch import ResidentBatches, Trainer


def zero_line() -> torch.nn.Linear:
    model = torch.nn.Linear(1, 1, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    return model


@pytest.mark.parametrize("batch_size", [1, 128, 1000])
@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}], ids=str
)
@pytest.mark.parametrize("sampling", [{}, {"shuffle": "once"}, {"replacement": True}], ids=str)
def test_losses_and_parameters_agree_in_float64(batch_size, options, sampling):
    X, y = gd.datasets.line()
    plan = {"batch_size": batch_size, "seed": 7, **sampling}
    lr = 0.02
    ours = gd.descend(
        gd.LinearRegression(),
        [0, 0],
        gd.SGD(lr=lr, **options),
        gd.Batches(X, y, **plan),
        epochs=2 if batch_size == 1 else 20,
    )
    model = zero_line()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, **options)
    batches = ResidentBatches(X, y[:, None], device="cpu", **plan)
    theirs = Trainer(model, torch.nn.MSELoss(), optimizer).fit(
        batches, epochs=2 if batch_size == 1 else 20, validation=batches
    )
    for series, its in (("loss", "loss"), ("epoch_loss", "validation_loss")):
        assert (ours.steps(series) == theirs.steps(its)).all()
        assert np.abs(ours[series] - theirs[its]).max() < 1e-9
    assert np.allclose(ours["w"][-1], [model.weight.item(), model.bias.item()], rtol=1e-9)
    assert ours.stop == theirs.stop == "steps"


def test_one_schedule_serves_both():
    def lr(t):
        return 0.5 / (10 + t)

    X, y = gd.datasets.line(n=60)
    plan = {"batch_size": 7, "seed": 1}
    ours = gd.descend(
        gd.LinearRegression(), [0, 0], gd.SGD(lr=lr), gd.Batches(X, y, **plan), epochs=5
    )
    model = zero_line()
    optimizer = torch.optim.SGD(model.parameters(), lr=123.0)
    batches = ResidentBatches(X, y[:, None], device="cpu", **plan)
    theirs = Trainer(model, torch.nn.MSELoss(), optimizer, lr=lr).fit(batches, epochs=5)
    assert np.abs(ours["loss"] - theirs["loss"]).max() < 1e-12


def test_a_diverging_run_ends_at_the_same_update_in_both():
    X, y = gd.datasets.line(n=100)
    ours = gd.descend(
        gd.LinearRegression(), [0, 0], gd.SGD(lr=5.0), gd.Batches(X, y, batch_size=10), epochs=99
    )
    model = zero_line()
    batches = ResidentBatches(X, y[:, None], batch_size=10, device="cpu")
    theirs = Trainer(model, torch.nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=5.0)).fit(
        batches, epochs=99, validation=batches
    )
    assert ours.stop == theirs.stop == "diverged"
    for series, its in (("loss", "loss"), ("epoch_loss", "validation_loss")):
        assert (ours.steps(series) == theirs.steps(its)).all()
        assert np.isfinite(theirs[its]).all()
