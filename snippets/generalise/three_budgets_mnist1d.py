# %% [markdown] lang="en"
# # Four budgets, one question: mnist1d
#
# The same four comparisons on 512 curves of mnist1d, few enough that a network like this learns all
# of them by heart and names fewer than half of the others right.

# %% [markdown] lang="zh"
# # 四种预算，同一个问题：mnist1d
#
# 在 mnist1d 的 512 条曲线上做同样的四种比较。行数这么少，这样的网络能把它们全部背下来，别的曲线却认对不到一半。

# %% deal
import numpy as np

import gdcore as gd

parts = gd.datasets.mnist1d()
X = np.concatenate([part.X for part in parts]).astype(np.float32)
y = np.concatenate([part.y for part in parts])
model = gd.MLP((40, 100, 10), activation="relu")
n, n_choose, seeds = 512, 1000, range(5)

deals = [np.random.default_rng(s).permutation(len(X)) for s in seeds]
cuts = [n, n + n_choose]
learn, choose, test = np.split(np.stack(deals), cuts, axis=1)
n_test = test.shape[1]
print(f"each seed deals {n} rows to learn from,", end=" ")
print(f"{n_choose} to choose on, {n_test:,} to test on")


# %% run
def run(m, lrs, updates, marks=1):
    """Return weights from the way, shape (marks, lrs, seeds, d)."""
    names = [*seeds] * len(lrs)  # every lr with every seed, at once
    lr = np.repeat(np.float32(lrs), len(seeds))[:, None]
    w = model.init(names).astype(np.float32)
    own = np.tile(learn, (len(lrs), 1))  # each run has its own rows
    plan = gd.Batches(X[:n], y[:n], batch_size=m, seed=names)
    kept, t = [], 0
    for epoch in range(updates // len(plan)):
        order = np.broadcast_to(plan.order(epoch), own.shape)
        rows = np.take_along_axis(own, order, axis=1)
        X_epoch, y_epoch = X[rows], y[rows]
        for batch in plan.slices():
            with np.errstate(all="ignore"):  # some lrs diverge
                w -= lr * model.grad(
                    w, X_epoch[:, batch], y_epoch[:, batch]
                )
            t += 1
            if t % (updates // marks) == 0:
                kept.append(w.copy())
    return np.stack(kept).reshape(marks, len(lrs), len(seeds), -1)


def right(w, rows):
    """Return the part of its rows that each run names right."""
    with np.errstate(all="ignore"):
        return model.accuracy(w, X[rows], y[rows])


# %% budgets
epochs, sizes = 15, (8, 64, n)
updates = epochs * n // sizes[0]  # as many as the smallest batch
grid = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
long = {8: grid[:4], 64: grid[3:], n: grid[3:]}  # long runs cost more
tested, learnt, lr_of, over_the_edge = {}, {}, {}, {}


def keep(budget, m, w, lr):
    tested[budget, m], learnt[budget, m] = (
        right(w, test),
        right(w, learn),
    )
    lr_of[budget, m] = lr


for m, lrs in long.items():
    w = run(m, grid, epochs * n // m)[-1]
    scores = right(w, choose).mean(axis=1)
    best = int(scores.argmax())
    over_the_edge["own lr", m] = scores[best] - scores[-1]
    keep("own lr", m, w[best], grid[best])

    shared = grid.index(lr_of["own lr", sizes[0]])
    keep("same lr", m, w[shared], grid[shared])

    way = run(m, lrs, updates, marks=16)
    on_way = np.stack([right(w, choose) for w in way])
    scores = on_way[-1].mean(axis=1)
    best = int(scores.argmax())
    over_the_edge["same updates", m] = scores[best] - scores[-1]
    keep("same updates", m, way[-1, best], lrs[best])

    best = int(on_way.max(axis=0).mean(axis=1).argmax())
    stops = on_way[:, best].argmax(axis=0)  # a mark for each seed
    w = way[stops, best, [*seeds]]
    keep("stopped early", m, w, lrs[best])

budgets = ("same lr", "own lr", "same updates", "stopped early")
print("              m   lr   learnt  tested   lowest highest")
for budget in budgets:
    for m in sizes:
        scores = tested[budget, m]
        print(
            f"{budget:13} {m:3} {lr_of[budget, m]:4}"
            f"  {learnt[budget, m].mean():6.1%}  {scores.mean():6.1%}"
            f"   {scores.min():6.1%}  {scores.max():6.1%}"
        )

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, ax = plt.subplots(figsize=(4.4, 4.6))
looks = (plot.STOCHASTIC, plot.MINI_BATCH, plot.BATCH)
for i, budget in enumerate(budgets):
    for j, (m, look) in enumerate(zip(sizes, looks, strict=True)):
        scores, height = 100 * tested[budget, m], i + 0.2 * j - 0.12
        colour = {"color": look["color"]}
        label = f"batch size {m}" if i == 0 else None
        ends = [scores.min(), scores.max()]
        ax.plot(ends, [height] * 2, linewidth=1.5, alpha=0.5, **colour)
        ax.plot(
            scores, [height] * 5, "|", markersize=7, alpha=0.8, **colour
        )
        mean = [scores.mean()], [height]
        ax.plot(*mean, "os^"[j], markersize=6, label=label, **colour)
    if i:
        ax.axhline(i - 0.5, color=plot.GREY, linewidth=0.5, alpha=0.5)
names = (
    "same epochs, same lr",
    "same epochs, own lr",
    "same updates, own lr",
    "stopped early, own lr",
)
across = ax.get_yaxis_transform()  # x from 0 to 1
for i, name in enumerate(names):
    ax.text(0.015, i - 0.36, name, va="center", transform=across)
ax.set_yticks([])
ax.set(ylim=(3.5, -0.5), xlabel="test accuracy (%)")
fig.legend(loc="outside upper left", ncols=3, columnspacing=1)
plt.show()

# %% enough
# The spread of a run, and of the difference of two from one deal.
alone = 100 * np.std(
    [tested["same updates", m] for m in sizes], axis=1, ddof=1
)
s = float(np.sqrt(np.mean(alone**2)))
differences = 100 * np.stack(
    [
        tested["same updates", m] - tested["same updates", n]
        for m in (8, 64)
    ]
)
s_pair = float(np.sqrt(np.mean(differences.std(axis=1, ddof=1) ** 2)))

z = 1.96 + 0.84  # 5% false alarms, 80% of the true gaps found
for gap_sought in (2, 1, 0.5):
    apart = int(np.ceil(2 * (z * s / gap_sought) ** 2))
    paired = int(np.ceil((z * s_pair / gap_sought) ** 2))
    print(
        f"a gap of {gap_sought:3} points: {apart:3} seeds each,",
        f"or {paired:3} pairs",
    )
    if gap_sought == 1:
        one_point, one_paired = apart, paired

# Five pairs, as here: the smallest gap found four times in five. They
# are too few for z, as s_pair is a guess too: Student's t allows for it.
from scipy import optimize, stats


def power(gap, pairs):
    """Return how often a paired t test finds the gap."""
    edge = stats.t.ppf(0.975, pairs - 1)
    shift = gap * np.sqrt(pairs) / s_pair
    return stats.nct.sf(edge, pairs - 1, shift)


by_rule = z * s_pair / np.sqrt(len(seeds))
smallest = optimize.brentq(
    lambda gap: power(gap, len(seeds)) - 0.8, 0.1, 10
)
test_error = 100 * np.sqrt(0.4 * 0.6 / n_test)
print(
    f"{len(seeds)} pairs find {smallest:.1f} points",
    f"(by the rule {by_rule:.1f}); the test",
)
print(f"rows alone are uncertain by {test_error:.1f}")

# %% check
# The parts have no row in common.
for dealt in deals:
    assert (np.sort(dealt) == np.arange(len(X))).all()
# The loop is that of descend, which here works in float64; an epoch of
# 64 updates in float32 stays within some thousand roundings of it.
rows = gd.Batches(
    X[learn[0]].astype(float), y[learn[0]], batch_size=8, seed=0
)
alone = gd.descend(model, model.init(0), gd.SGD(lr=0.2), rows, epochs=1)
beside = run(8, (0.1, 0.2), len(rows))[0, 1, 0]
assert np.abs(alone.last("w") - beside).max() < 1e-3


def gap(budget, m=n):
    """Return by how many points batch size 8 is ahead, per seed."""
    return 100 * (tested[budget, 8] - tested[budget, m])


# Every sweep goes on to a learning rate that is clearly too large.
assert min(over_the_edge.values()) > 0.02
# Same epochs: far behind on every seed, and on the rows learnt too.
same, own = gap("same lr"), gap("own lr")
assert same.min() > 5
assert own.min() > 5
own_learnt = 100 * learnt["own lr", n].mean()
assert own_learnt < 80
# Same updates: most of the gap is closed, and 64 is not behind 8.
level, early = gap("same updates"), gap("stopped early")
assert level.mean() < own.mean() / 3
assert abs(level.mean()) < 3
middle = gap("same updates", 64)
assert middle.mean() < 1
assert gap("own lr", 64).mean() < 1  # nor at equal epochs
assert learnt["same updates", n].min() > 0.99


def told(points):
    """Return mean, least and most; rounded, or a zero could be -0.0."""
    found = np.mean(points), np.min(points), np.max(points)
    return [round(float(each), 6) + 0.0 for each in found]


same_gap, same_least, same_most = told(same)
own_gap, own_least, own_most = told(own)
level_gap, level_least, level_most = told(level)
early_gap, early_least, early_most = told(early)
runs, reads = len(seeds), n // 8
shared_lr = lr_of["same lr", 8]
large_updates = epochs * n // n
spread = 100 * float(np.ptp(tested["same updates", 8]))
middle_ahead, middle_least, middle_most = told(-middle)
small_tested = 100 * float(tested["same updates", 8].mean())
# The rule of thumb against a simulation: t tests on normal draws.
draws = np.random.default_rng(0).normal(size=(4000, 2, one_point)) * s
draws[:, 0] += 1
found = stats.ttest_ind(draws[:, 0], draws[:, 1], axis=1).pvalue < 0.05
assert 0.75 < found.mean() < 0.85
# And of the smallest gap that five pairs find.
draws = np.random.default_rng(1).normal(size=(4000, len(seeds)))
draws = smallest + s_pair * draws
found = stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05
assert 0.77 < found.mean() < 0.83  # 4,000 draws err by 0.006
