# %% [markdown] lang="en"
# # As sharp as you like
#
# A trained network is rewritten so that it computes the same, and its sharpness changes a hundredfold.
# Descent notices; the predictions do not.

# %% [markdown] lang="zh"
# # 想多尖就多尖
#
# 把训练好的网络改写一下，它算出的东西不变，尖锐度却可以差上百倍。下降会察觉，预测不会。

# %% train
import numpy as np

import gdcore as gd

X, y = gd.datasets.digits()
order = np.random.default_rng(0).permutation(len(X))
X, y = X[order], y[order]
X_learn, y_learn, X_test, y_test = X[:512], y[:512], X[512:], y[512:]
network = gd.MLP((64, 64, 10), activation="relu")
lr = 0.2
rows = gd.Batches(X_learn, y_learn, batch_size=8, seed=0)
run = gd.descend(
    network, network.init(0), gd.SGD(lr=lr), rows, epochs=12
)
w = run.last("w")
loss = run.last("epoch_loss")
print(f"loss {loss:.3f} on {len(X_learn)} rows")


# %% rescale
def rescale(w, alpha):
    """Multiply the first layer by alpha, divide the second by it."""
    w = w.copy()
    (W1, b1), (W2, _) = network.unpack(w)
    W1 *= alpha
    b1 *= alpha
    W2 /= alpha
    return w


scores = network.scores(w, X_test)
for alpha in (0.25, 1, 4):
    again = network.scores(rescale(w, alpha), X_test)
    changed = np.abs(again - scores).max()
    print(f"alpha {alpha:4}: the scores change by {changed}")

# %% sharpness
import torch


def curves(w):
    """Return the function that multiplies by the Hessian at w."""
    w = torch.tensor(w, requires_grad=True)
    W1, b1, W2, b2 = w.split((64 * 64, 64, 64 * 10, 10))
    h = torch.relu(torch.tensor(X_learn) @ W1.view(64, 64) + b1)
    z = h @ W2.view(64, 10) + b2
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(y_learn))
    (slope,) = torch.autograd.grad(loss, w, create_graph=True)

    def product(v):
        v = torch.tensor(v)
        return torch.autograd.grad(slope, w, v, retain_graph=True)[
            0
        ].numpy()

    return product


def largest(product, tol=1e-3):
    """Return the largest eigenvalue, by power iteration."""
    v = np.random.default_rng(0).standard_normal(len(w))
    for _ in range(2000):
        v /= np.linalg.norm(v)
        Hv = product(v)
        top = v @ Hv
        if np.linalg.norm(Hv - top * v) <= tol * top:
            return float(top)
        v = Hv
    raise RuntimeError(f"no eigenvalue within {tol} in 2000 steps")


alphas = 2.0 ** np.arange(-3, 4)
scaled = [rescale(w, alpha) for alpha in alphas]
sharpness = [largest(curves(each)) for each in scaled]
for alpha, top in zip(alphas, sharpness, strict=True):
    print(f"alpha {alpha:6.4g}: sharpness {top:8.2f}")

# %% descend_on
whole = gd.Batches(X_learn, y_learn, batch_size=len(X_learn))
onward = {
    alpha: gd.descend(
        network, rescale(w, alpha), gd.SGD(lr=lr), whole, steps=60
    )
    for alpha in (1.0, 4.0, 8.0)
}
for alpha, run in onward.items():
    losses = run["loss"]
    print(
        f"alpha {alpha}: loss {losses[0]:.3f}, at most",
        f"{losses.max():.3f}, at last {losses[-1]:.3f}",
    )

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, (above, below) = plt.subplots(2, 1, figsize=(4.4, 5.2))
above.plot(alphas, sharpness, "o-", color=plot.BATCH["color"])
above.axhline(2 / lr, color=plot.INK, linewidth=1, linestyle=":")
above.set_xscale("log", base=2)
above.set(yscale="log", ylabel="sharpness")
above.set_xlabel(r"$\alpha$")
above.set_xticks(alphas, ["1/8", "1/4", "1/2", "1", "2", "4", "8"])
above.minorticks_off()
above.set_yticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
looks = (plot.STOCHASTIC, plot.MINI_BATCH, plot.BATCH)
for (alpha, run), look in zip(onward.items(), looks, strict=True):
    label = rf"$\alpha = {alpha:.0f}$"
    below.plot(run["loss"], label=label, **look)
below.set(xlabel="updates", ylabel="loss", yscale="log")
below.legend()
plt.show()

# %% check
# For powers of two the scores are the same to the last bit.
for alpha in alphas:
    again = network.scores(rescale(w, alpha), X_test)
    assert np.array_equal(again, scores)
accuracy = float(network.accuracy(w, X_test, y_test))

# The oracle: with D the scale of each coordinate, the Hessian at D w is
# D^-1 H D^-1, so it can be had from the network that nobody rescaled.
curve = curves(w)
for alpha, top in zip(alphas[::3], sharpness[::3], strict=True):
    D = rescale(np.ones_like(w), alpha)
    old = largest(lambda v, D=D: curve(v / D) / D)
    # both iterations stop within 1e-3 of the eigenvalue
    assert abs(old / top - 1) < 3e-3
# Autograd's product is that of differences, where these meet no kink:
# half of the directions tried stay within a thousandth.
off = []
for seed in range(9):
    v = np.random.default_rng(seed).standard_normal(len(w))
    v /= np.linalg.norm(v)
    by_differences = gd.differences.hessian_vector_product(
        network, w, v, X_learn, y_learn, h=1e-7
    )
    exact = curve(v)
    off.append(
        np.linalg.norm(by_differences - exact) / np.linalg.norm(exact)
    )
assert np.median(off) < 1e-3

plain, at_four, at_eight = sharpness[3], sharpness[5], sharpness[6]
sharpest = max(sharpness)
times = sharpest / plain
assert times > 20
# Far out it grows as the square of alpha, on either side.
assert abs(np.log2(sharpness[-1] / sharpness[-2]) - 2) < 0.3
assert abs(np.log2(sharpness[0] / sharpness[1]) - 2) < 0.3
# The same lr is within its limit at one and four, and beyond at eight.
limit = 2 / lr
assert plain < at_four < limit < at_eight / 2
one, four, eight = (onward[alpha]["loss"] for alpha in (1.0, 4.0, 8.0))
assert (np.diff(one) < 0).all()
assert max(four) < 2 * four[0]
assert four[-1] < four[0]
assert max(eight) > 10 * eight[0]
eight_worst, eight_last = float(max(eight)), float(eight[-1])
one_last, four_last = float(one[-1]), float(four[-1])
