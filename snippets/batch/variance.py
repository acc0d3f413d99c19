# %% [markdown] lang="en"
# # How steady a batch is
#
# The gradient of a random batch is right on average. How far off is it, for batches of every size,
# drawn with replacement and without, at the start of training and later?

# %% [markdown] lang="zh"
# # 一批数据有多稳
#
# 随机一批的梯度，平均起来是对的。它离全部行的梯度有多远？各种批量大小，有放回和不放回地抽，
# 在训练之初和之后，各量一遍。

# %% places
import matplotlib.pyplot as plt
import numpy as np

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

X, y = (part[:1437] for part in gd.datasets.digits())
n = len(X)
model = gd.Softmax(classes=10, l2=1e-3)
all_rows = gd.Batches(X, y, batch_size=n)
lr, updates = 0.2, 200
run = gd.descend(
    model, np.zeros(650), gd.SGD(lr=lr), all_rows, epochs=updates
)

# The gradient of every single row, (1437, 650), at two places.
start, late = (model.per_example_grads(w, X, y) for w in run["w"])

# %% draw
draws = 400
sizes = np.array([*(2**k for k in range(11)), n])


def errors(grads, replacement):
    """Squared distance of a batch's gradient from that of all rows.

    Shape (sizes, draws): `draws` first batches of every size.
    """
    deal = gd.Batches(
        X, y, batch_size=1, replacement=replacement, seed=range(draws)
    )
    rows = deal.order(0)
    away = grads - grads.mean(0)
    found = []
    for m in sizes:
        times = np.zeros((draws, n))  # how often a row is in the batch
        np.add.at(times, (np.arange(draws)[:, None], rows[:, :m]), 1)
        found.append(((times @ away / m) ** 2).sum(1))
    return np.array(found)


def predicted(grads, replacement):
    """The law: S/m, without replacement times (n - m)/(n - 1)."""
    S = ((grads - grads.mean(0)) ** 2).sum() / n
    return S / sizes * (1 if replacement else (n - sizes) / (n - 1))


ways = {
    "with replacement": (True, "o", plot.GREY),
    "without": (False, "s", plot.MINI_BATCH["color"]),
}
places = {"at the start": start, f"after {updates} updates": late}
measured = {
    (place, way): errors(grads, replacement)
    for place, grads in places.items()
    for way, (replacement, *_) in ways.items()
}

fig, axes = plt.subplots(
    2, 1, figsize=(4.4, 6.8), sharex=True, sharey=True
)
for ax, (place, grads) in zip(axes, places.items(), strict=True):
    for way, (replacement, marker, color) in ways.items():
        law = predicted(grads, replacement)
        some = law > 0  # all rows at once: no error, and no logarithm
        ax.plot(
            sizes[some], law[some], color=color, label=f"{way}, law"
        )
        ax.plot(
            sizes[some],
            measured[place, way].mean(1)[some],
            marker,
            color=color,
            markerfacecolor="none",
            label=f"{way}, {draws} batches",
        )
    ax.axhline(
        (grads.mean(0) ** 2).sum(),
        color=plot.INK,
        linestyle=":",
        label="squared gradient of all rows",
    )
    ax.set(xscale="log", yscale="log", title=place)
axes[1].set_xlabel("batch size")
axes[0].set_ylabel("squared error of the gradient")
axes[1].set_ylabel("squared error of the gradient")
fig.legend(
    *axes[0].get_legend_handles_labels(), loc="outside upper left"
)
plt.show()

# %% [markdown] lang="en"
# ## What the chapter says

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
# Each mean of the draws lies where the law puts it, within four of its standard errors; a batch
# of all rows without replacement is off by rounding alone.
for place, grads in places.items():
    for way, (replacement, *_) in ways.items():
        law = predicted(grads, replacement)
        library = [
            gd.noise.batch_variance(grads, m, replacement=replacement)
            for m in sizes
        ]
        assert np.allclose(law, library, rtol=1e-12)
        found = measured[place, way]
        sure = 4 * found.std(1) / np.sqrt(draws)
        assert (abs(found.mean(1) - law) <= sure + 1e-24).all()

# Half of the rows without replacement leave half of the error of as many with it.
half = gd.noise.batch_variance(start, n // 2) / (
    gd.noise.batch_variance(start, n // 2, replacement=True)
)
assert abs(half - 0.5) < 1e-3
# At a batch size of a tenth of the rows the two ways differ by a tenth.
tenth = n // 10
tenth_less = 1 - gd.noise.batch_variance(start, tenth) / (
    gd.noise.batch_variance(start, tenth, replacement=True)
)
assert abs(tenth_less - 0.1) < 2e-3

# The batch size at which the error is as large as the gradient grows while the gradient fades.
even, even_late = map(gd.noise.noise_scale, (start, late))
assert even_late > 4 * even
S, S_late = map(gd.noise.gradient_variance, (start, late))
G, G_late = ((grads.mean(0) ** 2).sum() for grads in (start, late))
fades, calms = G / G_late, S / S_late
assert fades > 5 * calms
