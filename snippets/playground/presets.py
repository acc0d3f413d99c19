# %% [markdown] lang="en"
# # What the playground starts from
#
# The playground's surfaces, its tape of noise, and the runs that a page
# shows before anything is touched. The script in the page repeats these
# runs number for number.

# %% [markdown] lang="zh"
# # 试验场的出发点
#
# 试验场用到的曲面、录好的噪声，以及读者动手之前页面上显示的运行。页面里的
# 脚本会逐个数字地重现这些运行。

# %% surfaces
import json
import math

import matplotlib.pyplot as plt
import numpy as np

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

NAMES = {
    "sgd": "SGD",
    "momentum": "momentum",
    "nesterov": "Nesterov",
    "rmsprop": "RMSProp",
    "adam": "Adam",
}
PLANES = {
    "saddle": gd.objectives.Saddle(),
    "rosenbrock": gd.objectives.Rosenbrock(),
    "beale": gd.objectives.Beale(),
    "himmelblau": gd.objectives.Himmelblau(),
}


def surface_of(name, kappa, turn):
    if name == "bowl":
        return gd.objectives.Quadratic((1, kappa), math.radians(turn))
    return PLANES[name]


def rule_of(name, lr, beta):
    if name == "rmsprop":
        return gd.RMSProp(lr)
    if name == "adam":
        return gd.Adam(lr)
    if name == "sgd" or not beta:
        return gd.SGD(lr)
    return gd.SGD(lr, beta, nesterov=name == "nesterov")


# %% noise
draws = np.random.default_rng(0).standard_normal((1000, 2)).round(4)


class Noisy:
    """A surface whose slopes are off by numbers from a tape."""

    def __init__(self, surface, scale):
        self.surface, self.scale, self.tape = (
            surface,
            scale,
            iter(draws),
        )

    def __call__(self, w):
        return self.surface(w)

    def value_and_grad(self, w):
        height, slope = self.surface.value_and_grad(w)
        return height, slope + self.scale * next(self.tape)


# %% run
flat = 1e-3  # the slope at which a run has arrived
times_higher = 10  # than the picture's highest corner: out of sight


def ceiling(f):
    across, up = f.domain
    corners = [f(np.array([x, y])) for x in across for y in up]
    return times_higher * max(corners)


def descend(f, rule, start, steps, noise, batch):
    """A run that ends as the playground's runs do."""
    return gd.descend(
        Noisy(f, noise / math.sqrt(batch)) if noise else f,
        start,
        rule,
        steps=steps,
        tol=0 if noise else flat,
        max_loss=ceiling(f),
        path=True,
    )


# %% preset
def preset(
    surface,
    rules,
    start,
    kappa=10,
    turn=0,
    momentum=0.9,
    noise=0,
    batch=1,
    steps=100,
    show=None,
):
    """Run and draw; return the runs, and the settings in one line."""
    f = surface_of(surface, kappa, turn)
    made = {}
    for name, lr in rules.items():
        rule = rule_of(name, lr, momentum)
        made[name] = descend(f, rule, start, steps, noise, batch)

    _, above = plt.subplots(figsize=(4.4, 4), layout="constrained")
    plot.contour(f, ax=above)
    for name, history in made.items():
        plot.path(history, ax=above, **plot.RULES[name])
    above.set(xlim=f.domain[0], ylim=f.domain[1], aspect="equal")
    above.grid(False)

    _, ax = plt.subplots(figsize=(4.4, 4), layout="constrained")
    lowest = min(f(w) for w in f.minima)
    for name, history in made.items():
        label = f"{NAMES[name]}, lr {rules[name]}"
        if noise:
            label += f", batch size {batch}"
        height = np.maximum(history["loss"] - lowest, 1e-12)
        ax.plot(height, label=label, **plot.RULES[name])
    ax.set(xlabel="step", ylabel="height above the lowest point")
    ax.set(yscale="log", xlim=(0, steps))
    ax.legend()

    settings = {
        "surface": surface,
        "kappa": kappa,
        "turn": turn,
        "x": start[0],
        "y": start[1],
        "rules": ",".join(f"{name}:{lr}" for name, lr in rules.items()),
        "momentum": momentum,
        "noise": noise,
        "batch": batch,
        "steps": steps,
    }
    if show:
        settings["show"] = show
    return made, " ".join(f"{k}={v}" for k, v in settings.items())


def arrived(history):
    """Updates until the slope is next to nothing."""
    assert history.stop == "converged"
    return int(history.steps("loss")[-1])


def level(history):
    """Mean height over the last half of a run whose minimum is 0."""
    return history["loss"][len(history["loss"]) // 2 :].mean()


def floor(lr, noise, batch, curvatures=(1, 10)):
    """Where noise holds plain descent up, in the long run."""
    axes = (lr / (2 * (2 - lr * c)) for c in curvatures)
    return noise**2 / batch * sum(axes)


# %% [markdown] lang="en"
# ## The playground's own page
#
# A bowl of condition number 10, and what becomes of it when the
# learning rate is a little too large.

# %% [markdown] lang="zh"
# ## 试验场自己的页面
#
# 一个条件数为 10 的碗，以及学习率稍大一点会怎样。

# %% bowl
runs, bowl = preset(
    "bowl", {"sgd": 0.18, "momentum": 0.1}, (-1.4, 1.0), momentum=0.5
)
plt.show()
bowl_sgd = arrived(runs["sgd"])
bowl_momentum = arrived(runs["momentum"])

# %% too_fast
runs, too_fast = preset("bowl", {"sgd": 0.21}, (-1.4, 1.0))
plt.show()
too_fast_lr, kappa = 0.21, 10
limit = 2 / kappa
too_fast_steps = len(runs["sgd"]["loss"])  # made when it is too high

# %% one_knob
_, one_knob = preset("bowl", {"sgd": 0.15}, (-1.4, 1.0), show="lr")
plt.show()

# %% stretched
runs, stretched = preset(
    "bowl",
    {"sgd": 0.06},
    (-1.0, 0.7),
    kappa=30,
    steps=200,
    show="surface,lr",
)
plt.show()
stretched_kappa, stretched_lr = 30, 0.06
stretched_steps = arrived(runs["sgd"])

# %% [markdown] lang="en"
# ## A narrow valley, along the axes and across them
#
# Turning bowl and start together changes nothing for rules that treat
# all directions alike.

# %% [markdown] lang="zh"
# ## 窄谷：顺着坐标轴，与斜跨坐标轴
#
# 对各个方向一视同仁的规则，碗和起点一起转动，什么也不会改变。

# %% narrow
LR = {"sgd": 0.0645, "momentum": 0.0954, "rmsprop": 0.02}
narrow_kappa, angle = 30, 45
valley = {"kappa": narrow_kappa, "momentum": 0.48, "steps": 400}
runs, narrow = preset("bowl", LR, (-1.0, 0.7), **valley)
plt.show()
narrow_sgd, narrow_momentum, narrow_rmsprop = map(
    arrived, runs.values()
)

# %% memory
remembered, ahead_lr = 0.48, 0.047
runs, memory = preset(
    "bowl",
    {**{n: LR[n] for n in ("sgd", "momentum")}, "nesterov": ahead_lr},
    (-1.0, 0.7),
    kappa=narrow_kappa,
    momentum=remembered,
    steps=200,
    show="momentum,lr",
)
plt.show()
memory_sgd, memory_momentum, memory_nesterov = map(
    arrived, runs.values()
)
memory_gain = memory_sgd / memory_momentum
# Each learning rate fixed: heavy ball holds from a least memory on,
# Nesterov's form up to a most.
memory_least = LR["momentum"] * narrow_kappa / 2 - 1
reach = ahead_lr * narrow_kappa
memory_most = (2 - reach) / (2 * reach - 2)

# %% turned
bowl_turned = surface_of("bowl", narrow_kappa, angle)
place = bowl_turned.rotation @ [-1.0, 0.7]  # the same one, turned
place = tuple(place.round(4).tolist())
runs, turned = preset("bowl", LR, place, turn=angle, **valley)
plt.show()
turned_sgd, turned_momentum, turned_rmsprop = map(
    arrived, runs.values()
)

# %% [markdown] lang="en"
# ## Noise
#
# The tape is the same for all, so a hundred times the batch size gives
# the same dance at a tenth of its width.

# %% [markdown] lang="zh"
# ## 噪声
#
# 录好的噪声对谁都一样，所以批量放大一百倍，就是同一支舞，幅度只有十分之一。

# %% noisy
runs, noisy = preset(
    "bowl", {"sgd": 0.1}, (-1.4, 1.0), noise=1, steps=500
)
plt.show()
noisy_level = level(runs["sgd"])

# %% calmer
runs, calmer = preset(
    "bowl", {"sgd": 0.1}, (-1.4, 1.0), noise=1, batch=100, steps=500
)
plt.show()
calmer_batch, calmer_level = 100, level(runs["sgd"])

# %% one_row
one_row_lr, one_row_sigma = 0.3, 0.5
runs, one_row = preset(
    "bowl",
    {"sgd": one_row_lr},
    (-1.4, 1.0),
    kappa=1,
    noise=one_row_sigma,
    steps=400,
    show="lr,noise",
)
plt.show()
one_row_level = level(runs["sgd"])

# %% world
shown = {"bowl": surface_of("bowl", 10, 0), **PLANES}
surfaces = json.dumps(
    {
        name: {
            "domain": f.domain.tolist(),
            "minima": f.minima.tolist(),
            "start": f.start.tolist(),
        }
        for name, f in shown.items()
    }
)
looks = json.dumps(
    {
        name: {
            "color": plot.RULES[name]["color"],
            "linewidth": plot.RULES[name]["linewidth"],
            "dashes": np.ravel(
                plot.RULES[name]["linestyle"][1:]
            ).tolist()
            if plot.RULES[name]["linestyle"] != "-"
            else [],
        }
        for name in NAMES
    }
)
draws_made = len(draws)
tape = json.dumps(draws.ravel().tolist(), separators=(",", ":"))

# %% check
from dataclasses import replace


def slowest(lr):
    """Nesterov's factor per update, the larger of both axes."""
    left = 1 - lr * np.array([1, narrow_kappa])
    return max(
        np.abs(
            np.roots([1, -(1 + remembered) * k, remembered * k])
        ).max()
        for k in left
    )


# The limit is 2 over the largest curvature, and 0.21 lies above it.
just_below = descend(
    shown["bowl"], gd.SGD(0.199), [-1.4, 1], 3000, 0, 1
)
assert just_below.stop == "converged"
assert too_fast_lr > limit

# Momentum wins in the narrow valley, and turning costs it nothing.
assert narrow_momentum < narrow_sgd / 2
assert abs(turned_sgd - narrow_sgd) <= 1
assert abs(turned_momentum - narrow_momentum) <= 1

# At these learning rates momentum holds from a least memory on, and
# Nesterov's form up to a most.
for less, more, rule in (
    ("diverged", "converged", gd.SGD(LR["momentum"], memory_least)),
    ("converged", "diverged", gd.SGD(ahead_lr, memory_most, True)),
):
    f = surface_of("bowl", narrow_kappa, 0)
    for part, stop in ((0.98, less), (1.02, more)):
        rule_ = replace(rule, momentum=part * rule.momentum)
        history = descend(f, rule_, (-1.0, 0.7), 3000, 0, 1)
        assert history.stop == stop
assert memory_momentum < memory_nesterov < memory_sgd / 2
# Near its best: Nesterov's form with lr a tenth off either way is
# slower in the long run.
assert slowest(ahead_lr) < min(
    slowest(0.9 * ahead_lr), slowest(1.1 * ahead_lr)
)

# RMSProp looks along the axes: turning takes its advantage away.
assert turned_rmsprop > 5 * narrow_rmsprop

# None of these counts hangs on a rounding, as those of a chaotic run
# would: a start a billionth away needs as many steps.
for angle_, start in ((0, (-1.0, 0.7)), (angle, place)):
    f = surface_of("bowl", narrow_kappa, angle_)
    for name, lr in (*LR.items(), ("nesterov", ahead_lr)):
        rule = rule_of(name, lr, valley["momentum"])
        near = np.add(start, [1e-9, -1e-9])
        there, here = (
            arrived(descend(f, rule, w, 400, 0, 1))
            for w in (start, near)
        )
        assert there == here

# A hundred times the batch size, a hundredth of the height; on the
# one tape that all runs share, near what theory says of all tapes.
assert abs(noisy_level / calmer_level / calmer_batch - 1) < 0.01
assert abs(noisy_level / floor(0.1, 1, 1) - 1) < 0.25
one_row_floor = floor(one_row_lr, one_row_sigma, 1, (1, 1))
assert abs(one_row_level / one_row_floor - 1) < 0.25

# Theory, held to 4000 runs with noise of their own.
w, rule, rng = (
    np.zeros((4000, 2)),
    gd.SGD(0.05),
    np.random.default_rng(1),
)
state = rule.init(w)
for _ in range(300):
    slope = shown["bowl"].grad(w) + rng.normal(0, 1, w.shape)
    rule.step(w, slope, state)
heights = shown["bowl"](w)
assert abs(heights.mean() / floor(0.05, 2, 4) - 1) < 0.05
assert floor(0.0125, 2, 4) < floor(0.05, 2, 4) / 4

# The tape has draws for the longest run that the playground offers.
assert draws_made == 1000
