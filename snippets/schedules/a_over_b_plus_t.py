# %% [markdown] lang="en"
# # A learning rate that shrinks
#
# Noisy descent on a parabola, with a learning rate that stays, one that shrinks too soon, and
# a/(b + t). The expected height of every run here follows an exact recursion, and the last cell
# holds the runs to it.

# %% [markdown] lang="zh"
# # 会缩小的学习率
#
# 在抛物线上带噪声地下降：学习率有的不变，有的缩得太早，有的取 a/(b + t)。这里每次运行的期望高度，
# 都由一个精确的递推式给出，最后一格逐一核对。

# %% descend
import numpy as np

import gdcore as gd

noise, start, updates = 1.0, 2.0, 10_000
groups, runs = 8, 125  # a thousand runs at once
marks = np.unique(np.geomspace(1, updates, 60).round().astype(int))


def descend(lr, seed):
    """Descend on x^2/2; the mean of x^2 in each group, at the marks."""
    rng = np.random.default_rng(seed)
    x = np.full((groups, runs), start)
    rule = gd.SGD(lr=lr)
    state = rule.init(x)
    squares = []
    for t in range(1, updates + 1):
        slope = x + noise * rng.standard_normal(x.shape)
        rule.step(x, slope, state)
        if t in marks:
            squares.append(np.mean(x**2, axis=1))
    return np.array(squares)  # (marks, groups)


Inverse, Exponential = gd.schedules.Inverse, gd.schedules.Exponential
ways = {
    "long": 0.1,
    "short": 0.01,
    "frozen": Exponential(0.1, gamma=0.95),
    "timid": Inverse(a=0.2, b=2),
    "right": Inverse(a=1, b=10),
}
squares = {
    name: descend(lr, seed)
    for seed, (name, lr) in enumerate(ways.items())
}
for name, lr in ways.items():
    print(f"{lr!s:>28}: {np.sqrt(squares[name][-1].mean()):.4f}")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
looks = {
    "long": ("constant, lr 0.1", plot.RULES["adagrad"]),
    "short": ("constant, lr 0.01", plot.RULES["rmsprop"]),
    "frozen": (
        "lr 0.1, times 0.95 after every update",
        plot.RULES["nesterov"],
    ),
    "timid": ("a/(b + t), a = 0.2, b = 2", plot.MINI_BATCH),
    "right": ("a/(b + t), a = 1, b = 10", plot.BATCH),
}
fig, ax = plt.subplots(figsize=(4.4, 4.8))
for name, (label, look) in looks.items():
    distance = np.sqrt(squares[name]).T
    plot.band(marks, distance, ax=ax, label=label, **look)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="updates",
    ylabel="distance from the bottom, root mean square",
)
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## The mean, updated one number at a time

# %% [markdown] lang="zh"
# ## 平均数，来一个数更新一次

# %% running_mean
import numpy as np

rng = np.random.default_rng(0)
y = rng.normal(3, 1, size=1000)

x = 0.0
for t in range(len(y)):
    lr = 1 / (1 + t)
    slope = x - y[t]
    x -= lr * slope
print(f"descent: {x:.12f}")
print(f"mean:    {y.mean():.12f}")

# %% [markdown] lang="en"
# ## Which a?
#
# All start at learning rate a/b = 0.1. The curvature is 1, so a is also the product of a and the
# curvature.

# %% [markdown] lang="zh"
# ## a 取多大？
#
# 起初的学习率 a/b 都是 0.1。曲率是 1，所以 a 也就是 a 与曲率的乘积。

# %% which_a
tried = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
measured = np.array(
    [
        descend(Inverse(a, b=10 * a), seed=10 + k)
        for k, a in enumerate(tried)
    ]
)  # (a, marks, groups)


def expected(lr, steps=updates):
    """The exact mean of x^2 after every update, from the recursion."""
    square, path = start**2, np.empty(steps)
    for t in range(steps):
        eta = lr(t) if callable(lr) else lr
        square = (1 - eta) ** 2 * square + (eta * noise) ** 2
        path[t] = square
    return path


grid = np.geomspace(0.1, 10, 41)
exact = np.array([expected(Inverse(a, b=10 * a)) for a in grid])

fig, ax = plt.subplots(figsize=(4.4, 4.6))
shown = {
    100: plot.RULES["rmsprop"],
    1000: plot.STOCHASTIC | {"linestyle": "--", "linewidth": 1.6},
    10_000: plot.BATCH,
}
for t, look in shown.items():
    ax.plot(
        grid, t * exact[:, t - 1], label=f"after {t:,d} updates", **look
    )
    at = measured[:, np.searchsorted(marks, t)] * t  # (a, groups)
    mean = at.mean(1)
    ax.errorbar(
        tried,
        mean,
        yerr=[mean - at.min(1), at.max(1) - mean],
        fmt="o",
        markersize=4,
        linewidth=1,
        color=look["color"],
    )
beyond = np.geomspace(0.52, 10, 100)
ax.plot(
    beyond,
    beyond**2 / (2 * beyond - 1),
    ":",
    color=plot.INK,
    linewidth=1.4,
    label="in the long run",
)
ax.set(
    xscale="log",
    yscale="log",
    ylim=(0.6, 8000),
    xlabel="a times curvature",
    ylabel="t times mean square distance",
)
ax.set_xticks([0.1, 0.25, 0.5, 1, 2, 4, 8])
ax.set_xticklabels(["0.1", "0.25", "0.5", "1", "2", "4", "8"])
ax.minorticks_off()
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% [markdown] lang="en"
# ## No noise at all
#
# The same schedule on x^2/10, whose slope is x/5, from x = 1.

# %% [markdown] lang="zh"
# ## 没有一点噪声
#
# 同一个学习率安排，用在 x^2/10 上，坡度是 x/5，从 x = 1 出发。

# %% no_noise
far = 1.0
for t in range(1_000_000):
    far -= 1 / (1 + t) * far / 5
    if t + 1 in (100, 10_000, 1_000_000):
        print(f"1/(1 + t), after {t + 1:9,d}: {far:.4f}")

steady = 1.0
for t in range(100):
    steady -= 1.0 * steady / 5
print(f"constant 1, after {t + 1:8,d}: {steady:.1e}")

# %% [markdown] lang="en"
# ## The claims of the chapter

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
from math import lgamma, prod

slow_million = far
# Every curve is the recursion. Over a thousand runs x is normal, so the
# mean of x^2 has a standard error of at most sqrt(2/1000) of itself;
# five of them, as there are hundreds of marks.
five = 5 * np.sqrt(2 / (groups * runs))
for name, lr in ways.items():
    away = squares[name].mean(1) / expected(lr)[marks - 1] - 1
    assert np.abs(away).max() < five
for a, of_a in zip(tried, measured, strict=True):
    away = of_a.mean(1) / expected(Inverse(a, b=10 * a))[marks - 1] - 1
    assert np.abs(away).max() < five

# Together the twelve last points are nearer: by a root of twelve.
last = [
    squares[name][-1].mean() / expected(lr)[-1]
    for name, lr in ways.items()
]
last += [
    of_a[-1].mean() / expected(Inverse(a, b=10 * a))[-1]
    for a, of_a in zip(tried, measured, strict=True)
]
assert len(last) == 12
assert abs(np.mean(last) - 1) < five / np.sqrt(12)

# A constant learning rate ends on its floor, lr / (2 - lr).
long_lr, short_lr = ways["long"], ways["short"]
long_floor, short_floor = (
    np.sqrt(lr * noise**2 / (2 - lr)) for lr in (long_lr, short_lr)
)
for lr, floor in ((long_lr, long_floor), (short_lr, short_floor)):
    assert np.isclose(np.sqrt(expected(lr)[-1]), floor, rtol=1e-9)
floor_share = short_floor / long_floor


def reaches(lr, distance):
    """Updates until the root mean square distance is as small."""
    return int(np.argmax(np.sqrt(expected(lr)) <= distance)) + 1


long_reaches = reaches(long_lr, 1.1 * long_floor)
short_reaches = reaches(short_lr, 1.1 * short_floor)
assert short_reaches > 5 * long_reaches

# Too soon: all the learning rates that will ever come sum to 2, and
# the run stays where it is.
frozen = expected(ways["frozen"])
frozen_end = np.sqrt(frozen[-1])
loses = 1 - ways["frozen"].gamma
reach = 0.1 / loses
assert np.isclose(sum(ways["frozen"](t) for t in range(5000)), reach)
way_left = prod(1 - ways["frozen"](t) for t in range(5000))
assert frozen[-1] > (start * way_left) ** 2
assert abs(frozen[999] / frozen[-1] - 1) < 1e-3
bias_end = start * way_left

# a = 1: down as 1/t; a = 0.2: no better than t^-0.4.
right_end, timid_end = (
    np.sqrt(expected(ways[name])[-1]) for name in ("right", "timid")
)
least = noise / np.sqrt(updates)
# 1 - 1/(10 + t) cancels from factor to factor, which leaves
whole = ((9 * start) ** 2 + updates) / (9 + updates) ** 2
assert np.isclose(right_end**2, whole, rtol=1e-9)
assert abs(right_end / least - 1) < 0.02
far_off = timid_end / right_end
# No constant learning rate gets as near in as many updates.
constants = np.geomspace(1e-4, 0.1, 100)
squared = np.full(100, start**2)
for t in range(updates):
    squared = (1 - constants) ** 2 * squared + constants**2
best_constant = np.sqrt(squared.min())
assert constants[0] < constants[squared.argmin()] < constants[-1]
assert best_constant > 1.5 * right_end
assert far_off > 20
timid = expected(ways["timid"], 100_000)
slope_timid = np.log10(timid[-1] / timid[9_999])
assert abs(slope_timid + 2 * 0.2) < 0.01  # a power of -2 a

# The running mean is descent; a rounding or two for each number.
assert np.isclose(x, y.mean(), rtol=1e-12)

# t Var -> a^2 / (2a - 1), smallest at a = 1; below a half it grows.
limit = {a: a**2 / (2 * a - 1) for a in tried if a > 0.5}
assert min(limit, key=limit.get) == 1
for a, value in limit.items():
    reached = updates * expected(Inverse(a, b=10 * a))[-1]
    assert abs(reached / value - 1) < 0.04  # the start is in it
price_8, price_4, price_2 = limit[8.0], limit[4.0], limit[2.0]
quarter = expected(Inverse(0.25, b=2.5)) * np.arange(1, updates + 1)
assert quarter[99] < quarter[999] < quarter[9_999]
quarter_end = quarter[-1]
half_a = 0.5


# Without noise: Gamma(t + 4/5) / (Gamma(4/5) t!), above 0.8 t^-0.2.
def closed(t):
    return np.exp(lgamma(t + 0.8) - lgamma(0.8) - lgamma(t + 1))


assert np.isclose(
    slow_million, closed(1_000_000), rtol=1e-9
)  # lgamma's digits
for t in (1, 10, 1000, 10**6, 10**9):
    assert 0.8 * t**-0.2 <= closed(t) <= t**-0.2
slow_billion = closed(10**9)
slow_last = 1_000_000
assert np.isclose(steady, 0.8**100, rtol=1e-12)
steady_steps = 100
