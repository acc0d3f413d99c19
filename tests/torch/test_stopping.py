"""When a training ends, against a descent whose every point has a closed form."""

import logging

import numpy as np
import pytest
import torch

from gdcore.history import History
from gdcore.torch import ResidentBatches, Trainer
from gdcore.torch.stopping import Patience, fetch

X = np.ones((4, 1))


@pytest.fixture
def line():
    model = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)
    return model


def towards(target):
    """All rows at once: with lr 0.1, w = target - target * 0.8**k after k epochs."""
    return ResidentBatches(X, np.full((4, 1), target), batch_size=4, device="cpu")


def fit(model, **options):
    trainer = Trainer(model, torch.nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.1))
    # w goes to 2 and passes 1, where the validation loss is lowest, after 3 to 4 epochs
    return trainer, trainer.fit(towards(2.0), validation=towards(1.0), **options)


W = 2 - 2 * 0.8 ** np.arange(40)
BEST = 3


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_after_the_wait_the_best_parameters_come_back(line, patience):
    trainer, history = fit(line, epochs=30, patience=patience)
    assert history.stop == "patience"
    assert line.weight.item() == pytest.approx(W[BEST], rel=1e-12)
    end = BEST + patience
    assert trainer.step == trainer.epoch == end
    assert history.steps("validation_loss").tolist() == list(range(end + 1))
    assert np.allclose(history["validation_loss"], (W[: end + 1] - 1) ** 2, rtol=1e-12, atol=0)
    assert history.steps("loss").tolist() == list(range(end))
    assert np.allclose(history["loss"], (W[:end] - 2) ** 2, rtol=1e-12, atol=0)


@pytest.mark.parametrize("patience", [None, 3])
def test_a_training_that_ends_before_the_wait_keeps_its_last_parameters(line, patience):
    _, history = fit(line, epochs=5, patience=patience)
    assert history.stop == "steps"
    assert line.weight.item() == pytest.approx(W[5], rel=1e-12)


def test_every_fit_waits_anew(line):
    trainer, _ = fit(line, epochs=30, patience=1)
    history = trainer.fit(towards(2.0), validation=towards(1.0), epochs=30, patience=3)
    assert history.stop == "patience"
    assert history.steps("validation_loss").tolist() == [4, 5, 6, 7]
    assert line.weight.item() == pytest.approx(W[BEST], rel=1e-12)


def wait(patience, losses, model):
    """Feed the losses to a model whose weight counts them; return the answers."""
    answers = []
    for k, loss in enumerate(losses):
        torch.nn.init.constant_(model.weight, k)
        answers.append(patience.over(loss, model))
    return answers


@pytest.mark.parametrize(
    ("epochs", "losses", "best"),
    [
        (1, [3.0, 2.0, 2.5], 1),
        (2, [3.0, 2.0, 2.5, 2.1], 1),
        (2, [3.0, 4.0, 2.0, 5.0, 1.0, 1.5, 1.2], 4),  # a new lowest ends the wait
        (2, [1.0, 1.0, 1.0], 0),  # the same is not below
        (3, [1.0, 9.0, 8.0, 7.0], 0),  # falling, but not below the lowest
    ],
)
def test_only_a_new_lowest_ends_the_wait(line, epochs, losses, best):
    answers = wait(Patience(epochs), losses, line)
    assert answers == [False] * (len(losses) - 1) + [True]
    assert line.weight.item() == best


def test_patience_without_end_keeps_no_copy(line):
    patience = Patience(None)
    assert wait(patience, [1.0, *[2.0] * 50], line) == [False] * 51
    assert not patience.best
    assert line.weight.item() == 50


def test_running_means_come_back_with_the_parameters():
    model = torch.nn.BatchNorm1d(1)
    patience = Patience(1)
    model.running_mean.fill_(7)
    assert not patience.over(1.0, model)
    model.running_mean.fill_(8)
    assert patience.over(2.0, model)
    assert model.running_mean.item() == 7


def records(losses, **others):
    names = {"loss": losses, **others}
    return [
        {name: torch.tensor(values[i]) for name, values in names.items()}
        for i in range(len(losses))
    ]


def test_an_epoch_is_put_behind_those_before_it():
    history = History()
    fetch(records([3.0, 2.0], grad_norm=[0.5, 0.25]), 0, history, 10.0)
    fetch([], 2, history, 10.0)
    fetch(records([1.0], grad_norm=[0.125]), 2, history, 10.0)
    for name, values in (("loss", [3, 2, 1]), ("grad_norm", [0.5, 0.25, 0.125])):
        assert history[name].tolist() == values
        assert history.steps(name).tolist() == [0, 1, 2]
    assert history.stop is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10.0, 11.0])
def test_every_series_ends_before_the_first_loss_that_is_not_below_the_limit(bad, caplog):
    history = History()
    with caplog.at_level(logging.WARNING, "gdcore"):
        fetch(records([3.0, 9.5, bad, 1.0], grad_norm=[1.0, 2.0, 3.0, 4.0]), 40, history, 10.0)
    assert history.stop == "diverged"
    assert history["loss"].tolist() == [3, 9.5]
    assert history["grad_norm"].tolist() == [1, 2]
    assert history.steps("loss").tolist() == history.steps("grad_norm").tolist() == [40, 41]
    (record,) = caplog.records
    assert record.getMessage().startswith(
        f"diverged: the loss before update 42 is {bad:g}, after a last one of 9.5;"
    )


def test_a_training_that_diverges_at_once_leaves_an_empty_record(caplog):
    history = History()
    fetch(records([float("inf")]), 0, history, float("inf"))
    assert history.stop == "diverged"
    assert len(history["loss"]) == 0
    assert "the loss before update 0 is inf, after a last one of nan" in caplog.text
