# %% [markdown] lang="en"
# # Updates against rows
#
# Softmax regression on 1,437 digits down to one loss, at seven batch sizes, each at its own best
# learning rate. How many updates does it take, how many rows are read, and where does more stop
# helping?

# %% [markdown] lang="zh"
# # 更新次数与行数
#
# 1,437 个手写数字上的 softmax 回归，七种批量大小，各用自己最好的学习率，降到同一个损失。
# 要更新多少次，读多少行，批量大到哪里就不再有用？

# %% goal
import numpy as np
from sklearn.linear_model import LogisticRegression

import gdcore as gd

X, y = (part[:1437] for part in gd.datasets.digits())
n, l2, margin = len(X), 1e-3, 0.1
model = gd.Softmax(classes=10, l2=l2)
exact = LogisticRegression(C=1 / (n * l2), max_iter=10_000).fit(X, y)
best = np.vstack([exact.coef_.T, exact.intercept_]).ravel()
goal = model(best, X, y) + margin
print(f"goal {goal:.3f}, loss at w = 0 {np.log(10):.3f}")

# %% sweep
sizes = (1, 4, 16, 32, 64, 256, n)
seeds, steps = 5, 2 ** np.arange(-1, 1.25, 0.25)


def first_there(m, lrs):
    """All lrs and seeds at once, until every seed of one lr is there."""
    orders = list(range(seeds if m < n else 1)) * len(lrs)
    lr = np.repeat(lrs, len(orders) // len(lrs))[:, None]
    rows = gd.Batches(X, y, batch_size=m, seed=orders)
    w = np.zeros((len(orders), 650))
    arrived = np.full((len(lrs), len(orders) // len(lrs)), np.inf)
    look, t = max(1, 32 // m), 0  # updates between looks at the loss
    while True:
        for batch in rows.epoch(t // len(rows)):
            w -= lr * model.grad(w, *batch)
            t += 1
            if t % look == 0:
                there = (model(w, X, y) <= goal).reshape(arrived.shape)
                arrived[there] = np.minimum(arrived[there], t)
                done = np.isfinite(arrived).all(1)
                if done.any():
                    i = np.flatnonzero(done)[
                        arrived[done].mean(1).argmin()
                    ]
                    return i, arrived[i]


updates, best_lr = {}, {}
for m in sizes:
    lrs = min(m / 6, 3.2) * steps
    i, updates[m] = first_there(m, lrs)
    best_lr[m] = lrs[i]
    assert 0 < i < len(lrs) - 1  # not at the end of its sweep
print("    m     lr  updates  (range)     rows")
for m, S in updates.items():
    span = f"({S.min():.0f}-{S.max():.0f})"
    print(
        f"{m:5d}{best_lr[m]:7.3f}{S.mean():9.0f}  {span:9}"
        f"{m * S.mean():7.0f}"
    )

# %% fit
B = np.array(sizes)
S = np.array([updates[m].mean() for m in sizes])


def fitted(S):
    """S_min and B_crit of S = S_min (1 + B_crit / B), by relative error."""
    parts = np.stack([1 / S, 1 / (S * B)], axis=1)
    (S_min, slope), *_ = np.linalg.lstsq(parts, np.ones(len(S)))
    return S_min, slope / S_min


S_min, B_crit = fitted(S)
E_min = S_min * B_crit
alone = [
    fitted(np.array([updates[m][s % len(updates[m])] for m in sizes]))
    for s in range(seeds)
]
low, high = np.min(alone, 0), np.max(alone, 0)
print(f"S_min {S_min:.1f} ({low[0]:.1f}-{high[0]:.1f})")
print(
    f"B_crit {B_crit:.1f} ({low[1]:.1f}-{high[1]:.1f}), E_min {E_min:.0f}"
)

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, axes = plt.subplots(3, 1, figsize=(4.4, 7), sharex=True)
curve = np.geomspace(1, n, 200)
model_updates = S_min * (1 + B_crit / curve)
each = np.array([np.broadcast_to(updates[m], seeds) for m in sizes]).T
look = {"color": plot.BATCH["color"], "linestyle": "none"}
for ax, runs, line in (
    (axes[0], each, model_updates),
    (axes[1], each * B, model_updates * curve),
):
    plot.batch_study(
        sizes, runs, ax=ax, label="measured, 5 seeds", **look
    )
    ax.plot(
        curve, line, "--", color=plot.MINI_BATCH["color"], label="fit"
    )
    ax.axvline(B_crit, color=plot.INK, linewidth=0.8, linestyle=":")
plot.batch_study(sizes, [*best_lr.values()], ax=axes[2], **look)
axes[2].plot(
    curve,
    best_lr[1] * curve,
    color=plot.STOCHASTIC["color"],
    linewidth=1,
    label="linear",
)
axes[2].set(ylim=(0.1, 20))
labels = ("updates", "rows read", "best learning rate")
for ax, label in zip(axes, labels, strict=True):
    ax.set(xlabel="", ylabel=label)
axes[2].set(xlabel="batch size")
axes[0].minorticks_off()
ticks = (20, 50, 100, 200, 500)
axes[0].set_yticks(ticks, [f"{t}" for t in ticks])
handles = axes[0].get_legend_handles_labels()
line, name = axes[2].get_legend_handles_labels()
fig.legend(
    handles[0] + line,
    handles[1] + name,
    loc="outside upper left",
    ncols=3,
)
plt.show()

# %% check
# More rows, fewer updates while batches are small: sixteen times the
# rows, at least a fifth of the updates; and next to none at the end.
mean = {m: updates[m].mean() for m in sizes}
few, many = mean[1] / mean[4], mean[64] / mean[n]
assert 2.5 < few < 6
assert many < 1.8
rows_1, rows_4, rows_16 = (m * mean[m] for m in (1, 4, 16))
rows_n = n * mean[n]
assert rows_16 < 2 * rows_1
assert rows_n > 30 * rows_1
fit_off = np.abs(S_min * (1 + B_crit / B) / S - 1).max()
assert fit_off < 0.35
assert 10 < B_crit < 60
B_low, B_high = low[1], high[1]
# The best lr grows with m by less than m itself, and then stays: from 1
# to 4 rows 3.4 times, within the steps of the sweep, and from 32 rows
# to all by no more than a factor of two.
lr_1, lr_4, lr_16, lr_n = (best_lr[m] for m in (1, 4, 16, n))
large = [best_lr[m] for m in sizes if m >= 32]
lr_least, lr_most = min(large), max(large)
assert 2 < lr_4 / lr_1 < 6
assert lr_most / lr_least < 3
assert lr_most < 64 * lr_1
updates_1, updates_16, updates_32 = mean[1], mean[16], mean[32]
updates_64, updates_n = mean[64], mean[n]
lr_ratio = lr_16 / lr_1
assert lr_ratio < 16
