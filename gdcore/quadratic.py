"""The bowl: the surface on which everything about descent can be computed."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.surfaces import Surface, fixed


@dataclass(frozen=True, eq=False)
class Quadratic(Surface):
    r"""A bowl with given curvatures, turned and moved at will, in any dimension.

    $$f(w) = \tfrac12 (w - c)^\top H (w - c), \qquad H = Q \operatorname{diag}(\lambda) Q^\top$$

    Args:
        eigenvalues: Curvatures $\lambda$ along the principal axes, all above 0, shape (d,).
        rotation: The principal axes: an orthogonal matrix Q with an axis in each column, or in
            the plane the angle in radians by which they are turned. None leaves them upright.
        center: The minimum c, shape (d,), or one number for all coordinates.

    Raises:
        ValueError: If an eigenvalue is not above 0, or `rotation` or `center` does not fit.
    """

    eigenvalues: ArrayLike = (1.0, 10.0)
    rotation: ArrayLike | None = None
    center: ArrayLike = 0.0
    H: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        eigenvalues = fixed(self.eigenvalues)
        if eigenvalues.ndim != 1 or not eigenvalues.size:
            raise ValueError(f"eigenvalues must have shape (d,), got {eigenvalues.shape}")
        if not ((eigenvalues > 0) & np.isfinite(eigenvalues)).all():
            raise ValueError(f"eigenvalues must be above 0 and finite, got {self.eigenvalues}")
        d = len(eigenvalues)
        Q = np.eye(d) if self.rotation is None else np.asarray(self.rotation, np.float64)
        if Q.ndim == 0 and d == 2:
            Q = np.array([[np.cos(Q), -np.sin(Q)], [np.sin(Q), np.cos(Q)]])
        # 1e-10: a product of rounded rotations passes, a forgotten normalisation does not
        if Q.shape != (d, d) or not np.allclose(Q.T @ Q, np.eye(d), rtol=0, atol=1e-10):
            raise ValueError(
                f"rotation must be an orthogonal matrix of shape {(d, d)}"
                f"{', or an angle' if d == 2 else ''}, got {self.rotation}"
            )
        center = np.asarray(self.center, np.float64)
        if center.shape not in ((), (d,)) or not np.isfinite(center).all():
            raise ValueError(f"center must be finite, of shape {(d,)}, got {self.center}")
        object.__setattr__(self, "eigenvalues", eigenvalues)
        object.__setattr__(self, "rotation", fixed(Q))
        object.__setattr__(self, "center", fixed(np.broadcast_to(center, d)))
        object.__setattr__(self, "H", fixed(Q * eigenvalues @ Q.T))

    @classmethod
    def conditioned(
        cls, condition: float, d: int = 2, *, seed: int | None = None, center: ArrayLike = 0.0
    ) -> "Quadratic":
        r"""Make a bowl of condition number $\kappa$: curvatures from 1 to $\kappa$, log-spaced.

        Args:
            condition: Condition number $\kappa$, at least 1.
            d: Dimension, at least 2.
            seed: Draws a rotation, all being equally likely; None leaves the axes upright.
            center: As for `Quadratic`.

        Raises:
            ValueError: If `condition` is below 1 or `d` below 2.

        Source of the rotation: Mezzadri 2007, section 5.
        """
        if not condition >= 1:  # also catches nan
            raise ValueError(f"condition must be 1 or more, got {condition}")
        if d < 2:
            raise ValueError(f"d must be 2 or more for a condition number, got {d}")
        Q = None
        if seed is not None:
            Q, R = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
            Q = Q * np.sign(np.diag(R))
        return cls(np.geomspace(1, condition, d), Q, center)

    @property
    def minima(self) -> NDArray[np.float64]:
        """The minimum c, shape (1, d)."""
        return np.atleast_2d(self.center)

    @property
    def domain(self) -> NDArray[np.float64]:
        """A box about c that holds `start`, however it is turned."""
        side = 1.1 * math.sqrt(self.minima.size)
        return np.add(self.minima.T, [-side, side])

    @property
    def start(self) -> NDArray[np.float64]:
        """One from c along every principal axis."""
        start: NDArray[np.float64] = self.minima[0] + np.asarray(self.rotation).sum(axis=1)
        return start

    def __call__(self, w: NDArray[Any]) -> Any:
        """Return the value, a float, or shape (R,)."""
        return self.value_and_grad(w)[0]

    def grad(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return $H (w - c)$."""
        return self.value_and_grad(w)[1]

    def value_and_grad(self, w: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the value and the gradient from one product with H."""
        dtype = np.result_type(w, np.float32)  # float32 stays, integers become float64
        offset = np.subtract(w, self.center, dtype=dtype)
        g = np.matvec(self.H.astype(dtype), offset)
        return np.vecdot(offset, g) / 2, g

    def hessian(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return H."""
        return np.broadcast_to(self.H, (*w.shape, w.shape[-1]))
