"""Update rules: each takes w, the gradient g and what it remembers, and moves w in place."""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import amounts, memories, rate

LearningRate = float | Callable[[int], float]
State = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Optimizer:
    """What all rules share: they count updates, look up the learning rate, and keep open state.

    The rule itself is numbers and never changes. What it remembers between updates lies in a plain
    dict made by `init` and handed back to every `step`, where anybody can look at it.

    Args:
        lr: Step size, or a schedule: any function of t, the number of updates already made.
    """

    lr: LearningRate = 0.01
    slots: ClassVar[tuple[str, ...]] = ()  # arrays the rule keeps, zero at t = 0

    def __post_init__(self) -> None:
        rate(lr=self.lr)

    def init(self, w: NDArray[Any]) -> State:
        """Make the state of a run that starts at `w`: the counter t, and slots shaped like `w`."""
        return {"t": 0, **{name: np.zeros_like(w) for name in self.slots}}

    def step(self, w: NDArray[Any], grad: NDArray[Any], state: State) -> None:
        """Make one update: change `w` and `state` in place; `grad` has the shape of `w`."""
        lr = self.lr(state["t"]) if callable(self.lr) else self.lr
        state["t"] += 1
        self.update(w, grad, lr, **state)

    def update(
        self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, *_: Any, **slots: Any
    ) -> None:
        """Move `w` by the rule's formula; `t` counts updates from 1. Each rule writes its own."""
        raise TypeError(f"{type(self).__name__} has no rule: write update(self, w, g, lr, t, ...)")

    def __repr__(self) -> str:
        """Show lr and whatever differs from the defaults: short enough for a legend."""
        values = ((f, getattr(self, f.name)) for f in fields(self))
        shown = (
            f"{f.name}={getattr(v, '__name__', v)}"
            for f, v in values
            if f.name == "lr" or f.default is MISSING or v != f.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def two_memories(betas: tuple[float, float]) -> None:
    """Refuse betas unless they are two memories."""
    message = f"betas must be two numbers in [0, 1), got {betas!r}"
    if not isinstance(betas, Sequence):
        raise TypeError(message)
    if len(betas) != 2:
        raise ValueError(message)
    memories(**{"betas[0]": betas[0], "betas[1]": betas[1]})


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    r"""Step against the gradient, with memory of the steps before if wanted.

    $$v_t = \beta v_{t-1} + g_t, \qquad w_t = w_{t-1} - \eta v_t$$

    As in torch: the learning rate stands outside the velocity, and Nesterov's form steps by
    $g_t + \beta v_t$ in the place of $v_t$. With `momentum` 0 this is plain descent,
    $w_t = w_{t-1} - \eta g_t$, and nothing is kept. Weight decay is the coupled form: it puts
    $g_t + \lambda w_{t-1}$ in the place of $g_t$, the gradient of a loss with
    $\frac{\lambda}{2} \|w\|^2$ added.

    Args:
        lr: Step size $\eta$, or a schedule.
        momentum: Memory $\beta$, in [0, 1).
        nesterov: Look ahead along the velocity; needs momentum.
        weight_decay: Pull $\lambda$ of all parameters towards 0, 0 or more.

    Raises:
        ValueError: If a number is out of range, or `nesterov` comes without momentum.

    Source: Polyak 1964; Nesterov 1983, in the form of Sutskever et al. 2013, section 2.
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    slots: ClassVar[tuple[str, ...]] = ("v",)

    def __post_init__(self) -> None:
        super().__post_init__()
        memories(momentum=self.momentum)
        amounts(weight_decay=self.weight_decay)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov=True looks ahead along the velocity: give momentum above 0")

    def init(self, w: NDArray[Any]) -> State:
        """Make the state: t and the velocity v, or t alone where there is no momentum."""
        return super().init(w) if self.momentum else {"t": 0}

    def update(
        self, w: NDArray[Any], g: NDArray[Any], lr: float, t: int, v: NDArray[Any] | None = None
    ) -> None:
        """Apply the formula above."""
        if self.weight_decay:
            g = g + self.weight_decay * w
        if v is not None:
            v *= self.momentum
            v += g
            g = g + self.momentum * v if self.nesterov else v
        w -= lr * g
