# %% [markdown] lang="en"
# # A thousand looks
#
# Softmax regression on digits, 650 parameters, and a budget of a thousand loss evaluations: random
# guesses, random steps that are kept when they help, and steps against the gradient.

# %% [markdown] lang="zh"
# # 看一千眼
#
# 在 digits 上做 softmax 回归，650 个参数，预算是一千次损失求值：随机乱猜，随机迈步、变好才留下，逆着梯度走。

# %% race
import numpy as np

import gdcore as gd

X, y = gd.datasets.digits()
loss, w0 = gd.Softmax(10), np.zeros(650)
budget, seeds = 1000, 5

# Guesses: points of a box about the start, each of three boxes tried.
# Local search: steps of three lengths. The best of each is kept.
halves, scales = (0.03, 0.1, 0.3), (0.01, 0.03, 0.1)
guesses = {
    half: gd.search.random_search(
        loss, [(-half, half)] * 650, X, y, evaluations=budget
    )
    for half in halves
}


def wander(scale, seed):
    return gd.search.random_local_search(
        loss, w0, X, y, scale=scale, evaluations=budget, seed=seed
    )


half = min(halves, key=lambda h: guesses[h].value)
scale = min(scales, key=lambda s: wander(s, seed=seeds).value)
steps = [wander(scale, seed) for seed in range(seeds)]

# Descent: a gradient is charged as two losses, more than it costs.
price, lr = 2, 1.0
rows = gd.Batches(X, y, batch_size=len(X))
run = gd.descend(
    loss, w0, gd.SGD(lr=lr), rows, steps=budget // price - 1
)
descent = run["loss"]

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, ax = plt.subplots(figsize=(4.4, 3.4))
seen = np.arange(1, budget + 1)
ax.plot(
    seen,
    guesses[half].best,
    ":",
    color=plot.GREY,
    label="random guesses",
)
local = np.array([found.best for found in steps])
plot.band(
    seen,
    local,
    ax=ax,
    linestyle="--",
    color=plot.STOCHASTIC["color"],
    label="random steps, 5 seeds",
)
ax.plot(
    price * np.arange(1, len(descent) + 1),
    descent,
    color=plot.BATCH["color"],
    linewidth=2,
    label="gradient descent, lr 1",
)
ax.set(
    xlabel="loss evaluations paid",
    ylabel="lowest loss so far",
    ylim=(0, 2.5),
)
fig.legend(loc="outside upper left")
plt.show()

# %% check
# All start where every class is equally likely: the loss is ln 10.
start_loss = float(loss(w0, X, y))
assert np.isclose(start_loss, np.log(10), rtol=1e-14)
guess_end = guesses[half].value
local_end, descent_end = local[:, -1].mean(), descent[-1]
local_least, local_most = local[:, -1].min(), local[:, -1].max()
assert descent_end < local_least / 3
assert guess_end > 0.9 * start_loss
# Descent never rises here.
assert (np.diff(descent) < 0).all()
# It is where the random steps end after this many losses.
caught_up = price * (1 + int(np.argmax(descent < local_end)))
assert caught_up < budget / 5
guess_accuracy, descent_accuracy = (
    float(loss.accuracy(w, X, y))
    for w in (guesses[half].w, run.last("w"))
)
# Of all seeds, as the loss beside it in the text.
local_accuracy = float(
    np.mean([loss.accuracy(found.w, X, y) for found in steps])
)
assert guess_accuracy < local_accuracy < descent_accuracy
