"""Draw what a run left behind. Every function takes `ax` and returns what it drew."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from gdcore.history import History

STYLE = Path(__file__).with_name("gdcore.mplstyle")
"""Style file of the site's figures: `plt.style.use(plot.STYLE)`."""

BATCH: dict[str, Any] = {"color": "#0072b2", "linestyle": "-", "linewidth": 2.6}
MINI_BATCH: dict[str, Any] = {"color": "#d55e00", "linestyle": "--", "linewidth": 1.8}
STOCHASTIC: dict[str, Any] = {"color": "#009e73", "linestyle": "-", "linewidth": 1.0}
"""One look per method, the same in every figure: colours that stand 3:1 on white and on dark and
stay apart under colour blindness (Okabe and Ito 2008), line styles that stay apart in grey."""

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
    (mean,) = ax.plot(x, values.mean(axis=0), **line)
    if len(runs) > 1:
        low, high = values.min(axis=0), values.max(axis=0)
        ax.fill_between(x, low, high, color=mean.get_color(), alpha=0.25, linewidth=0)
    return mean


def _thin(rows: int) -> NDArray[np.intp]:
    """Pick the rows to draw: all if few, else a spread that is dense on linear and log axes."""
    if rows <= POINTS:
        return np.arange(rows)
    even = np.linspace(0, rows - 1, POINTS)
    return np.union1d(even.astype(np.intp), np.geomspace(1, rows - 1, POINTS).astype(np.intp))
