# %% [markdown] lang="en"
# # One schedule, three times
#
# The learning rate a/(b + t) by hand, as a schedule of this project's library, and as a scheduler
# of PyTorch. The rows, their order and every update are the same.

# %% [markdown] lang="zh"
# # 同一个学习率安排，写三遍
#
# a/(b + t)：手写一遍，用本项目的库写一遍，用 PyTorch 的调度器写一遍。行、行的次序、每次更新，三者都一样。

# %% by_hand
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=1000)
y = 3 * x + 2 + rng.normal(0, 0.1, 1000)

w, b = 0.0, 0.0
for t in range(len(x)):
    lr = 5 / (50 + t)
    error = w * x[t] + b - y[t]
    w -= lr * 2 * error * x[t]
    b -= lr * 2 * error
print(f"{w:.6f} {b:.6f}")

# %% library
import gdcore as gd

lr = gd.schedules.Inverse(a=5, b=50)
rows = gd.Batches(x[:, None], y, batch_size=1, shuffle=False)
loss = gd.LinearRegression()
run = gd.descend(loss, [0, 0], gd.SGD(lr=lr), rows, epochs=1)
ours = run.last("w")
print(f"{ours[0]:.6f} {ours[1]:.6f}")

# %% torch
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

X, Y = (torch.tensor(v)[:, None] for v in (x, y))
model = nn.Linear(1, 1).double()
nn.init.zeros_(model.weight)
nn.init.zeros_(model.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
scheduler = LambdaLR(optimizer, lambda t: 5 / (50 + t))
for t in range(len(x)):
    optimizer.zero_grad()
    nn.MSELoss()(model(X[t]), Y[t]).backward()
    optimizer.step()
    scheduler.step()  # after every update
print(f"{model.weight.item():.6f} {model.bias.item():.6f}")

# %% check
theirs = np.array([model.weight.item(), model.bias.item()])
# a thousand updates, a few roundings in each
assert np.allclose(ours, [w, b], rtol=1e-12)
assert np.allclose(theirs, [w, b], rtol=1e-12)
apart = max(np.abs(ours - [w, b]).max(), np.abs(theirs - ours).max())

# The smallest curvature of this loss, times a, is above one half.
A = np.column_stack([x, np.ones_like(x)])
mu, L = np.linalg.eigvalsh(2 * A.T @ A / len(x))
a_mu = 5 * mu
assert a_mu > 0.5
assert L < 2 / (5 / 50)  # the first step is stable

# Asked once per epoch, the schedule has hardly moved: after ten epochs
# of these rows the learning rate is 5/60, and not 5/10050.
per_epoch, per_update = lr(10), lr(10 * len(x))
forgot = per_epoch / per_update
assert forgot > 100
