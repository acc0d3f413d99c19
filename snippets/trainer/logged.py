# %% [markdown] lang="en"
# # What a training loop logs
#
# A network with dropout on 1,025 digits in batches of 128, so that the last batch of an epoch has
# one row. The number that most loops print is taken apart, step by step, into the loss after the
# epoch and what was added to it.

# %% [markdown] lang="zh"
# # 训练循环记录的是什么
#
# 带 dropout 的网络，1,025 个手写数字，每批 128 行，每轮的最后一批就只有一行。
# 把大多数循环打印的那个数一步步拆开：轮末的损失，以及加在它上面的东西。

# %% data
import matplotlib.pyplot as plt
import numpy as np
import torch

import gdcore as gd
from gdcore import plot
from gdcore.torch import ResidentBatches, Trainer, choose

plt.style.use(plot.STYLE)
torch.set_num_threads(1)

device = choose("auto")
X, y = gd.datasets.digits()
order = np.random.default_rng(0).permutation(len(X))
train, validation = order[:1025], order[1025:]
n, m, lr, epochs, seeds = len(train), 128, 0.03, 15, 5
loss_fn = torch.nn.CrossEntropyLoss()


def network(seed):
    torch.manual_seed(seed)  # the start, and what dropout draws
    return torch.nn.Sequential(
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(64, 10),
    ).to(device)


def batches_of(rows, seed):
    return ResidentBatches(
        X[rows],
        y[rows],
        batch_size=m,
        seed=seed,
        device=device,
        dtype=torch.float32,
    )


# %% usual
def run(seed):
    """Train; return five numbers for each epoch."""
    model = network(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    batches = batches_of(train, seed)
    held_out = batches_of(validation, seed)
    evaluate = Trainer(model, loss_fn, optimizer).evaluate
    told = []
    for epoch in range(epochs):
        model.train()
        losses, rows = [], []
        for X_batch, y_batch in batches.epoch(epoch):
            optimizer.zero_grad()
            loss = loss_fn(model(X_batch), y_batch)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())  # waits for the device
            rows.append(len(X_batch))
        with torch.no_grad():  # still in training mode
            still = loss_fn(model(batches.X), batches.y).item()
        told.append(
            (
                np.mean(losses),  # what is usually printed
                np.average(losses, weights=rows),
                still,
                evaluate(batches),  # in evaluation mode
                evaluate(held_out),
            )
        )
    return told


told = np.array([run(seed) for seed in range(seeds)])
printed, weighted, still, after, unseen = np.moveaxis(told, -1, 0)

# %% curves
fig, ax = plt.subplots(figsize=(4.4, 3.6))
for values, label, look in (
    (printed, "printed by the loop", plot.MINI_BATCH),
    (after, "training rows, after the epoch", plot.BATCH),
    (unseen, "validation rows", plot.STOCHASTIC),
):
    plot.band(range(1, epochs + 1), values, ax=ax, label=label, **look)
ax.set(
    xlabel="epochs",
    ylabel="loss",
    yscale="log",
    title=f"lr {lr}, batch size {m}, {seeds} seeds",
)
ax.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
ax.minorticks_off()
fig.legend(loc="outside upper left")
plt.show()

# %% parts
steps = {
    "loss of all rows, after the epoch": after,
    "+ dropout left on": still - after,
    "+ taken along the way": weighted - still,
    "+ last batch, one row": printed - weighted,
    "= printed by the loop": printed,
}
print(f"{'':35}epoch 1{'':12}epoch {epochs}")
for name, values in steps.items():
    cells = "".join(
        f"{values[:, e].mean():7.3f}"
        f" ({values[:, e].min():6.3f} to {values[:, e].max():6.3f})"
        for e in (0, epochs - 1)
    )
    print(f"{name:34}{cells}")

# %% fetched
ASKS = {"item", "tolist", "cpu", "numpy", "__float__", "__bool__"}


class Asked(torch.overrides.TorchFunctionMode):
    """Count how often Python asks for the value of a tensor."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += getattr(func, "__name__", "") in ASKS
        return func(*args, **(kwargs or {}))


def usual(model, optimizer, batches):
    for epoch in range(epochs):
        for X_batch, y_batch in batches.epoch(epoch):
            optimizer.zero_grad()
            loss = loss_fn(model(X_batch), y_batch)
            loss.backward()
            optimizer.step()
            loss.item()


def ours(model, optimizer, batches):
    Trainer(model, loss_fn, optimizer).fit(batches, epochs=epochs)


asked = {}
for way in (usual, ours):
    model = network(0)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    batches = batches_of(train, 0)
    with Asked() as mode:
        way(model, optimizer, batches)
    asked[way.__name__] = mode.count
    print(f"{way.__name__:5} asked {mode.count} times")

# %% check
# The parts add up to what was printed.
parts = after + (still - after) + (weighted - still)
assert np.allclose(parts + (printed - weighted), printed, rtol=1e-12)
updates = epochs * -(-n // m)
last_rows = n % m
assert last_rows == 1
# One value in each update, or one in each epoch.
asked_usual, asked_ours = asked["usual"], asked["ours"]
assert asked_usual == updates
assert asked_ours == epochs
# What was printed lies above the validation loss, with every seed; the same rows after the epoch
# do not.
printed_end, unseen_end = printed[:, -1].mean(), unseen[:, -1].mean()
after_end = after[:, -1].mean()
assert (printed[:, -1] > 1.2 * unseen[:, -1]).all()
assert after_end < 1.1 * unseen_end
printed_times = printed_end / after_end
# In the first epoch most of it was taken along the way, in the last dropout does most.
first_way = (weighted - still)[:, 0].mean()
first_dropout = (still - after)[:, 0].mean()
last_way = (weighted - still)[:, -1].mean()
last_dropout = (still - after)[:, -1].mean()
assert first_way > 2 * first_dropout
assert last_dropout > 2 * abs(last_way)
ragged_least = (printed - weighted).min()
ragged_most = (printed - weighted).max()
one_row_share = 1 / len(range(0, n, m))
