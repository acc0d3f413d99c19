# %% [markdown] lang="en"
# # Noise against signal
#
# How much the rows disagree, compared with how much they agree: measured along the training of the
# small network, and by three programs at one point.

# %% [markdown] lang="zh"
# # 噪声比信号
#
# 各行的分歧有多大，共识又有多大：沿小网络的训练过程测量，再用三个程序在同一点测量。

# %% along
import numpy as np

import gdcore as gd

n, m, lr, epochs, seeds = 1024, 8, 0.05, 8, 5
X, y = gd.datasets.digits()
X, y = gd.scaling.Centre.fit(X[:n])(X[:n]), y[:n]
net = gd.MLP((64, 32, 10), activation="tanh")
w = net.init(range(seeds))
rows = gd.Batches(X, y, batch_size=m, seed=range(seeds))
stops = (0, 8, 32, 128, 256, 384, 512, 768, 1023)

scale, loss, t = [], [], 0
for epoch in range(epochs):
    for batch in rows.epoch(epoch):
        if t in stops:
            grads = (net.per_example_grads(v, X, y) for v in w)
            scale.append([gd.noise.noise_scale(g) for g in grads])
            loss.append(net(w, X, y))
        w -= lr * net.grad(w, *batch)
        t += 1
scale, loss = np.array(scale), np.array(loss)
print("update   loss   noise scale (5 seeds)")
for t, L, B in zip(stops, loss, scale, strict=True):
    print(
        f"{t:6d}{L.mean():7.2f}{B.mean():8.0f} ({B.min():.0f}-{B.max():.0f})"
    )

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, ax = plt.subplots(figsize=(4.4, 3.2))
plot.band(
    stops,
    scale.T,
    ax=ax,
    marker="o",
    color=plot.BATCH["color"],
    label="noise scale, 5 seeds",
)
ax.axhline(
    m,
    color=plot.MINI_BATCH["color"],
    linestyle="--",
    label=f"batch size {m}, lr {lr}",
)
ax.set(xlabel="updates", ylabel="rows", yscale="log", ylim=(5, 1000))
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% numpy
import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
X = np.column_stack([digits.data / 16, np.ones(1797)])
Y = np.eye(10)[digits.target]
W = np.random.default_rng(0).normal(0, 0.1, (65, 10))

P = np.exp(X @ W)
P /= P.sum(1, keepdims=True)
grads = np.einsum("ni,nk->nik", X, P - Y)  # one gradient per row
G = grads.mean(0)
noise = ((grads - G) ** 2).sum() / len(X)
by_numpy = noise / (G**2).sum()
print(f"noise scale {by_numpy:.3f}")

# %% gdcore
import gdcore as gd

X, y = gd.datasets.digits()
grads = gd.Softmax(classes=10).per_example_grads(W.ravel(), X, y)
by_gdcore = gd.noise.noise_scale(grads)
print(f"noise scale {by_gdcore:.3f}")

# %% torch
import torch
from torch.func import functional_call, grad, vmap

net = torch.nn.Linear(64, 10, dtype=torch.float64)
weights = {
    "weight": torch.tensor(W[:-1].T),
    "bias": torch.tensor(W[-1]),
}


def row_loss(weights, x, y):
    z = functional_call(net, weights, (x[None],))
    return torch.nn.functional.cross_entropy(z, y[None])


rows = torch.tensor(X), torch.tensor(y, dtype=torch.long)
each = vmap(grad(row_loss), in_dims=(None, 0, 0))(weights, *rows)
grads = torch.cat([g.flatten(1) for g in each.values()], dim=1)
G = grads.mean(0)
noise_torch = (grads - G).square().sum() / len(grads)
by_torch = (noise_torch / G.square().sum()).item()
print(f"noise scale {by_torch:.3f}")

# %% two_sizes
# Without single gradients: the squared gradient of a batch of b rows is
# |G|^2 + tr(Sigma) / b on average: two sizes give both unknowns.
rng, model = np.random.default_rng(1), gd.Softmax(classes=10)
small, big, draws = 8, 128, 2000
square = {}
for b in (small, big):
    i = rng.integers(len(X), size=(draws, b))
    g = model.grad(np.tile(W.ravel(), (draws, 1)), X[i], y[i])
    square[b] = np.vecdot(g, g).mean()
trace = (square[small] - square[big]) / (1 / small - 1 / big)
signal = square[big] - trace / big
by_sizes = trace / signal
print(f"noise scale {by_sizes:.2f}, from {draws} batches of each size")

# %% check
assert abs(by_gdcore / by_numpy - 1) < 1e-10
assert abs(by_torch / by_numpy - 1) < 1e-10
# Estimated: a few hundredths off, as chance has it.
assert abs(by_sizes / by_gdcore - 1) < 0.15
# The scale grows as the loss falls, in every seed.
assert (scale[-1] > 3 * scale[0]).all()
assert loss[-1].max() < 0.2 * loss[0].min()
first_scale, last_scale = scale[0].mean(), scale[-1].mean()
last_low, last_high = scale[-1].min(), scale[-1].max()
grown = last_scale / first_scale
first_loss, last_loss = loss[0].mean(), loss[-1].mean()
