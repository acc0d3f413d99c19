"""Train a torch model on batches, with the same record as `gdcore.descend`."""

import math
from collections.abc import Callable

import torch

from gdcore.history import History
from gdcore.optimizers import LearningRate
from gdcore.torch.batches import ResidentBatches

ROWS = 8192  # evaluated at a time: enough to keep a device busy, small beside any training set


class Trainer:
    """The usual training loop, with the losses kept on the device until the epoch ends.

    The five lines inside `fit` are yours to write instead; what this adds is the record, one
    device synchronisation per epoch in the place of one per update, and a stop at divergence.

    Args:
        model: Any module; it must live where the batches live.
        loss_fn: Maps (predictions, targets) to the mean loss of a batch.
        optimizer: From `torch.optim`, over the model's parameters.
        lr: A number, or a function of the updates made so far, written to all parameter groups
            before each update. None leaves the optimizer's own.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        loss_fn: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        optimizer: torch.optim.Optimizer,
        *,
        lr: LearningRate | None = None,
    ) -> None:
        self.model, self.loss_fn, self.optimizer, self.lr = model, loss_fn, optimizer, lr
        self.step = self.epoch = 0

    def fit(self, batches: ResidentBatches, *, epochs: int, max_loss: float = math.inf) -> History:
        """Train for `epochs` more passes over the data and return their record.

        The series are those of `gdcore.descend`: "loss" of each batch before its update, and
        "epoch_loss" over all rows at the start and after each epoch. A run whose loss is no
        longer below `max_loss` (by default: no longer finite) ends with the epoch in which that
        happened, `stop` is "diverged", and the record ends before it.

        Args:
            batches: Rows on the device.
            epochs: Passes to make.
            max_loss: The run has diverged when a loss is not below this.
        """
        history = History()
        history.record(self.step, epoch_loss=self.evaluate(batches))
        for _ in range(epochs):
            start, losses = self.step, []
            self.model.train()
            for X_batch, y_batch in batches.epoch(self.epoch):
                if self.lr is not None:
                    for group in self.optimizer.param_groups:
                        group["lr"] = self.lr(self.step) if callable(self.lr) else self.lr
                loss = self.loss_fn(self.model(X_batch), y_batch)
                self.optimizer.zero_grad()
                torch.autograd.backward(loss)
                self.optimizer.step()
                losses.append(loss.detach())
                self.step += 1
            self.epoch += 1
            for step, value in enumerate(torch.stack(losses).tolist(), start):
                if not value < max_loss:  # also catches nan
                    history.stop = "diverged"
                    return history
                history.record(step, loss=value)
            value = self.evaluate(batches)
            if not value < max_loss:
                history.stop = "diverged"
                return history
            history.record(self.step, epoch_loss=value)
        history.stop = "steps"
        return history

    @torch.no_grad()
    def evaluate(self, batches: ResidentBatches) -> float:
        """Return the mean loss over all rows, each row weighing the same."""
        self.model.eval()
        X, y = batches.X, batches.y
        total = sum(
            self.loss_fn(self.model(X[i : i + ROWS]), y[i : i + ROWS]) * len(X[i : i + ROWS])
            for i in range(0, len(X), ROWS)
        )
        return float(total) / len(X)
