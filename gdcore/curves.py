"""Curves: functions of one number, with their slope and curvature."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdcore.surfaces import Curve, fixed


@dataclass(frozen=True)
class Parabola(Curve):
    """$f(x) = a (x - c)^2$, with a above 0.

    Args:
        a: Half the curvature.
        center: Where the minimum c lies.

    Raises:
        ValueError: If `a` is not above 0, or a number is not finite.
    """

    a: float = 1.0
    center: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.a < math.inf:  # also catches nan
            raise ValueError(f"a must be above 0 and finite, got {self.a}")
        if not math.isfinite(self.center):
            raise ValueError(f"center must be finite, got {self.center}")

    @property
    def minima(self) -> NDArray[np.float64]:
        """The minimum c, shape (1, 1)."""
        return fixed([[self.center]])

    @property
    def domain(self) -> NDArray[np.float64]:
        """Two to both sides of c."""
        return fixed([[self.center - 2, self.center + 2]])

    @property
    def start(self) -> NDArray[np.float64]:
        """One and a half to the left of c."""
        return fixed([self.center - 1.5])

    def value(self, x: Any) -> Any:
        """$a (x - c)^2$."""
        return self.a * (x - self.center) ** 2

    def slope(self, x: Any) -> Any:
        """$2a (x - c)$."""
        return 2 * self.a * (x - self.center)

    def curvature(self, x: Any) -> Any:
        """$2a$."""
        return 2 * self.a + 0 * x


@dataclass(frozen=True)
class DoubleWell(Curve):
    r"""$f(x) = (x^2 - 1)^2 + t x$: two valleys, the left one deeper where the tilt t is positive.

    Args:
        tilt: Slope t that is added, between -1.5 and 1.5: beyond $8 / (3 \sqrt 3) = 1.54$ one
            valley is gone.

    Raises:
        ValueError: If `tilt` leaves a single valley.
    """

    tilt: float = 0.3
    domain = fixed([[-2.0, 2.0]])
    start = fixed([1.8])

    def __post_init__(self) -> None:
        if not abs(self.tilt) <= 1.5:  # also catches nan
            raise ValueError(f"tilt must lie in -1.5..1.5 for two valleys, got {self.tilt}")

    @property
    def _stationary(self) -> NDArray[np.float64]:
        """Where the slope is 0, from left to right: a minimum, the ridge, a minimum."""
        # Viete: the three real roots of 4x^3 - 4x + t = 0
        angle = math.acos(-self.tilt * 3 * math.sqrt(3) / 8)
        turns = np.array([2, 4, 0]) * math.pi
        return 2 / math.sqrt(3) * np.cos((angle + turns) / 3)

    @property
    def minima(self) -> NDArray[np.float64]:
        """Both minima, the deeper one first, shape (2, 1)."""
        left, _, right = self._stationary
        return fixed([[left], [right]] if self.tilt >= 0 else [[right], [left]])

    @property
    def ridge(self) -> float:
        """The top between the valleys: from its left descent goes left, from its right, right."""
        return float(self._stationary[1])

    def value(self, x: Any) -> Any:
        """$(x^2 - 1)^2 + t x$."""
        return (x**2 - 1) ** 2 + self.tilt * x

    def slope(self, x: Any) -> Any:
        """$4x (x^2 - 1) + t$."""
        return 4 * x * (x**2 - 1) + self.tilt

    def curvature(self, x: Any) -> Any:
        """$12x^2 - 4$."""
        return 12 * x**2 - 4


@dataclass(frozen=True)
class CosineBumps(Curve):
    r"""$f(x) = x \cos(\pi x)$: the farther out, the deeper the valleys.

    `minima` are the two of the domain, the deeper one first.
    """

    domain = fixed([[-1.0, 2.0]])
    start = fixed([-0.9])
    minima = fixed([[1.0904082219467213], [-0.27385268680085095]])

    def value(self, x: Any) -> Any:
        r"""$x \cos \pi x$."""
        return x * np.cos(np.pi * x)

    def slope(self, x: Any) -> Any:
        r"""$\cos \pi x - \pi x \sin \pi x$."""
        return np.cos(np.pi * x) - np.pi * x * np.sin(np.pi * x)

    def curvature(self, x: Any) -> Any:
        r"""$-2 \pi \sin \pi x - \pi^2 x \cos \pi x$."""
        return -2 * np.pi * np.sin(np.pi * x) - np.pi**2 * x * np.cos(np.pi * x)


@dataclass(frozen=True)
class ThreeCycle(Curve):
    r"""A convex curve on which heavy ball, tuned for quadratics, never arrives.

    $$f'(x) = \begin{cases} 25x & x < 1 \\ x + 24 & 1 \le x \le 2 \\ 25x - 24 & x > 2 \end{cases}$$

    The curvature lies between 1 and 25, for which the best heavy ball has a step of 1/9 and a
    momentum of 4/9. From `start` it goes round three points for ever.

    Source: Lessard, Recht and Packard 2016, section 4.6.
    """

    domain = fixed([[-2.0, 4.0]])
    start = fixed([3.3])
    minima = fixed([[0.0]])

    def value(self, x: Any) -> Any:
        """The integral of the slope, 0 at 0."""
        pieces = [25 * x**2 / 2, x**2 / 2 + 24 * x - 12, 25 * x**2 / 2 - 24 * x + 36]
        return np.select([x < 1, x <= 2], pieces[:2], pieces[2])[()]

    def slope(self, x: Any) -> Any:
        """The three pieces above."""
        return np.select([x < 1, x <= 2], [25 * x, x + 24], 25 * x - 24)[()]

    def curvature(self, x: Any) -> Any:
        """25, but 1 between 1 and 2."""
        return np.select([x < 1, x <= 2], [25 + 0 * x, 1 + 0 * x], 25 + 0 * x)[()]
