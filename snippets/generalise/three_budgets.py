# %% [markdown] lang="en"
# # Four budgets, one question: digits
#
# Three batch sizes learn from 512 handwritten digits: with the same learning rate and epochs, each
# with its own learning rate, with as many updates, and stopped early. Every choice is made on a
# validation part, never on the test part.

# %% [markdown] lang="zh"
# # 四种预算，同一个问题：手写数字
#
# 三种批量大小，从 512 个手写数字里学：先是学习率和轮数都相同，再各用各的学习率，再让更新次数相同，最后早停。
# 每次挑选都在验证部分上做，绝不用测试部分。

# %% deal
import numpy as np

import gdcore as gd

X, y = gd.datasets.digits()
X = X.astype(np.float32)
model = gd.MLP((64, 64, 10), activation="relu")
n, n_choose, seeds = 512, 400, range(5)

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
long = {8: grid, 64: grid[2:], n: grid[2:]}  # long runs cost more
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
# Same epochs: the whole batch is far behind on every seed, and it is
# behind on the rows it learns from as well.
same, own = gap("same lr"), gap("own lr")
assert same.min() > 5
assert own.min() > 5
same_learnt = 100 * learnt["same lr", n].mean()
assert same_learnt < 93
# Same updates: what remains is below the spread of the seeds.
level, early = gap("same updates"), gap("stopped early")
assert abs(level.mean()) < 1
assert abs(early.mean()) < 1
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
