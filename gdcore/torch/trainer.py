"""Train a torch model on batches, with the same record as `gdcore.descend`."""

import contextlib
import itertools
import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from tqdm import tqdm

from gdcore.checks import counts, numbers, rate
from gdcore.history import History
from gdcore.optimizers import LearningRate
from gdcore.torch.batches import DeviceBatches
from gdcore.torch.stopping import Interrupt, Patience, Record, fetch

log = logging.getLogger("gdcore")

ROWS = 8192  # evaluated at a time: enough to keep a device busy, small beside any training set


class Trainer:
    """The usual training loop, with the losses kept on the device until the epoch ends.

    The five lines of an update are yours to write instead; what this adds is the record, one
    device synchronisation per epoch in the place of one per update, a progress bar, and an end
    with a reason. A compiled model, `torch.compile(model)`, trains as any other.

    Args:
        model: Any module; it must live where the batches live.
        loss_fn: Maps (predictions, targets) to the mean loss of a batch.
        optimizer: From `torch.optim`, over the model's parameters.
        lr: A number, or a function of the updates made so far, written to all parameter groups
            before each update. None leaves the optimizer's own.
        amp: Type in which products are computed (automatic mixed precision): `torch.bfloat16`, or
            `torch.float16`, whose losses are scaled up before the way back. None for no change.
        accumulate: Pieces that a batch is cut into. Their gradients add up to that of the batch,
            and memory need only hold one piece.
        max_norm: Gradients are scaled down to this norm where theirs is larger, and the norms
            before that are recorded as "grad_norm"; `math.inf` records and scales nothing.

    Raises:
        TypeError: If an argument is not of its type.
        ValueError: If one is out of range.

    Attributes:
        step: Updates made.
        epoch: Passes over the data that are complete.
        done: Updates made in the pass that is not.
        seed: Names the sequence of orders that this training follows; None before it begins.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        loss_fn: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        optimizer: torch.optim.Optimizer,
        *,
        lr: LearningRate | None = None,
        amp: torch.dtype | None = None,
        accumulate: int = 1,
        max_norm: float | None = None,
    ) -> None:
        counts(accumulate=accumulate)
        if lr is not None:
            rate(lr=lr)
        if amp not in (None, torch.bfloat16, torch.float16):
            raise ValueError(f"amp must be torch.bfloat16, torch.float16 or None, got {amp}")
        if max_norm is not None:
            numbers(max_norm=max_norm)
            if not max_norm > 0:
                raise ValueError(f"max_norm must be above 0, got {max_norm}")
        self.model, self.loss_fn, self.optimizer, self.lr = model, loss_fn, optimizer, lr
        self.amp, self.accumulate, self.max_norm = amp, accumulate, max_norm
        self.device = next(model.parameters()).device
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=amp is torch.float16)
        self.step = self.epoch = self.done = 0
        self.seed: int | None = None

    def fit(
        self,
        batches: DeviceBatches,
        *,
        epochs: int,
        validation: DeviceBatches | None = None,
        patience: int | None = None,
        max_loss: float = math.inf,
        progress: bool | None = None,
    ) -> History:
        """Train for `epochs` more passes over the data and return their record.

        The series: "loss" of each batch before its update, as in `gdcore.descend`, "grad_norm" if
        `max_norm` is set, and "validation_loss" at the start and after each epoch. How it ended is
        in `stop`: "steps" after all epochs; "diverged" with the epoch in which a loss was no
        longer below `max_loss` (the record ends before it, and the log says where); "patience";
        "interrupted" by Ctrl-C. A later `fit` goes on where this one ended, in mid-epoch too.

        Args:
            batches: Deal the rows, on the model's device.
            epochs: Passes to make.
            validation: Rows to take the loss over; the training batches themselves will do.
            patience: Epochs to wait for a validation loss below the lowest so far; then the model
                gets back the parameters of the best epoch. None waits for ever.
            max_loss: The run has diverged when a loss is not below this.
            progress: Whether to draw a progress bar; None where there is a terminal to draw on.

        Raises:
            ValueError: If `patience` has no `validation` to go by, or these batches follow
                another seed than those before.
        """
        counts(epochs=epochs)
        if patience is not None:
            counts(patience=patience)
            if validation is None:
                raise ValueError("patience goes by the validation loss: pass validation=")
        self._follow(batches.seed)
        history, best = History(), Patience(patience)
        drawn = sys.stderr.isatty() if progress is None else progress
        bar = tqdm(total=epochs * len(batches) - self.done, unit=" updates") if drawn else None
        with Interrupt() as interrupt, bar or contextlib.nullcontext():
            try:
                if validation is not None:
                    self._validate(validation, history, max_loss, best)
                for _ in range(epochs):
                    if history.stop is None:
                        self._epoch(batches, history, max_loss, bar, interrupt)
                    if history.stop is None and validation is not None:
                        self._validate(validation, history, max_loss, best)
                interrupt.now()
                history.stop = history.stop or "steps"
            except KeyboardInterrupt:
                history.stop = history.stop or "interrupted"
                log.warning("interrupted after %d updates: fit() goes on from there", self.step)
        return history

    def update(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> Record:
        """Make one update and return its numbers, on the device."""
        for group in self.optimizer.param_groups:  # zero_grad() takes ten times as long to say so
            for parameter in group["params"]:
                parameter.grad = None
        record = self.gradients(X_batch, y_batch)
        if self.max_norm is not None:
            self.scaler.unscale_(self.optimizer)
            parameters = self.model.parameters()
            record["grad_norm"] = torch.nn.utils.clip_grad_norm_(parameters, self.max_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return record

    def gradients(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> Record:
        """Add the gradient of a batch's mean loss to the parameters' own, piece by piece."""
        if self.accumulate == 1:
            return {"loss": self.backward(X_batch, y_batch, 1.0)}
        total, m = torch.zeros((), device=self.device), len(X_batch)
        for X_piece, y_piece in self.pieces(X_batch, y_batch):
            total = total + self.backward(X_piece, y_piece, len(X_piece) / m)
        return {"loss": total}

    def pieces(
        self, X_batch: torch.Tensor, y_batch: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Cut a batch into `accumulate` pieces whose sizes differ by one row at most."""
        k = self.accumulate
        for X_piece, y_piece in zip(X_batch.tensor_split(k), y_batch.tensor_split(k), strict=True):
            if len(X_piece):
                yield X_piece, y_piece

    def backward(self, X: torch.Tensor, y: torch.Tensor, weight: float) -> torch.Tensor:
        """Go forward and back through some rows; return their mean loss times `weight`."""
        loss = self.loss(X, y)
        if weight != 1:
            loss = loss * weight
        torch.autograd.backward(self.scaler.scale(loss))
        return loss.detach().clone()  # the storage of some losses holds a number for each row

    def loss(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of some rows."""
        if self.amp is None:
            return self.loss_fn(self.model(X), y)
        with torch.autocast(self.device.type, self.amp):
            return self.loss_fn(self.model(X), y)

    @torch.no_grad()
    def evaluate(self, batches: DeviceBatches) -> float:
        """Return the mean loss over all rows, each row weighing the same."""
        self.model.eval()
        total, n = torch.zeros((), device=self.device), 0
        for X, y in batches.rows(ROWS):
            total = total + self.loss(X, y) * len(X)
            n += len(X)
        return float(total) / n

    def set_lr(self, lr: float) -> None:
        """Write the learning rate of the next update where the optimizer reads it."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def restored(self) -> None:
        """Take note that a checkpoint has put other numbers into model and optimizer."""

    def _follow(self, seed: int | None) -> None:
        """Refuse batches in another order than the one that this training is in."""
        if None not in (self.seed, seed) and seed != self.seed:
            raise ValueError(
                f"this training follows the orders of seed {self.seed}, and these batches those of "
                f"seed {seed}: give them seed={self.seed}, or begin anew with trainer.seed = None "
                "and trainer.epoch = trainer.done = 0"
            )
        self.seed = seed if self.seed is None else self.seed

    def _epoch(
        self, batches: DeviceBatches, history: History, max_loss: float, bar: Any, heard: Interrupt
    ) -> None:
        """Make what is left of an epoch, and put its numbers into the record."""
        first, seen, start, records = self.step, 0, time.perf_counter(), list[Record]()
        self.model.train()
        try:
            for X_batch, y_batch in itertools.islice(batches.epoch(self.epoch), self.done, None):
                heard.now()
                if self.lr is not None:
                    self.set_lr(self.lr(self.step) if callable(self.lr) else self.lr)
                records.append(self.update(X_batch, y_batch))
                self.step += 1
                self.done += 1
                seen += len(X_batch)
                if bar is not None:
                    bar.update()
            self.epoch, self.done = self.epoch + 1, 0
        finally:
            fetch(records, first, history, max_loss)
        if bar is not None and records and history.stop is None:
            lr = float(self.optimizer.param_groups[0]["lr"])
            rate = seen / (time.perf_counter() - start)
            loss = history.last("loss")
            bar.set_postfix_str(f"loss {loss:.4g}, lr {lr:.3g}, {rate:,.0f} samples/s")

    def _validate(
        self, validation: DeviceBatches, history: History, max_loss: float, best: Patience
    ) -> None:
        value = self.evaluate(validation)
        if not value < max_loss:  # also catches nan
            history.stop = "diverged"
            log.warning("diverged: the validation loss after update %d is %g", self.step, value)
            return
        history.record(self.step, validation_loss=value)
        history.stop = "patience" if best.over(value, self.model) else None
