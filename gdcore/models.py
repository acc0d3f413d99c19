"""Models: the loss and its gradient as functions of (w, X, y), derived by hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LinearRegression:
    r"""Fit y by a linear function of x; the loss is the mean squared error.

    $$L(w) = \frac{1}{m} \sum_{i=1}^{m} (x_i^\top w_{1..d} + w_{d+1} - y_i)^2$$

    The parameters are one flat array of shape (d + 1,): d slopes, then the intercept. There is no
    factor 1/2, so the gradient carries a 2. The loss of a batch is the mean over its m rows;
    full, stochastic and mini-batch descent differ only in which rows are passed.
    """

    def predict(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the predictions, shape (m,), for `X` of shape (m, d)."""
        prediction: NDArray[Any] = X @ w[:-1] + w[-1]
        return prediction

    def __call__(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> float:
        """Return the mean squared error over the rows of `X` (m, d) and `y` (m,)."""
        residual = self._residual(w, X, y)
        return float(residual @ residual) / len(y)

    def grad(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        r"""Return the gradient of the loss, shape (d + 1,).

        $$\nabla L(w) = \frac{2}{m} \sum_{i=1}^{m} (x_i^\top w_{1..d} + w_{d+1} - y_i)
        \begin{pmatrix} x_i \\ 1 \end{pmatrix}$$
        """
        return self._grad(w, X, self._residual(w, X, y))

    def value_and_grad(
        self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
    ) -> tuple[float, NDArray[Any]]:
        """Return the loss and its gradient from one pass over the rows."""
        residual = self._residual(w, X, y)
        return float(residual @ residual) / len(y), self._grad(w, X, residual)

    def _residual(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        if y.ndim != 1:  # (m,) - (m, 1) would broadcast to (m, m) without a word
            raise ValueError(f"y must have shape (m,), got {y.shape}: pass y.ravel()")
        residual: NDArray[Any] = self.predict(w, X) - y  # (m,)
        return residual

    def _grad(self, w: NDArray[Any], X: NDArray[Any], residual: NDArray[Any]) -> NDArray[Any]:
        g = np.empty_like(w)
        g[:-1] = residual @ X
        g[-1] = residual.sum()
        g *= 2 / len(residual)
        return g
