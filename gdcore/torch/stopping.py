"""How a training ends before its last epoch: it diverges, or it has waited long enough."""

import logging
import math
import signal
import threading
from typing import Self

import numpy as np
import torch

from gdcore.history import History

log = logging.getLogger("gdcore")

Record = dict[str, torch.Tensor]  # what an update leaves behind: numbers, still on the device


def fetch(records: list[Record], first: int, history: History, max_loss: float) -> None:
    """Bring the numbers of an epoch from the device, in one go for each series, into the record.

    Where a loss is not below `max_loss` the training has diverged: the record ends before it, and
    the log says at which update.

    Args:
        records: One for each update.
        first: Updates made before the first of them.
        history: The record.
        max_loss: The limit.
    """
    if not records:
        return
    series = {name: torch.stack([r[name] for r in records]).tolist() for name in records[0]}
    bad = (i for i, value in enumerate(series["loss"]) if not value < max_loss)  # nan too
    good = next(bad, len(records))
    for name, values in series.items():
        history.extend(name, np.arange(first, first + good), np.array(values[:good], float))
    if good < len(records):
        history.stop = "diverged"
        log.warning(
            "diverged: the loss before update %d is %g, after a last one of %g; try a smaller lr, "
            "a warm-up, or max_norm",
            first + good,
            series["loss"][good],
            history.last("loss") if len(history["loss"]) else math.nan,
        )


class Interrupt:
    """Ctrl-C, heard between two updates: within one it would leave half of it done.

    A second Ctrl-C is heard at once. In a thread, or where the program has a handler of its own,
    nothing is changed.
    """

    def __enter__(self) -> Self:
        self.asked = False
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._ours:
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _hear(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def now(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C has been pressed."""
        if self.asked:
            raise KeyboardInterrupt


class Patience:
    """Wait some epochs for a validation loss below the lowest so far.

    Args:
        epochs: How many; None for ever.
    """

    def __init__(self, epochs: int | None) -> None:
        self.epochs, self.lowest, self.waited = epochs, math.inf, 0
        self.best: dict[str, torch.Tensor] = {}

    def over(self, loss: float, model: torch.nn.Module) -> bool:
        """Note a loss; if that was the last of the wait, put the best parameters back."""
        if self.epochs is None:
            return False
        if loss < self.lowest:
            self.lowest, self.waited = loss, 0
            self.best = {name: values.clone() for name, values in model.state_dict().items()}
            return False
        self.waited += 1
        if self.waited == self.epochs:
            model.load_state_dict(self.best)
        return self.waited >= self.epochs
