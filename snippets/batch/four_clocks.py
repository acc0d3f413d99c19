# %% [markdown] lang="en"
# # Four clocks
#
# Handwritten digits, six batch sizes, each at the learning rate that suits it best: what does the
# same loss cost in updates, in rows read, in seconds, and in steps that wait for one another?

# %% [markdown] lang="zh"
# # 四只钟
#
# 手写数字，六种批量大小，各用最合适的学习率：降到同一个损失，要更新多少次、读多少行、花多少秒、
# 有多少步非得一步等一步？

# %% goal
import json
import math
from itertools import chain
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator
from sklearn.linear_model import LogisticRegression

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

X, y = (part[:1437] for part in gd.datasets.digits())
n, l2 = len(X), 1e-3
model = gd.Softmax(classes=10, l2=l2)

# The lowest loss there is, from a solver that is no descent of ours.
exact = LogisticRegression(C=1 / (n * l2), tol=1e-8, max_iter=10_000)
exact.fit(X, y)
best = np.vstack([exact.coef_.T, exact.intercept_]).ravel()
floor = model(best, X, y)
above = 0.1
goal = floor + above
print(f"lowest {floor:.4f}, goal {goal:.4f}, start {math.log(10):.4f}")

# %% race
sizes = (1, 4, 16, 64, 256, n)
lrs = 2.0 ** np.arange(2.5, -4.5, -0.5)
seeds, budget = 5, 1000


def arrivals(m, lr, budget, goals, orders):
    """Updates until the loss of all rows is at each goal: (goals, runs).

    inf where it is not within the budget. That loss is looked at
    every 16 rows or rarer, from 64 updates on 32 times per doubling.
    """
    orders = orders if m < n else [0]  # all rows have but one
    batches = gd.Batches(X, y, batch_size=m, seed=orders)
    optimizer = gd.SGD(lr=lr)
    w = np.zeros((len(orders), 650))
    state = optimizer.init(w)
    arrived = np.full((len(goals), len(orders)), np.inf)
    epochs = map(batches.epoch, range(budget))
    visits = chain.from_iterable(epochs)
    for t, rows in zip(range(1, budget + 1), visits, strict=False):
        optimizer.step(w, model.grad(w, *rows), state)
        if t % max(1, 16 // m, t // 32) == 0:
            there = model(w, X, y) <= np.array(goals)[:, None]
            arrived = np.where(there, np.minimum(arrived, t), arrived)
        if np.isfinite(arrived).all():
            break
    return arrived


# A size's best lr is the one whose slowest seed is first. No lr
# need run longer than the best yet; far below the best, a smaller
# one only takes longer.
won = {}
for m in sizes:
    slowest = budget + 1
    for lr in lrs:
        (times,) = arrivals(m, lr, slowest - 1, [goal], range(seeds))
        if times.max() < slowest:
            slowest, won[m] = int(times.max()), (lr, times)
        elif m in won and lr < won[m][0] / 2:
            break

# %% clocks
record = Path(gd.__file__).parents[1] / "snippets/measured"
measured = json.loads((record / "four_clocks.json").read_text())
step_seconds = {
    row["batch_size"]: row["step_seconds"] for row in measured["rows"]
}
# What t updates cost by each clock. However many hands add up the
# gradients of m rows, the sums form a tree of ceil(log2 m) levels
# that wait for one another. What every size does alike, a row's
# gradient and the update, counts as one step more.
clocks = {
    "updates": lambda m, t: t,
    "rows read": lambda m, t: t // -(-n // m) * n + t % -(-n // m) * m,
    "seconds": lambda m, t: t * step_seconds[m],
    "waits": lambda m, t: t * (math.ceil(math.log2(m)) + 1),
}
cost = {
    clock: {m: price(m, times) for m, (_, times) in won.items()}
    for clock, price in clocks.items()
}


def cheapest(clock):
    """The batch size with the lowest mean."""
    return min(sizes, key=lambda m: cost[clock][m].mean())


print(f"{'m':>5}{'lr':>7}" + "".join(f"{c:>11}" for c in clocks))
for m, (lr, _) in won.items():
    print(f"{m:5d}{lr:7.2g}", end="")
    for clock in clocks:
        mean = cost[clock][m].mean()
        print(
            f"{mean:11,.0f}" if mean > 99 else f"{mean:11.3g}", end=""
        )
    print()

fig, axes = plt.subplots(4, 1, figsize=(4.4, 7.4), sharex=True)
for ax, (clock, by_size) in zip(axes, cost.items(), strict=True):
    runs = [np.broadcast_to(by_size[m], seeds) for m in sizes]
    label = f"each at its own best lr, {seeds} seeds"
    plot.batch_study(
        sizes,
        np.transpose(runs),
        ax=ax,
        color=plot.MINI_BATCH["color"],
        label=label,
    )
    least = cheapest(clock)
    ax.plot(
        least,
        by_size[least].mean(),
        "D",
        color=plot.INK,
        markersize=8,
        label="lowest",
    )
    ax.set(ylabel=clock, xlabel="")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("")
axes[3].set_xlabel("batch size")
axes[3].set_xticks(sizes, sizes)
axes[3].set_xticks([], minor=True)
fig.legend(
    *axes[0].get_legend_handles_labels(), loc="outside upper left"
)
plt.show()

# %% deadline
deadline = 0.01  # seconds
in_time = [m for m in sizes if cost["seconds"][m].max() <= deadline]
print(
    f"in {1000 * deadline:g} ms each seed arrives with m in {in_time}"
)

m = np.array(sizes)
updates = np.array([cost["updates"][k].mean() for k in sizes])
step = np.array([step_seconds[k] for k in sizes])
columns = np.stack([np.ones(len(m)), m], axis=1)
# t0 and c that make small the squared errors, relative to the seconds
t0, c = np.linalg.lstsq(columns / step[:, None], np.ones(len(m)))[0]
for name, fixed, row in (
    ("as measured", t0, c),
    ("a row costs 100 times as much", t0, 100 * c),
    ("the rest does", 100 * t0, c),
):
    total = updates * (fixed + row * m)
    print(f"{name}: quickest with m = {m[total.argmin()]}")

# %% [markdown] lang="en"
# ## What the chapter says

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
# At w = 0 all classes are equally likely.
assert math.isclose(model(np.zeros(650), X, y), math.log(10))
# The other solver stands where the gradient is 0.
assert np.abs(model.grad(best, X, y)).max() < 1e-6
assert all(np.isfinite(times).all() for _, times in won.values())
# No best lr is the largest or the smallest of the sweep.
assert all(lrs[-1] < lr < lrs[0] for lr, _ in won.values())

mean = {
    k: {m: v.mean() for m, v in by.items()} for k, by in cost.items()
}
few, middle, many = sizes[2], sizes[3], sizes[4]
one_updates, few_updates = mean["updates"][1], mean["updates"][few]
many_updates, all_updates = mean["updates"][many], mean["updates"][n]
saved_early, saved_late = (
    one_updates / few_updates,
    few_updates / all_updates,
)
assert 6 < saved_early < few  # up to here rows save updates
assert saved_late < 3 < n / few / 10  # from here on hardly any
assert cost["updates"][many].max() < all_updates
assert min(lr for lr, _ in won.values()) == won[1][0]
lr_one, lr_few, lr_all = won[1][0], won[few][0], won[n][0]
assert lr_few > 7 * lr_one  # noise held it down
assert lr_all < 2.1 * lr_few  # without any noise it is hardly larger

# All rows have but one order, and above the edge of stability one run leaps about: what it needs
# at neighbouring learning rates differs, and a low count among them is luck.
lone_step = 0.02
beside = lr_all * (1 + lone_step) ** np.arange(-16, 17)
lone = [arrivals(n, lr, budget, [goal], [0]).item() for lr in beside]
lone_middle, lone_least, lone_most = (
    np.median(lone),
    min(lone),
    max(lone),
)
lone_many = len(lone)
assert abs(lone_middle / all_updates - 1) < 0.1
assert 1.1 * lone_least < lone_middle < lone_most / 1.1
lucky = np.mean(np.array(lone) < 0.8 * lone_middle)
assert lucky < 0.2

# Rows: one or four about the same, all at once far more.
rows = cost["rows read"]
assert rows[1].max() > rows[4].min()
rows_ratio = mean["rows read"][n] / mean["rows read"][1]
assert rows_ratio > 20
# Seconds: the ends are the slowest.
quickest = cheapest("seconds")
seconds = mean["seconds"]
one_slower, all_slower = (
    seconds[1] / seconds[quickest],
    seconds[n] / seconds[quickest],
)
assert quickest in (few, middle)
assert min(one_slower, all_slower) > 2
smaller_costs, larger_costs = (
    seconds[m] / seconds[quickest] - 1
    for m in (quickest // 4, quickest * 4)
)
assert min(smaller_costs, larger_costs) > 0
assert max(smaller_costs, larger_costs) < 1
# Waits: the ends lose here too, for the middle sizes are within a third of one another.
waits = mean["waits"]
assert cheapest("waits") in (middle, many)
from_best_waits = waits[quickest] / min(waits.values()) - 1
from_best_updates = (
    mean["updates"][quickest] / min(mean["updates"].values()) - 1
)
assert max(waits[middle], waits[many]) < 1.34 * min(
    waits[middle], waits[many]
)
one_waits, all_waits, least_waits = (
    waits[1],
    waits[n],
    min(waits.values()),
)
assert waits[1] > 2 * waits[middle]
assert waits[n] > 1.3 * waits[middle]
device, measured_on = measured["device"], measured["date"]

# The dearer a row, the smaller the quickest size; the dearer the rest, the larger.
quickest_by_price = [
    m[(updates * (t0 + price * c * m)).argmin()]
    for price in (0.01, 1, 100)
]
assert quickest_by_price == sorted(quickest_by_price, reverse=True)
assert quickest_by_price[0] > quickest_by_price[-1]
deadline_ms = 1000 * deadline

# Every round of the timing, the fastest and the slowest, has the same winner as their median.
for pick in (min, max):
    each = {
        row["batch_size"]: pick(row["step_seconds_min_max"])
        for row in measured["rows"]
    }
    by_round = {k: each[k] * mean["updates"][k] for k in sizes}
    assert min(by_round, key=lambda k: by_round[k]) == quickest
timing_off = max(
    abs(edge / row["step_seconds"] - 1)
    for row in measured["rows"]
    for edge in row["step_seconds_min_max"]
)
# Price the gradient of a row and the update at any number of waits instead of one: both ends lose.
dear_waits = 100
for priced in range(1, dear_waits + 1):
    total = {
        k: mean["updates"][k] * (math.ceil(math.log2(k)) + priced)
        for k in sizes
    }
    assert max(total[middle], total[many]) < 1.4 * min(total.values())
    assert 1.25 * min(total.values()) < min(total[1], total[n])

# Once more with other orders of the rows, learning rates between those of the sweep, and goals
# twice and half as high above the lowest loss.
heights = {"twice": 2 * above, "same": above, "half": above / 2}
goals = [floor + height for height in heights.values()]
again: dict[str, dict[int, np.ndarray]] = {h: {} for h in heights}
for size, (lr, times) in won.items():
    best_yet, tries = 4 * int(times.max()), []
    for shift in (-0.25, 0.25):  # octaves
        others = range(seeds, 2 * seeds)
        tries.append(
            arrivals(size, lr * 2.0**shift, best_yet, goals, others)
        )
        # The lowest goal comes last: nothing later can be a best.
        best_yet = int(min(best_yet, tries[-1].max()))
    slowest_of = np.max(tries, axis=2)  # (lrs, goals)
    assert np.isfinite(slowest_of.min(0)).all()
    for k, h in enumerate(heights):
        again[h][size] = tries[slowest_of[:, k].argmin()][k]

price_again = {
    h: {
        clock: {k: price(k, t).mean() for k, t in by.items()}
        for clock, price in clocks.items()
    }
    for h, by in again.items()
}
first = {
    h: {clock: min(by, key=by.__getitem__) for clock, by in of.items()}
    for h, of in price_again.items()
}
quickest_twice, quickest_same, quickest_half = (
    first[h]["seconds"] for h in heights
)
waits_twice, waits_half = (
    first["twice"]["waits"],
    first["half"]["waits"],
)
assert quickest_same == quickest
assert (quickest_twice, quickest_half) == (few, middle)
assert (waits_twice, waits_half) == (few, many)
for of in price_again.values():
    for clock in ("seconds", "waits"):  # both ends lose, always
        assert 1.25 * min(of[clock].values()) < min(
            of[clock][1], of[clock][n]
        )
    assert set(sorted(sizes, key=of["rows read"].get)[:2]) == {1, 4}
    assert of["updates"][n] > 0.95 * of["updates"][many]
same = price_again["same"]["waits"]
assert max(same[middle], same[many]) < 1.34 * min(same.values())
