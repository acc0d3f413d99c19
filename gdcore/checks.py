"""Refusals at the border, in one wording: what was given, and what is allowed."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def numbers(**values: object) -> None:
    """Refuse what is not a real number."""
    for name, value in values.items():
        if not isinstance(value, Real):
            raise TypeError(f"{name} must be a number, got {value!r}")


def amounts(**values: float) -> None:
    """Refuse an amount that is negative or not finite."""
    numbers(**values)
    for name, value in values.items():
        if not 0 <= value < math.inf:  # also catches nan
            raise ValueError(f"{name} must be 0 or more and finite, got {value}")


def rate(**values: float | Callable[[int], float]) -> None:
    """Refuse a learning rate that is neither a function of the step nor an amount."""
    for name, value in values.items():
        if callable(value):
            continue
        if not isinstance(value, Real):
            raise TypeError(f"{name} must be a number or a function of the step, got {value!r}")
        if not 0 <= value < math.inf:
            raise ValueError(
                f"{name} must be 0 or more and finite, or a function of the step, got {value}"
            )


def memories(**values: float) -> None:
    """Refuse a memory outside [0, 1): at 1 a mean never forgets, beyond it grows for ever."""
    numbers(**values)
    for name, value in values.items():
        if not 0 <= value < 1:  # also catches nan
            raise ValueError(f"{name} must lie in [0, 1), got {value}")


def integers(**values: object) -> None:
    """Refuse what is not an integer; True is not one."""
    for name, value in values.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer, got {value!r}")


def counts(least: int = 1, **values: int) -> None:
    """Refuse a count that is not an integer, or below the least."""
    integers(**values)
    for name, value in values.items():
        if value < least:
            raise ValueError(f"{name} must be {least} or more, got {value}")


def reals(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return the values as an array, and refuse what is not real numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array


def floats(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return the values as an array of floats: integers become float64, floats keep their type."""
    array = reals(name, values)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def finite(name: str, rows: NDArray[Any]) -> None:
    """Refuse rows that hold inf or nan, and say where."""
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        at = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), bad[0], strict=False))
        raise ValueError(
            f"{name} must be finite, got {rows[tuple(bad[0])]} in {at} "
            f"({len(bad)} such values in all): clean or drop these rows first"
        )
