"""Models: the loss and its gradient as functions of (w, X, y), derived by hand."""

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import amounts

Value = Any  # a float; or shape (R,) where there is a run axis


@dataclass(frozen=True)
class Model(ABC):
    r"""What models share: a mean over examples of a loss of their scores, and a penalty.

    $$L(w) = \frac{1}{m} \sum_{i=1}^{m} \ell(z_i, y_i) + \frac{\lambda}{2} \|W\|^2$$

    The parameters are one flat array `w` of shape (d,), the rows are `X` of shape (m, k) and `y` of
    shape (m,). Full, stochastic and mini-batch descent differ only in which rows are passed.
    R runs at once are `w` of shape (R, d) on shared rows, or on rows of their own: `X` of shape
    (R, m, k) and `y` of shape (R, m). Losses then have shape (R,), gradients (R, d).

    Args:
        l2: Strength $\lambda$ of the penalty, whose gradient is $\lambda W$. It covers the weights
            $W$, not the intercepts.

    Raises:
        ValueError: If `l2` is negative or not finite.
    """

    _: KW_ONLY
    l2: float = 0.0

    def __post_init__(self) -> None:
        amounts(l2=self.l2)

    @abstractmethod
    def scores(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the scores z, a row for each row of `X`."""

    @abstractmethod
    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean loss of the scores and its slope in each score, of the shape of `z`."""

    @abstractmethod
    def weights(self, w: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the parts of `w` that l2 covers, as views."""

    @abstractmethod
    def value_and_grad(
        self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
    ) -> tuple[Value, NDArray[Any]]:
        """Return the loss and its gradient from one pass over the rows."""

    @abstractmethod
    def per_example_grads(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of each example, shape (m, d); their mean is `grad`."""

    def __call__(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> Value:
        """Return the loss over the rows of `X` and `y`."""
        loss, _ = self.criterion(self.scores(w, X), y)
        return loss + self._penalty(w) if self.l2 else loss

    def grad(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of the loss, of the shape of `w`."""
        return self.value_and_grad(w, X, y)[1]

    def predict(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the predictions: the scores themselves."""
        return self.scores(w, X)

    def penalized(
        self, loss: Value, g: NDArray[Any], w: NDArray[Any]
    ) -> tuple[Value, NDArray[Any]]:
        """Add the penalty to a loss, and in place to its gradient."""
        if self.l2:
            loss = loss + self._penalty(w)
            for G, W in zip(self.weights(g), self.weights(w), strict=True):
                G += self.l2 * W
        return loss, g

    def _penalty(self, w: NDArray[Any]) -> Value:
        return self.l2 / 2 * sum(np.vecdot(W, W) for W in self.weights(w))


@dataclass(frozen=True)
class LinearModel(Model):
    r"""A score that is linear in x: $z = W^\top x + b$; `w` is k slopes, then the intercept.

    $$\nabla L(w) = \sum_{i=1}^{m} \frac{\partial L}{\partial z_i} \begin{pmatrix} x_i \\ 1
    \end{pmatrix} + \lambda \begin{pmatrix} W \\ 0 \end{pmatrix}$$
    """

    def scores(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the scores, shape (m,)."""
        z: NDArray[Any] = np.matvec(X, w[..., :-1])
        z += w[..., -1:]
        return z

    def weights(self, w: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the slopes."""
        return [w[..., :-1]]

    def value_and_grad(
        self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
    ) -> tuple[Value, NDArray[Any]]:
        """Return the loss and its gradient from one pass over the rows."""
        loss, slope = self.criterion(self.scores(w, X), y)
        g = np.empty_like(w)
        np.vecmat(slope, X, out=g[..., :-1])
        slope.sum(-1, out=g[..., -1])
        return self.penalized(loss, g, w)

    def per_example_grads(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of each example, shape (m, k + 1); their mean is `grad`."""
        _, slope = self.criterion(self.scores(w, X), y)
        slope = slope[..., None] * X.shape[-2]  # (m, 1): of the example's own loss, not the mean
        g = np.concatenate([slope * X, slope], axis=-1)
        return self.penalized(0.0, g, w[..., None, :])[1]


@dataclass(frozen=True)
class LinearRegression(LinearModel):
    r"""Fit y by a linear function of x; the loss is the mean squared error.

    $$L(w) = \frac{1}{m} \sum_{i=1}^{m} (x_i^\top w_{1..k} + w_{k+1} - y_i)^2
    + \frac{\lambda}{2} \sum_{j=1}^{k} w_j^2$$

    The parameters are one flat array of shape (k + 1,): k slopes, then the intercept. There is no
    factor 1/2 before the errors, so the gradient carries a 2. scikit-learn's `Ridge(alpha)` is
    `l2 = 2 * alpha / m`.
    """

    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean squared error and its slopes, shape (m,)."""
        return squared_error(z, y)


def squared_error(z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
    r"""Return the mean squared error and its slopes, for `z` and `y` of shape (m,).

    $$L = \frac{1}{m} \sum_{i=1}^{m} (z_i - y_i)^2, \qquad
    \frac{\partial L}{\partial z_i} = \frac{2}{m} (z_i - y_i)$$
    """
    fits(y, z.shape)
    m = z.shape[-1]
    residual = z - y
    loss = np.vecdot(residual, residual) / m
    residual *= 2 / m
    return loss, residual


def fits(y: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse targets that would broadcast: (m,) - (m, 1) is (m, m) without a word."""
    if y.shape != shape and y.shape != shape[-1:]:
        raise ValueError(f"y must have shape (m,), got {y.shape} for {shape[-1]} rows: y.ravel()?")
