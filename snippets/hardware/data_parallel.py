# %% [markdown] lang="en"
# # One batch, two processes
#
# A batch is cut into shards, and each process takes the gradient of its own. Here is how the parts
# are put together again, in NumPy, then in two processes that torchrun starts, and what it costs.

# %% [markdown] lang="zh"
# # 一批数据，两个进程
#
# 把一批数据切成几片，每个进程求自己那一片的梯度。这里先用 NumPy 看怎样把各片合起来，
# 再由 torchrun 启动两个进程来做，最后看要付出多少时间。

# %% data
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.utils import vector_to_parameters

import gdcore as gd
from gdcore import plot
from gdcore.torch import Trainer

plt.style.use(plot.STYLE)

# %% shards
X, y = gd.datasets.digits()
model = gd.MLP((64, 32, 10))
w = model.init(0)

batches = gd.Batches(X, y, batch_size=64, seed=0)
X_batch, y_batch = next(batches.epoch(0))
whole = model.grad(w, X_batch, y_batch)

m, m1 = 64, 16  # cut into 16 rows and 48
g1 = model.grad(w, X_batch[:m1], y_batch[:m1])
g2 = model.grad(w, X_batch[m1:], y_batch[m1:])

weighted = (m1 * g1 + (m - m1) * g2) / m
plain = (g1 + g2) / 2


def off(gradient, whole):
    """Distance from the gradient of the whole batch, relative."""
    return np.linalg.norm(gradient - whole) / np.linalg.norm(whole)


print(f"weighted by rows: {off(weighted, whole):.0e} off")
print(f"plain mean:       {off(plain, whole):.0%} off")

# %% [markdown] lang="en"
# ## Every cut of a batch in two
#
# Two epochs of batches of 64 rows, all at the start of the training.

# %% [markdown] lang="zh"
# ## 把一批切成两片的各种切法
#
# 两轮数据，每批 64 行，梯度都在训练的起点上求。

# %% cuts
whole_batches = [
    batch
    for epoch in range(2)
    for batch in batches.epoch(epoch)
    if len(batch[0]) == m
]
cuts = np.array([1, 2, 4, 8, 16, 24, 31, 32])
all_rows = model.grad(w, X, y)


def cut(rows, X_batch, y_batch):
    """Weighted and plain mean, as far off as they are."""
    whole = model.grad(w, X_batch, y_batch)
    g1 = model.grad(w, X_batch[:rows], y_batch[:rows])
    g2 = model.grad(w, X_batch[rows:], y_batch[rows:])
    weighted = (rows * g1 + (m - rows) * g2) / m
    plain = (g1 + g2) / 2
    gap = np.linalg.norm((1 / 2 - rows / m) * (g1 - g2) - plain + whole)
    noise = [np.sum((g - all_rows) ** 2) for g in (weighted, plain)]
    return off(weighted, whole), off(plain, whole), gap, *noise


told = np.array(
    [[cut(rows, *batch) for batch in whole_batches] for rows in cuts]
)
weighted_off, plain_off, gap, *noise = np.moveaxis(told, -1, 0)

fig, ax = plt.subplots(figsize=(4.4, 3.2))
for values, label, look in (
    (plain_off, "plain mean", plot.MINI_BATCH),
    (weighted_off, "weighted by rows", plot.BATCH),
):
    label = f"{label}, batch size {m}, {len(whole_batches)} batches"
    plot.batch_study(
        cuts, values.T, ax=ax, label=label, markersize=4, **look
    )
ax.set(
    yscale="linear",
    xlabel="rows of the smaller shard",
    ylabel="off the gradient of the batch",
)
ticks = [1, 2, 4, 8, 16, 32]
ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
ax.minorticks_off()
ax.yaxis.set_major_formatter("{x:.0%}")
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## Two real processes
#
# The program in `snippets/programs` is started by torchrun, twice; meanwhile it runs here, alone.

# %% [markdown] lang="zh"
# ## 两个真正的进程
#
# `snippets/programs` 里的程序由 torchrun 启动成两个进程；与此同时，它也在这里单独运行一次。

# %% processes
checkout = Path(gd.__file__).parents[1]
program = checkout / "snippets/programs/data_parallel.py"
torchrun = [sys.executable, "-m", "torch.distributed.run"]
torchrun += ["--standalone", "--nproc-per-node=2", program]

with tempfile.TemporaryDirectory() as _folder:
    _file = f"{_folder}/two.pt"
    started = subprocess.Popen(
        [*torchrun, _file],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    ours = runpy.run_path(str(program))
    alone = ours["main"]()  # as `python data_parallel.py` does
    said, _ = started.communicate(timeout=200)
    assert started.returncode == 0
    two = torch.load(_file)

print()
print(said)

# %% [markdown] lang="en"
# ## How far apart the paths are
#
# For comparison, in one process here: a `Trainer` with the same batches, whole and in two pieces,
# and the plain mean of two shards.

# %% [markdown] lang="zh"
# ## 这些路线相差多远
#
# 用来对照的几条路线，都在这里的一个进程里跑：`Trainer` 取同样的批次，一次整批，一次分成两块；
# 另外还有两片梯度的简单平均。

# %% apart
loss_fn, sgd, rows = ours["loss_fn"], ours["sgd"], ours["batches"]
nothing, norm = torch.nn.Identity, torch.nn.BatchNorm1d


def whole_batch(model):
    """One process, no group."""
    return Trainer(model, loss_fn, sgd(model)).update


def in_pieces(model):
    """One process, a batch in two pieces, one after the other."""
    return Trainer(model, loss_fn, sgd(model), accumulate=2).update


def plain_mean(model):
    """One process; the mean of the losses of two shards."""
    optimizer = sgd(model)

    def update(X_batch, y_batch):
        half = len(X_batch) // 2
        optimizer.zero_grad()
        for shard in (slice(half), slice(half, None)):
            loss = loss_fn(model(X_batch[shard]), y_batch[shard])
            (loss / 2).backward()
        optimizer.step()

    return update


def path(between, way):
    """What the program does, with another update."""
    return ours["train"](ours["network"](between), way)


@torch.no_grad()
def losses(path, between):
    """Loss of all rows along a path; their own statistics."""
    model, found = ours["network"](between), []
    for w in path:
        vector_to_parameters(w, model.parameters())
        found.append(loss_fn(model(rows.X), rows.y).item())
    return found


def apart(path, one):
    """Distance of two paths over the length of the way so far."""
    gap = torch.linalg.norm(path - one, dim=1)
    way = torch.linalg.norm(one - one[0], dim=1)
    return (gap / way)[1:].numpy()


one, one_norm = path(nothing, whole_batch), path(norm, whole_batch)
pieces, pieces_norm = path(nothing, in_pieces), path(norm, in_pieces)
ddp = "DistributedDataParallel"
drawn = {
    "two processes, weighted by rows": (two["by hand"], nothing),
    "one process, two pieces": (pieces, nothing),
    "two processes, plain mean": (two[ddp], nothing),
    "batch norm, two processes": (two["batch norm"], norm),
    "batch norm, statistics shared": (two["shared batch norm"], norm),
}
looks = [
    plot.BATCH,
    {"color": plot.INK, "linestyle": ":", "linewidth": 1.6},
    plot.MINI_BATCH,
    plot.STOCHASTIC,
    {"color": "#cc79a7", "linestyle": "-.", "linewidth": 1.4},
]

fig, (top, bottom) = plt.subplots(2, 1, figsize=(4.4, 6.6), sharex=True)
grey = {"color": plot.GREY, "linewidth": 5, "alpha": 0.4}
top.plot(losses(one, nothing), label="one process", **grey)
top.plot(losses(one_norm, norm), **grey)
for (label, (way, between)), look in zip(
    drawn.items(), looks, strict=True
):
    top.plot(losses(way, between), label=label, **look)
    reference = one if between is nothing else one_norm
    bottom.plot(range(1, len(way)), apart(way, reference), **look)
top.set(yscale="log", ylabel="loss of all rows")
bottom.set(
    yscale="log",
    xlabel="updates, batch size 33, lr 0.5",
    ylabel="apart from one process, relative",
)
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## What it saves, and what it costs
#
# Recorded by `torchrun --nproc-per-node 2 bench/data_parallel.py`.

# %% [markdown] lang="zh"
# ## 省下多少，花掉多少
#
# 由 `torchrun --nproc-per-node 2 bench/data_parallel.py` 录得。

# %% clock
record = checkout / "snippets/measured/data_parallel.json"
measured = json.loads(record.read_text())
timed = {
    name: [row for row in measured["rows"] if row["case"] == name]
    for name in ("processes", "threads", "all_reduce")
}
shown = {
    "processes": ("two processes", "o", plot.MINI_BATCH),
    "threads": ("one process, two threads", "s", plot.STOCHASTIC),
}

fig, ax = plt.subplots(figsize=(4.4, 3.7))
for name, (label, marker, look) in shown.items():
    ratios = [row["ratio"] for row in timed[name]]
    ends = np.transpose([row["ratio_min_max"] for row in timed[name]])
    ax.errorbar(
        [row["batch_size"] for row in timed[name]],
        ratios,
        yerr=abs(ends - ratios),
        marker=marker,
        markersize=4,
        capsize=2,
        label=label,
        **look,
    )
ax.axhline(1, color=plot.INK, linewidth=0.8)
ax.axhline(0.5, color=plot.INK, linewidth=0.8, linestyle=":")
ax.set(
    xscale="log",
    yscale="log",
    xlabel="batch size",
    ylabel="time of an update (one process = 1)",
)
sizes = [row["batch_size"] for row in timed["processes"]][::2]
ax.minorticks_off()
ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
ax.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
fig.legend(loc="outside upper left")
plt.show()

# %% [markdown] lang="en"
# ## The claims of the chapter

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
# Weighted by rows, any two shards give the gradient of the batch.
assert weighted_off.max() < 1e-14
# The plain mean does where they are equal, and is off by this else.
assert plain_off[cuts == 32].max() < 1e-14
assert gap.max() < 1e-13 * np.linalg.norm(g1 - g2)
first_rows, plain_first = m1, off(plain, whole)
plain_of = dict(zip(cuts.tolist(), plain_off, strict=True))
plain_31 = plain_of[31].mean()
plain_1, plain_1_least, plain_1_most = (
    f(plain_of[1]) for f in (np.mean, np.min, np.max)
)
assert 0.01 < plain_31 < 0.04
rest, odd, odd_rest, one_rest = m - m1, 31, m - 31, m - 1
assert plain_1_least > 1

# Where rows are dealt at random it is noisier, by a closed form: the
# mean square of its error over that of the weighted mean.
n = len(X)
noise_weighted, noise_plain = (part.mean(axis=1) for part in noise)
expected = ((1 / cuts + 1 / (m - cuts)) / 4 - 1 / n) / (1 / m - 1 / n)
assert np.allclose(noise_plain / noise_weighted, expected, rtol=0.1)
noise_1 = (noise_plain / noise_weighted)[cuts == 1].item()
assert np.allclose(expected, m**2 / (4 * cuts * (m - cuts)), rtol=0.04)

# Two processes make the updates of one. So does the program alone.
updates = len(one) - 1
batch = ours["batches"].plan.batch_size
assert (updates, batch, batch // 2) == (110, 33, 16)
less, more = batch // 2, batch - batch // 2
same = ("by hand", "ParallelTrainer")
two_apart = max(apart(two[name], one).max() for name in same)
alone_apart = max(apart(alone[name], one).max() for name in same)
pieces_apart = apart(pieces, one).max()
assert max(two_apart, alone_apart, pieces_apart) < 1e-13

# DistributedDataParallel takes the plain mean, another path.
assert apart(alone[ddp], one).max() < 1e-13
assert apart(two[ddp], path(nothing, plain_mean)).max() < 1e-13
strays = apart(two[ddp], one)
ddp_most, ddp_end = strays.max(), strays[-1]
assert ddp_end > 1e-3
one_loss = losses(one[-1:], nothing)[0]
ddp_loss = losses(two[ddp][-1:], nothing)[0]
assert 0 < abs(ddp_loss / one_loss - 1) < 0.01

# Batch norm sees the rows of its own shard, or of its own piece.
strays = apart(two["batch norm"], one_norm)
norm_least, norm_most = strays.min(), strays.max()
assert norm_least > 0.05
assert apart(alone["batch norm"], one_norm).max() < 1e-13
pieces_norm_end = apart(pieces_norm, one_norm)[-1]
assert pieces_norm_end > 0.05
one_norm_loss, two_norm_loss = (
    losses(found[-1:], norm)[0]
    for found in (one_norm, two["batch norm"])
)
# With shared statistics it is the path of one process again.
shared_apart = max(
    apart(paths["shared batch norm"], one_norm).max()
    for paths in (alone, two)
)
assert shared_apart < 1e-13

# Small batches lose by the exchange, large ones gain.
by = {(row["case"], row["batch_size"]): row for row in measured["rows"]}
smallest, largest = sizes[0], sizes[-1]
lost, gained = (
    by["processes", k]["ratio"] for k in (smallest, largest)
)
lost_least, lost_most = by["processes", smallest]["ratio_min_max"]
gained_least, gained_most = by["processes", largest]["ratio_min_max"]
assert lost_least > 1 > gained_most
gains_from = min(
    row["batch_size"] for row in timed["processes"] if row["ratio"] < 1
)
assert lost > 3
assert all(
    row["ratio"] < 1
    for row in timed["processes"]
    if row["batch_size"] >= gains_from
)
# Two threads exchange nothing, and lose less.
threads_lost, threads_gained = (
    by["threads", k]["ratio"] for k in (smallest, largest)
)
assert 1 < threads_lost < lost / 2
assert abs(threads_gained - gained) < 0.1
# In a ring of two, each sends as many bytes as a gradient has.
gradient_bytes = timed["all_reduce"][0]["gradient_bytes"]
sent_kb = 2 * (2 - 1) / 2 * gradient_bytes / 1000
sum_ms = 1000 * np.median(
    [row["seconds"] for row in timed["all_reduce"]]
)
device, measured_on = measured["device"], measured["date"]
