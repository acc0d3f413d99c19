"""Ways to find a low point by trying, and to find how far to go by solving."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.checks import counts


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found, and what it cost.

    Args:
        w: The point, shape (d,).
        value: The value there.
        values: All values taken, in their order, shape (evaluations,).
    """

    w: NDArray[np.float64]
    value: float
    values: NDArray[np.float64] = field(repr=False)

    @property
    def evaluations(self) -> int:
        """How many values were taken."""
        return len(self.values)

    @property
    def best(self) -> NDArray[np.float64]:
        """Lowest value so far after each evaluation, shape (evaluations,)."""
        return np.fmin.accumulate(self.values)  # fmin: nan is never the lowest


def grid_search(
    f: Callable[..., Any], domain: ArrayLike, *batch: NDArray[Any], cells: int = 4, rounds: int = 3
) -> Found:
    r"""Divide a box into cells, keep the cell with the lowest centre, and divide that again.

    All rounds together take `rounds * cells**d` values, where the grid they refine has
    `cells**(rounds * d)` points. It is a heuristic: the lowest centre need not lie in the cell
    with the lowest point. Found is the lowest centre of the last round, which is a point of that
    fine grid. One round is the plain search of a whole grid.

    Args:
        f: A function of (w, *batch) that takes many points at once: shape (k, d) in, (k,) out.
        domain: The box, shape (d, 2): a row (low, high) per axis.
        *batch: Passed on to `f`.
        cells: Cells per axis, 2 or more.
        rounds: Divisions, 1 or more.

    Raises:
        ValueError: If `domain` is not a box, a number is out of range, or `f` does not return a
            value per point.
    """
    low, width = _box(domain)
    counts(least=2, cells=cells)
    counts(rounds=rounds)
    steps = np.indices((cells,) * len(low)).reshape(len(low), -1).T  # (cells**d, d)
    values = []
    for _ in range(rounds):
        width = width / cells
        centers = low + (steps + 0.5) * width
        values.append(np.asarray(f(centers, *batch), float))
        if values[-1].shape != (len(centers),):
            got = values[-1].shape
            raise ValueError(f"f must return a value per point, {centers.shape[:1]}, got {got}")
        lowest = np.nanargmin(values[-1])
        low = low + steps[lowest] * width
    return Found(centers[lowest], float(values[-1][lowest]), np.concatenate(values))


def random_search(
    f: Callable[..., Any],
    domain: ArrayLike,
    *batch: NDArray[Any],
    evaluations: int = 1000,
    seed: int = 0,
) -> Found:
    """Try points drawn evenly from a box, and keep the lowest.

    Args:
        f: A function of (w, *batch), with w of shape (d,).
        domain: The box, shape (d, 2): a row (low, high) per axis.
        *batch: Passed on to `f`.
        evaluations: Values to take, 1 or more.
        seed: The same seed always tries the same points.

    Raises:
        ValueError: If `domain` is not a box or `evaluations` is below 1.
    """
    low, width = _box(domain)
    counts(evaluations=evaluations)
    rng = np.random.default_rng(seed)
    lowest, value, values = low, math.inf, np.empty(evaluations)
    for i in range(evaluations):
        w = low + width * rng.random(len(low))
        values[i] = f(w, *batch)
        if values[i] < value:  # never where it is nan
            lowest, value = w, float(values[i])
    return Found(lowest, value, values)


def random_local_search(
    f: Callable[..., Any],
    w0: ArrayLike,
    *batch: NDArray[Any],
    scale: float = 0.1,
    evaluations: int = 1000,
    seed: int = 0,
) -> Found:
    """Take a random step from the lowest point so far, and go back unless it is lower.

    Args:
        f: A function of (w, *batch), with w of shape (d,).
        w0: Start, shape (d,); its value is the first evaluation.
        *batch: Passed on to `f`.
        scale: Standard deviation of a step in each coordinate, above 0.
        evaluations: Values to take, 1 or more.
        seed: The same seed always tries the same steps.

    Raises:
        ValueError: If a number is out of range.
    """
    if not 0 < scale < math.inf:  # also catches nan
        raise ValueError(f"scale must be above 0 and finite, got {scale}")
    counts(evaluations=evaluations)
    rng = np.random.default_rng(seed)
    lowest = np.array(w0, float)
    values = np.empty(evaluations)
    values[0] = value = float(f(lowest, *batch))
    for i in range(1, evaluations):
        w = lowest + scale * rng.standard_normal(lowest.shape)
        values[i] = f(w, *batch)
        if values[i] < value:
            lowest, value = w, float(values[i])
    return Found(lowest, value, values)


def golden_section(
    f: Callable[[float], Any], low: float, high: float, *, evaluations: int = 40
) -> Found:
    r"""Shrink an interval about the lowest point of a curve that falls, then rises.

    Of two points inside, the higher one becomes an end. They divide the interval in the golden
    ratio, so that the other serves again: each further value shrinks it by the factor

    $$\varphi = \frac{\sqrt 5 - 1}{2} \approx 0.618$$

    No point is found nearer than the root of the rounding error of f: a minimum is flat. With
    `lambda eta: loss(w + eta * p, X, y)` this is a line search on any loss.

    Args:
        f: A function of one number.
        low: Left end.
        high: Right end.
        evaluations: Values k to take, 2 or more.

    Returns:
        The lower of the last two points, with `w` of shape ().

    Raises:
        ValueError: If the ends are not finite and in order, or `evaluations` is below 2.

    Source: Kiefer 1953.
    """
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"low must be below high and both finite, got {low} and {high}")
    counts(least=2, evaluations=evaluations)
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    f_left, f_right = float(f(left)), float(f(right))
    values = [f_left, f_right]
    for _ in range(evaluations - 2):
        if f_left < f_right:
            high, right, f_right = right, left, f_left
            left = high - ratio * (high - low)
            values.append(f_left := float(f(left)))
        else:
            low, left, f_left = left, right, f_right
            right = low + ratio * (high - low)
            values.append(f_right := float(f(right)))
    value, w = min((f_left, left), (f_right, right))
    return Found(np.array(w), value, np.array(values))


def exact_line_search(g: NDArray[Any], H: NDArray[Any], p: NDArray[Any]) -> Any:
    r"""Solve for the step to the lowest point of a quadratic along a direction.

    $$\eta = -\frac{g^\top p}{p^\top H p}$$

    Along the steepest direction, $p = -g$, consecutive steps are at right angles.

    Args:
        g: Gradient, shape (d,), or (R, d) for R runs.
        H: Second derivatives, shape (d, d), or (R, d, d).
        p: Direction, the shape of `g`.

    Returns:
        The step $\eta$, a float or shape (R,): $w + \eta p$ is the lowest point on the line.

    Raises:
        ValueError: If the quadratic does not curve upwards along `p`.

    Source: Nocedal and Wright 2006, equation 3.55.
    """
    curvature = np.vecdot(p, np.matvec(H, p))
    if not (curvature > 0).all():  # also catches nan
        raise ValueError(f"there is no lowest point along p: its curvature is {curvature}")
    return -np.vecdot(g, p) / curvature


def newton_step(g: NDArray[Any], H: NDArray[Any]) -> NDArray[Any]:
    r"""Solve for the step to where a quadratic is flat.

    $$H p = -g$$

    On a bowl $w + p$ is the minimum, at once and whatever its condition number. Flat is also the
    top of a hill, and a saddle: Newton's step is drawn to those as well.

    Args:
        g: Gradient, shape (d,), or (R, d) for R runs.
        H: Second derivatives, shape (d, d), or (R, d, d).

    Returns:
        The step p, the shape of `g`.

    Raises:
        numpy.linalg.LinAlgError: If `H` is singular.

    Source: Nocedal and Wright 2006, equation 2.15.
    """
    return np.asarray(np.linalg.solve(H, -g[..., None])[..., 0])


def _box(domain: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    box = np.asarray(domain, float)
    if box.ndim != 2 or box.shape[1] != 2:
        raise ValueError(f"domain must have shape (d, 2), a row (low, high) per axis: {box.shape}")
    low, width = box[:, 0], box[:, 1] - box[:, 0]
    if not ((width > 0) & np.isfinite(width)).all():
        raise ValueError(f"domain must have every low below its high, and both finite: {domain!r}")
    return low, width
