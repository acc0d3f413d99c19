"""What a batch size costs on this device: seconds and bytes of one update."""

import gc
import statistics
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gdcore.checks import amounts, counts
from gdcore.torch.device import memory, synchronize
from gdcore.torch.trainer import Trainer

WARM_UP = 3  # updates that do not count: libraries choose kernels, the optimizer makes its state
LEAST = 5  # updates that count, at least
SMALL = (32, 64)  # rows whose memory tells that of more

Line = tuple[int, int]  # bytes (a, b): a + b m for m rows

Draw = Callable[[int], tuple[torch.Tensor, torch.Tensor]]  # a batch of so many rows, on the device


@dataclass(frozen=True)
class Probe:
    """A row of a batch-size study.

    Attributes:
        batch_size: Rows in the batch.
        step_seconds: Median seconds of an update; None if memory was not enough.
        samples_per_second: Rows per second at that; None likewise.
        peak_bytes: Most bytes that tensors held at a time, model and all; None likewise.
        predicted_bytes: The same by `predict`, before anything of that size was run.
    """

    batch_size: int
    step_seconds: float | None
    samples_per_second: float | None
    peak_bytes: int | None
    predicted_bytes: int

    @property
    def out_of_memory(self) -> bool:
        """Whether memory was not enough."""
        return self.step_seconds is None


def probe(
    setup: Callable[[], Trainer],
    draw: Draw,
    batch_sizes: Iterable[int],
    *,
    seconds: float = 1.0,
) -> list[Probe]:
    """Measure updates at each batch size, each with a trainer of its own.

    A size of which the prediction is above the free memory is not tried on a CPU, where the system
    would end the process; a size that fails on a device is a row too, and leaves it usable.

    Args:
        setup: Makes a fresh trainer: model, optimizer and all.
        draw: Returns a batch of as many rows as it is given, on the model's device.
        batch_sizes: Sizes to measure.
        seconds: Time to spend on each size, about; at least five updates are made.

    Raises:
        ValueError: If a batch size is below 1.
    """
    amounts(seconds=seconds)
    rows, batch_sizes = [], list(batch_sizes)
    for size in batch_sizes:
        counts(batch_size=size)
    found = lines(setup, draw)
    for size in batch_sizes:
        predicted = max(fixed + size * per_row for fixed, per_row in found)
        measured = trainer = None
        try:
            trainer = setup()
            free, _ = memory(trainer.device)
            if trainer.device.type != "cpu" or free is None or predicted < free:
                measured = _measure(trainer, draw, size, seconds)
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        del trainer
        release()
        if measured is None:
            rows.append(Probe(size, None, None, None, predicted))
        else:
            step, peak = measured
            rows.append(Probe(size, step, size / step, peak, predicted))
    return rows


def predict(setup: Callable[[], Trainer], draw: Draw) -> Line:
    """Predict the memory of an update of many rows as a + b m, from two small batches.

    After each operation of an update the living tensors hold a number of bytes that is linear in m.
    The peak of a large batch comes after that operation whose b is the largest. Few rows may have
    theirs elsewhere, in the step of the optimizer for one, and lie above this line.

    The constant a is what does not depend on the batch: parameters, their gradients, and what the
    optimizer keeps; b, for each row, the row itself, whatever the way forward saves for the way
    back, and what the way back needs besides.

    Args:
        setup: Makes a fresh trainer.
        draw: Returns a batch of as many rows as it is given.

    Returns:
        Bytes (a, b).
    """
    return max(lines(setup, draw), key=lambda line: line[::-1])


def lines(setup: Callable[[], Trainer], draw: Draw) -> list[Line]:
    """Return what lives after each operation of an update as a + b m: their maximum is the peak."""
    trainer = setup()
    trainer.model.train()
    trainer.update(*draw(SMALL[0]))  # the optimizer makes its state
    low, high = (follow(trainer, *draw(m)) for m in SMALL)
    if len(low) != len(high):  # they did other things: their peaks must do
        low, high = [max(low)], [max(high)]
    slopes = ((b - a) // (SMALL[1] - SMALL[0]) for a, b in zip(low, high, strict=True))
    return [(a - slope * SMALL[0], slope) for a, slope in zip(low, slopes, strict=True)]


def _measure(trainer: Trainer, draw: Draw, size: int, seconds: float) -> tuple[float, int]:
    """Return the median seconds of an update, and the peak of memory."""
    device = trainer.device
    trainer.model.train()
    X, y = draw(size)
    for _ in range(WARM_UP):
        trainer.update(X, y)
    peak = _peak(trainer, X, y)
    times, end = list[float](), time.perf_counter() + seconds
    while len(times) < LEAST or time.perf_counter() < end:
        synchronize(device)
        start = time.perf_counter()
        trainer.update(X, y)
        synchronize(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times), peak


def _peak(trainer: Trainer, X: torch.Tensor, y: torch.Tensor) -> int:
    """Return the most bytes that tensors hold at a time during an update."""
    if trainer.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(trainer.device)
        trainer.update(X, y)
        return torch.cuda.max_memory_allocated(trainer.device)
    return max(follow(trainer, X, y))


def follow(trainer: Trainer, X: torch.Tensor, y: torch.Tensor) -> list[int]:
    """Return the bytes that tensors hold before an update and after each operation of it."""
    state = trainer.optimizer.state.values()
    kept = [v for s in state for v in s.values() if isinstance(v, torch.Tensor)]
    live = _Live([X, y, *trainer.model.state_dict().values(), *kept])
    with live:
        trainer.update(X, y)
    return live.course


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count the bytes of all tensors that live, after each operation: exact on a CPU.

    What a kernel takes and gives back inside one operation is not seen.
    """

    def __init__(self, tensors: Iterable[torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.known: dict[int, weakref.ref[Any]] = {}
        for tensor in tensors:
            self.note(tensor)
        self.course = [self.now]

    def note(self, tensor: torch.Tensor) -> None:
        """Count the storage of a tensor, once, until it is gone."""
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self.known:
            return

        def gone(_: object) -> None:
            self.now -= size
            del self.known[key]

        self.known[key] = weakref.ref(storage, gone)
        self.now += size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do the operation, and note what it returns."""
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor):
                self.note(each)
        self.course.append(self.now)
        return result


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory was not enough, in whatever words."""
    told = str(error)
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "not enough memory" in told
        or "can't allocate memory" in told
        or "out of memory" in told
    )


def release() -> None:
    """Give back what nothing holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
