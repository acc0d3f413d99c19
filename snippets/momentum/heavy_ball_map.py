# %% [markdown] lang="en"
# # Where heavy ball is stable, and how fast
#
# On a parabola an update of heavy ball is a matrix of two rows, and its larger eigenvalue says
# everything. Computed, and measured from runs.

# %% [markdown] lang="zh"
# # 重球在哪里稳定，在那里有多快
#
# 在抛物线上，重球的一次更新就是一个两行的矩阵，较大的特征值说明一切。先算，再从运行里测。

# %% factor
import numpy as np


def factor(x, beta):
    """What an update multiplies by; x is lr times curvature."""
    half = (1 + beta - x) / 2  # the roots of z^2 - 2 half z + beta
    gap = half**2 - beta
    real = np.abs(half) + np.sqrt(np.maximum(gap, 0))
    return np.where(gap < 0, np.sqrt(beta), real)


for beta in (0, 0.64, 0.95):
    print(f"momentum {beta:4}: {factor(0.04, beta):.3f} per update")

# %% measure
# A run for every cell of a grid, on a parabola of curvature 1, made
# one again after each update so that none overflows.
grid_x = np.linspace(0.05, 3.95, 40)
grid_beta = np.linspace(0, 0.96, 33)
x, b = np.meshgrid(grid_x, grid_beta)
w, v = np.ones_like(x), np.zeros_like(x)
updates, logs = 4000, 0.0
for step in range(updates):
    v = b * v + w
    w = w - x * v
    size = np.hypot(w, v)
    w, v = w / size, v / size
    if step >= updates // 2:
        logs = logs + np.log(size)
measured = np.exp(logs / (updates // 2))
worst = np.abs(measured - factor(x, b)).max()
print(f"{x.size} runs, off the formula by at most {worst:.1g}")

# %% draw
import matplotlib.pyplot as plt

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)
fig, (above, below) = plt.subplots(
    2, 1, figsize=(4.4, 6.2), height_ratios=(3, 2)
)
across, up = np.linspace(0, 4, 61), np.linspace(0, 0.999, 46)
drawn = plot.stability_map(
    across, up, factor(*np.meshgrid(across, up)), ax=above
)
fig.colorbar(drawn, ax=above, label="factor per update")
root = np.sqrt(up)
for edge in ((1 - root) ** 2, (1 + root) ** 2):
    above.plot(edge, up, "--", color="white", linewidth=1.2)
for place, word, ink in (
    ((1.45, 0.55), "swings", "white"),
    ((0.04, 0.03), "creeps", "white"),
    ((1.45, 0.03), "jumps", "white"),
    ((2.7, 0.2), "diverges", "#333333"),
):
    above.text(*place, word, fontsize=9, color=ink)
above.set(
    xlim=(0, 4),
    ylim=(0, 0.999),
    xlabel="learning rate times curvature",
    ylabel="share of the velocity kept",
)
above.grid(False)
parabola = gd.objectives.Parabola(0.5)
lr = 0.04 / parabola.curvature(1.0)
runs = {}
for beta, look in (
    (0, plot.STOCHASTIC | {"linewidth": 1.6}),
    (0.64, plot.BATCH),
    (0.95, plot.MINI_BATCH),
):
    rule = gd.SGD(lr=lr, momentum=beta)
    run = gd.descend(parabola, [1.0], rule, steps=120, path=True)
    runs[beta] = run["w"][:, 0]
    below.plot(runs[beta], label=f"momentum {beta}", **look)
below.axhline(0, color=plot.GREY, linewidth=0.8)
below.set(
    xlabel="updates",
    ylabel="distance",
    title="learning rate times curvature 0.04",
)
fig.legend(loc="outside lower left", ncols=3, columnspacing=1.2)
plt.show()

# %% check
# The formula against NumPy's eigenvalues of the matrix of (v, w).
matrix = np.stack(
    [np.stack([b, np.ones_like(b)], -1), np.stack([-x * b, 1 - x], -1)],
    -2,
)
largest = np.abs(np.linalg.eigvals(matrix)).max(-1)
# 1e-7: at a double root an eigenvalue is right to half the digits.
assert np.allclose(largest, factor(x, b), rtol=0, atol=1e-7)
# Runs: swings and double roots add about log(2)/2000 to the mean log.
assert worst < 2e-3
# It stays in for 0 < lr lambda < 2 (1 + beta); no cell lies on the
# border itself.
assert np.array_equal(measured < 1, x < 2 * (1 + b))
runs_measured = measured.size
# Where it swings, the factor is the root of beta, whatever the lr.
swings = (x > (1 - np.sqrt(b)) ** 2) & (x < (1 + np.sqrt(b)) ** 2)
assert np.allclose(factor(x, b)[swings], np.sqrt(b)[swings])
swing_share = swings[x < 2 * (1 + b)].mean()
# At lr lambda = .04 the best memory is (1 - .2)^2, with a factor of
# .8; too long a memory is worse than none.
critical = (1 - np.sqrt(0.04)) ** 2
tried = factor(0.04, np.linspace(0, 0.999, 1000))
assert np.isclose(critical, 0.64)
assert np.isclose(tried.min(), 0.8, atol=1e-3)
assert abs(np.argmin(tried) / 1000 - critical) < 2e-3
none, best, long = (float(factor(0.04, m)) for m in (0, 0.64, 0.95))
assert best < none < long
assert np.isclose(long, np.sqrt(0.95))
crossings = int(np.sum(np.diff(np.sign(runs[0.95])) != 0))
assert crossings > 3
assert (runs[0.64] > 0).all()
late = [abs(runs[m][-20:]).max() for m in (0.64, 0, 0.95)]
assert late == sorted(late)
