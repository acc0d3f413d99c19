# %% [markdown] lang="en"
# # The average of the points
#
# Instead of shrinking the step, keep it and average the points on the way. On a bowl whose
# directions are bent unequally, beside two choices of a/(b + t) and a learning rate that is halved
# every so often; then on a curve that is no parabola.

# %% [markdown] lang="zh"
# # 把走过的点取平均
#
# 不缩小步子，而是把沿途的点取平均。先用在一个各方向弯得不一样的碗上，与两种 a/(b + t)、以及
# 隔一阵就减半的学习率比较；再用在一条不是抛物线的曲线上。

# %% loop
import numpy as np

import gdcore as gd

curvatures = np.geomspace(0.01, 1, 9)  # nine directions of one bowl
groups, runs, updates = 8, 50, 10_000


def descend(lr, seed):
    """Return where 400 runs end, and the average of their points."""
    rng = np.random.default_rng(seed)
    w = np.full((groups, runs, len(curvatures)), 10.0)
    rule, average = gd.SGD(lr=lr), gd.Average()
    state = rule.init(w)
    for t in range(updates):
        slope = curvatures * w + rng.standard_normal(w.shape)
        rule.step(w, slope, state)
        average.update(w)
    return w, average.w


# %% race
Inverse = gd.schedules.Inverse
for_steep, for_flat = Inverse(a=1, b=2), Inverse(a=100, b=200)
constant = 0.5
halved = gd.schedules.Step(0.5, every=1000, factor=0.5)

last, averaged = descend(constant, seed=0)
ends = {
    "constant": last,
    "for_steep": descend(for_steep, seed=1)[0],
    "for_flat": descend(for_flat, seed=2)[0],
    "halved": descend(halved, seed=3)[0],
    "averaged": averaged,
}
# 1 is the variance of the mean of all the noise, 1 / (curvature^2 t)
prices = {
    name: updates * curvatures**2 * np.mean(w**2, axis=1)
    for name, w in ends.items()
}  # (groups, directions)
for name, price in prices.items():
    flat, steep = price.mean(0)[[0, -1]]
    print(f"{name:>9}: flattest {flat:8.2f}, steepest {steep:8.2f}")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
looks = {
    "constant": ("constant, lr 0.5", plot.RULES["adagrad"]),
    "for_steep": ("a/(b + t), a = 1, b = 2", plot.MINI_BATCH),
    "for_flat": ("a/(b + t), a = 100, b = 200", plot.STOCHASTIC),
    "halved": (
        "lr 0.5, halved every 1,000 updates",
        plot.RULES["nesterov"],
    ),
    "averaged": ("constant, lr 0.5, averaged", plot.BATCH),
}
fig, ax = plt.subplots(figsize=(4.4, 4.6))
for name, (label, look) in looks.items():
    plot.band(curvatures, prices[name], ax=ax, label=label, **look)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="curvature of the direction",
    ylabel="mean square distance, 1 is the best",
)
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## Where the average goes wrong
#
# The slope of e^x - x is e^x - 1: to the right of its lowest point the curve is steeper than to
# the left. The noise then leaves the points off centre, and averaging keeps them so.

# %% [markdown] lang="zh"
# ## 平均在哪里出错
#
# e^x - x 的坡度是 e^x - 1：最低点的右边比左边陡。于是噪声让点的中心偏到一边，取平均也偏在那里。

# %% skewed
kept_lrs = (0.2, 0.1)
steps = 20_000


def shrinking(t):
    return 0.2 / (1 + t / 10) ** 0.5


def average_of(lr, seed):
    """The average of the points after t updates, in every run."""
    rng = np.random.default_rng(seed)
    x = np.zeros((groups, 25))
    rule, average = gd.SGD(lr=lr), gd.Average()
    state = rule.init(x)
    path, at = [], []
    for t in range(1, steps + 1):
        rule.step(x, np.expm1(x) + rng.standard_normal(x.shape), state)
        average.update(x)
        if t % 200 == 0:
            path.append(average.w.mean(axis=1))
            at.append(t)
    return np.array(at), np.array(path)  # (t,), (t, groups)


fig, ax = plt.subplots(figsize=(4.4, 3.8))
centres = {}
for seed, (lr, label, look) in enumerate(
    (
        (0.2, "constant, lr 0.2", plot.RULES["adagrad"]),
        (0.1, "constant, lr 0.1", plot.MINI_BATCH),
        (shrinking, "lr 0.2 at first, shrinking", plot.BATCH),
    )
):
    at, path = average_of(lr, seed)
    centres[lr] = path[-1]
    plot.band(at, path.T, ax=ax, label=label, **look)
ax.axhline(0, color=plot.INK, linewidth=0.8)
ax.set(
    xlabel="updates",
    ylabel="average of the points",
    xlim=(0, steps),
    ylim=(-0.08, 0.03),
    xticks=range(0, steps + 1, 5000),
)
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## The claims of the chapter

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
# Where every run should end: the recursion of the mean square for the
# last points, a sum for the average (each kick of the noise reaches all
# later points).
t = np.arange(1, updates + 1)


def last_square(lr, curvature, steps=updates):
    square = 100.0
    for step in range(steps):
        eta = lr(step) if callable(lr) else lr
        square = (1 - eta * curvature) ** 2 * square + eta**2
    return square


def average_square(lr, curvature, start=0):
    """The same of the average of all points after the first ones."""
    q = 1 - lr * curvature
    bias = 10 * np.mean(q ** t[start:])
    # a kick is in the average from its own update on, or from the start
    first = np.maximum(t, start + 1)
    shares = (q ** (first - t) - q ** (updates - t + 1)) / curvature
    noise = np.sum((shares / (updates - start)) ** 2)
    return bias**2 + noise


exact = {
    "constant": [last_square(constant, c) for c in curvatures],
    "for_steep": [last_square(for_steep, c) for c in curvatures],
    "for_flat": [last_square(for_flat, c) for c in curvatures],
    "halved": [last_square(halved, c) for c in curvatures],
    "averaged": [average_square(constant, c) for c in curvatures],
}
# 400 runs: a mean square has a standard error of at most sqrt(2/400);
# 45 of them are compared
for name, values in exact.items():
    found = prices[name].mean(0)
    should = updates * curvatures**2 * values
    assert np.abs(found / should - 1).max() < 5 * np.sqrt(2 / 400)
exact = {
    name: updates * curvatures**2 * values
    for name, values in exact.items()
}

# The average is within a few percent of the best in every direction.
average_worst = max(exact["averaged"]) - 1
assert min(exact["averaged"]) > 0.9
assert average_worst < 0.1
# A tenth of the learning rate does not forget the start in time; without
# the first half of the points a long step costs a factor of two.
small_lr = constant / 10
small_least, small_most = (
    f(updates * c**2 * average_square(small_lr, c) for c in curvatures)
    for f in (min, max)
)
assert small_least > 4
half_most = max(
    updates * c**2 * average_square(lr, c, updates // 2)
    for lr in (small_lr, constant)
    for c in curvatures
)
assert half_most < 2.01
# a/(b + t) is good where a times the curvature is one, and there alone.
steep_flattest, steep_steepest = exact["for_steep"][[0, -1]]
flat_flattest, flat_steepest = exact["for_flat"][[0, -1]]
assert steep_steepest < 1.05
assert flat_flattest < 1.05
assert steep_flattest > 50
worst = int(np.argmax(exact["for_steep"]))
steep_worst, worst_curvature = (
    exact["for_steep"][worst],
    curvatures[worst],
)
assert steep_worst > 1000
assert flat_steepest > 40
constant_least, constant_most = exact["constant"][[0, -1]]
assert constant_most > 1000
# Halved nine times on its way it is good everywhere; the cosine less so.
halvings = (updates - 1) // halved.every
halved_least, halved_most = min(exact["halved"]), max(exact["halved"])
cosine = [
    updates * c**2 * last_square(gd.schedules.Cosine(0.5, updates), c)
    for c in curvatures
]
cosine_least, cosine_most = min(cosine), max(cosine)
assert halved_most < cosine_most < flat_steepest < steep_worst
# How often it is halved must suit the length of the run.
rare_halvings, often_halvings = 4, 19
rare_most, often_most = (
    max(
        updates
        * c**2
        * last_square(gd.schedules.Step(0.5, every, 0.5), c)
        for c in curvatures
    )
    for every in (updates // (n + 1) for n in (4, 19))
)
assert often_most < halved_most < rare_most / 10
# Stopped half-way it is on the floor of the learning rate it has then.
half_way = updates // 2
cut = half_way * last_square(halved, 1.0, half_way)
assert cut > 10 * halved_most
least_curvature, directions = curvatures[0], len(curvatures)

# On the skewed curve: where the points spread to in the long run, on a
# grid, by applying one update to their density again and again.
x = np.linspace(-4, 3, 701)


def centre(lr):
    """The mean of the points once the start is forgotten."""
    to = x - lr * np.expm1(x)  # where an update leads without noise
    moves = np.exp(-(((x[:, None] - to) / lr) ** 2) / 2)
    moves /= moves.sum(0)
    density = np.full(len(x), 1 / len(x))
    for doubling in range(12):  # 4096 updates
        moves = moves @ moves
    density = moves @ density
    return x @ density, np.expm1(x) @ density


off_long, off_short = (centres[lr].mean() for lr in kept_lrs)
for lr, off in zip(kept_lrs, (off_long, off_short), strict=True):
    should, slope = centre(lr)
    assert abs(slope) < 1e-3  # the mean slope is zero, not that of x
    assert abs(off - should) < 0.002  # four standard errors of 200 runs
    assert abs(should / (-lr / 4) - 1) < 0.15  # half the variance
assert centres[0.2].max() < -0.03  # every group
off_shrinking = centres[shrinking].mean()
assert abs(off_shrinking) < 0.005
long_kept, short_kept = kept_lrs
