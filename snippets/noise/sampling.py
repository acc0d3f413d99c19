# %% [markdown] lang="en"
# # Three ways to choose the rows
#
# With replacement, shuffle once, reshuffle: the same rows, the same learning rates, three floors.
# For the mean of a hundred numbers each floor has a closed form; a regression follows.

# %% [markdown] lang="zh"
# # 选行的三种方式
#
# 有放回、只排一次、每轮重排：同样的行，同样的学习率，三个基底。
# 求一百个数的平均，每个基底都有闭式解；之后换成一个回归问题。

# %% schemes
import numpy as np

import gdcore as gd

schemes = {
    "with replacement": {"replacement": True},
    "shuffle once": {"shuffle": "once"},
    "reshuffle": {"shuffle": True},
}
six = np.arange(1.0, 7.0)
for name, how in schemes.items():
    rows = gd.Batches(six[:, None], six, batch_size=1, seed=0, **how)
    dealt = [[int(y[0]) for _, y in rows.epoch(k)] for k in range(3)]
    print(f"{name:>16}:", *dealt)


# %% floors
n, seeds, groups, lam = 100, 200, 5, 2  # lam: curvature of (w - y)^2
y = np.random.default_rng(0).normal(size=n)
y -= y.mean()  # the bottom is at zero
lrs = np.array([0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003])
epochs, late = 80, 20  # of which the last ones count


def squares(how):
    """Squared distance before every late update and at the end."""
    rows = gd.Batches(
        y[:, None], y, batch_size=1, seed=range(seeds), **how
    )
    w, seen = np.zeros((len(lrs), seeds)), []  # all runs at once
    for epoch in range(epochs):
        for _, pull in rows.epoch(epoch):  # a row for each seed
            if epoch >= epochs - late:
                seen.append(w**2)
            w = w - lrs[:, None] * 2 * (w - pull[:, 0])
    return np.array([*seen, w**2])  # (late * n + 1, lrs, seeds)


ways = {name: squares(how) for name, how in schemes.items()}
floors = {  # after an epoch: a mean for each lr and group of seeds
    name: way[n::n].mean(0).reshape(len(lrs), groups, -1).mean(-1)
    for name, way in ways.items()
}
powers = {
    name: np.polyfit(np.log(lrs[-3:]), np.log(floor.mean(1)[-3:]), 1)[0]
    for name, floor in floors.items()
}
for name, power in powers.items():
    print(f"{name:>16}: the floor goes with lr to the {power:.2f}")


# %% closed
def scatter(left):
    """Variance of sum left_i y_i over the orders, y of variance 1."""
    count = len(left)
    return count / (count - 1) * np.sum((left - left.mean()) ** 2)


def closed(lr):
    """The floor of each scheme, squared distance at an epoch's end."""
    pull = 4 * np.mean(y**2)  # variance of a row's gradient
    left = (1 - lr * lam) ** np.arange(n)  # of each pull, at the end
    kept = (1 - lr * lam) ** n
    epoch = lr**2 * pull * scatter(left)
    return {
        "with replacement": lr * pull / (lam * (2 - lr * lam)),
        "shuffle once": epoch / (1 - kept) ** 2,
        "reshuffle": epoch / (1 - kept**2),
    }


def fixed(lr, order):
    """Where a fixed order ends every epoch: the end repeats itself."""
    left = (1 - lr * lam) ** np.arange(n)[::-1]
    return (
        lr * 2 * np.vecdot(left, y[order]) / (1 - (1 - lr * lam) ** n)
    )


# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
looks = {
    "with replacement": {"color": "#b15d93", "linestyle": ":"},
    "shuffle once": {"color": "#d55e00", "linestyle": "--"},
    "reshuffle": {"color": "#009e73", "linestyle": "-"},
}
fine = np.geomspace(0.0002, 0.4, 120)
fig, ax = plt.subplots(figsize=(4.4, 4.8))
ax.plot(
    fine,
    [fixed(lr, np.argsort(y)) ** 2 for lr in fine],
    color=plot.GREY,
    linestyle=(0, (6, 1.5, 1, 1.5)),
    linewidth=1.4,
    label="cyclic, sorted rows",
)
for name, look in looks.items():
    ax.plot(
        fine,
        [closed(lr)[name] for lr in fine],
        label=name,
        **look | {"linewidth": 2},
    )
    floor = floors[name]
    middle = floor.mean(1)
    ax.errorbar(
        lrs,
        middle,
        [middle - floor.min(1), floor.max(1) - middle],
        fmt="o",
        color=look["color"],
        markersize=4,
        linewidth=1.2,
    )
ax.set(
    xscale="log",
    yscale="log",
    ylim=(1e-8, 10),
    xlabel="learning rate",
    ylabel="squared distance after an epoch",
)
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% within
slow = 0.003
within = {  # a mean for each place in the epoch
    name: way[:-1, lrs == slow].reshape(late, n, seeds).mean((0, 2))
    for name, way in ways.items()
}
fig, ax = plt.subplots(figsize=(4.4, 3.8))
for name, look in looks.items():
    twice = np.tile(within[name], 2)
    ax.plot(
        twice, label=f"{name}, lr {slow}", **look | {"linewidth": 2}
    )
for end in (0, n, 2 * n):
    ax.axvline(end, color=plot.GREY, linewidth=0.8)
ax.set(
    ylim=(0, None),
    xlim=(0, 2 * n),
    xlabel="updates in two epochs",
    ylabel="squared distance",
)
fig.legend(loc="outside upper left")
plt.show()

# %% regression
plane = gd.datasets.regression(n=100, d=2, noise=1, seed=0)
A = np.column_stack([plane.X, np.ones(n)])
bottom = np.linalg.lstsq(A, plane.y)[0]
model = gd.LinearRegression()
lowest = model(bottom, *plane)
plane_lrs, plane_seeds = (0.01, 0.003, 0.001), 50
above = {}
for name, how in schemes.items():
    rows = gd.Batches(
        *plane, batch_size=1, seed=range(plane_seeds), **how
    )
    for lr in plane_lrs:
        wait = int(np.ceil(0.03 / (lr * lam)))  # until the start fades
        made = gd.descend_runs(
            model, bottom, gd.SGD(lr=lr), rows, epochs=wait + 10
        )
        loss = np.array([run["epoch_loss"] for run in made])
        above[name, lr] = loss[:, -10:].mean() - lowest
plane_powers = {
    name: np.polyfit(
        np.log(plane_lrs),
        np.log([above[name, lr] for lr in plane_lrs]),
        1,
    )[0]
    for name in schemes
}
for name, power in plane_powers.items():
    print(f"{name:>16}: the floor goes with lr to the {power:.2f}")

# %% check
# A fixed order has no noise left: after the last epoch each run is
# where the closed form of its own order says, to rounding.
orders = np.stack(
    [
        gd.Batches(
            y[:, None], y, batch_size=1, shuffle="once", seed=seed
        ).order(0)
        for seed in range(seeds)
    ]
)
for lr, ends in zip(lrs, ways["shuffle once"][-1], strict=True):
    kept = (1 - lr * lam) ** n
    there = fixed(lr, orders) * (1 - kept**epochs)
    assert np.allclose(ends, there**2, rtol=1e-9, atol=1e-18)
# The variance over all orders, exactly: six numbers, 720 orders.
from itertools import permutations

few, shares = y[:6] - y[:6].mean(), 0.9 ** np.arange(6)
sums = [np.vecdot(shares, order) for order in permutations(few)]
wanted = scatter(shares) * np.mean(few**2)
assert np.isclose(np.mean(np.square(sums)), wanted, rtol=1e-12)
# Over all orders these squares have the closed mean. Ten thousand
# orders; the square of a normal number spreads by sqrt(2).
rng = np.random.default_rng(0)
shuffled = rng.permuted(np.tile(np.arange(n), (10_000, 1)), axis=1)
for lr in lrs:
    mean = np.mean(fixed(lr, shuffled) ** 2)
    assert abs(mean / closed(lr)["shuffle once"] - 1) < 4 * np.sqrt(
        2e-4
    )

# The other two: a mean over the late epochs of all runs. Epochs
# apart by `memory` are as good as independent; four standard errors.
for name in ("with replacement", "reshuffle"):
    for lr, floor in zip(lrs, floors[name], strict=True):
        kept = (1 - lr * lam) ** n
        k = epochs - late + 1 + np.arange(late)
        faded = np.mean(1 - kept ** (2 * k))
        memory = (1 + kept**2) / (1 - kept**2)
        error = np.sqrt(2 / seeds / max(1, late / memory))
        wanted = closed(lr)[name] * faded
        assert abs(floor.mean() / wanted - 1) < 4 * error

# Powers of the learning rate, measured and in the limit.
limits = {}
for name in schemes:
    ratio = closed(1e-5)[name] / closed(1e-6)[name]
    limits[name] = np.log10(ratio)
assert np.allclose(list(limits.values()), [1, 2, 3], atol=0.01)
replaced_power, once_power, reshuffled_power = powers.values()
# a decade of learning rates, floors off by up to a quarter each
assert np.allclose(list(powers.values()), [1, 2, 3], atol=0.15)

# What the closed forms become while lr lam n is small; one row in a
# hundred more or less.
small, pull = 1e-6, 4 * np.mean(y**2)
lines = closed(small)
leading = {
    "with replacement": small * pull / (2 * lam),
    "shuffle once": small**2 * pull * n / 12,
    "reshuffle": small**3 * pull * lam * n**2 / 24,
}
for name, value in leading.items():
    assert abs(lines[name] / value - 1) < 2 / n

# Where the first scheme and the last part: lr lam n = sqrt(12) by the
# two straight lines.
meet = np.sqrt(
    lines["with replacement"] / lines["reshuffle"] * small**2
)
assert np.isclose(meet * lam * n, np.sqrt(12), rtol=0.03)
largest, least_lr = lrs[0], lrs[-1]
assert closed(0.3)["with replacement"] / closed(0.3)["reshuffle"] < 1.05
gain = (
    closed(least_lr)["with replacement"] / closed(least_lr)["reshuffle"]
)
orders_spread = np.sort(ways["shuffle once"][-1, lrs == slow])[0]
lucky, unlucky = orders_spread[[9, -10]]
per_group = seeds // groups
shuffled_mean = closed(slow)["shuffle once"]


# Inside an epoch: the closed form at every row for reshuffle, and the
# same everywhere for shuffle once, whose every row ends some order.
def inside(lr):
    """Squared distance before each row of an epoch, for reshuffle."""
    left, every = (1 - lr * lam) ** np.arange(n), np.arange(n)
    arch = left**2 * closed(lr)["reshuffle"]  # what the start leaves
    for k in range(n):
        c = np.where(every < k, left[k - 1 - every], 0)
        arch[k] += lr**2 * pull * scatter(c)
    return arch


arch = inside(slow)
# the mean over rows: about as many independent ones as there are
# epochs and seeds, twice within each epoch
assert abs(within["reshuffle"].mean() / arch.mean() - 1) < 0.1
assert np.abs(within["reshuffle"] - arch).max() < 0.2 * arch.max()
once_mean = within["shuffle once"].mean()
assert abs(once_mean / shuffled_mean - 1) < 4 * np.sqrt(2 / seeds)
arch_ratio = arch.mean() / shuffled_mean
in_limit = inside(small).mean() / closed(small)["shuffle once"]
assert abs(in_limit / 2 - 1) < 2 / n
arch_top, arch_end = arch.max() / arch[0], arch[0]
assert 1.5 < arch_ratio < 2
end_ratio = shuffled_mean / arch[0]
assert end_ratio > 3

# Sorted rows taken as they stand: a run of its own. It is worse than
# drawing with replacement at every lr of the figure but the smallest.
ordered = np.sort(y)
rows = gd.Batches(
    ordered[:, None], ordered, batch_size=1, shuffle=False
)
w = np.zeros(1)
for epoch in range(epochs):
    for _, pull in rows.epoch(epoch):
        w = w - slow * 2 * (w - pull)
sorted_there = fixed(slow, np.argsort(y)) ** 2
assert np.isclose(w[0] ** 2, sorted_there, rtol=1e-9)
for lr in lrs[:-1]:
    there = fixed(lr, np.argsort(y)) ** 2
    assert there > closed(lr)["with replacement"]
sorted_ratio = sorted_there / closed(slow)["with replacement"]
assert sorted_ratio > 1
sorted_times = sorted_there / shuffled_mean

# The regression has the same order of the three, and near powers.
for lr in plane_lrs:
    first, second, third = (above[name, lr] for name in schemes)
    assert first > second > third
plane_replaced, plane_once, plane_reshuffled = plane_powers.values()
plane_most, plane_least = plane_lrs[0], plane_lrs[-1]
wanted = [1, 2, 3]
assert np.allclose(list(plane_powers.values()), wanted, atol=0.35)

# Rows that differ in curvature: where the mean of reshuffled runs
# settles, exactly, from all orders of five rows. Its distance from the
# bottom goes with lr, and so its square with lr^2 in the end.
five, target = A[:5], plane.y[:5]
rest = np.linalg.lstsq(five, target)[0]
pulls = 2 * (five @ rest - target)[:, None] * five


def beside(lr):
    turn, push = np.zeros((3, 3)), np.zeros(3)
    steps = np.eye(3) - lr * 2 * five[:, :, None] * five[:, None]
    for order in permutations(range(5)):
        so_far, added = np.eye(3), np.zeros(3)
        for i in order:
            so_far = steps[i] @ so_far
            added = steps[i] @ added - lr * pulls[i]
        turn, push = turn + so_far / 120, push + added / 120
    return np.linalg.norm(np.linalg.solve(np.eye(3) - turn, push))


assert np.isclose(beside(1e-4) / beside(1e-5), 10, rtol=0.01)
