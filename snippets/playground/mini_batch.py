# %% [markdown] lang="en"
# # What the mini-batch playground starts from
#
# The thousand points of the race, the bowl of their loss, and what the knobs offer. Then the runs
# that the page shows or suggests, and the same over several seeds. The script in the page repeats
# a run number for number.

# %% [markdown] lang="zh"
# # 小批量试验场的出发点
#
# 那场比赛的一千个点、它们的损失的碗，以及各个旋钮的范围。之后是页面上显示或建议的运行，
# 再用多个种子各跑一遍。页面里的脚本会逐个数字地重现一次运行。

# %% data
import json
from itertools import chain, islice

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
L = np.linalg.eigvalsh(H)[-1]
lr_limit = 2 / L  # of all rows at once
row_limit = 1 / (1 + np.max(X**2))  # of the row that curves most


class Bowl:
    """The loss of all rows over slope and intercept."""

    domain = np.array([[-1.0, 6.0], [-1.0, 6.0]])
    minima = best[None, :]

    def __call__(self, w):
        """The loss is a bowl: this is exact, and safe from rounding."""
        return floor + self.above(w)

    def above(self, w):
        away = w - best
        return np.sum(away @ H * away, axis=-1) / 2


bowl = Bowl()
assert np.isclose(bowl(np.zeros(2)), loss(np.zeros(2), X, y))

# %% [markdown] lang="en"
# ## What the knobs offer
#
# The page reads `data`. There are no batches in it: which rows an epoch deals out, and in which
# order, is a function of its number and the seed, and the script computes that function as NumPy
# does.

# %% [markdown] lang="zh"
# ## 旋钮的范围
#
# 页面读取的是 `data`。里面没有各批的内容：一轮发出哪些行、按什么次序，是轮次和种子的函数，
# 脚本像 NumPy 那样自己算出来。

# %% knobs
last = 10_000  # a run ends after so many updates
choices = {
    "m": [2**k for k in range(10)] + [n],
    "lr": [0.001, 1],
    "sampling": ["reshuffle", "once", "replacement"],
    "seed": [0, 19],
    "updates": [0, last],
    "clock": ["updates", "epochs", "rows"],
    "speed": [1, 3, 10, 30, 100, 300, 1000],
}
data = json.dumps(
    {
        "X": X.ravel().tolist(),
        "y": y.tolist(),
        "best": best.tolist(),
        "floor": floor,
        "H": H.tolist(),
        "limits": [lr_limit, row_limit],
        "choices": choices,
        "looks": {
            "batch": plot.BATCH,
            "mini": plot.MINI_BATCH,
            "stochastic": plot.STOCHASTIC,
        },
    },
    separators=(",", ":"),
)


def preset(m, lr=0.1, updates=100, **more):
    """Settings as a page reads them: one line."""
    settings = {
        "m": m,
        "lr": lr,
        "sampling": "reshuffle",
        "seed": 0,
        "updates": updates,
        "clock": "updates",
        "speed": 10,
    } | more
    return " ".join(f"{k}={v}" for k, v in settings.items())


# %% [markdown] lang="en"
# ## A run, as the script repeats it

# %% [markdown] lang="zh"
# ## 一次运行，脚本会照样重现

# %% run
SAMPLING = {
    "reshuffle": {},
    "once": {"shuffle": "once"},
    "replacement": {"replacement": True},
}


def descend(m, lr, updates, sampling="reshuffle", seed=0):
    """A run, and the batch of its last update."""
    batches = gd.Batches(
        X, y, batch_size=m, seed=seed, **SAMPLING[sampling]
    )
    run = gd.descend(
        loss, [0, 0], gd.SGD(lr=lr), batches, steps=updates, path=True
    )
    visits = chain.from_iterable(map(batches.epoch, range(updates)))
    return run, next(islice(visits, updates - 1, None))


# %% [markdown] lang="en"
# ## The pictures that stand in the pages before the script runs

# %% [markdown] lang="zh"
# ## 脚本运行之前页面上的图


# %% draw
def draw_rows(way, X_batch, y_batch, look):
    _, ax = plt.subplots(figsize=(4.4, 4), layout="constrained")
    ax.plot(X, y, ".", color=plot.GREY, alpha=0.45, markersize=2)
    ax.plot(X_batch, y_batch, ".", color=look["color"], markersize=5)
    ends = np.array([0, 1])
    ax.plot(ends, best[0] * ends + best[1], ":", color=plot.INK)
    slope, intercept = way[-1]
    ax.plot(ends, slope * ends + intercept, color=plot.INK)
    ax.set(xlabel="$x$", ylabel="$y$", xlim=(0, 1), ylim=(-0.25, 5.5))


def draw_bowl(run, look):
    _, ax = plt.subplots(figsize=(4.4, 4), layout="constrained")
    plot.contour(bowl, ax=ax)
    plot.path(run, ax=ax, color=look["color"])
    ax.set(xlabel="slope", ylabel="intercept")
    ax.grid(False)


def draw_curve(way, look, label):
    _, ax = plt.subplots(figsize=(4.4, 4), layout="constrained")
    height = bowl.above(way[1:])
    ax.plot(np.arange(1, len(way)), height, label=label, **look)
    ax.set(xscale="log", yscale="log", xlim=(1, last), ylim=(1e-8, 1e4))
    ax.set(xlabel="updates", ylabel="loss above the best line's")
    ax.legend(loc="lower left")


# %% mini_batch
m, lr, updates = 128, 0.1, 100
mini_batch = preset(m, lr, updates)
run, batch = descend(m, lr, updates)
draw_rows(run["w"], *batch, plot.MINI_BATCH)
draw_bowl(run, plot.MINI_BATCH)
label = f"mini-batch, batch size {m}, lr {lr}"
draw_curve(run["w"], plot.MINI_BATCH, label)
plt.show()

# %% few_rows
few, few_lr, few_updates = 8, 0.1, 60
few_rows = preset(
    few, few_lr, few_updates, show="m,lr", views="rows,bowl"
)
run, batch = descend(few, few_lr, few_updates)
draw_rows(run["w"], *batch, plot.MINI_BATCH)
draw_bowl(run, plot.MINI_BATCH)
plt.show()

# %% [markdown] lang="en"
# ## Things to try
#
# Each of them is a link in the page. A run that ends in `beside` is the one kept for comparison.

# %% [markdown] lang="zh"
# ## 可以试试
#
# 每一项都是页面上的一个链接。写在 `beside` 里的，是留作对照的那次运行。

# %% tries
slow_lr, same = 0.01, 1000
all_rows = preset(n, slow_lr, same)
beside_all = f"{n}:{slow_lr}:reshuffle:0:{same}"
one_row = preset(1, slow_lr, same, beside=beside_all)
one_row_read = preset(1, slow_lr, same, beside=beside_all, clock="rows")

below, above = 0.79, 0.85  # of the limit of all rows
just_below = preset(n, below, last)
just_above = preset(n, above, last)
one_too_far = preset(1, below, last)

noise_lr, settle = 0.1, 4000
one_noise = preset(1, noise_lr, last)
four_noise = preset(
    4, noise_lr, last, beside=f"1:{noise_lr}:reshuffle:0:{last}"
)
replaced = preset(
    n,
    noise_lr,
    last,
    sampling="replacement",
    beside=f"{n}:{noise_lr}:reshuffle:0:{last}",
)

# %% [markdown] lang="en"
# ## The same with several seeds
#
# The loss above the best line's after each update, the seeds side by side. Noise has settled in
# the second half of a run, and its height is the mean over that half.

# %% [markdown] lang="zh"
# ## 换多个种子再跑
#
# 每次更新之后损失比最佳直线高出多少，各种子一起跑。一次运行的后一半，噪声已经稳定，它的高度取这一半的平均。

# %% noise
seeds = 8


def heights(m, lr, updates, sampling="reshuffle"):
    """Loss above the best line's after each update, (updates, seeds)."""
    batches = gd.Batches(
        X, y, batch_size=m, seed=range(seeds), **SAMPLING[sampling]
    )
    optimizer = gd.SGD(lr=lr)
    w = np.zeros((seeds, 2))
    state = optimizer.init(w)
    path = np.empty((updates, seeds, 2))
    epochs = map(batches.epoch, range(updates))
    visits = islice(chain.from_iterable(epochs), updates)
    for t, (X_batch, y_batch) in enumerate(visits):
        optimizer.step(w, loss.grad(w, X_batch, y_batch), state)
        path[t] = w
    return bowl.above(path)


names = {
    "reshuffle": ("reshuffle", "#d55e00", "--"),
    "once": ("shuffle once", "#cc79a7", ":"),
    "replacement": ("with replacement", "#0072b2", "-"),
}
tried = np.array([1, 4, 16, 64, 256, n])
noise = {  # (sizes, seeds)
    sampling: np.array(
        [
            heights(m, noise_lr, settle, sampling)[settle // 2 :].mean(
                0
            )
            for m in tried
        ]
    )
    for sampling in names
}
fig, ax = plt.subplots(figsize=(4.4, 3.6))
for sampling, (name, color, line) in names.items():
    shown = noise[sampling][:, 0] > 1e-9  # all rows once: no noise
    plot.batch_study(
        tried[shown],
        noise[sampling][shown].T,
        ax=ax,
        color=color,
        linestyle=line,
        label=f"{name}, lr {noise_lr}, {seeds} seeds",
    )
ax.set(ylabel="loss above the best line's")
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## The claims of the pages

# %% [markdown] lang="zh"
# ## 页面上的论断

# %% check
# One learning rate: after as many updates all stand about as high.
for updates in (100, same):
    of_all, of_mini, of_one = (
        heights(size, slow_lr, updates)[-1] for size in (n, m, 1)
    )
    assert np.allclose(of_mini, of_all, rtol=0.05)
    assert np.allclose(of_one, of_all, rtol=0.3)
all_at, one_low, one_high = of_all[0], of_one.min(), of_one.max()
all_read = same * n

# The limit of all rows is 2 / L: below it the loss falls to the end,
# and above it the error across the valley grows by lr L - 1 each time.
assert below < lr_limit < above
steady = heights(n, below, 1000)[:, 0]
assert (np.diff(steady) < 0).all()
wild = heights(n, above, 60)[:, 0]
growth = (above * L - 1) ** 2
assert np.allclose(wild[40:] / wild[39:-1], growth, rtol=1e-3)
far = 1000 * bowl(np.zeros(2))
above_lost = int(np.argmax(floor + wild > far)) + 1
assert above_lost > 1

# One row has a limit of its own, and at 0.79 no seed holds.
assert 0.5 < row_limit < below
one = floor + heights(1, below, 400)
lost = np.argmax(one > far, axis=0) + 1
assert (one > far).any(axis=0).all()
one_lost, first_lost, last_lost = lost[0], lost.min(), lost.max()

# The noise settles at a height that goes with lr / m.
at_one, at_four = (noise["reshuffle"][k].mean() for k in (0, 1))
four_part = at_four / at_one
assert 0.22 < four_part < 0.28
at_half = heights(1, noise_lr / 2, settle)[settle // 2 :].mean()
half_part = at_half / at_one
assert 0.4 < half_part < 0.55
# In small batches it matters little how rows are chosen, in large ones much.
ends = [[noise[name][k].mean() for name in names] for k in (0, -2)]
assert max(ends[0]) < 1.1 * min(ends[0])
assert ends[1][2] > 3 * ends[1][0]
big, big_ratio = int(tried[-2]), ends[1][2] / ends[1][0]
# All rows once are no sample; as many draws with replacement are one.
assert noise["reshuffle"][-1].max() < 1e-20
at_replaced = noise["replacement"][-1].mean()
assert 0.8 < at_replaced * n / at_one < 1.25
drawn = gd.Batches(X, y, batch_size=n, replacement=True)
missed = np.mean(
    [n - len(np.unique(drawn.order(epoch))) for epoch in range(100)]
)
assert abs(missed / n - np.exp(-1)) < 0.01
missed_part = missed / n

# The first update of the first picture, by hand.
order = gd.Batches(X, y, batch_size=m).order(0)[:m]
step = lr * 2 * np.array([y[order] @ X[order, 0], y[order].sum()]) / m
first = descend(m, lr, 1)[0]["w"][1]
assert np.allclose(first, step, rtol=1e-12)
