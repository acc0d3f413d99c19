# %% [markdown] lang="en"
# # Schedules: the exercises
#
# The two sums of Robbins and Monro, warm-up and cosine on digits, and a stop test under noise.

# %% [markdown] lang="zh"
# # 学习率安排：习题
#
# 罗宾斯与门罗的两个和，手写数字上的预热与余弦，噪声之下的停止判断。

# %% sums
from math import log

schedules = {
    "0.1": lambda t: 0.1,
    "0.1 / t^(1/4)": lambda t: 0.1 / (1 + t) ** 0.25,
    "0.1 / t^(1/2)": lambda t: 0.1 / (1 + t) ** 0.5,
    "1 / t": lambda t: 1 / (10 + t),
    "1 / (t ln t)": lambda t: 1 / ((6 + t) * log(6 + t)),
    "0.1 * 0.95^t": lambda t: 0.1 * 0.95**t,
}
far, sums = {}, {}  # on x^2/2 from 2 with noise 1, exactly
print("updates          100  1,000  100,000")
for name, lr in schedules.items():
    square, far[name], sums[name] = 4.0, [], [0.0, 0.0]
    for t in range(100_000):
        eta = lr(t)
        square = (1 - eta) ** 2 * square + eta**2
        sums[name][0] += eta
        sums[name][1] += eta**2
        if t + 1 in (100, 1000, 100_000):
            far[name].append(square**0.5)
    print(f"{name:>13}", *(f"{end:6.4f}" for end in far[name]))

# %% warm_up
import numpy as np

import gdcore as gd

Cosine, Warmup = gd.schedules.Cosine, gd.schedules.Warmup
X, y = gd.datasets.digits()
train, test = slice(0, 1437), slice(1437, None)
network = gd.MLP((64, 32, 10), activation="relu")
seeds = 8
rows = gd.Batches(X[train], y[train], batch_size=32, seed=range(seeds))
kinds = {
    "constant": lambda lr, T: lr,
    "warm-up": lambda lr, T: Warmup(lr, steps=T // 10),
    "cosine": lambda lr, T: Cosine(lr, steps=T),
    "both": lambda lr, T: Warmup(Cosine(lr, T), steps=T // 10),
}
lrs = (0.07, 0.14, 0.28, 0.56)


def end(kind, lr, momentum=0.9, epochs=10):
    """Loss on the training rows and errors on the others, by seed."""
    w = network.init(range(seeds))
    schedule = kinds[kind](lr, epochs * len(rows))
    rule = gd.SGD(lr=schedule, momentum=momentum)
    state = rule.init(w)
    for epoch in range(epochs):
        for batch in rows.epoch(epoch):
            rule.step(w, network.grad(w, *batch), state)
    loss = network(w, X[train], y[train])
    return loss, 1 - network.accuracy(w, X[test], y[test])


table = {
    kind: np.array([end(kind, lr) for lr in lrs])  # (lrs, 2, seeds)
    for kind in kinds
}
print("training loss at lr", *(f"{lr:6g}" for lr in lrs))
for kind, cells in table.items():
    means = cells[:, 0].mean(1)
    print(f"{kind:>19}", *(f"{loss:6.3f}" for loss in means))

# %% stop
import numpy as np

import gdcore as gd

runs, epochs, n, tol = 100, 8, 1000, 1e-3
points = gd.datasets.line(n=n, noise=0.5, seed=1)
one_row = gd.Batches(*points, batch_size=1, seed=range(runs))
line, rule = gd.LinearRegression(), gd.SGD(lr=0.05)
w = np.zeros((runs, 2))
state, path, logged = rule.init(w), [w.copy()], []
for epoch in range(epochs):
    for row in one_row.epoch(epoch):
        loss, grad = line.value_and_grad(w, *row)
        rule.step(w, grad, state)
        logged.append(loss)
        path.append(w.copy())
path, logged = np.array(path), np.array(logged)  # (updates, runs)

A = np.column_stack([points.X, np.ones(n)])
away = path - np.linalg.lstsq(A, points.y)[0]
height = np.vecdot(away @ (A.T @ A / n), away)  # above least squares

# Stop where the loss of the row just drawn falls by less than tol.
by_row = (logged[:-1] - logged[1:] < tol).argmax(0) + 1
# Stop where the loss of all rows falls by less than tol in an epoch.
whole = height[::n]
by_epoch = (whole[:-1] - whole[1:] < tol).argmax(0) * n + n
# Stop where the mean of an epoch's logged losses falls by less than
# two standard errors of the difference: no extra pass.
groups = logged.reshape(epochs, n, runs)
mean, error = groups.mean(1), groups.std(1) / n**0.5
doubt = 2 * np.hypot(error[:-1], error[1:])
by_mean = (mean[:-1] - mean[1:] < doubt).argmax(0) * n + 2 * n

stops = {"row": by_row, "all rows": by_epoch, "means": by_mean}
left = {name: height[at, range(runs)] for name, at in stops.items()}
for name, at in stops.items():
    print(
        f"{name:>8}: after {at.min():4d} to {at.max():4d} updates, "
        f"median {np.median(at):4.0f}, height {left[name].mean():.3f}"
    )

# %% [markdown] lang="en"
# ## What the solutions say

# %% [markdown] lang="zh"
# ## 解答中的论断

# %% check
# Which sums grow for ever: the partial sums against their integrals.
T, euler = 100_000, 0.5772156649
quarter, half, whole_t, with_log, power = list(sums.values())[1:]
assert np.isclose(quarter[0], 0.1 * T**0.75 / 0.75, rtol=2e-3)
assert np.isclose(quarter[1], 0.01 * 2 * T**0.5, rtol=5e-3)
assert np.isclose(half[0], 0.1 * 2 * T**0.5, rtol=5e-3)
assert np.isclose(half[1], 0.01 * (log(T) + euler), rtol=1e-5)
ninth = sum(1 / k for k in range(1, 10))  # 1/t begins at a tenth
assert np.isclose(whole_t[0], log(T + 9) + euler - ninth, rtol=1e-5)
assert whole_t[1] < 1 / 9
# between the integrals of 1 / (t ln t) from 6 and from 5
low, high = (log(log(T + 6)) - log(log(k)) for k in (6, 5))
assert low < with_log[0] < high
assert with_log[1] < 1 / 5
assert np.isclose(power[0], 2, rtol=1e-12)
# What arrives: the two with an infinite second sum do, on a bowl.
constant_far, quarter_far, half_far, t_far, log_far, power_far = (
    far.values()
)
assert constant_far[1] == constant_far[2]
assert power_far[1] == power_far[2]
# height eta/(2 - eta) of the moment, once the start is forgotten
for values, eta in (
    (quarter_far, 0.1 * T**-0.25),
    (half_far, 0.1 / T**0.5),
):
    assert np.isclose(values[2], (eta / (2 - eta)) ** 0.5, rtol=0.01)
assert np.isclose(t_far[2], T**-0.5, rtol=0.01)  # the mean's
log_end = log_far[2]
assert log_end > 50 * t_far[2]
quarter_end = quarter_far[2]

# Warm-up and cosine: the best of each kind, with its seeds.
best = {
    kind: int(cells[:, 0].mean(1).argmin())
    for kind, cells in table.items()
}
losses = {kind: table[kind][k, 0] for kind, k in best.items()}
errors = {kind: table[kind][k, 1] for kind, k in best.items()}
constant_lr, warm_lr, cosine_lr, both_lr = (
    lrs[k] for k in best.values()
)
assert all(0 < k < len(lrs) - 1 for k in best.values())  # not an edge
constant_loss, warm_loss, cosine_loss, both_loss = (
    loss.mean() for loss in losses.values()
)
constant_low, constant_high = (
    losses["constant"].min(),
    losses["constant"].max(),
)
cosine_low, cosine_high = losses["cosine"].min(), losses["cosine"].max()
# The cosine bears more and ends lower, with warm-up or without.
assert min(cosine_lr, both_lr) > max(constant_lr, warm_lr)
assert max(cosine_loss, both_loss) < 0.7 * min(constant_loss, warm_loss)
# Warm-up changes less than the seeds do.
for kind, other in (("warm-up", "constant"), ("both", "cosine")):
    apart = abs(losses[kind].mean() - losses[other].mean())
    assert apart < np.ptp(np.append(losses[kind], losses[other])) / 2
constant_wrong, warm_wrong, cosine_wrong, both_wrong = (
    wrong.mean() for wrong in errors.values()
)
falling, flat = (
    np.concatenate([errors[kind] for kind in pair])
    for pair in (("cosine", "both"), ("constant", "warm-up"))
)
assert falling.mean() < flat.mean()
assert falling.max() > flat.min()  # but the ranges overlap

# Elsewhere: without momentum, and in twice the epochs, each at the best
# of a sweep by factors of root two made beforehand.
plain_constant, plain_cosine = (
    end(kind, 0.8, momentum=0)[0].mean()
    for kind in ("constant", "cosine")
)
assert plain_cosine > 1.1 * plain_constant
long_constant, long_cosine = (
    end(kind, lr, epochs=20)[0]
    for kind, lr in (("constant", 0.14), ("cosine", 0.28))
)
assert long_cosine.min() < long_constant.max()
assert long_cosine.max() > long_constant.min()

# The stop test. The floor that the run is on, and where each rule left.
start_height = height[0, 0]
floor_height = height[2 * n :].mean()
row_median = int(np.median(by_row))
row_most = int(by_row.max())
row_height = left["row"].mean()
assert row_height > 0.5 * start_height
epoch_height, mean_height = (
    left["all rows"].mean(),
    left["means"].mean(),
)
assert max(epoch_height, mean_height) < 2 * floor_height
epoch_median, mean_median = (
    int(np.median(by)) // n for by in (by_epoch, by_mean)
)
# A step test under 1/(1 + t) on x^2/10, without any noise, stops at:
x, fooled_at, fooled_tol = 1.0, 0, 1e-6
while (step := x / 5 / (1 + fooled_at)) >= fooled_tol:
    x -= step
    fooled_at += 1
fooled_x = x
assert fooled_x > 0.1
