# %% [markdown] lang="en"
# # The same race in PyTorch
#
# One plan of batches, two libraries. In NumPy the gradient is written by hand and `descend` keeps
# the record; in PyTorch autograd and `torch.optim.SGD` do the work and `Trainer` keeps it.

# %% [markdown] lang="zh"
# # 用 PyTorch 跑同一场比赛
#
# 同一份批次安排，两个库。NumPy 一边手写梯度，由 `descend` 记录；
# PyTorch 一边由 autograd 和 `torch.optim.SGD` 计算，由 `Trainer` 记录。

# %% data
import matplotlib.pyplot as plt
import numpy as np
import torch

import gdcore as gd
from gdcore import plot
from gdcore.torch import ResidentBatches, Trainer

plt.style.use(plot.STYLE)

np.random.seed(42)
X = np.random.rand(1000, 1)
y = (3 * X + 2 + 0.1 * np.random.randn(1000, 1)).ravel()
lr, epochs = 0.05, 10

# %% numpy
by_hand = {}
for m in (1000, 128, 1):
    batches = gd.Batches(X, y, batch_size=m, seed=0)
    by_hand[m] = gd.descend(
        gd.LinearRegression(),
        [0.0, 0.0],
        gd.SGD(lr=lr),
        batches,
        epochs=epochs,
    )

# %% torch
by_torch = {}
for m in (1000, 128, 1):
    model = torch.nn.Linear(1, 1, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    batches = ResidentBatches(
        X, y[:, None], batch_size=m, seed=0, device="cpu"
    )
    by_torch[m] = Trainer(model, torch.nn.MSELoss(), optimizer).fit(
        batches, epochs=epochs, validation=batches
    )

for m in (1000, 128, 1):
    difference = abs(by_torch[m]["loss"] - by_hand[m]["loss"]).max()
    made = len(by_torch[m]["loss"])
    print(f"m = {m:4d}: {made:6,d} updates, {difference:.0e} apart")

# %% logged
looks = {
    1: ("stochastic", plot.STOCHASTIC),
    128: ("mini-batch", plot.MINI_BATCH),
    1000: ("batch", plot.BATCH),
}
fig, ax = plt.subplots(figsize=(4.4, 4.4))
for m, (name, look) in looks.items():
    per_update = 1 / -(-len(X) // m)
    label = f"{name}, batch size {m}, lr {lr}"
    plot.loss(
        by_torch[m], ax=ax, per_update=per_update, label=label, **look
    )
    shown = slice(None, None, max(1, len(by_hand[m]["loss"]) // 12))
    ax.plot(
        by_hand[m].steps("loss")[shown] * per_update,
        by_hand[m]["loss"][shown],
        "o",
        color="#1f2430",
        markerfacecolor="none",
        markersize=5,
        label="the same in NumPy" if m == 1 else None,
    )
ax.set(
    yscale="log",
    ylim=(1e-7, 30),
    xlabel="epochs",
    ylabel="loss of the batch just drawn",
)
handles, labels = ax.get_legend_handles_labels()
order = [3, 2, 0, 1]
fig.legend(
    [handles[i] for i in order],
    [labels[i] for i in order],
    loc="outside upper left",
)
plt.show()

# %% check
apart = {
    m: max(
        abs(by_torch[m]["loss"] - by_hand[m]["loss"]).max(),
        abs(
            by_torch[m]["validation_loss"] - by_hand[m]["epoch_loss"]
        ).max(),
    )
    for m in by_hand
}
largest_apart = max(apart.values())
assert largest_apart < 1e-9

# Batch descent's logged loss only falls; the one-sample loss rises about every second update.
rises = {m: np.mean(np.diff(by_hand[m]["loss"]) > 0) for m in by_hand}
assert rises[1000] == 0
assert 0.4 < rises[1] < 0.6
one_rises = rises[1]

# Yet at the end the loss of all rows is close to the best line's.
floor = np.mean(
    (np.polyval(np.polyfit(X[:, 0], y, 1), X[:, 0]) - y) ** 2
)
one_after = by_hand[1]["epoch_loss"][-1]
assert one_after < 1.3 * floor

# The mean of an epoch's logged losses is not the loss after it: it lags, and mixes parameters.
last = by_hand[128].steps("loss") >= (epochs - 1) * 8
logged_mean, after_epoch = (
    by_hand[128]["loss"][last].mean(),
    by_hand[128]["epoch_loss"][-1],
)
assert logged_mean > after_epoch
