# %% [markdown] lang="en"
# # Leaving a saddle
#
# From ever closer to the ridge line of a saddle: how many updates until descent has left it, for
# plain descent, with momentum, and with a little noise.

# %% [markdown] lang="zh"
# # 离开鞍点
#
# 起点离鞍点的脊线越来越近：朴素的梯度下降、带动量的、带一点噪声的，各要多少次更新才能离开。

# %% leave
import numpy as np

import gdcore as gd

saddle, lr, away = gd.objectives.Saddle(), 0.1, 0.5
offsets = 10.0 ** -np.arange(1, 17)  # how far off the line y = 0


def updates_to_leave(optimizer, offset, steps=2000):
    run = gd.descend(
        saddle, [1.0, offset], optimizer, steps=steps, path=True
    )
    left = np.abs(run["w"][:, 1]) > away
    return int(left.argmax()) if left.any() else None


plain = [updates_to_leave(gd.SGD(lr=lr), y0) for y0 in offsets]
heavy = [
    updates_to_leave(gd.SGD(lr=lr, momentum=0.9), y0) for y0 in offsets
]
never = updates_to_leave(gd.SGD(lr=lr), 0.0, steps=100_000)
print(
    f"from 1e-1: {plain[0]}, from 1e-16: {plain[-1]}, from 0: {never}"
)

# %% noise
# Noise of standard deviation sigma on both slopes, start on the line.
rng, runs = np.random.default_rng(0), 200
sigmas = 10.0 ** -np.arange(1, 9)
noisy = []
for sigma in sigmas:
    w, left = np.tile([1.0, 0.0], (runs, 1)), np.zeros(runs, int)
    for step in range(1, 1000):
        noise = sigma * rng.standard_normal(w.shape)
        w = w - lr * (saddle.grad(w) + noise)
        left[(left == 0) & (np.abs(w[:, 1]) > away)] = step
        if left.all():
            break
    noisy.append(left)
noisy = np.array(noisy)
print(f"sigma 1e-8: {noisy[-1].min()} to {noisy[-1].max()} updates")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, (above, below) = plt.subplots(2, 1, figsize=(4.4, 6))
plot.contour(saddle, ax=above)
looks = (plot.STOCHASTIC, plot.MINI_BATCH, plot.BATCH)
for y0, look in zip((1e-1, 1e-4, 0.0), looks, strict=True):
    run = gd.descend(
        saddle, [1.2, y0], gd.SGD(lr=lr), steps=150, path=True
    )
    line = plot.path(run, ax=above, **look)
    line.set_label(f"start {y0:g} off the line")
    below.plot(run["loss"], **look)
above.set(xlabel="$x$", ylabel="$y$", ylim=(-0.6, 1.3), aspect="equal")
below.set(xlabel="updates", ylabel="height")
fig.legend(loc="outside upper left")
plt.show()

# %% price
fig, ax = plt.subplots(figsize=(4.4, 3.2))
ax.plot(offsets, plain, "o-", color=plot.BATCH["color"], label="plain")
ax.plot(
    offsets,
    heavy,
    "s--",
    color=plot.MINI_BATCH["color"],
    label="momentum 0.9",
)
plot.band(
    sigmas,
    noisy.T,
    ax=ax,
    marker="^",
    linestyle=":",
    color=plot.STOCHASTIC["color"],
    label="from the line, with noise",
)
ax.set(
    xscale="log",
    xlabel="distance from the line, or size of the noise",
    ylabel="updates until it has left",
)
ax.invert_xaxis()
ax.minorticks_off()
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% check
# Near the line the offset grows by the factor 1 + lr, so each tenth
# costs ln 10 / ln(1 + lr) updates more.
tenth = np.log(10) / np.log(1 + lr)
assert np.abs(np.diff(plain) - tenth).max() <= 1
plain_first, plain_last = plain[0], plain[-1]
assert never is None
# With momentum the factor is the larger root of a quadratic.
root = np.roots([1, -(1 + 0.9 + lr), 0.9]).max().real
heavy_tenth = np.log(10) / np.log(root)
assert np.abs(np.diff(heavy) - heavy_tenth).max() <= 1
heavy_last = heavy[-1]
# Noise frees every run; a tenth of it costs as much as a tenth of the
# offset does.
assert (noisy > 0).all()
means = noisy.mean(1)
assert np.abs(np.diff(means[1:]) / tenth - 1).max() < 0.1
noise_least, noise_most = int(noisy[-1].min()), int(noisy[-1].max())
smallest_noise = sigmas[-1]
