# %% [markdown] lang="en"
# # Exercises on the trainer
#
# A forgotten zero_grad, a loss that is summed, and gradients too small for float16.

# %% [markdown] lang="zh"
# # 训练器一章的习题
#
# 忘了 zero_grad，把损失加成了总和，小到 float16 存不下的梯度。

# %% forgotten
import itertools

import numpy as np
import torch

import gdcore as gd
from gdcore.torch import ResidentBatches, mlp

torch.set_num_threads(1)
X, y = gd.datasets.digits()
loss_fn = torch.nn.CrossEntropyLoss()
batches = ResidentBatches(X, y, batch_size=128, seed=0, device="cpu")


def train(make, factor=lambda m: 1.0, clear=True, updates=60):
    """Return the parameters after some updates."""
    model = mlp((64, 32, 10), dtype=torch.float64)
    optimizer = make(model.parameters())
    epochs = (batches.epoch(e) for e in itertools.count())
    rows = itertools.chain.from_iterable(epochs)
    for X_batch, y_batch in itertools.islice(rows, updates):
        if clear:
            optimizer.zero_grad()
        loss = loss_fn(model(X_batch), y_batch)
        (factor(len(X_batch)) * loss).backward()
        optimizer.step()
    parameters = torch.nn.utils.parameters_to_vector
    return parameters(model.parameters()).detach().numpy()


def sgd(lr, **options):
    return lambda p: torch.optim.SGD(p, lr=lr, **options)


forgotten = train(sgd(0.01), clear=False)
momentum_1 = train(sgd(0.01, momentum=1.0))
gap = abs(forgotten - momentum_1).max()
print(f"zero_grad forgotten against momentum 1: {gap:.0e} apart")

x, v, heights = 1.0, 0.0, []
for _ in range(200):  # on x^2 / 2
    v += x
    x -= 0.01 * v
    heights.append(abs(x))
print(f"highest of the last 100 updates: {max(heights[100:]):.2f}")


# %% summed
def adam(eps):
    return lambda p: torch.optim.Adam(p, lr=0.01, eps=eps)


apart = {}
for name, rule, repaired in (
    ("SGD, lr / 128", sgd(0.1), sgd(0.1 / 128)),
    ("Adam", adam(1e-8), adam(1e-8)),
    ("Adam, eps 1e-30", adam(1e-30), adam(1e-30)),
):
    for when, updates in {"before": 14, "after": 15}.items():
        mean = train(rule, updates=updates)
        summed = train(repaired, lambda m: m, updates=updates)
        apart[name, when] = abs(mean - summed).max()
        print(
            f"{name}, {when} the ragged batch: "
            f"{apart[name, when]:.0e} apart"
        )

# %% half
rng = np.random.default_rng(0)
gradients = 10 ** rng.uniform(-9, -3, 10_000)
for scale in (1, 2**16):
    half = torch.tensor(scale * gradients).half()
    back = half.double().numpy() / scale
    lost = np.mean(back == 0)
    error = abs(back / gradients - 1)[back > 0].max()
    print(
        f"scale {scale:6,d}: {lost:5.1%} become 0, "
        f"the others are off by {error:.2%} at most"
    )

# %% check
# Without zero_grad the sum of all gradients is the velocity of momentum 1: rounding alone differs.
assert gap < 1e-12
# Nothing damps it: on a parabola the swing of the last updates is that of the first.
swing = max(heights[100:])
assert abs(swing / max(heights[:100]) - 1) < 0.01
# SGD has the factor in its learning rate, until a batch is short. Adam divides it out, but for
# eps, 1e-8, which counts where a gradient is as small.
assert apart["SGD, lr / 128", "before"] < 1e-13
assert apart["SGD, lr / 128", "after"] > 1e-4
assert apart["Adam", "before"] < 0.5 * apart["Adam", "after"]
assert apart["Adam, eps 1e-30", "before"] < 1e-13
adam_apart = apart["Adam", "before"]
last_batch = len(X) % 128
# The smallest number of float16 is 2^-24; below half of it all becomes 0.
tiny = 2.0**-24
expected = np.mean(gradients <= tiny / 2)
assert np.mean(torch.tensor(gradients).half().numpy() == 0) == expected
lost_share = expected
assert torch.tensor(2**16 * gradients).half().min() > 0
