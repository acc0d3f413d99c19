"""Signal and noise of batches, against every draw there is and against the examples' gradients."""

import copy
import math
from itertools import product

import numpy as np
import pytest
import torch

import gdcore as gd
from gdcore.noise import gradient_variance
from gdcore.torch import NoiseTrainer, ResidentBatches, Trainer, mlp

loss_fn = torch.nn.CrossEntropyLoss()
SIZES = (3, 4, 3)


def trainer_of(kind, model, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=123.0, momentum=0.9)
    return kind(model, loss_fn, optimizer, **{"lr": 0.0, **options})


@pytest.fixture
def model():
    return mlp(SIZES, seed=4, dtype=torch.float64)


def truth(X, y):
    r"""Return $\|G\|^2$ and the trace of the rows' covariance at the model's start."""
    network = gd.MLP(SIZES)
    grads = network.per_example_grads(network.init(4), X, y)
    G = grads.mean(0)
    return {"signal": G @ G, "noise": gradient_variance(grads)}


def rows(rng, n):
    return rng.standard_normal((n, 3)), rng.integers(0, 3, n)


@pytest.mark.parametrize(("n", "m", "pieces"), [(4, 2, 2), (3, 4, 2), (3, 3, 2), (2, 5, 3)])
def test_over_all_draws_the_estimates_have_no_bias(model, rng, n, m, pieces):
    X, y = rows(rng, n)
    trainer = trainer_of(NoiseTrainer, model, accumulate=pieces)
    X_all, y_all = torch.from_numpy(X), torch.from_numpy(y)
    draws = [list(draw) for draw in product(range(n), repeat=m)]
    trainer.set_lr(0.0)
    records = [trainer.update(X_all[draw], y_all[draw]) for draw in draws]
    for name, expected in truth(X, y).items():
        mean = sum(record[name].item() for record in records) / len(draws)
        assert mean == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("pieces", [2, 4])  # of 6 rows: 3 + 3, and 2 + 2 + 1 + 1
def test_in_training_the_means_are_the_truth_within_their_errors(model, rng, pieces):
    X, y = rows(rng, 60)
    batches = ResidentBatches(X, y, batch_size=6, replacement=True, seed=8, device="cpu")
    trainer = trainer_of(NoiseTrainer, model, accumulate=pieces)  # lr is 0
    history = trainer.fit(batches, epochs=120)
    for name, expected in truth(X, y).items():
        errors = 4 * history[name].std() / math.sqrt(1200)  # four standard errors
        assert abs(history[name].mean() - expected) < errors
        assert errors < truth(X, y)["noise"] / 6  # what the noise adds to a batch's own square


@pytest.mark.parametrize(
    "options",
    [{}, {"max_norm": 0.3}, {"amp": torch.bfloat16}],
    ids=str,
)
@pytest.mark.parametrize("pieces", [2, 3])
def test_training_is_that_of_a_trainer_with_as_many_pieces(rng, pieces, options):
    X, y = rows(rng, 43)  # the last batch has 3 rows
    batches = ResidentBatches(X, y, batch_size=8, seed=1, device="cpu", dtype=torch.float64)
    histories = []
    for kind in (Trainer, NoiseTrainer):
        model = mlp(SIZES, seed=4, dtype=torch.float64)
        trainer = trainer_of(kind, model, lr=0.2, accumulate=pieces, **options)
        histories.append(trainer.fit(batches, epochs=4, validation=batches))
    theirs, ours = histories
    assert set(ours.names) == {*theirs.names, "signal", "noise"}
    for name in theirs.names:
        assert np.abs(ours[name] - theirs[name]).max() < 1e-12
    assert np.ptp(theirs["validation_loss"]) > 0.05  # and it is a training


def test_where_losses_are_scaled_signal_and_noise_are_not(model, rng):
    X, y = rows(rng, 24)
    batches = ResidentBatches(X, y, batch_size=8, device="cpu")
    twin = trainer_of(NoiseTrainer, copy.deepcopy(model), lr=0.1, accumulate=2)
    trainer = trainer_of(NoiseTrainer, model, lr=0.1, accumulate=2)
    trainer.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)  # exact, in any binary type
    scaled, plain = trainer.fit(batches, epochs=3), twin.fit(batches, epochs=3)
    for name in ("loss", "signal", "noise"):
        assert np.abs(scaled[name] - plain[name]).max() < 1e-12


def test_parameters_without_a_gradient_have_no_noise(model, rng):
    X, y = rows(rng, 24)
    batches = ResidentBatches(X, y, batch_size=8, device="cpu")
    larger = copy.deepcopy(model)
    larger.register_parameter("unused", torch.nn.Parameter(torch.ones(5, dtype=torch.float64)))
    larger.register_parameter("fixed", torch.nn.Parameter(torch.ones(5), requires_grad=False))
    ours, theirs = (
        trainer_of(NoiseTrainer, each, lr=0.1, accumulate=4).fit(batches, epochs=2)
        for each in (larger, model)
    )
    for name in ("loss", "signal", "noise"):
        assert np.abs(ours[name] - theirs[name]).max() < 1e-12
    assert larger.fixed.grad is None


def test_one_piece_and_none_are_refused(model):
    with pytest.raises(ValueError, match=r"accumulate must be 2 or more, got 1"):
        trainer_of(NoiseTrainer, model, accumulate=1)
    with pytest.raises(ValueError, match=r"accumulate must be 1 or more, got 0"):
        trainer_of(NoiseTrainer, model, accumulate=0)
    with pytest.raises(TypeError, match="accumulate"):
        trainer_of(NoiseTrainer, model)


def test_a_batch_with_fewer_rows_than_pieces_is_refused(model, rng):
    X, y = rows(rng, 11)
    trainer = trainer_of(NoiseTrainer, model, accumulate=4)
    with pytest.raises(ValueError, match=r"a batch of 3 rows does not make 4 pieces: drop_last"):
        trainer.fit(ResidentBatches(X, y, batch_size=8, device="cpu"), epochs=1)
    dropped = ResidentBatches(X, y, batch_size=8, drop_last=True, device="cpu")
    assert trainer.fit(dropped, epochs=1).stop == "steps"
