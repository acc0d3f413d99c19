# %% [markdown] lang="en"
# # From the rows to a test accuracy
#
# The digits and MNIST-1D, each learned by the same recipe: rows set apart, columns scaled by the
# training rows, the learning rate chosen on the validation rows, the test rows used once.

# %% [markdown] lang="zh"
# # 从数据到测试准确率
#
# 手写数字和 MNIST-1D 都按同一份做法来学：先把行分开，按训练行缩放各列，
# 在验证行上选学习率，测试行只用一次。

# %% recipe
import matplotlib.pyplot as plt
import numpy as np
import torch

import gdcore as gd
from gdcore import plot
from gdcore.torch import ResidentBatches, Trainer, choose, mlp

plt.style.use(plot.STYLE)
torch.set_num_threads(1)

device = choose("auto")
lrs, seeds, patience = (0.01, 0.03, 0.1, 0.3, 1.0), 5, 3
loss_fn = torch.nn.CrossEntropyLoss()


def split(X, y, sizes, seed=0):
    """Deal the rows into parts of the given sizes, at random."""
    order = np.random.default_rng(seed).permutation(len(X))
    ends = np.cumsum(sizes)
    parts = np.split(order[: ends[-1]], ends[:-1])
    return [(X[part], y[part]) for part in parts]


def learn(parts, sizes, m, epochs, lr, seed, patience=patience):
    """Train until the validation loss has stopped falling."""
    scale = gd.scaling.Standardize.fit(parts[0][0])
    on_device = [
        ResidentBatches(
            scale(X),
            y,
            batch_size=m,
            seed=seed,
            device=device,
            dtype=torch.float32,
        )
        for X, y in parts
    ]
    train, validation = on_device[:2]
    model = mlp(sizes, activation="relu", seed=seed).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    trainer = Trainer(model, loss_fn, optimizer)
    history = trainer.fit(
        train,
        epochs=epochs,
        validation=validation,
        patience=patience,
        progress=False,
    )
    return trainer, history, on_device


@torch.no_grad()
def accuracy(trainer, batches):
    trainer.model.eval()
    found = trainer.model(batches.X).argmax(1)
    return (found == batches.y).float().mean().item()


# %% data
digits = split(*gd.datasets.digits(), (1000, 397, 400))
train, test = gd.datasets.mnist1d()
jobs = {
    "digits": (digits, (64, 128, 10), 128, 20),
    "MNIST-1D": (
        [*split(*train, (3200, 800)), test],
        (40, 128, 128, 10),
        128,
        20,
    ),
}
for name, (parts, *_) in jobs.items():
    rows = ", ".join(f"{len(y):,}" for _, y in parts)
    print(f"{name}: {rows} rows to train, validate, test")

# %% sweep
runs = {
    (name, lr, seed): learn(*job, lr=lr, seed=seed)
    for name, job in jobs.items()
    for lr in lrs
    for seed in range(seeds)
}


def lowest(name, lr, seed):
    """Validation loss of the best epoch."""
    return runs[name, lr, seed][1]["validation_loss"].min()


looks = {"digits": plot.BATCH, "MNIST-1D": plot.MINI_BATCH}
fig, ax = plt.subplots(figsize=(4.4, 3.4))
best = {}
for name, look in looks.items():
    losses = np.array(
        [
            [lowest(name, lr, seed) for seed in range(seeds)]
            for lr in lrs
        ]
    )
    best[name] = lrs[losses.mean(1).argmin()]
    m = jobs[name][2]
    label = f"{name}, batch size {m}, {seeds} seeds"
    plot.band(lrs, losses.T, ax=ax, marker="o", label=label, **look)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="learning rate",
    ylabel="lowest validation loss",
)
ax.set_xticks(lrs, [f"{lr:g}" for lr in lrs])
ticks = [0.1, 0.2, 0.5, 1, 2]
ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
ax.minorticks_off()
fig.legend(loc="outside upper left")
plt.show()

# %% test
scores = {}
for name in jobs:
    told = []
    for seed in range(seeds):
        trainer, history, parts = runs[name, best[name], seed]
        epochs = len(history["validation_loss"]) - 1
        told.append(
            [epochs, *(100 * accuracy(trainer, part) for part in parts)]
        )
    scores[name] = np.array(told)
    print(f"{name}, lr {best[name]}")
    heads = ("epochs", "training", "validation", "test")
    for head, values in zip(heads, scores[name].T, strict=True):
        print(
            f"  {head:11}{values.mean():6.1f}"
            f" ({values.min():.1f} to {values.max():.1f})"
        )

# %% longer
longer = {
    seed: learn(
        *jobs["MNIST-1D"],
        lr=best["MNIST-1D"],
        seed=seed,
        patience=None,
    )
    for seed in range(seeds)
}
told = [
    [
        history["validation_loss"].min(),
        history["validation_loss"][-1],
        100 * accuracy(trainer, parts[1]),
        100 * accuracy(trainer, parts[2]),
    ]
    for trainer, history, parts in longer.values()
]
lowest_losses, last_losses, last_val, last_test = np.transpose(told)
print("MNIST-1D, all epochs, no patience")
for head, values in (
    ("lowest validation loss", lowest_losses),
    ("last validation loss", last_losses),
    ("validation accuracy", last_val),
    ("test accuracy", last_test),
):
    print(
        f"  {head:23}{values.mean():5.2f}"
        f" ({values.min():.2f} to {values.max():.2f})"
    )

# %% curves
_, history, parts = longer[0]
longer_epochs = jobs["MNIST-1D"][3]
fig, ax = plt.subplots(figsize=(4.4, 3.2))
for series, label, look in (
    ("loss", "loss of the batch just drawn", plot.STOCHASTIC),
    ("validation_loss", "validation rows", plot.BATCH),
):
    plot.loss(
        history,
        ax=ax,
        series=series,
        per_update=1 / len(parts[0]),
        label=label,
        **look,
    )
ax.axvline(
    history["validation_loss"].argmin(), color=plot.GREY, linewidth=0.8
)
ax.set(
    yscale="log",
    xlabel="epochs",
    ylabel="loss",
    title=f"MNIST-1D, lr {best['MNIST-1D']}, batch size {m}",
)
ax.set_xticks(range(0, longer_epochs + 1, 5))
ticks = [0.2, 0.5, 1, 2]
ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
ax.minorticks_off()
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% check
digits_lr, curves_lr = best["digits"], best["MNIST-1D"]
# The best learning rate lies within the sweep, not at its end.
assert lrs[0] < digits_lr < lrs[-1]
assert lrs[0] < curves_lr < lrs[-1]
(_, digits_train, digits_val, digits_test) = scores["digits"].mean(0)
(_, curves_train, curves_val, curves_test) = scores["MNIST-1D"].mean(0)
digits_low, digits_high = (
    scores["digits"][:, 3].min(),
    scores["digits"][:, 3].max(),
)
curves_low, curves_high = (
    scores["MNIST-1D"][:, 3].min(),
    scores["MNIST-1D"][:, 3].max(),
)
assert digits_low > 93
# MNIST-1D is made to be hard for such a network: it fits the training rows, and not the others.
assert 50 < curves_low <= curves_high < 80
assert curves_train > curves_test + 10
# No row of the test set is in another part; the training rows are standardised, the others nearly.
sets = [{row.tobytes() for row in X} for X, _ in digits]
assert not sets[0] & sets[1]
assert not (sets[0] | sets[1]) & sets[2]
# The standard error of an accuracy p on n rows is the root of p (1 - p) / n, in points here.
p = digits_test / 100
digits_error = 100 * np.sqrt(p * (1 - p) / 400).item()
p = curves_test / 100
curves_error = 100 * np.sqrt(p * (1 - p) / 1000).item()
# Patience gives back the parameters of the epoch with the lowest loss.
trainer, history, parts = runs["MNIST-1D", curves_lr, 0]
stopped = history.stop
assert stopped == "patience"
lowest_loss = history["validation_loss"].min()
assert np.isclose(trainer.evaluate(parts[1]), lowest_loss, rtol=1e-5)
# Where the loss is lowest, the accuracy is not yet highest: with every seed the loss of the
# validation rows rises from there, and more of the test rows are right.
assert (last_losses > lowest_losses).all()
loss_rises = last_losses.mean() / lowest_losses.mean()
longer_test, longer_val = last_test.mean(), last_val.mean()
gained = longer_test - curves_test
assert gained > 1
assert longer_val - curves_val > 1
