r"""Measure, while training, how noisy the gradient of a batch is."""

from typing import Any

import torch

from gdcore.torch.stopping import Record
from gdcore.torch.trainer import Trainer


class NoiseTrainer(Trainer):
    r"""A `Trainer` that records signal and noise of the gradient at every update.

    The batch of m rows is cut into k pieces of b rows, `accumulate=k`. Their mean gradients $g_j$
    scatter about the batch's own, $g$, and from both come estimates without bias of the squared
    norm of the full gradient and of the trace of the rows' covariance:

    $$\|G\|^2 \approx \frac{m \|g\|^2 - b\, \overline{\|g_j\|^2}}{m - b}, \qquad
    \operatorname{tr} \Sigma \approx \frac{\overline{\|g_j\|^2} - \|g\|^2}{1/b - 1/m}$$

    which is exact for rows drawn with replacement. They are recorded as "signal" and "noise".
    A single one says little (the signal may be below 0): smooth both, with `gdcore.smoothing.ema`
    or a mean, and divide the smooth noise by the smooth signal for the noise scale of
    `gdcore.noise.noise_scale`. Where k does not divide m, b is the harmonic mean of the sizes. An
    update costs one more copy of the gradients, and time.

    The arguments are those of `Trainer`; `accumulate` is at least 2.

    Source: McCandlish et al. 2018, appendix A.1.

    Raises:
        ValueError: If `accumulate` is 1, or a batch has fewer rows than that.
    """

    def __init__(self, *arguments: Any, accumulate: int, **options: Any) -> None:
        super().__init__(*arguments, accumulate=accumulate, **options)
        if accumulate < 2:
            raise ValueError(
                f"noise shows between pieces: accumulate must be 2 or more, got {accumulate}"
            )

    def gradients(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> Record:
        """Add the gradient of a batch's mean loss to the parameters' own, and compare pieces."""
        m, scale = len(X_batch), self.scaler.get_scale()
        if m < self.accumulate:
            raise ValueError(
                f"a batch of {m} rows does not make {self.accumulate} pieces: drop_last=True drops "
                "a small last batch"
            )
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        whole = [torch.zeros_like(p) for p in parameters]
        losses, squares, inverse, used = [], [], 0.0, [False] * len(parameters)
        for X_piece, y_piece in self.pieces(X_batch, y_batch):
            share = len(X_piece) / m
            self.optimizer.zero_grad()
            losses.append(self.backward(X_piece, y_piece, share))
            piece = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
            used = [
                p.grad is not None or before for p, before in zip(parameters, used, strict=True)
            ]
            squares.append(_square(piece) / (share * scale) ** 2)
            torch._foreach_add_(whole, piece)
            inverse += 1 / len(X_piece) / self.accumulate
        for parameter, gradient, had in zip(parameters, whole, used, strict=True):
            parameter.grad = gradient if had else None
        big, small = _square(whole) / scale**2, torch.stack(squares).mean()
        noise = (small - big) / (inverse - 1 / m)
        return {"loss": torch.stack(losses).sum(), "signal": big - noise / m, "noise": noise}


def _square(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(torch._foreach_norm(tensors)).square().sum()
