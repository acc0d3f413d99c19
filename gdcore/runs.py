"""Many runs at once: the loop of `descend` with a leading run axis."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.batches import Batches
from gdcore.checks import amounts
from gdcore.descent import Objective, one_end, start, visits
from gdcore.history import History
from gdcore.optimizers import Optimizer

Row = tuple[int, Any, NDArray[np.bool_]]  # step, a value per run, and for which runs it counts


def descend_runs(
    objective: Objective,
    w0: ArrayLike,
    optimizer: Optimizer,
    batches: Batches | None = None,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    tol: float = 0.0,
    max_loss: float = math.inf,
) -> list[History]:
    """Descend R times side by side, for little more than the price of once.

    Rules are elementwise and models broadcast, so R parameter vectors move through one loop as an
    array of shape (R, d). Each run gets the record that `descend` would give it alone. A run that
    converges or diverges stops; the others go on.

    Args:
        objective: A surface or a model's loss, as for `descend`.
        w0: Starts, shape (R, d); or one start of shape (d,) for all seeds of `batches`.
        optimizer: The update rule.
        batches: With R seeds each run meets its own batches; with one seed all meet the same.
        steps: Stop after so many updates. Give this or `epochs`.
        epochs: Stop after so many passes over the data.
        tol: As for `descend`, for each run.
        max_loss: As for `descend`, for each run.

    Returns:
        One record per run, with the series of `descend`.

    Raises:
        TypeError: Unless exactly one of `steps` and `epochs` is given, an integer.
        ValueError: If `w0` is not finite, a number is below 0, or the numbers of starts and
            of seeds differ.
    """
    one_end(steps, epochs)
    amounts(tol=tol)
    w = start(w0)
    seeds = () if batches is None else batches.seeds
    if w.ndim == 1:
        w = np.tile(w, (max(1, len(seeds)), 1))
    if w.ndim != 2 or len(seeds) not in (0, 1, len(w)):
        raise ValueError(
            f"w0 must have shape (d,) or (R, d) with R the {len(seeds)} seeds, got {w.shape}"
        )
    rows = () if batches is None else (batches.X, batches.y)
    state, first = optimizer.init(w), w.copy()
    running = np.ones(len(w), bool)
    stops = np.full(len(w), "steps", object)
    made = np.zeros(len(w), np.int64)  # updates of each run
    ends = w.copy()  # of the runs that stopped; their rows of w go on, unread
    table: dict[str, list[Row]] = {"epoch_loss": [], "loss": []}

    def stop(which: NDArray[np.bool_], why: str) -> None:
        stops[which], ends[which], running[which] = why, w[which], False

    with np.errstate(over="ignore", invalid="ignore"):
        if batches is not None:
            loss = objective(w, *rows)
            table["epoch_loss"].append((0, loss, loss < max_loss))
        for batch, ends_epoch in visits(batches, steps, epochs):
            loss, grad = objective.value_and_grad(w, *batch)
            if not (below := loss < max_loss).all():  # also catches nan
                stop(running & ~below, "diverged")
            table["loss"].append((state["t"], loss, running.copy()))
            if tol:
                stop(running & (np.linalg.norm(grad, axis=-1) <= tol), "converged")
            if not running.any():
                break
            optimizer.step(w, grad, state)
            made += running
            if ends_epoch:
                loss = objective(w, *rows)
                if not (below := loss < max_loss).all():
                    stop(running & ~below, "diverged")
                series = "loss" if batches is None else "epoch_loss"
                table[series].append((state["t"], loss, running.copy()))
    ends[running] = w[running]
    histories = [History() for _ in w]
    for name, each in table.items():
        if each:
            at, values, valid = (np.array(column) for column in zip(*each, strict=True))
            for r, history in enumerate(histories):
                if valid[:, r].any():
                    history.extend(name, at[valid[:, r]], values[valid[:, r], r])
    for r, history in enumerate(histories):
        history.stop = stops[r]
        history.record(0, w=first[r])
        if np.isfinite(ends[r]).all():
            history.record(int(made[r]), w=ends[r])
    return histories
