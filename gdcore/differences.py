"""Slopes and curvature from values alone: the check on every gradient written by hand."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Differentiable(Protocol):
    """A surface or a model: its value and its gradient at w."""

    def __call__(self, w: NDArray[Any], *batch: NDArray[Any]) -> Any:
        """Return the value at w, of shape (d,)."""

    def grad(self, w: NDArray[Any], *batch: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient, of shape (d,)."""


def forward_grad(
    f: Callable[..., Any], w: NDArray[Any], *batch: NDArray[Any], h: float = 1e-8
) -> NDArray[Any]:
    r"""Approximate the gradient by forward differences, at the price of d + 1 values.

    $$\frac{\partial f}{\partial w_j} \approx \frac{f(w + h e_j) - f(w)}{h}$$

    The error is about $h\, |f''| / 2$, plus $2 \epsilon |f| / h$ from rounding: smallest, near
    $\sqrt{\epsilon}$, at about the default h.

    Args:
        f: A function of (w, *batch).
        w: Where, shape (d,), or (R, d) for R runs.
        *batch: Passed on to `f`.
        h: Step.

    Returns:
        The approximate gradient, the shape of `w`.
    """
    value = f(w, *batch)
    return np.stack([(f(w + step, *batch) - value) / h for step in _steps(w, h)], axis=-1)


def central_grad(
    f: Callable[..., Any], w: NDArray[Any], *batch: NDArray[Any], h: float = 1e-6
) -> NDArray[Any]:
    r"""Approximate the gradient by central differences, at the price of 2d values.

    $$\frac{\partial f}{\partial w_j} \approx \frac{f(w + h e_j) - f(w - h e_j)}{2h}$$

    The errors of even order cancel: what remains is about $h^2 |f'''| / 6$, plus
    $\epsilon |f| / h$ from rounding. Arguments as for `forward_grad`.

    Source: Nocedal and Wright 2006, section 8.1.
    """
    return np.stack(
        [(f(w + step, *batch) - f(w - step, *batch)) / (2 * h) for step in _steps(w, h)], axis=-1
    )


def _steps(w: NDArray[Any], h: float) -> Iterator[NDArray[Any]]:
    for j in range(w.shape[-1]):
        step = np.zeros(w.shape[-1], w.dtype)
        step[j] = h
        yield step


def check_grad(f: Differentiable, w: NDArray[Any], *batch: NDArray[Any], h: float = 1e-6) -> float:
    """Compare a gradient with central differences.

    In float64 a right gradient comes out near 1e-8, and a wrong one near 1; between the two look
    for a kink (ReLU) within h of `w`.

    Args:
        f: A surface or a model.
        w: Where, shape (d,), or (R, d) for R runs.
        *batch: Passed on to `f`.
        h: Step of the differences.

    Returns:
        The largest difference in any coordinate, relative to the largest coordinate of either
        gradient: a number from 0 to 2. With R runs the largest of them.
    """
    by_hand, numerical = f.grad(w, *batch), central_grad(f, w, *batch, h=h)
    largest = np.maximum(np.abs(by_hand), np.abs(numerical)).max(-1)
    error = np.abs(by_hand - numerical).max(-1)
    return float(np.max(error / np.where(largest > 0, largest, 1)))  # both zero: no error


def hessian_vector_product(
    f: Differentiable, w: NDArray[Any], v: NDArray[Any], *batch: NDArray[Any], h: float = 1e-5
) -> NDArray[Any]:
    r"""Multiply the Hessian by a vector without forming it, at the price of two gradients.

    $$H v \approx \frac{\nabla f(w + h v) - \nabla f(w - h v)}{2h}$$

    Args:
        f: A surface or a model.
        w: Where, shape (d,), or (R, d) for R runs.
        v: The vector, the shape of `w`; of length about 1, since it is stepped along.
        *batch: Passed on to `f`.
        h: Step.

    Returns:
        The product, the shape of `w`.

    Source: Pearlmutter 1994, section 2 (there one-sided).
    """
    ahead, behind = f.grad(w + h * v, *batch), f.grad(w - h * v, *batch)
    return np.asarray((ahead - behind) / (2 * h))


def sharpness(
    f: Differentiable,
    w: NDArray[Any],
    *batch: NDArray[Any],
    tol: float = 1e-3,
    seed: int = 0,
    max_steps: int = 10_000,
) -> float:
    r"""Find the largest eigenvalue of the Hessian by power iteration.

    $$v \leftarrow \frac{H v}{\|H v\|}, \qquad \lambda = v^\top H v \qquad
    \text{until} \quad \|H v - \lambda v\| \le \text{tol} \cdot |\lambda|$$

    The iteration finds the eigenvalue of largest size. Where that one is negative, a second
    iteration on $H - \lambda I$ finds the largest.

    $H v$ is a difference of gradients, so the gradient must be smooth: a network of ReLU units has
    kinks, and a difference across one is no curvature. There, take $H v$ from autograd.

    Args:
        f: A surface or a model.
        w: Where, shape (d,).
        *batch: Passed on to `f`.
        tol: The result lies within `tol` times the largest size of an eigenvalue from one of the
            eigenvalues; most often far nearer, since its error goes with the square.
        seed: Draws the first v.
        max_steps: Products Hv to spend on an iteration; two close eigenvalues take many.

    Raises:
        RuntimeError: If `max_steps` do not reach `tol`.

    Source: Golub and Van Loan 2013, sections 8.1 and 8.2.
    """

    def product(v: NDArray[Any]) -> NDArray[Any]:
        return hessian_vector_product(f, w, v, *batch)

    start = np.random.default_rng(seed).standard_normal(w.shape)
    top = _power(product, start, tol, max_steps)
    if top < 0:
        top += _power(lambda v: product(v) - top * v, start, tol, max_steps)
    return top


def _power(
    product: Callable[[NDArray[Any]], NDArray[Any]], v: NDArray[Any], tol: float, max_steps: int
) -> float:
    v = v / np.linalg.norm(v)
    before, length = np.zeros_like(v), 0.0  # length * v is H before
    for _ in range(max_steps):
        Hv = product(v)
        eigenvalue = float(v @ Hv)
        if np.linalg.norm(Hv - eigenvalue * v) <= tol * abs(eigenvalue):
            return eigenvalue
        # where -lambda is an eigenvalue too, v swings for ever, and v + before stands still
        u, Hu = v + before, Hv + length * v
        size = float(u @ Hu) / float(u @ u)
        if np.linalg.norm(Hu - size * u) <= tol * size * np.linalg.norm(u):
            return size
        before, length = v, float(np.linalg.norm(Hv))
        v = Hv / length
    raise RuntimeError(
        f"power iteration came to {eigenvalue:g} in {max_steps} steps, not within tol={tol:g}: "
        "raise max_steps or tol"
    )
