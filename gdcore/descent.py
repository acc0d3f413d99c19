"""The loop of gradient descent, with a record of what happened."""

import itertools
import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.batches import Batches
from gdcore.checks import amounts, counts, floats
from gdcore.history import History
from gdcore.optimizers import Optimizer


class Objective(Protocol):
    """What can be descended: a surface f(w), or a model's loss f(w, X, y)."""

    def __call__(self, w: NDArray[Any], *batch: NDArray[Any]) -> Any:
        """Return the value at w of shape (d,), a number; or at (R, d), an array of shape (R,)."""

    def value_and_grad(self, w: NDArray[Any], *batch: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the value and the gradient, of the shape of w."""


def descend(
    objective: Objective,
    w0: ArrayLike,
    optimizer: Optimizer,
    batches: Batches | None = None,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    tol: float = 0.0,
    max_loss: float = math.inf,
    path: bool = False,
) -> History:
    """Descend from `w0` and record the way.

    This is the five-line loop over `batches.epoch(k)` and `optimizer.step`, with a record. Without
    `batches` the objective is a surface that needs no data, and an epoch is one update.

    Args:
        objective: A surface or a model's loss.
        w0: Start, shape (d,); never modified. Integers become float64, floats keep their type.
        optimizer: The update rule.
        batches: Which rows each update sees.
        steps: Stop after so many updates. Give this or `epochs`.
        epochs: Stop after so many passes over the data.
        tol: Stop when the norm of the gradient just taken is at most this ("converged"). The
            gradient of a small batch is noisy: it can pass this test far from any minimum.
        max_loss: Stop when a loss is not below this ("diverged"). The default stops at inf and nan.
        path: Keep "w" before every update too: one copy of the parameters for each.

    Returns:
        A record with the series "loss" (row t: the batch drawn for update t + 1, before that
        update), "epoch_loss" (all rows, once at the start and after the last update of each
        epoch) and "w" (at the start and at the end). On a surface the last row of "loss" is the
        end point, and there is no "epoch_loss". A diverging run ends with its last loss below
        `max_loss`, and without a final "w" where that is no longer finite.

    Raises:
        TypeError: Unless exactly one of `steps` and `epochs` is given, an integer.
        ValueError: If `w0` is not finite, or a number is below 0.
    """
    one_end(steps, epochs)
    amounts(tol=tol)
    w = start(w0)
    if w.ndim != 1:
        raise ValueError(f"w0 must have shape (d,), got {w.shape}: descend_runs takes (R, d)")
    rows = () if batches is None else (batches.X, batches.y)
    state, history = optimizer.init(w), History()
    history.record(0, w=w)
    with np.errstate(over="ignore", invalid="ignore"):  # the record says that a run diverged
        if batches is not None and (loss := objective(w, *rows)) < max_loss:
            history.record(0, epoch_loss=loss)
        for batch, ends_epoch in visits(batches, steps, epochs):
            loss, grad = objective.value_and_grad(w, *batch)
            if not loss < max_loss:  # also catches nan
                history.stop = "diverged"
                break
            history.record(state["t"], loss=loss)
            if path and state["t"]:
                history.record(state["t"], w=w)
            if tol and math.sqrt(grad @ grad) <= tol:
                history.stop = "converged"
                break
            optimizer.step(w, grad, state)
            if ends_epoch:
                loss = objective(w, *rows)
                if not loss < max_loss:
                    history.stop = "diverged"
                    break
                history.record(state["t"], **{"loss" if batches is None else "epoch_loss": loss})
        else:
            history.stop = "steps"
    if np.isfinite(w).all() and not (path and history.steps("w")[-1] == state["t"] > 0):
        history.record(state["t"], w=w)
    return history


def one_end(steps: int | None, epochs: int | None) -> None:
    """Refuse a run without an end, or with two."""
    if (steps is None) == (epochs is None):
        raise TypeError(f"give either steps or epochs, got steps={steps} and epochs={epochs}")
    counts(least=0, **({"steps": steps} if epochs is None else {"epochs": epochs}))


def start(w0: ArrayLike) -> NDArray[Any]:
    """Return a copy of the start; integers become float64, floats keep their type."""
    w = floats("w0", w0).copy()
    if not np.isfinite(w).all():
        raise ValueError(f"w0 must be finite, got {w0!r}")
    return w


def visits(
    batches: Batches | None, steps: int | None, epochs: int | None
) -> Iterator[tuple[tuple[NDArray[Any], ...], bool]]:
    """Yield each batch to be seen, and whether an epoch ends with it (or a walk on a surface)."""
    per_epoch = 1 if batches is None else len(batches)
    total = steps if steps is not None else (epochs or 0) * per_epoch
    done = 0
    for epoch in itertools.count():
        for batch in [()] if batches is None else batches.epoch(epoch):
            if done == total:
                return
            done += 1
            yield batch, done % per_epoch == 0 and (batches is not None or done == total)
