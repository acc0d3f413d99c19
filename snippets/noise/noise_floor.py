# %% [markdown] lang="en"
# # The noise floor
#
# A parabola whose slope is off by normal noise, and two thousand runs at each learning rate.
# Everything here has a closed form.

# %% [markdown] lang="zh"
# # 噪声基底
#
# 一条抛物线，坡度带着正态噪声；每个学习率跑两千次。这里的一切都有闭式解。

# %% runs
import numpy as np

import gdcore as gd

lam, sigma, seeds, runs = 1.0, 1.0, 5, 400
bowl = gd.objectives.Parabola(a=lam / 2)  # curvature lam


class Noisy:
    """A surface whose slope is off by normal noise."""

    def __init__(self, surface, sigma, seed):
        self.surface, self.sigma = surface, sigma
        self.rng = np.random.default_rng(seed)

    def __call__(self, w):
        return self.surface(w)

    def value_and_grad(self, w):
        height, slope = self.surface.value_and_grad(w)
        noise = self.sigma * self.rng.standard_normal(w.shape)
        return height, slope + noise


def heights(lr, start, steps):
    """Heights before every update, (seeds, runs, steps + 1)."""
    starts = np.full((runs, 1), start)
    return np.array(
        [
            [
                run["loss"]
                for run in gd.descend_runs(
                    Noisy(bowl, sigma, seed),
                    starts,
                    gd.SGD(lr=lr),
                    steps=steps,
                )
            ]
            for seed in range(seeds)
        ]
    )


start, shown_lrs = 10.0, (0.4, 0.1, 0.025)
down = {lr: heights(lr, start, 400) for lr in shown_lrs}
for lr, height in down.items():
    floor = height[..., 300:].mean()
    print(f"lr {lr}: in the end {floor:.4f} high on average")

# %% sweep
lrs = (0.01, 0.03, 0.1, 0.3, 1.0, 1.5, 1.8, 1.95)
floors = np.array(  # one for each lr and seed, from the last updates
    [heights(lr, 0.0, 500)[..., 400:].mean((1, 2)) for lr in lrs]
)

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)


def level(lr):
    """Height of the floor: half the curvature times the variance."""
    return lr * sigma**2 / (2 * (2 - lr * lam))


fig, axes = plt.subplots(2, 1, figsize=(4.4, 6.2))
looks = (plot.BATCH, plot.MINI_BATCH, plot.STOCHASTIC)
for (lr, height), look in zip(down.items(), looks, strict=True):
    means = height.mean(1)  # (seeds, updates)
    plot.band(
        range(means.shape[1]),
        means,
        ax=axes[0],
        label=f"lr {lr}, mean of {seeds * runs} runs",
        **look | {"linewidth": 1.8},
    )
    axes[0].plot(
        [300, 400], [level(lr)] * 2, color=plot.INK, linewidth=1
    )
axes[0].plot(
    down[0.1][0, 0],
    color=plot.GREY,
    linewidth=0.6,
    alpha=0.8,
    zorder=1,
    label="lr 0.1, one run",
)
axes[0].set(
    yscale="log",
    xlim=(0, 400),
    ylim=(1e-4, 100),
    xlabel="updates",
    ylabel="height",
)
fine = np.geomspace(0.008, 1.99, 300)
axes[1].plot(
    fine, level(fine), color=plot.INK, linewidth=1.2, label="computed"
)
axes[1].errorbar(
    lrs,
    floors.mean(1),
    [floors.mean(1) - floors.min(1), floors.max(1) - floors.mean(1)],
    fmt="o",
    color=plot.STOCHASTIC["color"],
    markersize=4,
    label="measured",
)
axes[1].axvline(2 / lam, color=plot.GREY, linewidth=1)
axes[1].text(1.85, 3e-3, "limit", fontsize=9, ha="right")
axes[1].set(
    xscale="log",
    yscale="log",
    xlabel="learning rate",
    ylabel="height of the floor",
)
axes[1].legend(loc="upper left")
fig.legend(
    *axes[0].get_legend_handles_labels(), loc="outside upper left"
)
plt.show()


# %% check
# The mean height at every update, from the start on:
# a^(2t) start^2 lam / 2 + level (1 - a^(2t)) with a = 1 - lr lam.
def expected(lr, t, height=lam / 2 * start**2):
    faded = (1 - lr * lam) ** (2 * t)
    return faded * height + level(lr) * (1 - faded)


# A mean over 2,000 runs. On the floor a height is lam/2 times the
# square of a normal number, with a relative spread of sqrt(2); before
# that it is smaller. Five standard errors, for 1,200 means compared.
tolerance = 5 * np.sqrt(2 / (seeds * runs))
t = np.arange(401)
for lr, height in down.items():
    means = height.mean((0, 1))
    assert np.abs(means / expected(lr, t) - 1).max() < tolerance
all_runs = seeds * runs
large_lr, mid_lr, small_lr = shown_lrs
large_level, mid_level, small_level = map(level, shown_lrs)

# The sweep: a hundred updates of each run, so the error is no larger.
for lr, floor in zip(lrs, floors, strict=True):
    faded = expected(lr, 450, 0) / level(lr)
    assert abs(floor.mean() / level(lr) / faded - 1) < tolerance

# The floor is half of lr sigma^2 / 2 while lr is small, and grows
# without bound at the limit 2 / lam, which noise does not move.
assert np.isclose(level(1e-6), 1e-6 * sigma**2 / 4, rtol=1e-5)
edge_lr, edge_times = lrs[-1], level(lrs[-1]) / (lrs[-1] / 4)
assert np.isclose(edge_times, 40)
beyond = heights(2.05, 0.0, 500)[..., -1]
assert beyond.mean() > 1e15


# Half the learning rate: half the floor, and twice the wait until the
# mean height is within twice the floor.
def wait(lr):
    above = lam / 2 * start**2 / level(lr) - 1
    return np.log(above) / (-2 * np.log(1 - lr * lam))


for lr in shown_lrs:
    there = down[lr].mean((0, 1)) <= 2 * level(lr)
    # the mean is off by a few per cent, so the crossing by as much of
    # the updates in which the excess halves
    slack = 1 + tolerance * 2 / (-2 * np.log(1 - lr * lam))
    assert abs(np.argmax(there) - wait(lr)) < slack + 1
mid_wait, small_wait = wait(mid_lr), wait(small_lr)
assert 1.8 < level(0.1) / level(0.05) < 2.2
assert 2 < wait(0.05) / wait(0.1) < 2.4

# On the floor every second update leads up: two neighbours of a
# stationary normal series are exchangeable. Four standard errors.
last = down[mid_lr][..., -2:]
rises = np.mean(last[..., 1] > last[..., 0])
assert abs(rises - 0.5) < 4 * 0.5 / np.sqrt(all_runs)
