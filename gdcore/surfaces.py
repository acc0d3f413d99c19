"""What objectives without data share: value, gradient and Hessian at w, and where to look."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Surface(ABC):
    """A function of w, shape (d,), that knows its minima and where to look at it.

    R points at once are `w` of shape (R, d): values then have shape (R,), gradients (R, d).
    """

    @property
    @abstractmethod
    def minima(self) -> NDArray[np.float64]:
        """Known minima, shape (k, d)."""

    @property
    @abstractmethod
    def domain(self) -> NDArray[np.float64]:
        """Box to draw, shape (d, 2): a row (low, high) per axis."""

    @property
    @abstractmethod
    def start(self) -> NDArray[np.float64]:
        """A point to descend from, shape (d,)."""

    @abstractmethod
    def __call__(self, w: NDArray[Any]) -> Any:
        """Return the value, a float, or shape (R,)."""

    @abstractmethod
    def grad(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient, the shape of `w`."""

    @abstractmethod
    def hessian(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return the second derivatives, shape (d, d), or (R, d, d)."""

    def value_and_grad(self, w: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the value and the gradient."""
        return self(w), self.grad(w)

    def hessian_eigenvalues(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return the curvatures along the principal axes, smallest first, shape (d,)."""
        return np.linalg.eigvalsh(self.hessian(w))


class Curve(Surface):
    """A surface over a line: `w` has one coordinate, shape (1,), or (R, 1) for R runs.

    A curve is written in plain numbers or arrays x of any shape, so that
    `ax.plot(x, curve.value(x))` draws it.
    """

    @abstractmethod
    def value(self, x: Any) -> Any:
        """Return the height at x."""

    @abstractmethod
    def slope(self, x: Any) -> Any:
        """Return the first derivative at x."""

    @abstractmethod
    def curvature(self, x: Any) -> Any:
        """Return the second derivative at x."""

    def __call__(self, w: NDArray[Any]) -> Any:
        """Return the height, a float, or shape (R,)."""
        return self.value(w[..., 0])

    def grad(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return the slope, the shape of `w`."""
        return np.asarray(self.slope(w))

    def hessian(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return the curvature, shape (1, 1)."""
        return np.asarray(self.curvature(w))[..., None]


class Plane(Surface):
    """A surface over the plane: `w` has two coordinates, shape (2,), or (R, 2) for R runs.

    It is written in its coordinates x and y, numbers or arrays of one shape.
    """

    @abstractmethod
    def value(self, x: Any, y: Any) -> Any:
        """Return the height at (x, y)."""

    @abstractmethod
    def slopes(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the first derivatives in x and in y."""

    @abstractmethod
    def curvatures(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return the second derivatives in xx, xy and yy."""

    def __call__(self, w: NDArray[Any]) -> Any:
        """Return the height, a float, or shape (R,)."""
        return self.value(w[..., 0], w[..., 1])

    def grad(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return both slopes, the shape of `w`."""
        return np.stack(self.slopes(w[..., 0], w[..., 1]), axis=-1)

    def hessian(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return the second derivatives, shape (2, 2), or (R, 2, 2)."""
        xx, xy, yy = self.curvatures(w[..., 0], w[..., 1])
        entries = np.broadcast_arrays(xx, xy, xy, yy)
        return np.stack(entries, axis=-1).reshape(*w.shape, 2)


def fixed(values: ArrayLike) -> NDArray[np.float64]:
    """Make an array that nobody can change."""
    array = np.array(values, np.float64)
    array.flags.writeable = False
    return array
