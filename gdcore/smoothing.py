"""Curves made readable: the exponential moving average, plain and corrected."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.checks import memories


def ema(values: ArrayLike, beta: float) -> NDArray[Any]:
    r"""Take the exponential moving average along the first axis, starting from 0.

    $$m_t = \beta m_{t-1} + (1 - \beta) x_t, \qquad m_0 = 0$$

    A constant 1 comes out as $1 - \beta^t$: the start at 0 pulls the first values down. White
    noise keeps $(1-\beta)/(1+\beta)$ of its variance, and the average is $\beta/(1-\beta)$ rows
    old.

    Args:
        values: Shape (rows, ...), such as a column for each run. Integers become float64, floats
            keep their type.
        beta: Memory $\beta$, in [0, 1).

    Returns:
        The average at every row, the shape of `values`.

    Raises:
        ValueError: If `values` has no rows axis or `beta` is out of range.
    """
    x = np.asarray(values)
    if x.ndim == 0:
        raise ValueError(f"values must have shape (rows, ...), got the number {x}")
    memories(beta=beta)
    means = np.empty(x.shape, np.result_type(x, np.float32))  # float32 stays
    m = np.zeros(x.shape[1:], means.dtype)
    for t, row in enumerate(x):
        m = beta * m + (1 - beta) * row
        means[t] = m
    return means


def corrected_ema(values: ArrayLike, beta: float) -> NDArray[Any]:
    r"""Take the exponential moving average without the pull of its start.

    $$\hat m_t = \frac{m_t}{1 - \beta^t}$$

    A constant comes out unchanged, and the first value is $x_1$. The hats of `Adam` are these.
    Arguments as for `ema`.

    Source: Kingma and Ba 2015, section 3.
    """
    m = ema(values, beta)
    t = np.arange(1, len(m) + 1).reshape(-1, *[1] * (m.ndim - 1))
    m /= 1 - beta**t
    return m
