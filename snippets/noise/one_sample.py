# %% [markdown] lang="en"
# # One row at a time, three programs
#
# The same rows in the same order: in plain NumPy, in PyTorch, and with gdcore.

# %% [markdown] lang="zh"
# # 一次一行，三个程序
#
# 同样的行，同样的次序：只用 NumPy；用 PyTorch；用 gdcore。

# %% by_hand
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=200)
y = 3 * x + 2 + 0.1 * rng.normal(size=200)
w, b, lr = 0.0, 0.0, 0.05
epochs = np.random.SeedSequence(0).spawn(10)
for seed in epochs:
    rng = np.random.default_rng(seed)
    for i in rng.permutation(200):
        error = w * x[i] + b - y[i]
        w -= lr * 2 * error * x[i]
        b -= lr * 2 * error
print(f"w = {w:.9f}, b = {b:.9f}")

# %% with_torch
import numpy as np
import torch
from torch.nn.functional import mse_loss
from torch.optim import SGD

rng = np.random.default_rng(0)
x = torch.tensor(rng.uniform(size=(200, 1)))
e = torch.tensor(rng.normal(size=(200, 1)))
y = 3 * x + 2 + 0.1 * e
model = torch.nn.Linear(1, 1).double()
for parameter in model.parameters():
    torch.nn.init.zeros_(parameter)
optimizer = SGD(model.parameters(), lr=0.05)
epochs = np.random.SeedSequence(0).spawn(10)
for seed in epochs:
    rng = np.random.default_rng(seed)
    for i in rng.permutation(200):
        optimizer.zero_grad()
        loss = mse_loss(model(x[i]), y[i])
        loss.backward()
        optimizer.step()
w = model.weight.item()
b = model.bias.item()
print(f"w = {w:.9f}, b = {b:.9f}")

# %% with_gdcore
import gdcore as gd

X, y = gd.datasets.line(200, seed=0)
batches = gd.Batches(X, y, batch_size=1, seed=0)
run = gd.descend(
    gd.LinearRegression(), [0, 0], gd.SGD(lr=0.05), batches, epochs=10
)
w, b = run.last("w")
print(f"w = {w:.9f}, b = {b:.9f}")

# %% check
# The points and the orders are the same in all three.
rng = np.random.default_rng(0)
points = rng.uniform(size=200)
targets = 3 * points + 2 + 0.1 * rng.normal(size=200)
assert (X[:, 0] == points).all()
assert (y == targets).all()
orders = [
    np.random.default_rng(seed).permutation(200)
    for seed in np.random.SeedSequence(0).spawn(10)
]
for epoch, order in enumerate(orders):
    assert (batches.order(epoch) == order).all()

# By hand once more, since the cells share their names.
w_hand, b_hand = 0.0, 0.0
for order in orders:
    for i in order:
        error = w_hand * points[i] + b_hand - targets[i]
        w_hand -= 0.05 * 2 * error * points[i]
        b_hand -= 0.05 * 2 * error
by_torch = [p.item() for p in model.parameters()]
# 2,000 updates, each rounding a few times at 1e-16 of numbers below 4,
# and every later update shrinks what is left of it.
allowed = 1e-12
for other in ((w_hand, b_hand), by_torch):
    assert np.abs(run.last("w") - other).max() < allowed

# Near the best line, and not on it: the rows do not agree.
best = np.polyfit(points, targets, 1)
off = float(np.hypot(w - best[0], b - best[1]))
assert 1e-4 < off < 0.2
updates = len(run["loss"])
