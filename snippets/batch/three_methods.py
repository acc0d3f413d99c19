# %% [markdown] lang="en"
# # Three methods, one race
#
# The race that most tutorials run: one straight line, one learning rate, three batch sizes. Here
# it runs to its end, is drawn against three clocks, and is run again with each method at a
# learning rate of its own.

# %% [markdown] lang="zh"
# # 三种方法，一场赛跑
#
# 多数教程都会跑的那场比赛：一条直线、一个学习率、三种批量大小。这里把它跑到底，
# 按三只不同的钟画出来，再让每种方法用各自的学习率重跑一次。

# %% data
import json
from itertools import chain, islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

np.random.seed(42)  # the seed and the data of the published race
X = np.random.rand(1000, 1)
y = (3 * X + 2 + 0.1 * np.random.randn(1000, 1)).ravel()

loss = gd.LinearRegression()
n = len(X)
A = np.column_stack([X, np.ones(n)])
H = 2 * A.T @ A / n  # the curvature of the loss, the same everywhere
best = np.linalg.lstsq(A, y)[0]
floor = loss(best, X, y)
print(f"least squares: {best.round(4)}, loss {floor:.6f}")

# %% [markdown] lang="en"
# ## As published: one learning rate for all
#
# The loop is the same for all three; only `batch_size` differs. The loss drawn is that of all
# rows, taken at the `milestones`.

# %% [markdown] lang="zh"
# ## 照通常的做法：三者共用一个学习率
#
# 三者的循环完全相同，只有 `batch_size` 不同。图中画的是全部行上的损失，在各个 `milestones` 上取值。

# %% race
milestones = set(np.geomspace(1, 1_000_000, 241).round().astype(int))


def race(batch_size, lr, updates, seed=0):
    """Descend from 0; record the loss above least squares."""
    batches = gd.Batches(X, y, batch_size=batch_size, seed=seed)
    optimizer = gd.SGD(lr=lr)
    w = np.zeros(2)
    state = optimizer.init(w)
    history = gd.History()
    for epoch in range(updates // len(batches)):
        for X_batch, y_batch in batches.epoch(epoch):
            optimizer.step(w, loss.grad(w, X_batch, y_batch), state)
            if state["t"] in milestones:
                history.record(state["t"], excess=loss(w, X, y) - floor)
    history.record(state["t"], w=w)
    return history


methods = {
    "batch": (n, plot.BATCH),
    "mini-batch": (128, plot.MINI_BATCH),
    "stochastic": (1, plot.STOCHASTIC),
}
shared_lr, epochs = 0.01, 1000
published = {
    name: race(m, shared_lr, updates=epochs * -(-n // m))
    for name, (m, _) in methods.items()
}

for name, history in published.items():
    made, end = history.steps("w")[-1], history["w"][-1].round(4)
    print(f"{name:>10}: {made:9,d} updates to {end}")

# %% clocks
checkout = Path(gd.__file__).parents[1]
record = checkout / "snippets/measured/three_methods.json"
measured = json.loads(record.read_text())
step_seconds = {
    row["batch_size"]: row["step_seconds"]
    for row in measured["rows"]
    if row["library"] == "numpy"
}


def against_clocks(runs, lrs):
    """Draw the runs by epochs, by updates and by seconds."""
    fig, axes = plt.subplots(3, 1, figsize=(4.4, 7.4), sharey=True)
    clocks = {
        "epochs": lambda m: 1 / -(-n // m),
        "updates": lambda m: 1,
        "seconds": lambda m: step_seconds[m],
    }
    for ax, (clock, per_update) in zip(
        axes, clocks.items(), strict=True
    ):
        for name, histories in runs.items():
            m, look = methods[name]
            label = f"{name}, batch size {m}, lr {lrs[name]:.2g}"
            if len(histories) > 1:
                label += f", {len(histories)} seeds"
            plot.loss(
                histories,
                series="excess",
                ax=ax,
                per_update=per_update(m),
                label=label,
                **look,
            )
        ax.set(
            xscale="log", yscale="log", ylim=(1e-9, 30), xlabel=clock
        )
    axes[1].set_ylabel("loss of all rows, above least squares")
    fig.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper left"
    )
    return axes


against_clocks(
    {name: [history] for name, history in published.items()},
    dict.fromkeys(methods, shared_lr),
)
plt.show()

# %% [markdown] lang="en"
# ## Made fair: to each its own learning rate
#
# One sweep for all: the learning rates `lrs`, with `seeds` orders of the data and `budget` updates
# each. A run *arrives* with the first update that brings the loss of all rows as `close` to least
# squares as asked, and it *holds* if the second half of its updates stays as close on average. The
# best learning rate is the one that holds and whose slowest seed arrives first.

# %% [markdown] lang="zh"
# ## 让比赛公平：各用各的学习率
#
# 三者用同一套扫描：学习率取自 `lrs`，每个配 `seeds` 种数据次序，各更新 `budget` 次。全部行上的损失
# 第一次与最小二乘近到 `close` 以内，叫做*到达*；后一半更新平均下来仍这么近，叫做*守住*。
# 最好的学习率，是守得住、并且最慢的种子也最早到达的那个。

# %% sweep
lrs = 2.0 ** np.arange(-5, 0.5, 0.5)
seeds, budget, close = 5, 2000, 0.001


def descent(batch_size, lr):
    """Loss above least squares after each update, (runs, budget).

    The seeds run side by side; all rows at once leave no chance.
    """
    runs = range(seeds) if batch_size < n else [0]
    batches = gd.Batches(X, y, batch_size=batch_size, seed=runs)
    optimizer = gd.SGD(lr=lr)
    w = np.zeros((len(runs), 2))
    path = np.full((budget, *w.shape), 1e6)
    state = optimizer.init(w)
    epochs = map(batches.epoch, range(budget))
    visits = islice(chain.from_iterable(epochs), budget)
    for t, (X_batch, y_batch) in enumerate(visits):
        optimizer.step(w, loss.grad(w, X_batch, y_batch), state)
        if abs(w[0, 0]) > 1e6:  # diverged: the rest stays far off
            break
        path[t] = w
    away = path - best
    return np.sum(away @ H * away, axis=-1).T / 2  # exact: a bowl


def judge(excess, close):
    """Updates until arrival, (lrs, runs), and which lr holds, (lrs,)."""
    near = excess <= close
    arrives = np.where(near.any(-1), near.argmax(-1) + 1, np.inf)
    late = excess[..., budget // 2 :].mean(-1)
    return arrives, (late <= close).all(-1)


def fastest(excess, close):
    """Number of the lr that holds and whose slowest seed is first."""
    arrives, holds = judge(excess, close)
    return np.where(holds, arrives.max(1), np.inf).argmin()


sweeps, own_lr = {}, {}
for name, (m, _) in methods.items():
    sweeps[name] = np.array([descent(m, lr) for lr in lrs])
    own = fastest(sweeps[name], close)
    own_lr[name] = lrs[own]
    times = judge(sweeps[name], close)[0][own]
    print(
        f"{name:>10}: lr {lrs[own]:.4f}, {times.mean():.1f} updates "
        f"({times.min():.0f} to {times.max():.0f})"
    )

fig, ax = plt.subplots(figsize=(4.4, 4.2))
for (name, (m, look)), marker in zip(
    methods.items(), "sDo", strict=True
):
    arrives, kept = judge(sweeps[name], close)
    mean = arrives.mean(1)
    label = f"{name}, batch size {m}"
    if m < n:
        label += f", {seeds} seeds"
    plot.band(lrs, arrives.T, ax=ax, label=label, **look)
    ax.plot(lrs[kept], mean[kept], marker, color=look["color"])
    ax.plot(
        lrs[~kept],
        mean[~kept],
        marker,
        color=look["color"],
        markerfacecolor="none",
    )
ax.plot([], [], "o", color="#6b7280", label="holds")
ax.plot(
    [],
    [],
    "o",
    color="#6b7280",
    markerfacecolor="none",
    label="arrives but does not hold",
)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="learning rate",
    ylabel="updates until arrival",
)
for axis, ticks in (
    (ax.xaxis, (0.03, 0.1, 0.3, 1)),
    (ax.yaxis, (30, 100, 300)),
):
    axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_minor_formatter("")
fig.legend(loc="outside upper left")
plt.show()

# %% own_lr
fair = {
    name: [
        race(m, own_lr[name], budget, seed)
        for seed in (range(seeds) if m < n else [0])
    ]
    for name, (m, _) in methods.items()
}
axes = against_clocks(fair, own_lr)
for ax in axes:
    ax.axhline(close, color="#6b7280", linestyle=":")
    ax.set_ylim(1e-6, 30)
plt.show()

# %% [markdown] lang="en"
# ## The claims of the chapter

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
made = {
    name: int(run.steps("w")[-1]) for name, run in published.items()
}
batch_updates, mini_updates, one_updates = made.values()
batch_size, mini_size, one_size = (m for m, _ in methods.values())
assert (batch_updates, mini_updates, one_updates) == (
    1_000,
    8_000,
    1_000_000,
)

# Batch descent has a closed form: the error shrinks by I - lr H with every update.
exact = (
    best
    - np.linalg.matrix_power(np.eye(2) - shared_lr * H, batch_updates)
    @ best
)
assert np.allclose(published["batch"]["w"][-1], exact, rtol=1e-10)
mu, L = np.linalg.eigvalsh(H)
lr_limit = 2 / L
batch_slope = published["batch"]["w"][-1][0]
batch_error = abs(batch_slope - best[0])
assert (
    batch_error > 0.3
)  # after 1000 epochs batch descent is still on its way


def at(history, updates):
    return history["excess"][history.steps("excess") == updates][0]


# At one shared lr, equal updates bring equal progress, whatever a batch costs.
after_1000 = {
    name: at(history, batch_updates)
    for name, history in published.items()
}
batch_after, mini_after, one_after = after_1000.values()
spread = max(after_1000.values()) / min(after_1000.values()) - 1
assert spread < 0.1
early = [
    run["excess"][run.steps("excess") <= batch_updates]
    for run in published.values()
]
widest = np.max(np.max(early, axis=0) / np.min(early, axis=0)) - 1
assert widest < 0.5
assert all(path[0] > 800 * path[-1] for path in early)
# Left alone at that lr, the one-sample run keeps bouncing; the mini-batch settles far lower.
mini_tail = published["mini-batch"]["excess"][-5:].mean()
one_tail = published["stochastic"]["excess"][-50:].mean()
assert mini_tail < one_tail / 1000

# An epoch of one sample at a time is the slowest in seconds, by its thousand updates.
epoch_ms = {
    m: 1000 * step_seconds[m] * -(-n // m) for m in step_seconds
}
one_epoch_ms, mini_epoch_ms, batch_epoch_ms = (
    epoch_ms[1],
    epoch_ms[128],
    epoch_ms[n],
)
assert one_epoch_ms > 10 * mini_epoch_ms > 10 * batch_epoch_ms
step_ratio = step_seconds[n] / step_seconds[1]
assert 1 < step_ratio < 10  # a thousand rows cost little more than one
epoch_ratio = one_epoch_ms / batch_epoch_ms
device, measured_on = measured["device"], measured["date"]

# Each at its own lr: the order depends on the clock.
arrivals = {name: judge(sweeps[name], close)[0] for name in methods}
best_at = {
    name: arrivals[name][fastest(sweeps[name], close)]
    for name in methods
}
batch_arrives, mini_arrives, one_arrives = (
    times.mean() for times in best_at.values()
)
one_first = best_at["stochastic"].min()
one_last = best_at["stochastic"].max()
batch_lr, mini_lr, one_lr = own_lr.values()
assert batch_arrives < mini_arrives < 1.1 * batch_arrives < one_arrives

whole, rest = np.divmod(best_at["mini-batch"], -(-n // mini_size))
batch_rows, one_rows = batch_arrives * n, one_arrives
mini_rows = np.mean(whole * n + rest * mini_size)
assert one_rows < mini_rows < batch_rows / 5

batch_ms, mini_ms, one_ms = (
    1000 * step_seconds[m] * times.mean()
    for (m, _), times in zip(
        methods.values(), best_at.values(), strict=True
    )
)
assert max(batch_ms, mini_ms) < 1.2 * min(batch_ms, mini_ms)
assert max(batch_ms, mini_ms) < one_ms / 3

# The last lr of the sweep lies beyond the limit; no run arrives there.
assert batch_lr < lr_limit < lrs[-1]
assert all(np.isinf(times[-1]).all() for times in arrivals.values())
assert one_lr < batch_lr / 4
assert one_last < n / 2  # before half the data has been seen once

# While lr is small, twice the lr halves the updates for all.
for times in arrivals.values():
    assert 1.7 < times[0].mean() / times[2].mean() < 2.3

# A larger lr brings the one-sample run near sooner, but not to stay.
one_mean = arrivals["stochastic"].mean(axis=1)
hasty_lr, hasty_arrives = lrs[one_mean.argmin()], one_mean.min()
assert hasty_arrives < one_arrives
assert not judge(sweeps["stochastic"], close)[1][one_mean.argmin()]

# Ask for ten times closer, and the mini-batch falls behind.
closer = close / 10
batch_closer, mini_closer = (
    judge(sweeps[name], closer)[0][fastest(sweeps[name], closer)].mean()
    for name in ("batch", "mini-batch")
)
assert mini_closer > 1.5 * batch_closer
one_arrives_closer, one_holds_closer = judge(
    sweeps["stochastic"], closer
)
ready = one_holds_closer & np.isfinite(one_arrives_closer).all(axis=1)
assert not ready.any()
