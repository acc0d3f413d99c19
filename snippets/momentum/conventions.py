# %% [markdown] lang="en"
# # One name, three forms
#
# Momentum as PyTorch writes it, as Keras does, and as a running mean. They agree as long as
# nothing changes.

# %% [markdown] lang="zh"
# # 一个名字，三种写法
#
# PyTorch 的动量、Keras 的动量，以及滑动平均的动量。只要什么都不变，三者就一致。

# %% forms
from dataclasses import dataclass

import numpy as np

import gdcore as gd


@dataclass(frozen=True, repr=False)
class InsideVelocity(gd.Optimizer):
    """As in Keras: the learning rate inside the velocity."""

    momentum: float = 0.9
    slots = ("v",)

    def update(self, w, g, lr, t, v):
        v *= self.momentum
        v -= lr * g
        w += v


@dataclass(frozen=True, repr=False)
class RunningMean(gd.Optimizer):
    """As in the first half of Adam, uncorrected."""

    momentum: float = 0.9
    slots = ("m",)

    def update(self, w, g, lr, t, m):
        m *= self.momentum
        m += (1 - self.momentum) * g
        w -= lr * m


# %% run
beta, change = 0.9, 60
parabola, start = gd.objectives.Parabola(0.5), [1.0]
constant = gd.schedules.Constant(0.0025)
falling = gd.schedules.Step(0.0025, every=change, factor=0.1)


def paths(lr):
    """The way of each form; a mean needs lr / (1 - beta)."""
    rules = {
        "PyTorch": gd.SGD(lr, momentum=beta),
        "Keras": InsideVelocity(lr, momentum=beta),
        "mean": RunningMean(
            lambda t: lr(t) / (1 - beta), momentum=beta
        ),
    }
    return {
        name: gd.descend(parabola, start, rule, steps=120, path=True)[
            "w"
        ]
        for name, rule in rules.items()
    }


apart = {}
for title, lr in (("constant", constant), ("falling", falling)):
    ways = paths(lr)
    for name in ("Keras", "mean"):
        apart[title, name] = abs(ways[name] - ways["PyTorch"]).max()
        print(
            f"lr {title}: {name} and PyTorch are "
            f"{apart[title, name]:.0e} apart"
        )

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
ways = paths(falling)
fig, ax = plt.subplots(figsize=(4.4, 3.2))
lengths = {}
for name, look in (
    ("PyTorch", plot.BATCH),
    ("Keras", plot.MINI_BATCH),
    ("mean", plot.STOCHASTIC),
):
    lengths[name] = np.linalg.norm(np.diff(ways[name], axis=0), axis=1)
    ax.plot(np.arange(1, 121), lengths[name], label=name, **look)
ax.axvline(change + 0.5, color=plot.GREY, linewidth=0.8)
ax.set(
    yscale="log",
    xlabel="updates",
    ylabel="length of the step",
)
fig.legend(loc="outside upper left", ncols=3)
plt.show()

# %% memory_changes
# The memory itself changes: from .9 to .99 half-way, lr constant.
changed = {}
for name, form in (("PyTorch", gd.SGD), ("mean", RunningMean)):
    w = np.array(start)
    scale = 1 if name == "PyTorch" else 1 / (1 - beta)
    rule = form(0.002 * scale, momentum=0.9)
    state = rule.init(w)
    for step in range(400):
        if step == 100:
            rule = form(0.002 * scale, momentum=0.99)
        rule.step(w, parabola.grad(w), state)
        changed.setdefault(name, []).append(w.copy())
    changed[name] = np.array(changed[name])

# %% check
# While nothing changes the three are one, up to rounding.
assert (
    max(apart["constant", "Keras"], apart["constant", "mean"]) < 1e-14
)
# When lr falls, the mean stays with PyTorch, and Keras does not.
assert apart["falling", "mean"] < 1e-14
assert apart["falling", "Keras"] > 1e-3
together = apart["falling", "mean"]
parted = apart["falling", "Keras"]
# PyTorch's step falls tenfold at once: its velocity does not know lr.
# That of Keras is made of old steps, and a share beta of it goes on.
before, after = change - 1, change
steps = {name: np.diff(way, axis=0) for name, way in ways.items()}
slope = parabola.grad(ways["PyTorch"][change])
v = -steps["PyTorch"][before] / 0.0025
assert np.allclose(
    steps["PyTorch"][after], -0.00025 * (beta * v + slope)
)
assert np.allclose(
    steps["Keras"][after],
    beta * steps["Keras"][before] - 0.00025 * slope,
)
# Against what the step would have been: a tenth, and far more.
kept = paths(constant)


def drop(name):
    """How much of the step is left after the change."""
    would = kept[name][after + 1] - kept[name][after]
    return np.linalg.norm(steps[name][after]) / np.linalg.norm(would)


assert np.isclose(drop("PyTorch"), 0.1)
assert np.isclose(drop("mean"), 0.1)
torch_left, keras_left = drop("PyTorch"), drop("Keras")
assert keras_left > 0.85
# Old velocity fades by beta an update: a tenth of it is left after
forget = np.log(10) / -np.log(beta)
assert np.isclose(beta**forget, 0.1)
# torch itself, with and without dampening.
import torch


def by_torch(**options):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    rule = torch.optim.SGD([w], momentum=beta, **options)
    found = [w.detach().numpy().copy()]
    for step in range(120):
        w.grad = torch.tensor(parabola.grad(w.detach().numpy()))
        rule.step()
        found.append(w.detach().numpy().copy())
    return np.array(found)


constant_ways = paths(constant)
assert np.allclose(
    by_torch(lr=0.0025), constant_ways["PyTorch"], rtol=0, atol=1e-14
)
damped = by_torch(lr=0.0025 / (1 - beta), dampening=beta)
damped_apart = abs(damped - constant_ways["mean"]).max()
assert damped_apart > 0.01
first_damped = np.linalg.norm(damped[1] - damped[0])
first_mean = np.linalg.norm(np.diff(constant_ways["mean"][:2], axis=0))
first_ratio = first_damped / first_mean
assert np.isclose(first_ratio, 1 / (1 - beta))
# When the memory changes, it is the mean that keeps its reach.
memory_parted = abs(changed["PyTorch"] - changed["mean"]).max()
assert abs(changed["PyTorch"] - changed["mean"])[:100].max() < 1e-14
assert memory_parted > 1e-3
reach_before, reach_after = 0.002 / (1 - 0.9), 0.002 / (1 - 0.99)
