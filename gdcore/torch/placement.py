"""Where a data set should lie: on the device, or in the host's memory."""

import logging
from typing import Any

import torch
from numpy.typing import NDArray

from gdcore.torch.batches import ResidentBatches, StreamedBatches
from gdcore.torch.device import memory

log = logging.getLogger("gdcore")


def place(
    X: NDArray[Any], y: NDArray[Any], *, device: str | torch.device = "auto", **options: Any
) -> ResidentBatches | StreamedBatches:
    """Return the batches that suit the memory of the device, and say in the log which and why.

    Rows whose two copies take at most half of the memory that is free now are kept on the device;
    others are streamed. To decide otherwise, make `ResidentBatches` or `StreamedBatches` yourself.

    Args:
        X: Inputs, shape (n, d).
        y: Targets, shape (n,) or (n, k).
        device: Where the batches are wanted: "auto", or a device by name.
        options: The others of `Planned`; `batch_size` at least.
    """
    streamed = StreamedBatches(X, y, device=device, **options)
    free, _ = memory(streamed.device)
    needed = 2 * sum(
        streamed._tensor(rows[:1]).nbytes * len(rows) for rows in (streamed.plan.X, streamed.plan.y)
    )
    fits = free is None or needed <= free / 2
    log.info(
        "%s the rows %s %s: two copies take %s, %s is free",
        "keeping" if fits else "streaming",
        "on" if fits else "to",
        streamed.device,
        _mebibytes(needed),
        "an unknown amount" if free is None else _mebibytes(free),
    )
    if not fits:
        return streamed
    return ResidentBatches(X, y, device=streamed.device, **options)


def _mebibytes(amount: int) -> str:
    return f"{amount / 2**20:,.1f} MiB"
