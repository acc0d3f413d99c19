# %% [markdown] lang="en"
# # Seven rules on digits
#
# A small network and mini-batches, two batch sizes and two budgets. Each rule has its best learning
# rate of the same sweep, chosen on some seeds; the race is run on others.

# %% [markdown] lang="zh"
# # digits 上的七条规则
#
# 一个小网络，用小批量训练；两种批量大小，两种轮数。每条规则各用同一次扫描里自己最好的学习率：
# 用一些种子来选，比赛用另一些。

# %% rules
import numpy as np

import gdcore as gd

RULES = {
    "SGD": (gd.SGD, {}),
    "momentum": (gd.SGD, {"momentum": 0.9}),
    "Nesterov": (gd.SGD, {"momentum": 0.9, "nesterov": True}),
    "AdaGrad": (gd.AdaGrad, {}),
    "RMSProp": (gd.RMSProp, {}),
    "Adam": (gd.Adam, {}),
    "AdamW": (gd.AdamW, {}),
}
n, longest = 512, 8  # rows and epochs
X, y = (part[:n] for part in gd.datasets.digits())
net = gd.MLP((64, 32, 10))
lrs = 10.0 ** np.arange(-2.625, 0.5, 0.375)  # the one sweep, for all
chosen_on, raced_on = range(5), range(5, 15)  # seeds


def train(name, rates, m, seeds):
    """Losses of all rows after each epoch, (rates, seeds, epochs)."""
    kind, options = RULES[name]
    each = np.repeat(rates, len(seeds))[:, None]  # a run for each pair
    all_seeds = list(seeds) * len(rates)
    runs = gd.descend_runs(
        net,
        net.init(all_seeds),
        kind(lambda t: each, **options),
        gd.Batches(X, y, batch_size=m, seed=all_seeds),
        epochs=longest,
        max_loss=1e6,
    )
    losses = np.full((len(each), longest + 1), np.inf)
    for row, run in zip(losses, runs, strict=True):
        row[: len(run["epoch_loss"])] = run["epoch_loss"]
    return losses.reshape(len(rates), len(seeds), -1)


# %% race
settings = [(16, 6), (16, 8), (32, 6), (32, 8)]  # m and epochs
sweep, best, ends = {}, {}, {}  # by m, epochs and rule
for m in (16, 32):
    for name in RULES:
        tried = train(name, lrs, m, chosen_on)
        rows = {e: tried[..., e].mean(1).argmin() for e in (6, 8)}
        chosen = np.unique(list(rows.values()))
        raced = train(name, lrs[chosen], m, raced_on)
        for e, row in rows.items():
            sweep[m, e, name] = tried[..., e]
            best[m, e, name] = lrs[row]
            ends[m, e, name] = raced[list(chosen).index(row), :, e]

print(" " * 8, *[f"m {m}, {e} epochs" for m, e in settings])
print(" " * 8, *["     lr   loss"] * len(settings))
for name in RULES:
    cells = [
        f"{best[*at, name]:7.3f} {ends[*at, name].mean():6.4f}"
        for at in settings
    ]
    print(f"{name:8}", *cells)

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, axes = plt.subplots(
    2, 1, figsize=(4.4, 6.4), sharex=True, sharey=True
)
for ax, m in zip(axes, (16, 32), strict=True):
    for name in RULES:
        found = sweep[m, longest, name]
        look = plot.RULES[name.lower()]
        held = np.isfinite(found).all(1)
        plot.band(lrs[held], found[held].T, ax=ax, label=name, **look)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(2e-3, 3),
        ylim=(2e-3, 5),
        title=f"batch size {m}, {len(chosen_on)} seeds",
    )
axes[1].set_xlabel("learning rate")
fig.supylabel(f"loss after {longest} epochs", fontsize=10)
fig.legend(
    *axes[0].get_legend_handles_labels(),
    loc="outside upper left",
    ncols=3,
)
plt.show()

# %% ends
fig, axes = plt.subplots(
    2, 2, figsize=(4.4, 5.2), sharex=True, sharey=True
)
for ax, at in zip(axes.flat, settings, strict=True):
    for place, name in enumerate(RULES):
        losses = ends[*at, name]
        color = plot.RULES[name.lower()]["color"]
        ax.plot([losses.min(), losses.max()], [place] * 2, color=color)
        ax.plot(losses, [place] * len(losses), ".", color=color)
        ax.plot(losses.mean(), place, "|", color=color, markersize=14)
    ax.set(xscale="log", title=f"batch size {at[0]}, {at[1]} epochs")
    ax.title.set_fontsize(8)
axes[0, 0].set_yticks(range(len(RULES)), list(RULES))
axes[0, 0].invert_yaxis()
fig.supxlabel("loss of all rows", fontsize=10)
plt.show()

# %% check
# Side by side or alone, a run is the same, up to rounding that eight
# epochs of a network have magnified.
alone = gd.descend(
    net,
    net.init(5),
    gd.Adam(best[16, 8, "Adam"]),
    gd.Batches(X, y, batch_size=16, seed=5),
    epochs=longest,
)
again = ends[16, 8, "Adam"][0]
assert np.isclose(alone["epoch_loss"][-1], again, rtol=1e-4)
# The best learning rates lie inside the sweep, far apart.
for at in settings:
    rates = [best[*at, name] for name in RULES]
    assert lrs[0] < min(rates) < max(rates) < lrs[-1]
    assert best[*at, "SGD"] == max(rates)
    assert best[*at, "RMSProp"] == min(rates)
span = max(rates) / min(rates)
# At a shared one the winner is whoever it suits, in all settings.
adams_lr, sgds_lr = best[16, 8, "Adam"], best[16, 8, "SGD"]
for at in settings:
    at_adams, at_sgds = (
        sorted(RULES, key=lambda n: sweep[*at, n].mean(1)[row])
        for row in (list(lrs).index(lr) for lr in (adams_lr, sgds_lr))
    )
    assert set(at_adams[:2]) == {"Adam", "AdamW"}
    assert at_sgds[0] == "SGD"
# Each at its own best, in all four settings: Nesterov's form is the
# lowest on average, and below the rules without memory in every seed.
means = {key: losses.mean() for key, losses in ends.items()}
forgetful = ("SGD", "AdaGrad", "RMSProp")
gains = []
for at in settings:
    nesterov = ends[*at, "Nesterov"]
    for name in RULES:
        if name != "Nesterov":
            assert means[*at, name] > 1.2 * means[*at, "Nesterov"]
    for name in forgetful:
        assert (nesterov < ends[*at, name]).all()
    # Between it and Adam the seeds overlap.
    assert nesterov.max() > 1.1 * ends[*at, "Adam"].min()
    gains.append(means[*at, "SGD"] / means[*at, "Nesterov"])
assert 2 < min(gains) < 3 < 8 < max(gains) < 10
gain_least, gain_most = min(gains), max(gains)
# At batch size 32 all rules with memory end below all without; at 16
# they mix.
for at in settings:
    with_, without = (
        [means[*at, n] for n in RULES if (n in forgetful) == forgets]
        for forgets in (False, True)
    )
    if at[0] == 32:
        assert max(with_) < 0.7 * min(without)
    else:
        assert max(with_) > 0.8 * min(without)
choosers, racers = len(chosen_on), len(raced_on)
