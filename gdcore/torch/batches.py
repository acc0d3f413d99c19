"""A data set on its way to the device, dealt by the same plan as in NumPy."""

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Protocol

import torch
from numpy.typing import NDArray

from gdcore.batches import Batches
from gdcore.checks import counts, integers
from gdcore.torch.device import choose

Pair = tuple[torch.Tensor, torch.Tensor]


class DeviceBatches(Protocol):
    """What a `Trainer` asks of batches: any object with these four will do."""

    seed: int | None  # names the sequence of orders; None where there is no telling

    def __len__(self) -> int:
        """Return the number of updates in an epoch."""

    def epoch(self, epoch: int) -> Iterator[Pair]:
        """Yield the batches (X_batch, y_batch) of an epoch, on the device."""

    def rows(self, size: int) -> Iterator[Pair]:
        """Yield all rows once, `size` at a time, on the device."""


class Planned:
    """What all batches that follow a plan of `gdcore.Batches` share.

    Args:
        X: Inputs, shape (n, d), as a NumPy array or what NumPy can read.
        y: Targets, shape (n,) or (n, k).
        batch_size: Rows in a batch, 1 to n.
        shuffle: As in `gdcore.Batches`, like the three that follow.
        replacement: Draw each row independently.
        drop_last: Leave out a last batch that is smaller than the others.
        seed: Names the sequence of orders.
        device: Where the batches are wanted: "auto", or a device by name.
        dtype: Type of the floating-point rows on the device; None keeps their own.

    Raises:
        TypeError: If an argument is not of its type.
        ValueError: As `gdcore.Batches` and `gdcore.torch.choose` do.
    """

    def __init__(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        batch_size: int,
        shuffle: bool | Literal["once"] = True,
        replacement: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        device: str | torch.device = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        integers(seed=seed)  # several, as in NumPy, would be several trainings
        self.plan = Batches(
            X,
            y,
            batch_size=batch_size,
            shuffle=shuffle,
            replacement=replacement,
            drop_last=drop_last,
            seed=seed,
        )
        self.seed: int | None = seed
        self.device, self.dtype = choose(device), dtype

    def __len__(self) -> int:
        """Return the number of updates in an epoch."""
        return len(self.plan)

    def _tensor(self, rows: NDArray[Any]) -> torch.Tensor:
        return torch.tensor(rows, dtype=self.dtype if rows.dtype.kind == "f" else None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.plan!r}, device={str(self.device)!r})"


class ResidentBatches(Planned):
    """Hold all rows on the device and yield the batches of `gdcore.Batches`.

    An epoch costs one gather; its batches are slices of the result. For data that fit on the
    device nothing is faster: no copy, no worker process, no wait between batches. The device holds
    the rows twice, as they stand and in the order of the epoch.

    The arguments are those of `Planned`.
    """

    def __init__(self, X: NDArray[Any], y: NDArray[Any], **options: Any) -> None:
        super().__init__(X, y, **options)
        self.X, self.y = (self._tensor(rows).to(self.device) for rows in (self.plan.X, self.plan.y))

    def epoch(self, epoch: int) -> Iterator[Pair]:
        """Yield the batches (X_batch, y_batch) of an epoch, shapes (m, d) and (m,) or (m, k)."""
        X, y = self.X, self.y
        if not self.plan.in_place:
            order = torch.from_numpy(self.plan.order(epoch)).to(self.device)
            X, y = X[order], y[order]
        for rows in self.plan.slices():
            yield X[rows], y[rows]

    def rows(self, size: int) -> Iterator[Pair]:
        """Yield all rows as they stand, `size` at a time: views, no copy."""
        for start in range(0, len(self.X), size):
            yield self.X[start : start + size], self.y[start : start + size]


class StreamedBatches(Planned):
    """Keep the rows in the host's memory, and bring the batches of `gdcore.Batches` over in time.

    For sets larger than the device. A thread gathers the batches that come next, into pinned memory
    where the device can copy from it by itself, while the device works on this one. `X` may be a
    memory map of floats: rows are read when their batch comes.

    The arguments are those of `Planned`, and:

    Args:
        X: Inputs, shape (n, d).
        y: Targets, shape (n,) or (n, k).
        ahead: Batches that may wait, gathered, for the device.
        options: The others of `Planned`.
    """

    def __init__(self, X: NDArray[Any], y: NDArray[Any], *, ahead: int = 4, **options: Any) -> None:
        counts(ahead=ahead)
        super().__init__(X, y, **options)
        self.ahead = ahead

    def epoch(self, epoch: int) -> Iterator[Pair]:
        """Yield the batches (X_batch, y_batch) of an epoch, shapes (m, d) and (m,) or (m, k)."""
        order = self.plan.order(epoch)
        return self._bring(order[rows] for rows in self.plan.slices())

    def rows(self, size: int) -> Iterator[Pair]:
        """Yield all rows as they stand, `size` at a time."""
        return self._bring(slice(i, i + size) for i in range(0, self.plan.n, size))

    def _gather(self, rows: Any) -> Pair:
        pair = self._tensor(self.plan.X[rows]), self._tensor(self.plan.y[rows])
        return (pair[0].pin_memory(), pair[1].pin_memory()) if self.device.type == "cuda" else pair

    def _bring(self, parts: Iterable[Any]) -> Iterator[Pair]:
        ready: queue.Queue[Pair | BaseException | None] = queue.Queue(self.ahead)
        left = threading.Event()  # the reader has gone: no more is wanted

        def offer(item: Pair | BaseException | None) -> None:
            while not left.is_set():
                with contextlib.suppress(queue.Full):
                    ready.put(item, timeout=0.1)
                    return

        def gather() -> None:
            try:
                for rows in parts:
                    offer(self._gather(rows))
                    if left.is_set():
                        return
                offer(None)
            except BaseException as error:  # it belongs to the reader
                offer(error)

        worker = threading.Thread(target=gather, daemon=True)
        worker.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                X, y = item
                yield X.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)
        finally:
            left.set()
            worker.join()


class LoaderBatches:
    """Take the batches of a `torch.utils.data.DataLoader`, and move them to the device.

    The loader deals as it is set up to: the order is its own, and not a function of the epoch.

    Args:
        loader: Yields pairs (X_batch, y_batch). With `pin_memory=True` the copies overlap.
        device: Where the batches are wanted: "auto", or a device by name.
    """

    seed = None

    def __init__(self, loader: Any, *, device: str | torch.device = "auto") -> None:
        self.loader, self.device = loader, choose(device)

    def __len__(self) -> int:
        """Return the number of updates in an epoch."""
        return len(self.loader)

    def epoch(self, epoch: int) -> Iterator[Pair]:
        """Yield the batches of one pass of the loader, whatever the epoch."""
        for X, y in self.loader:
            yield X.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)

    def rows(self, size: int) -> Iterator[Pair]:
        """Yield the batches of one pass of the loader, in its own sizes."""
        return self.epoch(0)


def from_loader(loader: Any, *, device: str | torch.device = "auto") -> LoaderBatches:
    """Return batches for a `Trainer` out of a stock DataLoader; see `LoaderBatches`."""
    return LoaderBatches(loader, device=device)
