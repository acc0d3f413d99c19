"""Objectives that need no data: landscapes over the plane, and beside them curves and the bowl."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdcore.curves import CosineBumps, DoubleWell, Parabola, ThreeCycle
from gdcore.quadratic import Quadratic
from gdcore.surfaces import Curve, Plane, Surface, fixed

__all__ = [
    "Beale",
    "CosineBumps",
    "Curve",
    "DoubleWell",
    "Himmelblau",
    "Parabola",
    "Plane",
    "Quadratic",
    "Rastrigin",
    "Rosenbrock",
    "Saddle",
    "Surface",
    "ThreeCycle",
]


@dataclass(frozen=True)
class Saddle(Plane):
    r"""A saddle at 0 between two minima.

    $$f(x, y) = \frac{x^2 - y^2}{2} + \frac{y^4}{4}$$

    Descent from the line y = 0 goes to the saddle; from almost every other start to a minimum.
    """

    minima = fixed([[0.0, 1.0], [0.0, -1.0]])
    domain = fixed([[-1.5, 1.5], [-1.5, 1.5]])
    start = fixed([1.0, 1e-3])

    def value(self, x: Any, y: Any) -> Any:
        """Return f."""
        return (x**2 - y**2) / 2 + y**4 / 4

    def slopes(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the first derivatives."""
        return x, -y + y**3

    def curvatures(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return the second derivatives: 1 and -1 at the saddle."""
        return 1 + 0 * x, 0 * x, 3 * y**2 - 1


@dataclass(frozen=True)
class Rosenbrock(Plane):
    r"""A curved valley with steep walls and a nearly level floor.

    $$f(x, y) = (a - x)^2 + b (y - x^2)^2$$

    Args:
        a: Where the minimum $(a, a^2)$ lies.
        b: How steep the walls are, above 0.

    Raises:
        ValueError: If `b` is not above 0, or a number is not finite.

    Source: Rosenbrock 1960; start as in Moré, Garbow and Hillstrom 1981, problem 1.
    """

    a: float = 1.0
    b: float = 100.0
    domain = fixed([[-2.0, 2.0], [-1.0, 3.0]])
    start = fixed([-1.2, 1.0])

    def __post_init__(self) -> None:
        if not math.isfinite(self.a):
            raise ValueError(f"a must be finite, got {self.a}")
        if not 0 < self.b < math.inf:  # also catches nan
            raise ValueError(f"b must be above 0 and finite, got {self.b}")

    @property
    def minima(self) -> NDArray[np.float64]:
        """The minimum, shape (1, 2)."""
        return fixed([[self.a, self.a**2]])

    def value(self, x: Any, y: Any) -> Any:
        """Return f."""
        return (self.a - x) ** 2 + self.b * (y - x**2) ** 2

    def slopes(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the first derivatives."""
        return -2 * (self.a - x) - 4 * self.b * x * (y - x**2), 2 * self.b * (y - x**2)

    def curvatures(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return the second derivatives."""
        return 2 - 4 * self.b * (y - 3 * x**2), -4 * self.b * x, 2 * self.b + 0 * x


@dataclass(frozen=True)
class Beale(Plane):
    r"""A plain with one narrow valley, and walls at the corners where gradients explode.

    $$f(x, y) = \sum_{i=1}^{3} r_i^2, \qquad r_i = c_i - x (1 - y^i), \qquad
    c = (1.5,\ 2.25,\ 2.625)$$

    Source: Beale 1958; start as in Moré, Garbow and Hillstrom 1981, problem 5.
    """

    minima = fixed([[3.0, 0.5]])
    domain = fixed([[-4.5, 4.5], [-4.5, 4.5]])
    start = fixed([1.0, 1.0])

    def value(self, x: Any, y: Any) -> Any:
        """Return f."""
        return sum(r**2 for r in self._residuals(x, y))

    def slopes(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the first derivatives."""
        r1, r2, r3 = self._residuals(x, y)
        return (
            -2 * (r1 * (1 - y) + r2 * (1 - y**2) + r3 * (1 - y**3)),
            2 * x * (r1 + 2 * y * r2 + 3 * y**2 * r3),
        )

    def curvatures(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return the second derivatives."""
        r1, r2, r3 = self._residuals(x, y)
        return (
            2 * ((1 - y) ** 2 + (1 - y**2) ** 2 + (1 - y**3) ** 2),
            2 * (r1 + 2 * y * r2 + 3 * y**2 * r3)
            - 2 * x * ((1 - y) + 2 * y * (1 - y**2) + 3 * y**2 * (1 - y**3)),
            2 * x**2 * (1 + 4 * y**2 + 9 * y**4) + 2 * x * (2 * r2 + 6 * y * r3),
        )

    def _residuals(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        return 1.5 - x * (1 - y), 2.25 - x * (1 - y**2), 2.625 - x * (1 - y**3)


@dataclass(frozen=True)
class Himmelblau(Plane):
    r"""Four minima, all of them 0.

    $$f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2$$

    Source: Himmelblau 1972.
    """

    minima = fixed(
        [
            [3.0, 2.0],
            [-2.805118086952745, 3.131312518250573],
            [-3.779310253377747, -3.283185991286170],
            [3.584428340330492, -1.848126526964404],
        ]
    )
    domain = fixed([[-5.0, 5.0], [-5.0, 5.0]])
    start = fixed([0.0, 0.0])

    def value(self, x: Any, y: Any) -> Any:
        """Return f."""
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2

    def slopes(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the first derivatives."""
        u, v = x**2 + y - 11, x + y**2 - 7
        return 4 * x * u + 2 * v, 2 * u + 4 * y * v

    def curvatures(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return the second derivatives."""
        u, v = x**2 + y - 11, x + y**2 - 7
        return 4 * u + 8 * x**2 + 2, 4 * (x + y), 2 + 8 * y**2 + 4 * v


@dataclass(frozen=True)
class Rastrigin(Plane):
    r"""A bowl full of dents, a local minimum in each: about one at every pair of integers.

    $$f(x, y) = 20 + x^2 - 10 \cos 2 \pi x + y^2 - 10 \cos 2 \pi y$$

    `minima` holds the lowest one alone.

    Source: Rastrigin 1974.
    """

    minima = fixed([[0.0, 0.0]])
    domain = fixed([[-5.12, 5.12], [-5.12, 5.12]])
    start = fixed([3.3, -2.8])

    def value(self, x: Any, y: Any) -> Any:
        """Return f."""
        return sum(10 + t**2 - 10 * np.cos(2 * np.pi * t) for t in (x, y))

    def slopes(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the first derivatives."""
        fx, fy = (2 * t + 20 * np.pi * np.sin(2 * np.pi * t) for t in (x, y))
        return fx, fy

    def curvatures(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return the second derivatives."""
        fxx, fyy = (2 + 40 * np.pi**2 * np.cos(2 * np.pi * t) for t in (x, y))
        return fxx, 0 * x, fyy
