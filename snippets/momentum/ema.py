# %% [markdown] lang="en"
# # A mean that forgets
#
# The exponentially weighted mean: what it does to a loss curve, how much noise it takes away, and
# how old it is. Then the same noise and age from a plain mean of the latest values.

# %% [markdown] lang="zh"
# # 会遗忘的平均
#
# 指数加权平均：它把损失曲线变成什么样，去掉多少噪声，自己又有多旧。再与最近几个值的简单平均相比。


# %% by_hand
def smooth(values, beta):
    """The exponentially weighted mean, plain and corrected."""
    mean, plain, corrected = 0.0, [], []
    for t, value in enumerate(values, start=1):
        mean = beta * mean + (1 - beta) * value
        plain.append(mean)
        corrected.append(mean / (1 - beta**t))
    return plain, corrected


for means in smooth([1, 1, 1, 1, 1], beta=0.9):
    print(*[f"{mean:.3f}" for mean in means])

# %% curve
import numpy as np

import gdcore as gd

X, y = gd.datasets.digits()
softmax, rule = gd.Softmax(10), gd.SGD(lr=0.1)
batch_size, beta = 16, 0.98
batches = gd.Batches(X, y, batch_size=batch_size, seed=0)
w = np.zeros(650)
state = rule.init(w)
logged, true = [], []  # of the batch just drawn, and of all rows
for epoch in range(4):
    for batch in batches.epoch(epoch):
        logged.append(softmax(w, *batch))
        true.append(softmax(w, X, y))
        rule.step(w, softmax.grad(w, *batch), state)
logged, true = np.array(logged), np.array(true)
plain = gd.smoothing.ema(logged, beta)
corrected = gd.smoothing.corrected_ema(logged, beta)
print(f"first: {true[0]:.3f}, {plain[0]:.3f}, {corrected[0]:.3f}")
print(f"last:  {true[-1]:.3f}, {plain[-1]:.3f}, {corrected[-1]:.3f}")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, ax = plt.subplots(figsize=(4.4, 3.6))
ax.plot(
    logged,
    color=plot.GREY,
    linewidth=0.6,
    alpha=0.8,
    label=f"loss of the batch just drawn, batch size {batch_size}",
)
ax.plot(
    plain, label=f"its mean, memory {beta}, as it is", **plot.MINI_BATCH
)
ax.plot(
    corrected,
    label=f"its mean, memory {beta}, corrected",
    **plot.STOCHASTIC | {"linewidth": 2.0},
)
ax.plot(true, label="loss of all rows", **plot.BATCH)
ax.set(xlabel="updates", ylabel="loss", ylim=(0, 2.6))
fig.legend(loc="outside upper left")
plt.show()

# %% trade
# White noise, smoothed: the variance that is left, for five seeds.
betas = np.array([0.5, 0.8, 0.9, 0.95, 0.98])
ages = betas / (1 - betas)
windows = 1 + 2 * ages  # plain means of as many values are as old
seeds, rows = 5, 2000
left, left_plain = [], []
for seed in range(seeds):
    noise = np.random.default_rng(seed).standard_normal((rows, 200))
    left.append(
        [gd.smoothing.ema(noise, b)[rows // 2 :].var() for b in betas]
    )
    sums = noise.cumsum(0)
    left_plain.append(
        [
            ((sums[k:] - sums[:-k]) / k).var()
            for k in windows.astype(int)
        ]
    )
left, left_plain = np.array(left), np.array(left_plain)
for beta_, age, share in zip(betas, ages, left.mean(0), strict=True):
    print(f"memory {beta_}: {age:4.1f} rows old, {share:.3f} left")

# %% noise
age = np.geomspace(0.8, 60, 50)
fig, ax = plt.subplots(figsize=(4.4, 3.2))
ax.plot(age, 1 / (1 + 2 * age), color=plot.INK, linewidth=1)
for shares, marker, look, label in (
    (left, "o", plot.STOCHASTIC, "exponential mean"),
    (left_plain, "s", plot.BATCH, "mean of the latest values"),
):
    ax.errorbar(
        ages,
        shares.mean(0),
        [
            shares.mean(0) - shares.min(0),
            shares.max(0) - shares.mean(0),
        ],
        fmt=marker,
        color=look["color"],
        markerfacecolor="none",
        markersize=9 if marker == "s" else 5,
        label=label,
    )
ax.set(
    xscale="log",
    yscale="log",
    xlabel="age of the mean in rows",
    ylabel="share of the variance left",
)
fig.legend(loc="outside upper left")
plt.show()

# %% check
# A constant comes out as 1 - beta^t; corrected, as itself.
ones = np.ones(400)
t = np.arange(1, 401)
assert np.allclose(gd.smoothing.ema(ones, beta), 1 - beta**t)
assert np.allclose(gd.smoothing.corrected_ema(ones, beta), 1)
by_hand = smooth(logged, beta)
assert np.allclose(by_hand, [plain, corrected], rtol=1e-12)
share_at_ten = 1 - 0.9**10
# A ramp comes out beta / (1 - beta) rows late, once the start is
# forgotten: 0.98^2000 is 3e-18.
ramp = np.arange(2000.0)
late = ramp[-1] - gd.smoothing.ema(ramp, beta)[-1]
assert np.isclose(late, beta / (1 - beta))
age_98 = round(late)
# The variance of smoothed white noise. A standard error is about that
# of 5 * 200 * 1000 / age numbers; four of them are below 6 %.
share = (1 - betas) / (1 + betas)
assert np.allclose(share, 1 / (1 + 2 * ages))
assert np.allclose(left.mean(0), share, rtol=0.06)
# A plain mean of k values leaves 1/k, and is (k - 1)/2 rows old: at
# equal age, equal noise.
assert np.allclose(windows, np.round(windows))
assert np.allclose(left_plain.mean(0), share, rtol=0.06)
share_98, window_98 = share[-1], round(windows[-1])
share_90, age_90 = share[2], round(ages[2])
# On the curve: uncorrected, the mean starts far below every loss.
assert plain[0] < 0.05 < 2 < corrected[0] == logged[0]
start_plain = plain[0]
half = int(np.argmax(true < true[0] / 2))
half_late = int(np.argmax(corrected < true[0] / 2))
assert half < half_late
delay = half_late - half
swing = (logged - true)[200:].std()
swing_smooth = (corrected - true)[200:].std()
assert swing_smooth < swing / 2
behind = (corrected - true)[200:].mean()
assert behind > 0  # it lags behind a falling curve
