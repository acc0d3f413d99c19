"""Models that name a class: logistic regression and softmax."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import counts
from gdcore.models import LinearModel, Model, Value, fits


@dataclass(frozen=True)
class Classifier(Model):
    """A model with a score for each class: it predicts the class with the highest."""

    def predict(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the predicted classes, shape (m,)."""
        classes: NDArray[Any] = self.scores(w, X).argmax(-1)
        return classes

    def accuracy(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> Value:
        """Return the part of the rows that is predicted right."""
        return (self.predict(w, X) == y).mean(-1)


@dataclass(frozen=True)
class LogisticRegression(LinearModel, Classifier):
    r"""Tell two classes apart by a linear score; the loss is the mean negative log-likelihood.

    $$L(w) = \frac{1}{m} \sum_{i=1}^{m} \bigl(\log(1 + e^{z_i}) - y_i z_i\bigr) + \frac{\lambda}{2}
    \|W\|^2, \qquad \frac{\partial L}{\partial z_i} = \frac{\sigma(z_i) - y_i}{m}$$

    The labels are 0 and 1, and $\sigma(z) = 1 / (1 + e^{-z})$ is the probability of a 1. Written
    as here no score is too large, as in torch's `BCEWithLogitsLoss`. scikit-learn's `C` is
    `1 / (l2 * m)`.
    """

    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean loss and its slopes, shape (m,)."""
        fits(y, z.shape)
        ones = y == 1
        if not (ones | (y == 0)).all():
            raise ValueError(f"y must hold the labels 0 and 1, got {np.unique(y)[:5]}")
        m = z.shape[-1]
        softplus = np.logaddexp(0, z)  # log(1 + e^z)
        loss = (softplus - ones * z).sum(-1) / m
        return loss, (np.exp(z - softplus) - ones) / m

    def predict(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the predicted labels, shape (m,): 1 where the score is above 0."""
        return (self.scores(w, X) > 0).astype(np.intp)


@dataclass(frozen=True)
class Softmax(Classifier):
    r"""Tell K classes apart by K linear scores; the loss is the mean cross-entropy.

    $$z_i = W^\top x_i + b, \qquad \nabla_W L = X^\top \frac{P - Y}{m} + \lambda W, \qquad
    \nabla_b L = 1^\top \frac{P - Y}{m}$$

    P and Y as in `cross_entropy`, l2 on W. The parameters are a matrix of shape (k + 1, K),
    flattened: a row per input, and the intercepts b last. All scores are equal at w = 0: the loss
    there is $\ln K$.

    Args:
        classes: Number K of classes, at least 2. The labels are the integers 0 to K - 1.
        l2: Strength of the penalty on W.

    Raises:
        ValueError: If there are fewer than two classes, or `l2` is out of range.
    """

    classes: int

    def __post_init__(self) -> None:
        super().__post_init__()
        counts(least=2, classes=self.classes)

    def unpack(self, w: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return views W, shape (k, K), and b, shape (1, K)."""
        rows = w.reshape(*w.shape[:-1], -1, self.classes)
        return rows[..., :-1, :], rows[..., -1:, :]

    def scores(self, w: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Return the scores, shape (m, K)."""
        return affine(X, *self.unpack(w))

    def criterion(self, z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
        """Return the mean loss and its slopes, shape (m, K)."""
        return cross_entropy(z, y)

    def weights(self, w: NDArray[Any]) -> list[NDArray[Any]]:
        """Return W, flat."""
        return [w[..., : -self.classes]]

    def value_and_grad(
        self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
    ) -> tuple[Value, NDArray[Any]]:
        """Return the loss and its gradient from one pass over the rows."""
        loss, slope = self.criterion(self.scores(w, X), y)
        g = np.empty_like(w)
        W, b = self.unpack(g)
        np.matmul(X.mT, slope, out=W)
        slope.sum(-2, keepdims=True, out=b)
        return self.penalized(loss, g, w)

    def per_example_grads(self, w: NDArray[Any], X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of each example, shape (m, (k + 1) K); their mean is `grad`."""
        _, slope = self.criterion(self.scores(w, X), y)
        slope *= X.shape[-2]  # of the example's own loss, not the mean
        W = X[..., :, None] * slope[..., None, :]  # (m, k, K)
        g = np.concatenate([W.reshape(*slope.shape[:-1], -1), slope], axis=-1)
        return self.penalized(0.0, g, w[..., None, :])[1]


def cross_entropy(z: NDArray[Any], y: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
    r"""Return the mean cross-entropy and its slopes, for `z` of shape (m, K) and classes `y`.

    $$L = \frac{1}{m} \sum_{i=1}^{m} \Bigl(\log \sum_{k} e^{z_{ik}} - z_{i y_i}\Bigr), \qquad
    \frac{\partial L}{\partial z} = \frac{P - Y}{m}, \qquad
    P_{ik} = \frac{e^{z_{ik}}}{\sum_l e^{z_{il}}}$$

    Y is the one-hot form of the classes `y`, integers 0 to K - 1.
    """
    fits(y, z.shape[:-1])
    m, K = z.shape[-2:]
    Y = y[..., None] == np.arange(K)  # (m, K)
    if np.count_nonzero(Y) < y.size:
        raise ValueError(f"y must hold the classes 0 to {K - 1}, got {np.unique(y)[[0, -1]]}")
    z = z - z.max(-1, keepdims=True)  # changes neither L nor P, and e^z cannot overflow
    P = np.exp(z)
    total = P.sum(-1)
    loss = (np.log(total) - np.vecdot(z, Y)).sum(-1) / m
    P /= total[..., None]
    P -= Y
    P /= m
    return loss, P


def affine(h: NDArray[Any], W: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Return h W + b in one array, shape (m, out)."""
    z: NDArray[Any] = h @ W
    z += b
    return z
