# %% [markdown] lang="en"
# # What one update gains
#
# Softmax regression on 1,437 digits, stopped at two places. Batches of every size are drawn there,
# and one step is tried at many learning rates: which is best, how much does the loss fall, and does
# the formula know?

# %% [markdown] lang="zh"
# # 一次更新能赚多少
#
# 1,437 个手写数字上的 softmax 回归，停在两个地方。在那里抽各种大小的批，用许多学习率各试走一步：
# 哪个最好，损失能降多少，公式说得准吗？

# %% places
import numpy as np

import gdcore as gd

X, y = (part[:1437] for part in gd.datasets.digits())
n, l2 = len(X), 1e-3
model = gd.Softmax(classes=10, l2=l2)


def hessian(w):
    """The matrix of second derivatives, by hand: 650 rows and columns."""
    z = model.scores(w, X)
    P = np.exp(z - z.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    A = P[:, :, None] * (np.eye(10) - P[:, None, :])  # in the scores
    X1 = np.column_stack([X, np.ones(n)])
    H = np.empty((65, 10, 65, 10))
    for k in range(10):
        for j in range(10):
            H[:, k, :, j] = X1.T @ (X1 * A[:, k, j, None]) / n
    penalty = np.repeat([l2, 0.0], [640, 10])  # not on the intercepts
    return H.reshape(650, 650) + np.diag(penalty)


def facts(w):
    grads, H = model.per_example_grads(w, X, y), hessian(w)
    G = grads.mean(0)
    off = grads - G
    GHG = G @ H @ G
    return {
        "loss": float(model(w, X, y)),
        "simple": float(gd.noise.noise_scale(grads)),
        "noise": np.vdot(off @ H, off) / n / GHG,  # tr(H Sigma) / G'HG
        "lr": G @ G / GHG,
        "gain": (G @ G) ** 2 / GHG / 2,
        "limit": 2 / np.linalg.eigvalsh(H)[-1],
    }


marks, w, t = (0, 5, 10, 20, 40, 80, 160), np.zeros(650), 0
place, fact = {}, {}
rows = gd.Batches(X, y, batch_size=16, seed=0)
while len(place) < len(marks):
    for batch in rows.epoch(t // len(rows)):
        if t in marks:
            place[t], fact[t] = w.copy(), facts(w)
        w -= 1.0 * model.grad(w, *batch)
        t += 1
print("update   loss  B_simple  B_noise  best lr  2/largest curvature")
for t, f in fact.items():
    print(
        f"{t:6d}{f['loss']:7.2f}{f['simple']:10.0f}{f['noise']:9.0f}"
        f"{f['lr']:9.2f}{f['limit']:21.2f}"
    )

# %% try_all
early, late = 20, 80
sizes, draws = (1, 4, 16, 64, 256, n), 60
tries = 2 ** np.arange(-1, 1.25, 0.25)  # about the predicted lr
rng = np.random.default_rng(0)
found = {}
for t in (early, late):
    w, f = place[t], fact[t]
    for m in sizes:
        if m < n:  # with replacement, as the formula has it
            i = rng.integers(n, size=(draws, m))
            g = model.grad(np.tile(w, (draws, 1)), X[i], y[i])
        else:
            g = model.grad(w, X, y)[None]
        share = 1 / (1 + f["noise"] / m) if m < n else 1
        lrs = f["lr"] * share * tries
        gains = [f["loss"] - model(w - lr * g, X, y) for lr in lrs]
        means = np.mean(gains, axis=1)
        i = means.argmax()
        error = np.std(gains[i]) / np.sqrt(len(g))
        found[t, m] = lrs[i], means[i], error, share
print("update    m  best lr  formula     gain  (+-)      formula")
for (t, m), (lr, gain, error, share) in found.items():
    f = fact[t]
    print(
        f"{t:6d}{m:5d}{lr:9.3f}{f['lr'] * share:9.3f}"
        f"{gain:9.4f}  ({error:.4f}){f['gain'] * share:11.4f}"
    )

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, axes = plt.subplots(2, 1, figsize=(4.4, 5.2), sharex=True)
B = np.geomspace(1, n, 200)
for t, look, mark in (
    (early, plot.BATCH, "o"),
    (late, plot.MINI_BATCH, "s"),
):
    line = {"color": look["color"], "linestyle": look["linestyle"]}
    f = fact[t]
    share = 1 / (1 + f["noise"] / B)
    lrs, gains, errors, _ = np.array([found[t, m] for m in sizes]).T
    dots = {"color": look["color"], "fmt": mark, "markersize": 5}
    for ax, top, values, error in (
        (axes[0], f["lr"], lrs, 0 * lrs),
        (axes[1], f["gain"], gains, errors),
    ):
        ax.plot(B, top * share, linewidth=1.4, **line)
        kept = values > 2 * error  # a gain that chance cannot explain
        label = f"after {t} updates"
        ax.errorbar(
            np.array(sizes)[kept],
            values[kept],
            error[kept],
            label=label,
            **dots,
        )
        ax.axvline(
            f["noise"], color=look["color"], linewidth=0.8, ls=":"
        )
axes[0].set(xscale="log", yscale="log", ylabel="best learning rate")
axes[1].set(yscale="log", ylabel="gain of one update")
axes[1].set(xlabel="batch size")
handles = axes[0].get_legend_handles_labels()
fig.legend(*handles, loc="outside upper left", ncols=2)
plt.show()

# %% check
# The Hessian by hand against differences of the gradient.
v = rng.normal(size=650)
v /= np.linalg.norm(v)
w = place[early]
product = gd.differences.hessian_vector_product(model, w, v, X, y)
assert np.allclose(hessian(w) @ v, product, rtol=1e-5, atol=1e-8)
# On a bowl the formula is exact. The loss is none, and the lr is tried
# in steps of a fourth root of two: within a factor of two it must be
# right wherever the gain is five standard errors or more.
ratios, lr_ratios = [], []
for (t, m), (lr, gain, error, share) in found.items():
    if gain > 5 * error:
        ratios.append(gain / (fact[t]["gain"] * share))
        lr_ratios.append(lr / (fact[t]["lr"] * share))
checked = len(ratios)
assert checked >= 8
assert 0.7 < min(ratios) < max(ratios) < 1.4
assert 0.5 < min(lr_ratios) < max(lr_ratios) < 2
least_ratio, most_ratio = min(ratios), max(ratios)
early_noise, late_noise = fact[early]["noise"], fact[late]["noise"]
early_simple, late_simple = fact[early]["simple"], fact[late]["simple"]
assert late_noise > 3 * early_noise
early_loss, late_loss = fact[early]["loss"], fact[late]["loss"]
early_lr, late_lr = fact[early]["lr"], fact[late]["lr"]
# One greedy step at the start wants far more than the limit allows.
start_lr, start_limit = fact[0]["lr"], fact[0]["limit"]
start_noise, start_simple = fact[0]["noise"], fact[0]["simple"]
assert start_lr > 5 * start_limit
settled = [fact[t] for t in marks[1:]]
noise_least = min(f["noise"] for f in settled)
noise_most = max(f["noise"] for f in settled)
simple_least = min(f["simple"] for f in settled)
simple_most = max(f["simple"] for f in settled)
# Both scales fall at first, and grow towards the bottom.
for scale in ("simple", "noise"):
    along = [f[scale] for f in fact.values()]
    low = min(along)
    assert along.index(low) not in (0, len(along) - 1)
    assert along[0] > 2 * low
    assert along[-1] > 2 * low
del scale, low  # of no interest to a page
four_lr = found[early, 4][0] / found[early, 1][0]
assert 1.5 < four_lr < 6
tail = found[early, n][0] / found[early, 64][0]
assert tail < 3
# With mean curvature 1/n lambda_max the limit 2 ln: at w = 0 the top
# eigenvalue is that of [X, 1]'[X, 1] / n, divided by ten classes.
X1 = np.column_stack([X, np.ones(n)])
top = np.linalg.eigvalsh(X1.T @ X1 / n)[-1] / 10
assert abs(2 / start_limit / top - 1) < 1e-3  # l2 adds 0.001 at most
