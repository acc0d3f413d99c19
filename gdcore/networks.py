"""Networks: layers in a row, and the chain rule backwards through them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import counts
from gdcore.classifiers import Classifier, affine, cross_entropy
from gdcore.models import Model, Value, squared_error

Function = Callable[[NDArray[Any]], NDArray[Any]]

ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "tanh": (lambda z: np.tanh(z, out=z), lambda h: 1 - h**2),
    "relu": (lambda z: np.maximum(z, 0, out=z), lambda h: h > 0),
}
r"""For each activation the function $h = \phi(z)$, which overwrites z (a new array would cost more
than the sums in it), and its slope $\phi'(z)$ in terms of h; for ReLU at 0 it is 0, as in torch."""


@dataclass(frozen=True)
class Network(Model):
    r"""Fully connected layers with an activation between them, on one flat parameter vector.

    $$h_0 = x, \qquad z_l = W_l^\top h_{l-1} + b_l, \qquad h_l = \phi(z_l), \qquad
    \text{scores} = z_{\text{last}}$$

    $$\delta_l = \frac{\partial L}{\partial z_l} = (W_{l+1} \delta_{l+1}) \odot \phi'(z_l), \qquad
    \nabla_{W_l} L = \sum_{i=1}^{m} h_{l-1} \delta_l^\top, \qquad
    \nabla_{b_l} L = \sum_{i=1}^{m} \delta_l$$

    Layer by layer `w` holds W, of shape (fan_in, fan_out), row after row, then b.

    Args:
        sizes: Widths of the layers, from the inputs to the scores: (64, 32, 10).
        activation: "tanh" or "relu"; none after the last layer.
        l2: Strength of the penalty on all W; the biases go free.

    Raises:
        TypeError: If `sizes` are not integers.
        ValueError: If there are fewer than two sizes, one is below 1, the activation is not known,
            or `l2` is out of range.
    """

    sizes: Sequence[int]
    activation: Literal["tanh", "relu"] = "tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.sizes, Sequence):
            raise TypeError(f"sizes must be a sequence of widths, input first, got {self.sizes!r}")
        object.__setattr__(self, "sizes", tuple(self.sizes))
        counts(**{f"sizes[{i}]": width for i, width in enumerate(self.sizes)})
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must be two or more widths of 1 or more, got {self.sizes}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation must be 'tanh' or 'relu', got {self.activation!r}")

    @cached_property
    def size(self) -> int:
        """Number of parameters."""
        return sum((fan_in + 1) * out for fan_in, out in self._layers)

    @property
    def _layers(self) -> list[tuple[int, int]]:
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    def init(self, seed: int | Sequence[int]) -> NDArray[np.float64]:
        r"""Draw a start, shape (d,), or (R, d) for R seeds: run r starts as seed r alone would.

        Weights come from $N(0, 1 / \text{fan\_in})$, before a ReLU from $N(0, 2 / \text{fan\_in})$;
        biases are zero. Source: LeCun et al. 1998, section 4.6; He et al. 2015, section 2.2.
        """
        if isinstance(seed, Sequence):
            return np.stack([self.init(s) for s in seed])
        rng, w = np.random.default_rng(seed), np.zeros(self.size)
        *hidden, last = (W for W, _ in self.unpack(w))
        gain = 2 if self.activation == "relu" else 1
        for W in hidden:
            W[...] = rng.normal(0, math.sqrt(gain / len(W)), W.shape)
        last[...] = rng.normal(0, math.sqrt(1 / len(last)), last.shape)
        return w

    def unpack(self, w: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Return views (W, b) for each layer, shapes (fan_in, fan_out) and (1, fan_out)."""
        if w.shape[-1] != self.size:
            raise ValueError(f"w must hold {self.size} numbers for {self.sizes}, got {w.shape}")
        views, start = [], 0
        for fan_in, out in self._layers:
            end = start + (fan_in + 1) * out
            rows = w[..., start:end].reshape(*w.shape[:-1], fan_in + 1, out)
            views.append((rows[..., :-1, :], rows[..., -1:, :]))
            start = end
        return views

    def forward(self, w: NDArray[Any], X: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the inputs of every layer, X first, and the scores last; each (m, width)."""
        phi, _ = ACTIVATIONS[self.activation]
        *hidden, last = self.unpack(w)
        h = [X]
        for layer in hidden:
            h.append(phi(affine(h[-1], *layer)))
        return [*h, affine(h[-1], *last)]

    def backward(
        self, w: NDArray[Any], h: list[NDArray[Any]], delta: NDArray[Any]
    ) -> list[NDArray[Any]]:
        """Return the slope of the loss in every z, first layer first, from that in the scores."""
        _, slope = ACTIVATIONS[self.activation]
        deltas = [delta]
        for (W, _), h_l in zip(self.unpack(w)[:0:-1], h[:0:-1], strict=True):
            deltas.append(deltas[-1] @ W.mT * slope(h_l))
        return deltas[::-1]

    def scores(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the scores, shape (m, K)."""
        return self.forward(w, X)[-1]

    def weights(self, w: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all W, each flat."""
        return [W.reshape(*W.shape[:-2], -1) for W, _ in self.unpack(w)]

    def value_and_grad(
        self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
    ) -> tuple[Value, NDArray[Any]]:
        """Return the loss and its gradient from one pass forward and one back."""
        *h, z = self.forward(w, X)
        loss, slope = self.criterion(z, y)
        g = np.empty_like(w)
        for (W, b), h_l, delta in zip(self.unpack(g), h, self.backward(w, h, slope), strict=True):
            np.matmul(h_l.mT, delta, out=W)
            delta.sum(-2, keepdims=True, out=b)
        return self.penalized(loss, g, w)

    def per_example_grads(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of each example, shape (m, d); their mean is `grad`."""
        *h, z = self.forward(w, X)
        _, slope = self.criterion(z, y)
        slope *= X.shape[-2]  # of the example's own loss, not the mean
        g = np.empty((*z.shape[:-1], self.size), w.dtype)
        for (W, b), h_l, delta in zip(self.unpack(g), h, self.backward(w, h, slope), strict=True):
            np.multiply(h_l[..., :, None], delta[..., None, :], out=W)
            b[...] = delta[..., None, :]
        return self.penalized(0.0, g, w[..., None, :])[1]


@dataclass(frozen=True)
class MLP(Classifier, Network):
    r"""A network with a score for each class; the loss is the mean cross-entropy.

    With no hidden layer, as in `MLP((64, 10))`, this is `Softmax(10)`.
    """

    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean loss and its slopes, shape (m, K)."""
        return cross_entropy(z, y)


@dataclass(frozen=True)
class MLPRegression(Network):
    r"""A network fitted to K numbers per row; the loss is half the squared error, rows averaged.

    $$L(w) = \frac{1}{m} \sum_{i=1}^{m} \frac{1}{2} \|z_i - y_i\|^2 + \frac{\lambda}{2} \|W\|^2$$

    `y` has shape (m, K). For classes pass their one-hot form, `np.eye(K)[y]`.
    """

    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean loss and its slopes, shape (m, K)."""
        if y.shape != z.shape and y.shape != z.shape[-2:]:
            raise ValueError(f"y must have shape (m, K) = {z.shape[-2:]}, got {y.shape}")
        m = z.shape[-2]
        residual = z - y
        return (residual**2).sum((-2, -1)) / (2 * m), residual / m


@dataclass(frozen=True)
class Product(Model):
    r"""The smallest deep network, $z = w_1 w_2 \cdots w_d\, x$; the loss is the mean squared error.

    $$L(w) = \frac{1}{m} \sum_{i=1}^{m} (w_1 \cdots w_d\, x_i - y_i)^2 + \frac{\lambda}{2}
    \|w\|^2, \qquad \frac{\partial z}{\partial w_j} = x \prod_{i \ne j} w_i$$

    One weight per layer and no intercept: with d = 1 a line through the origin, with d = 2 or more
    a saddle at w = 0. `X` has a single column.
    """

    def scores(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the products, shape (m,)."""
        z: NDArray[Any] = w.prod(-1, keepdims=True) * X[..., 0]
        return z

    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean squared error and its slopes, shape (m,)."""
        return squared_error(z, y)

    def weights(self, w: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all of `w`."""
        return [w]

    def value_and_grad(
        self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
    ) -> tuple[Value, NDArray[Any]]:
        """Return the loss and its gradient from one pass over the rows."""
        loss, slope = self.criterion(self.scores(w, X), y)
        return self.penalized(loss, np.vecdot(slope, X[..., 0])[..., None] * _others(w), w)

    def per_example_grads(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of each example, shape (m, d); their mean is `grad`."""
        _, slope = self.criterion(self.scores(w, X), y)
        slope *= X.shape[-2]  # of the example's own loss, not the mean
        g = (slope * X[..., 0])[..., None] * _others(w)[..., None, :]
        return self.penalized(0.0, g, w[..., None, :])[1]


def _others(w: NDArray[Any]) -> NDArray[Any]:
    """Return for each entry the product of all the others, the shape of `w`."""
    own = np.eye(w.shape[-1], dtype=bool)
    others: NDArray[Any] = np.where(own, w.dtype.type(1), w[..., None, :]).prod(-1)
    return others
