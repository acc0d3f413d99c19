r"""What the batch size does on this device: seconds, bytes, and updates until a loss is reached.

For each size m a fresh model is timed and its memory measured (`probe`), then others are trained
until the loss of a sample is below the target, each with a learning rate of its own, doubled or
halved for as long as that saves updates. What the rows say is in `gdcore.torch.laws`.
"""

import contextlib
import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gdcore.torch.batches import ResidentBatches
from gdcore.torch.laws import Row, short
from gdcore.torch.probes import Probe, probe
from gdcore.torch.trainer import Trainer

SAMPLE = 2048  # rows on which the loss is looked at
GROWTH = 1.05  # the loss is looked at whenever the updates have grown by this


@dataclass(frozen=True)
class Study:
    """A study to be made: the data, the model, and how long each size may take.

    Args:
        X: Inputs, shape (n, d).
        y: Targets, shape (n,) or (n, k).
        model: Makes a fresh model; called once for each run, always with the same random state.
        loss_fn: Maps (predictions, targets) to a mean loss.
        device: Where to compute.
        seconds: For timing each size, about.
        patience: Seconds for reaching the target with each size, at most; 0 leaves that out.
        target: Loss to reach; None for a tenth of the loss at the start.
        lr: Learning rate to begin the search at.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    model: Callable[[], torch.nn.Module]
    loss_fn: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    device: torch.device
    seconds: float = 1.0
    patience: float = 8.0
    target: float | None = None
    lr: float = 0.1

    def expected_seconds(self, sizes: int) -> float:
        """Return about how long so many sizes will take."""
        return sizes * (1.5 * self.seconds + self.patience)

    def rows(self, batch_sizes: list[int]) -> Iterator[Row]:
        """Measure one size after the other, the largest first, and yield its row.

        A smaller batch bears a smaller learning rate: the search for it begins in proportion.
        """
        target = self.target_loss() if self.patience else None
        lr, before = self.lr, 0
        for m in sorted(batch_sizes, reverse=True):
            found, threads = self._probe(m)
            row = self._costs(found) | {"threads": threads}
            if target is not None and not found.out_of_memory and m <= len(self.X):
                lr *= m / (before or m)
                with _threads(threads):
                    row |= self._reach(m, target, lr)
                lr, before = row["lr"] or lr, m
            yield row

    def _probe(self, m: int) -> tuple[Probe, int]:
        """Measure a size; on a CPU with one thread and with all, and keep the faster.

        The threads of a small update wait for each other longer than they work, and longer still
        where other programs want the cores.
        """
        fresh = functools.partial(self._trainer, self.lr)
        most = torch.get_num_threads()
        counts = sorted({1, most}) if self.device.type == "cpu" else [most]
        measured = []
        for count in counts:
            with _threads(count):
                (found,) = probe(fresh, self._draw, [m], seconds=self.seconds / len(counts))
            measured.append((found, count))
        return min(measured, key=lambda pair: pair[0].step_seconds or math.inf)

    def target_loss(self) -> float:
        """Return the loss to be reached."""
        if self.target is not None:
            return self.target
        return self._trainer(self.lr).evaluate(self._batches(1)) / 10

    def _trainer(self, lr: float) -> Trainer:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = self.model().to(self.device)
        return Trainer(model, self.loss_fn, torch.optim.SGD(model.parameters(), lr=lr))

    def _batches(self, m: int, rows: slice = slice(None)) -> ResidentBatches:
        return ResidentBatches(
            self.X[rows], self.y[rows], batch_size=m, device=self.device, dtype=torch.float32
        )

    def _draw(self, m: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return m rows on the device; some twice where there are not so many."""
        rows = np.arange(m) % len(self.X)
        X, y = torch.from_numpy(self.X[rows]), torch.from_numpy(self.y[rows])
        if y.is_floating_point():
            y = y.float()
        return X.float().to(self.device), y.to(self.device)

    def _costs(self, found: Probe) -> Row:
        row: Row = {
            "batch_size": found.batch_size,
            "step_seconds": None,
            "epoch_seconds": None,
            "samples_per_second": None,
            "peak_bytes": None,
            "predicted_bytes": found.predicted_bytes,
        }
        if found.step_seconds is not None and found.samples_per_second is not None:
            row |= {
                "step_seconds": short(found.step_seconds),
                "epoch_seconds": short(-(-len(self.X) // found.batch_size) * found.step_seconds),
                "samples_per_second": short(found.samples_per_second),
                "peak_bytes": found.peak_bytes,
            }
        return row

    def _reach(self, m: int, target: float, lr: float) -> Row:
        """Search the learning rate with which the target takes the fewest updates."""
        end = time.perf_counter() + self.patience
        tried: dict[float, int | None] = {}

        def updates(rate: float) -> float:
            if rate not in tried:
                known = [count for count in tried.values() if count is not None]
                until = min(end, time.perf_counter() + self.patience / 3)
                tried[rate] = self._updates(m, target, rate, min(known, default=None), until)
            count = tried[rate]
            return math.inf if count is None else count

        best = lr
        while math.isinf(updates(best)) and time.perf_counter() < end:
            best /= 4
        for factor in (2.0, 0.5):
            while time.perf_counter() < end and updates(best) > updates(best * factor):
                best *= factor
        count = tried[best]
        return {
            "target_loss": short(target),
            "lr": best if count else None,
            "updates": count,
            "examples": count and count * m,
        }

    def _updates(
        self, m: int, target: float, lr: float, most: int | None, end: float
    ) -> int | None:
        """Return the updates until the target, or None if that takes too many, or too long."""
        trainer, batches = self._trainer(lr), self._batches(m)
        sample = self._batches(1, slice(SAMPLE))
        made, look = 0, 1
        for epoch in itertools.count():
            for X_batch, y_batch in batches.epoch(epoch):
                trainer.model.train()
                trainer.update(X_batch, y_batch)
                made += 1
                if made < look:
                    continue
                loss = trainer.evaluate(sample)
                if loss <= target:
                    return made
                too_late = time.perf_counter() > end or (most is not None and made >= most)
                if too_late or not math.isfinite(loss):
                    return None
                look = max(made + 1, int(made * GROWTH))
        return None


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
