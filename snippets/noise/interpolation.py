# %% [markdown] lang="en"
# # When all rows agree
#
# Two hundred weights and an intercept. A hundred rows can all be fitted at once, four hundred
# noisy ones cannot. One learning rate for all, and it never changes.

# %% [markdown] lang="zh"
# # 各行意见一致的时候
#
# 两百个权重，一个截距。一百行可以同时拟合，四百行带噪声的就不行了。
# 学习率都一样，而且始终不变。

# %% race
import numpy as np

import gdcore as gd

seeds, lr, updates = 5, 0.002, 15_000
problems = {
    "exact": gd.datasets.regression(100, 200, noise=0, seed=0),
    "noisy": gd.datasets.regression(100, 200, noise=1, seed=0),
    "too many": gd.datasets.regression(400, 200, noise=1, seed=0),
}
model = gd.LinearRegression()
histories, best = {}, {}
for name, (X, y) in problems.items():
    A = np.column_stack([X, np.ones(len(X))])
    best[name] = np.linalg.lstsq(A, y)[0]  # of all, the shortest
    batches = gd.Batches(
        X, y, batch_size=1, replacement=True, seed=range(seeds)
    )
    histories[name] = gd.descend_runs(
        model, np.zeros(201), gd.SGD(lr=lr), batches, steps=updates
    )
    ends = [run["epoch_loss"][-1] for run in histories[name]]
    noise = gd.noise.gradient_variance(
        model.per_example_grads(best[name], X, y)
    )
    print(
        f"{name:>8}: loss from {min(ends):.1e} to {max(ends):.1e},"
        f" noise at the bottom {noise:.0e}"
    )

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
looks = {
    "too many": ("400 rows, noisy", plot.STOCHASTIC),
    "exact": ("100 rows, exact", plot.BATCH | {"linewidth": 4}),
    "noisy": ("100 rows, noisy", plot.MINI_BATCH),
}
fig, ax = plt.subplots(figsize=(4.4, 4.4))
excess = {}
for name, (label, look) in looks.items():
    X, y = problems[name]
    lowest = model(best[name], X, y)
    losses = np.array([h["epoch_loss"] for h in histories[name]])
    excess[name] = losses - (lowest if name == "too many" else 0)
    steps = histories[name][0].steps("epoch_loss")
    plot.band(
        steps,
        excess[name],
        ax=ax,
        label=f"{label}, batch size 1, lr {lr}",
        **{"linewidth": 1.8} | look,
    )
ax.set(
    yscale="log",
    xlim=(0, updates),
    xticks=[0, 5_000, 10_000, 15_000],
    xlabel="updates",
    ylabel="loss of all rows, above least squares",
)
fig.legend(loc="outside upper left")
plt.show()

# %% check
# Three lines prove how fast: a step on row i is I - lr a_i with
# a_i = 2 x_i x_i', and a_i^2 <= steepest a_i. With H the mean of the
# a_i, the squared distance is on average multiplied by at most
# 1 - lr (2 - lr steepest) flattest, wherever it is not yet zero.
bounds, rates = {}, {}
for name in ("exact", "noisy"):
    X, y = problems[name]
    A = np.column_stack([X, np.ones(len(X))])
    steepest = 2 * np.vecdot(A, A).max()
    curvatures = np.linalg.eigvalsh(2 * A @ A.T / len(A))  # (100,)
    bounds[name] = 1 - lr * (2 - lr * steepest) * curvatures[0]
    ends = np.array([run.last("w") for run in histories[name]])
    squares = np.vecdot(ends - best[name], ends - best[name])
    at_start = best[name] @ best[name]
    # below the bound, and at a point of its own: from zero every step
    # stays in the span of the rows, where one solution lies
    assert squares.max() < at_start * bounds[name] ** updates
    assert squares.max() < 1e-8 * at_start
    assert np.abs(A @ best[name] - y).max() < 1e-12
    # a straight line on the logarithmic axis: the last third falls by
    # the same factor as the middle third, within the seeds' spread
    logs = np.log10(excess[name].mean(0))
    third = len(logs) // 3
    falls = logs[third] - logs[2 * third], logs[2 * third] - logs[-1]
    assert abs(falls[0] / falls[1] - 1) < 0.2
    rates[name] = 10 ** (-falls[1] / third)  # per epoch
exact_rate, exact_end = rates["exact"], excess["exact"][:, -1].max()
# a hundred draws are an epoch of these rows
exact_bound, safe_lr = bounds["exact"] ** 100, 2 / steepest
assert lr < safe_lr < 3 * lr
assert exact_rate < exact_bound
noisy_end = excess["noisy"][:, -1].max()
start_loss = excess["exact"][0, 0]
assert max(exact_end, noisy_end) < 1e-6 * start_loss

# Four hundred rows disagree: a floor, and nothing more is gained.
late = excess["too many"][:, -10:].mean(1)
early = excess["too many"][:, -20:-10].mean(1)
floor, floor_low, floor_high = late.mean(), late.min(), late.max()
assert 0.8 < late.mean() / early.mean() < 1.25
assert floor > 1e4 * max(exact_end, noisy_end)
few_rows, lots_rows, weights = 100, 400, 201

# No noise at the bottom where all rows agree, for y with noise too.
noises = {
    name: gd.noise.gradient_variance(
        model.per_example_grads(best[name], X, y)
    )
    for name, (X, y) in problems.items()
}
assert max(noises["exact"], noises["noisy"]) < 1e-20 < 1
assert noises["too many"] > 1

# A constant learning rate, not any: at three times this one every run
# diverges, though batch descent still converges.
X, y = problems["exact"]
hasty_lr = 3 * lr
hasty = gd.descend_runs(
    model,
    np.zeros(201),
    gd.SGD(lr=hasty_lr),
    gd.Batches(X, y, batch_size=1, replacement=True, seed=range(seeds)),
    steps=3000,
    max_loss=1e9,
)
assert {run.stop for run in hasty} == {"diverged"}
whole = gd.descend(
    model,
    np.zeros(201),
    gd.SGD(lr=hasty_lr),
    gd.Batches(X, y, batch_size=100),
    steps=3000,
)
assert whole["epoch_loss"][-1] < 1e-3 * whole["epoch_loss"][0]
