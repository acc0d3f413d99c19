"""Bring features to one scale: learn it on the training rows, apply it to any, take it back."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.checks import finite, floats


@dataclass(frozen=True, eq=False, repr=False)
class Scaling:
    r"""A shift and a scale for each column, learnt by the `fit` of a subclass.

    $$z_{ij} = (x_{ij} - a_j) / s_j$$

    `scale = Standardize.fit(X_train)`, then `scale(X_train)`, `scale(X_test)`, and
    `scale.invert(Z)` for the way back. A column that is constant (all its values are equal but
    for rounding) has nothing to scale: its $s_j$ is 1, and where it is shifted at all it becomes 0.

    Attributes:
        shift: $a$, shape (d,), float64.
        scale: $s$, shape (d,), float64.
    """

    shift: NDArray[Any]
    scale: NDArray[Any]

    def __post_init__(self) -> None:
        for name in ("shift", "scale"):
            values = getattr(self, name).view()
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    def __call__(self, X: ArrayLike) -> NDArray[Any]:
        """Return the scaled rows, shape (..., d) as `X`; float32 stays float32."""
        rows = self._rows("X", X)
        Z: NDArray[Any] = rows - self.shift.astype(rows.dtype)
        Z /= self.scale.astype(rows.dtype)
        return Z

    def invert(self, Z: ArrayLike) -> NDArray[Any]:
        """Return the rows whose scaled form is `Z`, shape (..., d); float32 stays float32."""
        rows = self._rows("Z", Z)
        X: NDArray[Any] = rows * self.scale.astype(rows.dtype)
        X += self.shift.astype(rows.dtype)
        return X

    def _rows(self, name: str, values: ArrayLike) -> NDArray[Any]:
        rows = floats(name, values)
        if rows.shape[-1:] != self.shift.shape:
            raise ValueError(
                f"{name} must have the {len(self.shift)} columns of the rows that were fitted, "
                f"got shape {rows.shape}"
            )
        return rows

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.shift)} columns)"


class Centre(Scaling):
    r"""Subtract the column mean: $z_{ij} = x_{ij} - \bar{x}_j$."""

    @classmethod
    def fit(cls, X: ArrayLike) -> Self:
        """Learn the means from the training rows `X`, shape (n, d)."""
        _, mean, _, _ = _columns(X)
        return cls(mean, np.ones_like(mean))


class Standardize(Scaling):
    r"""Give each column mean 0 and standard deviation 1.

    $$z_{ij} = \frac{x_{ij} - \bar{x}_j}{s_j}, \qquad
    s_j^2 = \frac{1}{n} \sum_{i=1}^{n} (x_{ij} - \bar{x}_j)^2$$

    The variance is divided by n, not by n - 1, as in scikit-learn's StandardScaler.
    """

    @classmethod
    def fit(cls, X: ArrayLike) -> Self:
        """Learn means and standard deviations from the training rows `X`, shape (n, d)."""
        rows, mean, _, constant = _columns(X)
        std = rows.std(axis=0, dtype=mean.dtype)
        small = np.finfo(rows.dtype).tiny  # below it a divisor loses its digits, or vanishes
        return cls(mean, np.where(constant | (std < small), 1.0, std))


class MinMax(Scaling):
    r"""Map each column onto [0, 1].

    $$z_{ij} = \frac{x_{ij} - \min_i x_{ij}}{\max_i x_{ij} - \min_i x_{ij}}$$

    Rows that were not fitted may fall outside.
    """

    @classmethod
    def fit(cls, X: ArrayLike) -> Self:
        """Learn the smallest and largest values from the training rows `X`, shape (n, d)."""
        rows, mean, low, constant = _columns(X)
        high = rows.max(axis=0).astype(mean.dtype)
        return cls(low, np.where(constant, 1.0, high - low))


def _columns(X: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    """Return the rows (n, d), and for each column its mean, its least value, and if constant."""
    rows = floats("X", X)
    if rows.ndim != 2 or not rows.size:
        hint = ": pass X[:, None] for a single feature" if rows.ndim == 1 else ""
        raise ValueError(f"X must have shape (n, d), both at least 1, got {rows.shape}{hint}")
    finite("X", rows)
    double = np.result_type(rows, np.float64)  # a sum in float32 loses digits over many rows
    low, high = rows.min(axis=0).astype(double), rows.max(axis=0).astype(double)
    kind = np.finfo(rows.dtype)
    constant = high - low <= np.maximum(4 * kind.eps * np.maximum(abs(low), abs(high)), kind.tiny)
    return rows, np.where(constant, low, rows.mean(axis=0, dtype=double)), low, constant
