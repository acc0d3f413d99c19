"""How noisy the gradient of a batch is, from the gradients of single examples.

`grads` is what a model's `per_example_grads` returns at one point w: shape (n, d), or (R, n, d)
for R runs. Their mean is the full gradient G.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = Any  # a float; or shape (R,) where there is a run axis


def gradient_variance(grads: NDArray[Any]) -> Value:
    r"""Measure the spread of the examples' gradients: the trace of their covariance.

    $$S = \operatorname{tr} \Sigma = \frac{1}{n} \sum_{i=1}^{n} \|g_i - G\|^2$$

    The n rows are the whole population, so the divisor is n.
    """
    deviations = grads - grads.mean(-2, keepdims=True)
    return (deviations**2).sum((-2, -1)) / grads.shape[-2]


def batch_variance(grads: NDArray[Any], batch_size: int, *, replacement: bool = False) -> Value:
    r"""Predict the variance of a batch's gradient about the full one, $E \|g_B - G\|^2$.

    $$\begin{cases} \dfrac{S}{m} & \text{with replacement} \\[2ex]
    \dfrac{S}{m} \cdot \dfrac{n - m}{n - 1} & \text{without} \end{cases}$$

    Without replacement a batch of all rows is the full gradient, and has no noise.

    Args:
        grads: Gradients of the n examples, shape (n, d).
        batch_size: Rows m of a batch.
        replacement: Whether a row can come twice in a batch, as in `Batches`.

    Raises:
        ValueError: If `batch_size` is below 1, or above n without replacement.

    Source: Cochran 1977, theorem 2.2.
    """
    n, m = grads.shape[-2], batch_size
    if m < 1 or (m > n and not replacement):
        raise ValueError(f"batch_size must lie in 1..{n} (the number of examples), got {m}")
    with_replacement = gradient_variance(grads) / m
    return with_replacement if replacement else with_replacement * (n - m) / max(n - 1, 1)


def noise_scale(grads: NDArray[Any]) -> Value:
    r"""Compare noise with signal: the batch size at which the two are equal.

    $$B_{\text{simple}} = \frac{\operatorname{tr} \Sigma}{\|G\|^2}$$

    A batch of B rows (with replacement) has noise $S / B$ against a squared gradient of
    $\|G\|^2$: far below the scale more rows pay, far above they hardly do. It grows without bound
    towards a minimum, where G vanishes.

    Source: McCandlish et al. 2018, equation 2.9.
    """
    G = grads.mean(-2)
    return gradient_variance(grads) / np.vecdot(G, G)
