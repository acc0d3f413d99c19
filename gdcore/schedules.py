"""Learning rates that change: functions of t, the number of updates already made."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from gdcore.checks import amounts, counts, numbers, rate


@dataclass(frozen=True, repr=False)
class Schedule:
    """What all schedules share: a repr short enough for a legend."""

    def __call__(self, t: int) -> float:
        """Return the learning rate of the update made after `t` others."""
        raise TypeError(f"{type(self).__name__} has no formula: write __call__(self, t)")

    def __repr__(self) -> str:
        """Show lr first and without its name, and leave out what is at its default."""
        values = ((f, getattr(self, f.name)) for f in fields(self))
        shown = (
            f"{'' if f.name in ('lr', 'after') else f.name + '='}{getattr(v, '__name__', v)}"
            for f, v in values
            if v != f.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    r"""The same for ever, $\eta(t) = \eta_0$.

    Args:
        lr: Learning rate $\eta_0$.

    Raises:
        ValueError: If it is negative or not finite.
    """

    lr: float

    def __post_init__(self) -> None:
        amounts(lr=self.lr)

    def __call__(self, t: int) -> float:
        """Apply the formula above."""
        return self.lr


@dataclass(frozen=True, repr=False)
class Inverse(Schedule):
    r"""Shrink as one over the number of updates.

    $$\eta(t) = \frac{a}{b + t}$$

    The sum over t grows without bound and the sum of the squares does not: the steps can reach
    any distance, and their noise dies out.

    Args:
        a: Scale; on a curvature $\lambda$ choose $a \lambda$ above 1/2.
        b: Delay, above 0: the first step is a / b.

    Raises:
        ValueError: If a number is out of range.

    Source: Robbins and Monro 1951, section 2.
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        amounts(a=self.a)
        numbers(b=self.b)
        if not 0 < self.b < math.inf:
            raise ValueError(f"b must be above 0 and finite, got {self.b}: the first step is a / b")

    def __call__(self, t: int) -> float:
        """Apply the formula above."""
        return self.a / (self.b + t)


@dataclass(frozen=True, repr=False)
class Step(Schedule):
    r"""Multiply by a factor every so many updates.

    $$\eta(t) = \eta_0\, c^{\lfloor t / k \rfloor}$$

    Torch's `StepLR`, with `step_size` and `gamma` for `every` and `factor`.

    Args:
        lr: First learning rate $\eta_0$.
        every: Updates k between two changes, 1 or more.
        factor: Factor c, 0 or more.

    Raises:
        TypeError: If `every` is not an integer.
        ValueError: If a number is out of range.
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        amounts(lr=self.lr, factor=self.factor)
        counts(every=self.every)

    def __call__(self, t: int) -> float:
        """Apply the formula above."""
        return self.lr * self.factor ** (t // self.every)


@dataclass(frozen=True, repr=False)
class Exponential(Schedule):
    r"""Multiply by a factor after every update.

    $$\eta(t) = \eta_0\, \gamma^t$$

    All steps together reach no further than $\eta_0 / (1 - \gamma)$ times the gradient. A factor
    above 1 makes a sweep of learning rates within one run.

    Args:
        lr: First learning rate $\eta_0$.
        gamma: Factor $\gamma$, 0 or more.

    Raises:
        ValueError: If a number is out of range.
    """

    lr: float
    gamma: float

    def __post_init__(self) -> None:
        amounts(lr=self.lr, gamma=self.gamma)

    def __call__(self, t: int) -> float:
        """Apply the formula above."""
        return self.lr * self.gamma**t


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    r"""Fall along half a wave of the cosine, and stay there.

    $$\eta(t) = \eta_T + \frac{\eta_0 - \eta_T}{2} \left( 1 + \cos \frac{\pi t}{T} \right)$$

    The formula holds up to t = T. From there on $\eta(t) = \eta_T$, where torch's
    `CosineAnnealingLR` climbs again.

    Args:
        lr: First learning rate $\eta_0$.
        steps: Updates T until the final one is reached, 1 or more.
        final: Final learning rate $\eta_T$.

    Raises:
        TypeError: If `steps` is not an integer.
        ValueError: If a number is out of range.

    Source: Loshchilov and Hutter 2017, equation 5, one run without restarts.
    """

    lr: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        amounts(lr=self.lr, final=self.final)
        counts(steps=self.steps)

    def __call__(self, t: int) -> float:
        """Apply the formula above."""
        if t >= self.steps:
            return self.final
        wave = 1 + math.cos(math.pi * t / self.steps)
        return self.final + (self.lr - self.final) / 2 * wave


@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    r"""Start a schedule gently: grow in equal steps to its full height.

    $$\eta(t) = \min \left( 1, \frac{t + 1}{k} \right) \eta_{\text{after}}(t)$$

    The schedule keeps its own clock, so `Warmup(Cosine(0.1, steps=160), steps=10)` ends at update
    160, as the cosine does alone. The k-th update is the first at full height.

    Args:
        after: The schedule to follow: a function of t, or a number.
        steps: Updates k of the growth, 1 or more.

    Raises:
        TypeError: If `steps` is not an integer.
        ValueError: If a number is out of range.

    Source: Goyal et al. 2017, section 2.2.
    """

    after: float | Callable[[int], float]
    steps: int

    def __post_init__(self) -> None:
        counts(steps=self.steps)
        rate(after=self.after)

    def __call__(self, t: int) -> float:
        """Apply the formula above."""
        lr = self.after(t) if callable(self.after) else self.after
        return min(1, (t + 1) / self.steps) * lr
