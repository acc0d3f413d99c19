"""Draw what a run left behind. Every function takes `ax` and returns what it drew."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from gdcore.history import History


class Surface(Protocol):
    """An objective in the plane that knows where to look at it."""

    @property
    def domain(self) -> NDArray[Any]:
        """Box to draw, shape (2, 2): a row (low, high) per axis."""

    @property
    def minima(self) -> NDArray[Any]:
        """Known minima, shape (k, 2)."""

    def __call__(self, w: NDArray[Any]) -> Any:
        """Return the heights, shape (N,), at `w` of shape (N, 2)."""


STYLE = Path(__file__).with_name("gdcore.mplstyle")
"""Style file of the site's figures: `plt.style.use(plot.STYLE)`."""

BATCH: dict[str, Any] = {"color": "#0072b2", "linestyle": "-", "linewidth": 2.6}
MINI_BATCH: dict[str, Any] = {"color": "#d55e00", "linestyle": "--", "linewidth": 1.8}
STOCHASTIC: dict[str, Any] = {"color": "#009e73", "linestyle": "-", "linewidth": 1.0}
"""One look per method, the same in every figure: colours that stand 3:1 on white and on dark and
stay apart under colour blindness (Okabe and Ito 2008), line styles that stay apart in grey."""

RULES: dict[str, dict[str, Any]] = {
    "sgd": {"color": "#0072b2", "linestyle": "-", "linewidth": 2.0},
    "momentum": {"color": "#d55e00", "linestyle": (0, (6.0, 2.0)), "linewidth": 1.6},
    "nesterov": {"color": "#b469f0", "linestyle": (0, (6.0, 1.5, 1.0, 1.5)), "linewidth": 1.6},
    "adagrad": {"color": "#8787b4", "linestyle": (0, (3.0, 1.0, 1.0, 1.0)), "linewidth": 1.6},
    "rmsprop": {"color": "#786978", "linestyle": (0, (1.0, 1.0)), "linewidth": 2.0},
    "adam": {"color": "#009e73", "linestyle": (0, (3.0, 1.5)), "linewidth": 2.0},
    "adamw": {"color": "#b400f0", "linestyle": (0, (10.0, 2.0)), "linewidth": 1.2},
}
"""One look per update rule, in figures and in the playground. Plain descent has the blue of BATCH,
which it is; all seven stand 3:1 on both grounds and stay apart under colour blindness."""

INK, GREY = "#1f2430", "#6b7280"  # the site turns these light where the page is dark
POINTS = 300  # more than a figure of a page's width can show


def loss(
    runs: History | Sequence[History],
    *,
    ax: Axes,
    series: str = "loss",
    per_update: float = 1.0,
    **line: Any,
) -> Line2D:
    """Draw a loss against the work done: one run, or the mean and the min-max band of several.

    Args:
        runs: One run, or runs that recorded `series` at the same steps. Runs of unequal length
            are drawn as far as the shortest goes.
        ax: Where to draw.
        series: Name of the recorded series.
        per_update: What one update counts on the x-axis: 1 for updates, 1 / len(batches) for
            epochs, batch_size for examples, the seconds of one update for seconds.
        **line: Passed to `Axes.plot`, such as `label` or `**plot.BATCH`.

    Returns:
        The line (of the mean).

    Raises:
        ValueError: If there is no run, or the runs recorded at different steps.
    """
    runs = [runs] if isinstance(runs, History) else list(runs)
    if not runs:
        raise ValueError("no runs to draw: pass a History or a sequence of them")
    rows = min(len(run.steps(series)) for run in runs)
    steps = runs[0].steps(series)[:rows]
    if any((run.steps(series)[:rows] != steps).any() for run in runs):
        raise ValueError(f"the runs recorded {series!r} at different steps: draw them one by one")
    shown = _thin(rows)
    x = steps[shown] * per_update
    values = np.stack([run[series][:rows] for run in runs])[:, shown]  # (runs, shown)
    return band(x, values, ax=ax, **line)


def band(x: ArrayLike, runs: ArrayLike, *, ax: Axes, **line: Any) -> Line2D:
    """Draw the mean of several runs, and a band from the lowest of them to the highest.

    Args:
        x: Where the runs were looked at, shape (points,).
        runs: What each run had there, shape (runs, points), or (points,) for a single run, which
            has no band.
        ax: Where to draw.
        **line: Passed to `Axes.plot`, such as `label` or `**plot.BATCH`.

    Returns:
        The line of the mean.
    """
    runs = np.atleast_2d(runs)
    (mean,) = ax.plot(x, runs.mean(axis=0), **line)
    if len(runs) > 1:
        low, high = runs.min(axis=0), runs.max(axis=0)
        ax.fill_between(x, low, high, color=mean.get_color(), alpha=0.25, linewidth=0)
    return mean


def contour(
    surface: Surface, *, ax: Axes, levels: int = 14, points: int = 121, **lines: Any
) -> QuadContourSet:
    """Draw the level lines of a surface over its domain, and mark its minima.

    The levels are spaced evenly in the logarithm of the height above the lowest point, so that
    the floor of a valley shows as well as its walls.

    Args:
        surface: An objective in the plane: `surface(w)` for `w` of shape (N, 2), `domain` of
            shape (2, 2), `minima` of shape (k, 2).
        ax: Where to draw.
        levels: Number of level lines.
        points: Grid points per axis.
        **lines: Passed to `Axes.contour`.
    """
    x, y = (np.linspace(low, high, points) for low, high in surface.domain)
    grid = np.stack(np.meshgrid(x, y), axis=-1)  # (points, points, 2)
    height = np.asarray(surface(grid.reshape(-1, 2))).reshape(points, points)
    low = height.min()
    steps = np.geomspace(max((height.max() - low) * 1e-4, 1e-12), height.max() - low, levels)
    look: dict[str, Any] = {"colors": GREY, "linewidths": 0.8, "alpha": 0.7} | lines
    drawn = ax.contour(x, y, height, levels=low + steps, **look)
    ax.plot(*np.reshape(surface.minima, (-1, 2)).T, "+", color=INK, markersize=9)
    ax.set(xlabel="$w_1$", ylabel="$w_2$")
    return drawn


def path(history: History, *, ax: Axes, **line: Any) -> Line2D:
    """Draw the way of a run through the plane, with its start as an open circle.

    Args:
        history: A run in two dimensions that kept its path: `descend(..., path=True)`.
        ax: Where to draw.
        **line: Passed to `Axes.plot`, such as `label`.

    Raises:
        ValueError: If the run did not keep its path, or is not in the plane.
    """
    w = history["w"]
    if len(w) < 3 or w.shape[1:] != (2,):
        raise ValueError(
            f"a path needs the points of a run in the plane, got an array of shape {w.shape}: "
            "pass path=True to descend"
        )
    return _trace(w, ax, line)


def phase(position: ArrayLike, velocity: ArrayLike, *, ax: Axes, **line: Any) -> Line2D:
    """Draw velocity against position, shapes (rows,): memory shows as a loop or a spiral."""
    drawn = _trace(np.stack([position, velocity], axis=-1), ax, line)
    ax.set(xlabel="position $w$", ylabel="velocity $v$")
    return drawn


def _trace(points: NDArray[Any], ax: Axes, line: dict[str, Any]) -> Line2D:
    look: dict[str, Any] = {"marker": ".", "markersize": 3, "linewidth": 1.2} | line
    (drawn,) = ax.plot(*points.T, **look)
    ax.plot(*points[0], "o", color=drawn.get_color(), markerfacecolor="none", markersize=7)
    return drawn


def batch_study(batch_sizes: ArrayLike, costs: ArrayLike, *, ax: Axes, **line: Any) -> Line2D:
    """Draw a cost against the batch size, both on logarithmic axes.

    Args:
        batch_sizes: Shape (sizes,).
        costs: Updates, examples, seconds or bytes, shape (sizes,); or (runs, sizes) for the mean
            and the min-max band of several runs.
        ax: Where to draw.
        **line: Passed to `Axes.plot`, such as `label`.
    """
    mean = band(batch_sizes, costs, ax=ax, **({"marker": "o"} | line))
    ax.set(xscale="log", yscale="log", xlabel="batch size")
    return mean


def stability_map(
    x: ArrayLike, y: ArrayLike, radius: ArrayLike, *, ax: Axes, **fill: Any
) -> QuadContourSet:
    """Draw the spectral radius of an update over two hyper-parameters, with the border at 1.

    Args:
        x: Values of the one on the x-axis, shape (columns,).
        y: Values of the one on the y-axis, shape (rows,).
        radius: Factor by which the error grows in an update, shape (rows, columns).
        ax: Where to draw.
        **fill: Passed to `Axes.contourf`.
    """
    bounded = np.minimum(np.asarray(radius), 1.2)
    look: dict[str, Any] = {
        "levels": np.linspace(0, 1.2, 13),
        "cmap": "cividis",
        "alpha": 0.85,
    } | fill
    drawn = ax.contourf(x, y, bounded, **look)
    ax.contour(x, y, radius, levels=[1.0], colors=INK, linewidths=1.6)
    return drawn


def histogram(values: ArrayLike, *, ax: Axes, bins: int = 40, **bars: Any) -> Line2D:
    """Draw the distribution of gradient noise, beside the normal curve of its mean and spread.

    Args:
        values: One component of the gradient over many batches, shape (batches,).
        ax: Where to draw.
        bins: Number of bars.
        **bars: Passed to `Axes.hist`.

    Returns:
        The normal curve.
    """
    values = np.asarray(values)
    ax.hist(values, bins=bins, **({"density": True, "alpha": 0.6} | bars))
    mean, spread = values.mean(), values.std()
    x = np.linspace(mean - 4 * spread, mean + 4 * spread, 200)
    bell = np.exp(-(((x - mean) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
    (curve,) = ax.plot(x, bell, color=INK, linewidth=1.2)
    ax.set(ylabel="density")
    return curve


def _thin(rows: int) -> NDArray[np.intp]:
    """Pick the rows to draw: all if few, else a spread that is dense on linear and log axes."""
    if rows <= POINTS:
        return np.arange(rows)
    even = np.linspace(0, rows - 1, POINTS)
    return np.union1d(even.astype(np.intp), np.geomspace(1, rows - 1, POINTS).astype(np.intp))
