# %% [markdown] lang="en"
# # What one row knows
#
# A line through two hundred points. At three places on the way to the bottom: the gradient of
# every single row, their mean, and what an update on one row does to the loss of all.

# %% [markdown] lang="zh"
# # 一行知道什么
#
# 穿过两百个点的一条直线。在通向谷底的路上取三处，看每一行各自的梯度、它们的平均，
# 以及只凭一行更新一次，全部行上的损失会怎样变。

# %% one_row
import numpy as np

import gdcore as gd

X, y = gd.datasets.line(200, seed=0)  # close to y = 3 x + 2
model, lr = gd.LinearRegression(), 0.05
A = np.column_stack([X, np.ones(len(X))])
bottom, start = np.linalg.lstsq(A, y)[0], np.zeros(2)


def at(ahead):
    """The point with this share of the way still ahead."""
    return bottom + ahead * (start - bottom)


def look(ahead):
    """All rows, single rows, and every update that one can make."""
    w = at(ahead)
    full = model.grad(w, X, y)
    single = model.per_example_grads(w, X, y)  # (200, 2)
    rise = model(w - lr * single, X, y) - model(w, X, y)  # (200,)
    return full, single, rise


print("left  gradient  spread  mean rise  raised by")
for ahead in (1, 0.03, 0):
    full, single, rise = look(ahead)
    spread = np.sqrt(gd.noise.gradient_variance(single))
    print(
        f"{ahead:4.0%} {np.linalg.norm(full):9.3f} {spread:7.3f}"
        f" {rise.mean():10.5f} {np.mean(rise > 0):11.0%}"
    )

# %% fan
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig = plt.figure(figsize=(4.4, 5.2))
above, below = fig.subfigures(2, 1, height_ratios=(1.25, 1))
for ax, ahead, title in zip(
    above.subplots(1, 2),
    (1, 0),
    ("at the start", "at the bottom"),
    strict=True,
):
    full, single, _ = look(ahead)
    ax.plot(
        *(-lr * single).T,
        ".",
        color=plot.STOCHASTIC["color"],
        markersize=4,
        label=f"one row, lr {lr}",
    )
    ax.plot(0, 0, "+", color=plot.INK, markersize=11)
    ax.plot(
        *(-lr * full),
        "D",
        color=plot.BATCH["color"],
        markersize=6,
        label=f"all rows, lr {lr}",
    )
    ax.set(title=title, xlabel="step in the slope")
    ax.margins(0.12)
    ax.locator_params(nbins=4)
above.axes[0].set_ylabel("step in the intercept")
above.legend(
    *above.axes[0].get_legend_handles_labels(),
    loc="outside upper left",
    ncols=2,
)
aheads = np.geomspace(1, 1e-3, 61)
uphill = []
for ahead in aheads:
    full, single, _ = look(ahead)
    uphill.append(np.mean(single @ full < 0))
ax = below.subplots()
ax.plot(aheads, uphill, **plot.STOCHASTIC | {"linewidth": 1.8})
ax.set(
    xscale="log",
    ylim=(-0.03, 0.6),
    xlabel="share of the way still ahead",
    ylabel="share of the rows",
    title="rows that point uphill",
)
ax.invert_xaxis()
plt.show()

# %% check
# The gradient of all rows is the mean of the rows' gradients, wherever
# one stands; a tolerance of rounding.
for ahead in (1, 0.03, 0):
    full, single, rise = look(ahead)
    assert np.allclose(single.mean(0), full, rtol=0, atol=1e-13)
    # The loss is a quadratic with Hessian H, so an update on a row
    # drawn evenly changes it by - lr |G|^2 + lr^2 E[g' H g] / 2.
    H = 2 * A.T @ A / len(A)
    mean_rise = -lr * full @ full
    mean_rise += lr**2 / 2 * np.mean(np.vecdot(single @ H, single))
    assert np.isclose(rise.mean(), mean_rise, rtol=1e-9)

# So is the mean over all batches of three out of eight rows.
from itertools import combinations

some, target = X[:8], y[:8]
every = [
    model.grad(at(0.03), some[list(rows)], target[list(rows)])
    for rows in combinations(range(8), 3)
]
assert len(every) == 56
assert np.allclose(
    np.mean(every, axis=0), model.grad(at(0.03), some, target)
)

# Drawn by chance, the mean of many rows comes as near as its standard
# error says: four of them hold with 99.99 % for each of two numbers.
full, single, _ = look(0.03)
draws = single[np.random.default_rng(1).integers(len(X), size=20_000)]
error = single.std(0) / np.sqrt(len(draws))
assert (np.abs(draws.mean(0) - full) < 4 * error).all()

# Far away all rows agree on the way down, at the bottom they are even.
rows = len(X)
assert uphill[0] == 0
mid_ahead, mid_uphill = 0.03, np.mean(single @ full < 0)
last_ahead, last_uphill = aheads[-1], uphill[-1]
assert 0.1 < mid_uphill < 0.3
assert 0.4 < last_uphill < 0.6
start_fall, mid_fall = -look(1)[2].mean(), -look(0.03)[2].mean()
bottom_rise = look(0)[2].mean()
mid_worse = np.mean(look(0.03)[2] > 0)
assert start_fall > mid_fall > 0
assert bottom_rise > 0
assert (look(0)[2] > 0).all()
spread = float(np.sqrt(gd.noise.gradient_variance(look(0)[1])))
assert np.linalg.norm(look(0)[0]) < 1e-12 < 0.1 < spread
