"""Update rules that give every coordinate a step of its own."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import amounts, memories
from gdcore.optimizers import LearningRate, Optimizer, two_memories


@dataclass(frozen=True, repr=False)
class AdaGrad(Optimizer):
    r"""Divide the step by the root of all squared gradients so far.

    $$s_t = s_{t-1} + g_t^2, \qquad w_t = w_{t-1} - \eta\, g_t / (\sqrt{s_t} + \epsilon)$$

    As in torch, $\epsilon$ stands outside the root. Steps only ever shrink, as $1 / \sqrt{t}$
    under steady gradients.

    Args:
        lr: Step size $\eta$, or a schedule.
        eps: Keeps the division finite where the gradient has been zero, 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Source: Duchi, Hazan and Singer 2011, figure 1, with a diagonal matrix.
    """

    eps: float = 1e-10
    slots: ClassVar[tuple[str, ...]] = ("s",)

    def __post_init__(self) -> None:
        super().__post_init__()
        amounts(eps=self.eps)

    def update(self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, s: NDArray[Any]) -> None:
        """Apply the formula above."""
        s += g**2
        w -= lr * g / (np.sqrt(s) + self.eps)


@dataclass(frozen=True, repr=False)
class RMSProp(Optimizer):
    r"""Divide the step by a running root mean square of the gradient.

    $$s_t = \alpha s_{t-1} + (1-\alpha) g_t^2, \qquad
    w_t = w_{t-1} - \eta\, g_t / (\sqrt{s_t} + \epsilon)$$

    As in torch, $\epsilon$ stands outside the root and there is no bias correction: the first
    step is $1 / \sqrt{1-\alpha}$ times the usual one.

    Args:
        lr: Step size $\eta$, or a schedule.
        alpha: Memory $\alpha$ of the running mean, in [0, 1).
        eps: Keeps the division finite where the gradient has been zero, 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Source: Hinton, Coursera lecture 6e, 2012.
    """

    alpha: float = 0.99
    eps: float = 1e-8
    slots: ClassVar[tuple[str, ...]] = ("s",)

    def __post_init__(self) -> None:
        super().__post_init__()
        memories(alpha=self.alpha)
        amounts(eps=self.eps)

    def update(self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, s: NDArray[Any]) -> None:
        """Apply the formula above."""
        s *= self.alpha
        s += (1 - self.alpha) * g**2
        w -= lr * g / (np.sqrt(s) + self.eps)


@dataclass(frozen=True, repr=False)
class AdaDelta(Optimizer):
    r"""Divide by a running root mean square of the gradient, multiply by one of the steps.

    $$s_t = \rho s_{t-1} + (1-\rho) g_t^2, \qquad
    \Delta_t = \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{s_t + \epsilon}}\, g_t$$

    $$u_t = \rho u_{t-1} + (1-\rho) \Delta_t^2, \qquad w_t = w_{t-1} - \eta \Delta_t$$

    A step then has the units of w, and $\eta$ is a plain number, 1 in the paper. As in torch,
    $\epsilon$ stands inside both roots; it sets the size of the first steps.

    Args:
        lr: Factor $\eta$ on the step, or a schedule.
        rho: Memory $\rho$ of both running means, in [0, 1).
        eps: Sets the first steps and keeps the division finite, 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Source: Zeiler 2012, algorithm 1.
    """

    lr: LearningRate = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    slots: ClassVar[tuple[str, ...]] = ("s", "u")

    def __post_init__(self) -> None:
        super().__post_init__()
        memories(rho=self.rho)
        amounts(eps=self.eps)

    def update(
        self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, s: NDArray[Any], u: NDArray[Any]
    ) -> None:
        """Apply the formula above."""
        s *= self.rho
        s += (1 - self.rho) * g**2
        delta = np.sqrt(u + self.eps) / np.sqrt(s + self.eps) * g
        u *= self.rho
        u += (1 - self.rho) * delta**2
        w -= lr * delta


@dataclass(frozen=True, repr=False)
class Adam(Optimizer):
    r"""Divide a running mean of the gradient by its running root mean square.

    $$m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t, \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2$$

    $$\hat m_t = \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t}, \qquad
    w_t = w_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    The hats undo the start at zero, so the first step is $\eta\, g / (|g| + \epsilon)$. As in
    torch, $\epsilon$ stands outside the root and is added to $\sqrt{\hat v_t}$, the corrected one.

    Args:
        lr: Step size $\eta$, or a schedule.
        betas: Memories $\beta_1$ of the mean and $\beta_2$ of the square, each in [0, 1).
        eps: Keeps the division finite where the gradient has been zero, 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Source: Kingma and Ba 2015, algorithm 1.
    """

    lr: LearningRate = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def __post_init__(self) -> None:
        super().__post_init__()
        two_memories(self.betas)
        amounts(eps=self.eps)

    def update(
        self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, m: NDArray[Any], v: NDArray[Any]
    ) -> None:
        """Apply the formula above."""
        b1, b2 = self.betas
        m *= b1
        m += (1 - b1) * g
        v *= b2
        v += (1 - b2) * g**2
        root = v / (1 - b2**t)  # v_hat; in place from here: a large w has no room for many arrays
        np.sqrt(root, out=root)
        root += self.eps
        w -= lr / (1 - b1**t) * m / root  # lr * m_hat / root, one array less


@dataclass(frozen=True, repr=False)
class AdamW(Adam):
    r"""Adam after a shrinking of the parameters that no division touches.

    $$w_t = (1 - \eta\lambda)\, w_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    The decay is decoupled: $\lambda w$ added to the gradient, as in `SGD`, would be divided by
    $\sqrt{\hat v_t}$ too, and hold back least where gradients are large. As in torch, $\lambda$
    is multiplied by $\eta$.

    Args:
        lr: Step size $\eta$, or a schedule.
        betas: As for `Adam`.
        eps: As for `Adam`.
        weight_decay: Pull $\lambda$ of all parameters towards 0, 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Source: Loshchilov and Hutter 2019, algorithm 2.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        amounts(weight_decay=self.weight_decay)

    def update(
        self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, m: NDArray[Any], v: NDArray[Any]
    ) -> None:
        """Apply the formula above."""
        w *= 1 - lr * self.weight_decay
        super().update(w, g, lr, t, m, v)


@dataclass(frozen=True, repr=False)
class Lion(Optimizer):
    r"""Step by the sign of a mean of gradients: every coordinate moves by lr.

    $$c_t = \beta_1 m_{t-1} + (1-\beta_1) g_t, \qquad
    w_t = (1 - \eta\lambda)\, w_{t-1} - \eta \operatorname{sign}(c_t)$$

    $$m_t = \beta_2 m_{t-1} + (1-\beta_2) g_t$$

    The decay is decoupled, as in `AdamW`. A coordinate whose gradients have all been 0 stays.

    Args:
        lr: Step size $\eta$, or a schedule; a tenth to a third of Adam's.
        betas: Memories $\beta_1$ of the step and $\beta_2$ of the mean, each in [0, 1).
        weight_decay: Pull $\lambda$ of all parameters towards 0, 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Source: Chen et al. 2023, algorithm 2.
    """

    lr: LearningRate = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    slots: ClassVar[tuple[str, ...]] = ("m",)

    def __post_init__(self) -> None:
        super().__post_init__()
        two_memories(self.betas)
        amounts(weight_decay=self.weight_decay)

    def update(self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, m: NDArray[Any]) -> None:
        """Apply the formula above."""
        b1, b2 = self.betas
        c = b1 * m + (1 - b1) * g
        w *= 1 - lr * self.weight_decay
        w -= lr * np.sign(c)
        m *= b2
        m += (1 - b2) * g
