"""Data parallel: several processes share every batch, and make the update that one would make.

    torchrun --nproc-per-node 2 program.py

starts the program twice; each process calls `join()` and trains with a `ParallelTrainer`.
"""

import contextlib
import datetime
import os
from collections.abc import Iterator
from typing import Any

import torch
from torch import distributed

from gdcore.torch.batches import DeviceBatches
from gdcore.torch.device import choose
from gdcore.torch.stopping import Record
from gdcore.torch.trainer import Trainer


@contextlib.contextmanager
def join(device: str = "auto", *, timeout: float = 300.0) -> Iterator[torch.device]:
    """Join the processes that torchrun has started, and give the device of this one.

    On CUDA each process takes the device of its local rank, and they talk through NCCL; elsewhere
    through gloo. Without torchrun this is a group of one.

    Args:
        device: "auto", "cpu" or "cuda".
        timeout: Seconds to wait for the others before the run ends with an error.
    """
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    own = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_PORT": "0"}
    for name, value in own.items():
        os.environ.setdefault(name, value)
    here = choose(device)
    if here.type == "cuda":
        here = choose(f"cuda:{os.environ['LOCAL_RANK']}")
        torch.cuda.set_device(here)
    distributed.init_process_group(
        "nccl" if here.type == "cuda" else "gloo", timeout=datetime.timedelta(seconds=timeout)
    )
    try:
        yield here
    finally:
        distributed.destroy_process_group()


class ParallelTrainer(Trainer):
    """A `Trainer` that is one of several processes, each with its share of every batch.

    All processes deal the same batches, as a plan is a function of (seed, epoch). Of a batch of m
    rows, process r of R takes those from r m / R to (r + 1) m / R, weighs the gradient of their
    mean loss by its part of the m, and all gradients are added up: what one process would have got
    from the whole batch, ragged or not. A process without rows adds zeros. The losses come along,
    so every process has the same record.

    The usual mean over processes (`torch.nn.parallel.DistributedDataParallel`) is another gradient
    where shares differ in size. A parameter that the loss does not use gets a gradient of zeros, as
    another process may have used it. Batch normalisation sees its own share alone, here as there.

    The arguments are those of `Trainer`. The parameters and buffers of process 0 are given to all.

    Raises:
        RuntimeError: If this process has not joined the others (see `join`), or if in mid-training
            one of them is gone.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not distributed.is_initialized():
            raise RuntimeError("this process is alone: put the training inside `with join():`")
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        with torch.no_grad():
            for tensor in self.model.state_dict().values():
                distributed.broadcast(tensor, src=0)

    def evaluate(self, batches: DeviceBatches) -> float:
        """Return the mean loss over all rows as process 0 has it.

        Where buffers differ (batch normalisation) the others have another, and must not stop apart.
        """
        loss = torch.tensor(super().evaluate(batches), dtype=torch.float64, device=self.device)
        distributed.broadcast(loss, src=0)
        return loss.item()

    def gradients(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> Record:
        """Add the gradient of a batch's mean loss to the parameters' own: our share, then all."""
        m = len(X_batch)
        start, end = self.rank * m // self.size, (self.rank + 1) * m // self.size
        loss = torch.zeros((), device=self.device)
        if end > start:
            record = super().gradients(X_batch[start:end], y_batch[start:end])
            loss = loss + record["loss"] * ((end - start) / m)  # float32 at least, as the others'
        else:
            self.scaler.scale(loss)  # which makes the scale that the update looks at
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        weighed = (g.flatten() * ((end - start) / m) for g in own)
        flat = torch.cat([loss.reshape(1), *weighed])
        try:
            distributed.all_reduce(flat)
        except RuntimeError as error:
            raise RuntimeError(
                f"process {self.rank} of {self.size} waits in vain for the others at update "
                f"{self.step}: one of them has ended; its own message says why"
            ) from error
        parts = torch.split(flat[1:], [p.numel() for p in parameters])
        for p, part in zip(parameters, parts, strict=True):
            p.grad = part.view_as(p).to(p.dtype)
        return {"loss": flat[0].clone()}  # a view would keep all gradients until the epoch ends
