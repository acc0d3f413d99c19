"""Data to descend on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Dataset(NamedTuple):
    """Rows to learn from: `X` of shape (n, d) and `y` of shape (n,)."""

    X: NDArray[np.float64]
    y: NDArray[np.float64]


def line(
    n: int = 1000, w: float = 3.0, b: float = 2.0, noise: float = 0.1, seed: int = 0
) -> Dataset:
    r"""Points scattered about a straight line.

    $$x_i \sim U[0, 1), \qquad y_i = w x_i + b + \sigma \xi_i, \qquad \xi_i \sim N(0, 1)$$

    Args:
        n: Number of points, at least 1.
        w: Slope $w$.
        b: Intercept $b$.
        noise: Standard deviation $\sigma$ of the scatter, in the units of y.
        seed: The same seed always gives the same points.

    Returns:
        `X` of shape (n, 1) and `y` of shape (n,), both float64.

    Raises:
        ValueError: If `n` is below 1 or `noise` is negative.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    if not noise >= 0:  # also catches nan
        raise ValueError(f"noise is a standard deviation and must be 0 or more, got {noise}")
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    return Dataset(x[:, None], w * x + b + noise * rng.standard_normal(n))
