"""What test_ddp.py starts in several processes: python parallel_program.py FOLDER END."""

import os
import sys
import warnings

if __name__ == "__main__":
    warnings.simplefilter("error")  # as in pytest

from pathlib import Path

import numpy as np
import torch

from gdcore.schedules import Cosine
from gdcore.torch import ParallelTrainer, ResidentBatches, Trainer, join

EPOCHS, ROWS, BATCH = 3, 51, 8  # the last batch has 3 rows

CASES = {
    "sgd": {},
    "adam": {"optimizer": torch.optim.Adam},
    "momentum and a schedule": {"momentum": 0.9, "lr": Cosine(0.1, steps=20)},
    "in pieces": {"accumulate": 2},
    "norm": {"max_norm": 0.3},
    "adam, in pieces, norm": {"optimizer": torch.optim.Adam, "accumulate": 2, "max_norm": 0.3},
    "one row": {"batch_size": 1},
    "one row in pieces": {"batch_size": 1, "accumulate": 2},
    "one row in half precision": {"batch_size": 1, "amp": torch.float16, "dtype": torch.float32},
    "one row through two types": {"batch_size": 1, "mixed": True},
    "all rows": {"batch_size": ROWS},
}


class Mixed(torch.nn.Module):
    """A layer in float32, between two in float64."""

    def __init__(self, *layers):
        super().__init__()
        self.first, self.middle, self.last = layers

    def forward(self, x):
        return self.last(self.middle(self.first(x).float()).double())


def make(kind, seed, *, optimizer=torch.optim.SGD, mixed=False, dtype=torch.float64, **options):
    """Return a trainer and its batches; the start depends on the seed."""
    rng, batch_size = np.random.default_rng(1), options.pop("batch_size", BATCH)
    X, y = rng.standard_normal((ROWS, 4)), rng.integers(0, 3, ROWS)
    batches = ResidentBatches(X, y, batch_size=batch_size, seed=2, device="cpu", dtype=dtype)
    torch.manual_seed(seed)
    first, last = torch.nn.Linear(4, 5, dtype=dtype), torch.nn.Linear(5, 3, dtype=dtype)
    middle = torch.nn.Linear(5, 5) if mixed else torch.nn.Tanh()
    model = (Mixed if mixed else torch.nn.Sequential)(first, middle, last)
    held = {"momentum": options.pop("momentum")} if "momentum" in options else {}
    optimizer = optimizer(model.parameters(), lr=0.1, **held)
    loss_fn = options.pop("loss_fn", torch.nn.CrossEntropyLoss())
    return kind(model, loss_fn, optimizer, **options), batches


def train(kind, seed=0, **options):
    """Train, and return the record and the parameters."""
    trainer, batches = make(kind, seed, **options)
    history = trainer.fit(batches, epochs=EPOCHS, validation=batches)
    series = {name: torch.from_numpy(history[name]) for name in history.names}
    return {"stop": history.stop, **series, **trainer.model.state_dict()}


def usual(rank, size):
    """Return the parameters after each update of the first epoch with the mean over processes."""
    trainer, batches = make(Trainer, 0)
    model = torch.nn.parallel.DistributedDataParallel(trainer.model)
    told = []
    for X, y in batches.epoch(0):
        start, end = rank * len(X) // size, (rank + 1) * len(X) // size
        trainer.optimizer.zero_grad()
        trainer.loss_fn(model(X[start:end]), y[start:end]).backward()
        trainer.optimizer.step()
        told.append(torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone())
    return torch.stack(told)


def fail(rank, end):
    """Train until process 1 ends after three updates: by an error, or without a word."""
    calls = []

    def loss_fn(scores, targets):
        calls.append(1)
        if rank == 1 and len(calls) == 4:
            if end == "exit":
                os._exit(7)
            raise OSError("the disk of process 1 is gone")
        return torch.nn.functional.cross_entropy(scores, targets)

    trainer, batches = make(ParallelTrainer, 0, loss_fn=loss_fn)
    trainer.fit(batches, epochs=EPOCHS)


def main(folder, end):
    with join("cpu"):
        rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
        if folder:
            told = {
                name: train(ParallelTrainer, seed=rank, **options)  # that of process 0 counts
                for name, options in CASES.items()
            }
            trainer, batches = make(ParallelTrainer, 0)
            loss = trainer.update(*next(batches.epoch(0)))["loss"]
            told = {
                "told": told,
                "usual": usual(rank, size),
                "kept": loss.untyped_storage().nbytes(),
            }
            torch.save(told, Path(folder) / f"{rank}.pt")
        if end != "well":
            fail(rank, end)


if __name__ == "__main__":
    main(*sys.argv[1:])
