r"""What a batch-size study says: three laws, and a recommendation with its reasons.

$$t(m) = t_0 + c\,m, \qquad \text{bytes}(m) = a + b\,m, \qquad
\text{updates}(m) = S \left(1 + \frac{B}{m}\right)$$

The first tells where the device begins to work for each row rather than for each update (m above
$t_0 / c$); the second, which sizes fit; the third, up to where a larger batch saves updates in
proportion (m below B, the critical batch size; McCandlish et al. 2018, equation 2.11).
"""

from typing import Any

import numpy as np
import torch

from gdcore.torch.device import memory

NEAR = 0.95  # of the best samples/s: what counts as about as fast
ROOM = 0.9  # of the memory: what a largest size may fill

Row = dict[str, Any]


def laws(rows: list[Row]) -> dict[str, float | None]:
    """Fit the laws of the module's docstring; None where there are too few rows to fit.

    Returns:
        "t0" and "c" in seconds, "a" and "b" in bytes, "fewest_updates" (S) and
        "critical_batch_size" (B).
    """
    t0, c = _line(rows, "step_seconds")
    a, b = _line(rows, "peak_bytes")
    reached = [(1 / row["batch_size"], row["updates"]) for row in rows if row.get("updates")]
    fewest, slope = _fit(reached)
    critical = slope / fewest if fewest and slope is not None else None
    return {
        "t0": t0,
        "c": c,
        "a": a,
        "b": b,
        "fewest_updates": fewest,
        "critical_batch_size": critical,
    }


def _line(rows: list[Row], name: str) -> tuple[float | None, float | None]:
    return _fit([(row["batch_size"], row[name]) for row in rows if row.get(name)])


def _fit(points: list[tuple[float, float]]) -> tuple[float | None, float | None]:
    """Fit y = p + q x with p, q >= 0, every point weighing the same in relative terms."""
    if len(points) < 3:
        return None, None
    x, y = np.array(points, float).T
    columns = np.stack([np.ones_like(x), x], axis=1) / y[:, None]
    (p, q), *_ = np.linalg.lstsq(columns, np.ones_like(y), rcond=None)
    if p < 0:  # one of the two laws alone is the best without a negative part
        p, q = 0.0, float((x / y).sum() / ((x / y) ** 2).sum())
    elif q < 0:
        p, q = float((1 / y).sum() / ((1 / y) ** 2).sum()), 0.0
    return short(float(p)), short(float(q))


def recommend(rows: list[Row], device: torch.device) -> str:
    """Say in plain words which size to take, and why."""
    timed = [row for row in rows if row["samples_per_second"]]
    if not timed:
        return "No size fits into the memory: take a smaller model, or rows of fewer columns."
    best = max(row["samples_per_second"] for row in timed)
    chosen = min(
        (row for row in timed if row["samples_per_second"] >= NEAR * best),
        key=lambda row: row["batch_size"],
    )
    m, law = chosen["batch_size"], laws(rows)
    said = [
        f"Take a batch of {m:,}: {chosen['samples_per_second']:,.0f} samples/s, and no size is "
        f"more than {1 / NEAR - 1:.0%} faster."
    ]
    if m == max(row["batch_size"] for row in timed):
        said.append("It is the largest that was measured: larger ones may be faster still.")
    if law["t0"] and law["c"]:
        said.append(
            f"An update takes {1e3 * law['t0']:.3g} ms, and {1e6 * law['c']:.3g} us more for each "
            f"row: below {law['t0'] / law['c']:,.0f} rows it is the update that costs."
        )
    if law["a"] is not None and law["b"]:
        line = f"It holds {law['a'] / 2**20:.3g} MiB, and {law['b'] / 2**10:.3g} KiB for each row"
        if whole := memory(device)[1]:
            line += f": {(ROOM * whole - law['a']) / law['b']:,.0f} rows fill {ROOM:.0%} of memory"
        said.append(f"{line}.")
    if critical := law["critical_batch_size"]:
        said.append(
            f"To the target loss the critical batch size is about {critical:,.0f}: below it twice "
            "the batch nearly halves the updates, above it hardly."
        )
    if reached := [row for row in timed if row.get("updates")]:
        soonest = min(reached, key=lambda row: row["updates"] * row["step_seconds"])
        took = soonest["updates"] * soonest["step_seconds"]
        said.append(
            f"The target came soonest with a batch of {soonest['batch_size']:,}: "
            f"{soonest['updates']:,} updates, {took:.2g} s."
        )
    return " ".join(said)


def short(value: float) -> float:
    """Keep four digits: more would be noise."""
    return float(f"{value:.4g}")
