"""Capture a whole update once as a CUDA graph, and replay it: no Python between its kernels."""

from collections import Counter
from typing import Any

import torch

from gdcore.torch.stopping import Record
from gdcore.torch.trainer import Trainer

EAGER = 3  # updates with a shape before it is captured: libraries and optimizer make what they keep

Shapes = tuple[torch.Size, torch.Size]


class GraphTrainer(Trainer):
    """A `Trainer` for CUDA devices whose updates are one launch each.

    A small network leaves a GPU waiting for Python, which needs longer to name a kernel than the
    kernel runs. A captured graph names them all at once. What a graph has seen is fixed: so the
    batch is copied to where the graph reads it, the learning rate lives on the device and is
    written there before each replay, and a batch of another shape (a ragged last one) is made
    update by update, as `Trainer` does it.

    The arguments are those of `Trainer`. The optimizer must read its learning rate from the device:
    `torch.optim.SGD(..., fused=True)`, or one with a `capturable` option, which is switched on.

    Raises:
        ValueError: If the model is not on a CUDA device, the optimizer cannot be captured, or `amp`
            is `torch.float16`, whose scaling looks at numbers in mid-update.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.device.type != "cuda":
            raise ValueError(f"CUDA graphs need a CUDA device, and the model is on {self.device}")
        if self.scaler.is_enabled():
            raise ValueError("CUDA graphs and torch.float16 do not go together: use torch.bfloat16")
        for group in self.optimizer.param_groups:
            if "capturable" in group:
                group["capturable"] = True
            elif not group.get("fused"):
                raise ValueError(
                    f"{type(self.optimizer).__name__} reads its lr from Python, where a graph does "
                    "not look: pass fused=True to it"
                )
        self._side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        self.restored()

    def restored(self) -> None:
        """Forget the graph, whose tensors are no longer those of the optimizer."""
        for group in self.optimizer.param_groups:
            group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32).to(self.device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._seen: Counter[Shapes] = Counter()

    def set_lr(self, lr: float) -> None:
        """Write the learning rate where the graph reads it."""
        for group in self.optimizer.param_groups:
            group["lr"].fill_(lr)

    def update(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> Record:
        """Make one update, by the graph where the shapes are those it was captured with."""
        shapes = X_batch.shape, y_batch.shape
        if self._graph is None and self._seen[shapes] == EAGER:
            self._capture(X_batch, y_batch)
        if self._graph is None:
            self._seen[shapes] += 1
            return self._aside(X_batch, y_batch)
        if shapes != (self._X.shape, self._y.shape):
            return super().update(X_batch, y_batch)
        self._X.copy_(X_batch)
        self._y.copy_(y_batch)
        self._graph.replay()
        return {name: value.clone() for name, value in self._record.items()}

    def _aside(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> Record:
        """Make one update on a stream of its own, as what precedes a capture must be."""
        main = torch.cuda.current_stream(self.device)
        self._side.wait_stream(main)
        with torch.cuda.stream(self._side):
            record = super().update(X_batch, y_batch)
        main.wait_stream(self._side)
        return record

    def _capture(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> None:
        self._X, self._y = X_batch.clone(), y_batch.clone()
        self.optimizer.zero_grad()  # so that the gradients are made in the graph's own memory
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self.device), torch.cuda.graph(self._graph):
            self._record = super().update(self._X, self._y)
