"""A data set that lives on the device, dealt by the same plan as in NumPy."""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from numpy.typing import NDArray

from gdcore.batches import Batches
from gdcore.torch.device import choose


class ResidentBatches:
    """Hold all rows on the device and yield the batches of `gdcore.Batches`.

    An epoch costs one gather; its batches are slices of the result. For data that fit on the
    device nothing is faster: no copy, no worker process, no wait between batches.

    Args:
        X: Inputs, shape (n, d), as a NumPy array or what NumPy can read.
        y: Targets, shape (n,) or (n, k).
        batch_size: Rows in a batch, 1 to n.
        shuffle: As in `gdcore.Batches`, like the three that follow.
        replacement: Draw each row independently.
        drop_last: Leave out a last batch that is smaller than the others.
        seed: Names the sequence of orders.
        device: Where the rows live: "auto", or a device by name.
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
        self.plan = Batches(
            X,
            y,
            batch_size=batch_size,
            shuffle=shuffle,
            replacement=replacement,
            drop_last=drop_last,
            seed=seed,
        )
        self.device = choose(device)
        self.X, self.y = (
            torch.tensor(rows, device=self.device, dtype=dtype if rows.dtype.kind == "f" else None)
            for rows in (self.plan.X, self.plan.y)
        )

    def __len__(self) -> int:
        """Return the number of updates in an epoch."""
        return len(self.plan)

    def epoch(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches (X_batch, y_batch) of an epoch, shapes (m, d) and (m,) or (m, k)."""
        X, y = self.X, self.y
        if not self.plan.in_place:
            order = torch.from_numpy(self.plan.order(epoch)).to(self.device)
            X, y = X[order], y[order]
        for rows in self.plan.slices():
            yield X[rows], y[rows]

    def __repr__(self) -> str:
        return f"ResidentBatches({self.plan!r}, device={str(self.device)!r})"
