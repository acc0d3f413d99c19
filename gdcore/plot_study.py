"""Draw a batch-size study."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from gdcore import plot

PANELS = {
    "step_seconds": "seconds of an update",
    "samples_per_second": "samples per second",
    "peak_bytes": "bytes at the peak",
    "updates": "updates to the target",
}
"""What `study` draws, panel by panel."""


def study(record: Mapping[str, Any], *, axes: Sequence[Axes], **line: Any) -> Line2D:
    """Draw a batch-size study: time, throughput, memory and updates against the batch size.

    Args:
        record: As `gdcore study --out` writes it.
        axes: Four panels, for the series of `PANELS`.
        **line: Passed to `Axes.plot`, such as `label`; the device's name if there is none.

    Returns:
        The line of the first panel, whose fitted law t0 + c m is dotted.
    """
    look: dict[str, Any] = {"label": record["device"]} | line
    drawn = []
    for (name, label), ax in zip(PANELS.items(), axes, strict=True):
        rows = [(row["batch_size"], row[name]) for row in record["rows"] if row.get(name)]
        drawn.append(plot.batch_study(*np.reshape(rows, (-1, 2)).T, ax=ax, **look))
        ax.set(xlabel="", ylabel=label)
    axes[-1].set(xlabel="batch size")
    if record["laws"]["t0"] is not None:
        low, high = axes[0].dataLim.intervalx
        m = np.geomspace(low, high, 50)
        seconds = record["laws"]["t0"] + record["laws"]["c"] * m
        axes[0].plot(m, seconds, ":", color=drawn[0].get_color(), linewidth=1.2)
    return drawn[0]


def save(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Draw a study into a file, without a window: svg, png or pdf, by its name."""
    mpl.use("agg")
    plt.style.use(plot.STYLE)
    fig, axes = plt.subplots(len(PANELS), 1, figsize=(4.4, 8.4), sharex=True)
    study(record, axes=axes, **plot.MINI_BATCH)
    axes[0].set_title(record["device"])
    fig.savefig(path)
    plt.close(fig)
