# %% [markdown] lang="en"
# # One stream of batches, two libraries
#
# A network is trained on the digits by hand in NumPy, by the usual loop in PyTorch and by
# `Trainer`. All three get the same rows in the same order.

# %% [markdown] lang="zh"
# # 同一串批次，两个库
#
# 在手写数字上训练同一个网络：NumPy 手写梯度、PyTorch 平常的循环、`Trainer`。
# 三者按同样的次序拿到同样的行。

# %% data
import matplotlib.pyplot as plt
import numpy as np
import torch

import gdcore as gd
from gdcore import plot
from gdcore.torch import ResidentBatches, Trainer, mlp

plt.style.use(plot.STYLE)
torch.set_num_threads(1)

X, y = gd.datasets.digits()
network = gd.MLP((64, 64, 10))
m, epochs = 128, 8

# %% numpy
batches = gd.Batches(X, y, batch_size=m, seed=0)


def by_hand(optimizer, batches=batches):
    """Return the parameters after every update."""
    w = network.init(0)
    state = optimizer.init(w)
    path = [w.copy()]
    for epoch in range(epochs):
        for X_batch, y_batch in batches.epoch(epoch):
            gradient = network.grad(w, X_batch, y_batch)
            optimizer.step(w, gradient, state)
            path.append(w.copy())
    return np.array(path)


# %% torch
loss_fn = torch.nn.CrossEntropyLoss()


def by_torch(make_optimizer, dtype=torch.float64):
    """The same, from the same start, in the usual loop."""
    model = mlp(network.sizes, dtype=dtype)
    optimizer = make_optimizer(model.parameters())
    batches = ResidentBatches(
        X, y, batch_size=m, seed=0, device="cpu", dtype=dtype
    )
    path, losses = [flat(model)], []
    for epoch in range(epochs):
        for X_batch, y_batch in batches.epoch(epoch):
            optimizer.zero_grad()
            loss = loss_fn(model(X_batch), y_batch)
            loss.backward()
            optimizer.step()
            path.append(flat(model))
            losses.append(loss.item())
    return np.array(path), np.array(losses)


def flat(model):
    """The parameters in gdcore's order: W as (in, out), then b."""
    layers = [each for each in model if hasattr(each, "weight")]
    parts = [
        part
        for layer in layers
        for part in (layer.weight.T.flatten(), layer.bias)
    ]
    return torch.cat(parts).detach().double().numpy()


# %% same
pairs = {
    "SGD": (gd.SGD(lr=0.3), lambda p: torch.optim.SGD(p, lr=0.3)),
    "momentum": (
        gd.SGD(lr=0.1, momentum=0.9),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    ),
    "Adam": (gd.Adam(lr=0.01), lambda p: torch.optim.Adam(p, lr=0.01)),
    "AdamW": (
        gd.AdamW(lr=0.01, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    ),
}
apart = {}
for name, (ours, theirs) in pairs.items():
    path, (path_torch, losses) = by_hand(ours), by_torch(theirs)
    apart[name] = abs(path - path_torch).max()
    largest = abs(path).max()
    print(
        f"{name:9} {len(losses)} updates, "
        f"{apart[name]:.0e} apart of {largest:.1f}"
    )

# %% trainer
model = mlp(network.sizes, dtype=torch.float64)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
batches_torch = ResidentBatches(
    X, y, batch_size=m, seed=0, device="cpu"
)
history = Trainer(model, loss_fn, optimizer).fit(
    batches_torch, epochs=epochs
)

_, losses = by_torch(pairs["momentum"][1])
print("loop and Trainer, same losses:", all(history["loss"] == losses))

# %% apart
reference = by_hand(pairs["momentum"][0])
other_order = by_hand(
    pairs["momentum"][0], gd.Batches(X, y, batch_size=m, seed=1)
)
paths = {
    "other order of rows": (other_order, plot.STOCHASTIC),
    "float32": (
        by_torch(pairs["momentum"][1], torch.float32)[0],
        plot.MINI_BATCH,
    ),
    "float64": (by_torch(pairs["momentum"][1])[0], plot.BATCH),
}
way = np.linalg.norm(reference[-1] - reference[0])
fig, ax = plt.subplots(figsize=(4.4, 3.6))
distance = {}
for name, (path, look) in paths.items():
    distance[name] = np.linalg.norm(path - reference, axis=1)[1:] / way
    ax.plot(np.arange(1, len(path)), distance[name], label=name, **look)
ax.set(
    xlabel="updates",
    ylabel="apart from NumPy, relative",
    yscale="log",
    ylim=(1e-17, 10),
    title=f"momentum 0.9, lr 0.1, batch size {m}",
)
fig.legend(loc="outside upper left", ncols=3)
plt.show()

# %% check
# One path in float64, for every rule: rounding of some 1e-16 in each of a hundred updates.
apart_most = max(apart.values())
assert apart_most < 1e-12
# The loop and the Trainer make the same calls, so no bit differs.
bit_for_bit = all(history["loss"] == losses)
assert bit_for_bit
updates = len(losses)
assert updates == epochs * -(-len(X) // m)
# float32 has some seven digits, and most of them are left at the end.
float32_end = distance["float32"][-1]
float64_end = distance["float64"][-1]
assert float64_end < 1e-13
assert 1e-9 < float32_end < 1e-4
# Another order of the rows moves the path far more than another precision does.
order_end = distance["other order of rows"][-1]
assert order_end > 0.02
assert order_end > 1000 * float32_end
precision_ratio = float32_end / float64_end
assert precision_ratio > 1e6
