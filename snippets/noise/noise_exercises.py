# %% [markdown] lang="en"
# # One row at a time: the exercises
#
# Rows that never come up, three points drawn by chance, and a floor predicted from the data.

# %% [markdown] lang="zh"
# # 一次一行：习题
#
# 一直没有抽到的行，随机抽取的三个点，以及由数据预言的一个基底。

# %% coverage
import numpy as np

import gdcore as gd

seeds = 20
missed, needed = {}, {}
for n in (10, 100, 1000):
    rows = gd.Batches(
        np.zeros((n, 1)),
        np.zeros(n),
        batch_size=1,
        replacement=True,
        seed=range(seeds),
    )
    order = np.concatenate([rows.order(k) for k in range(40)], axis=1)
    missed[n] = [1 - len(np.unique(seen)) / n for seen in order[:, :n]]
    needed[n] = [  # epochs until the last row has come up
        max(np.unique(seen, return_index=True)[1]) / n for seen in order
    ]
    print(
        f"{n:4d} rows: {np.mean(missed[n]):.1%} missed"
        f" ({min(missed[n]):.1%} to {max(missed[n]):.1%}),"
        f" computed {(1 - 1 / n) ** n:.1%};"
        f"\n     all seen after {np.mean(needed[n]):.1f} epochs"
        f" ({min(needed[n]):.1f} to {max(needed[n]):.1f})"
    )

# %% by_chance
import numpy as np

x = np.array([1.0, 2.0, 3.0])
y, lr, epochs, runs = 2 * x, 0.01, 30, 10_000
rng = np.random.default_rng(0)
w = np.ones(runs)
for i in rng.integers(3, size=(3 * epochs, runs)):
    w -= lr * 2 * (w * x[i] - y[i]) * x[i]
distance = 2 - w  # every factor is above zero

a = 1 - 2 * lr * x**2  # what one row leaves of the distance
for name, measured, computed in (
    ("mean", distance.mean(), a.mean() ** (3 * epochs)),
    ("median", np.median(distance), a.prod() ** epochs),
    (
        "root mean square",
        np.sqrt(np.mean(distance**2)),
        np.mean(a**2) ** (3 * epochs / 2),
    ),
):
    print(f"{name:>16}: {measured:.2e}, computed {computed:.2e}")

# %% floor
import numpy as np

import gdcore as gd

np.random.seed(42)  # the data of the race
X = np.random.rand(1000, 1)
y = (3 * X + 2 + 0.1 * np.random.randn(1000, 1)).ravel()
A = np.column_stack([X, np.ones(1000)])
bottom, model = np.linalg.lstsq(A, y)[0], gd.LinearRegression()
lowest = model(bottom, X, y)  # the variance of the scatter
H = 2 * A.T @ A / len(A)

floors = {}
for lr in (0.01, 0.1):
    rows = gd.Batches(
        X, y, batch_size=1, replacement=True, seed=range(200)
    )
    made = gd.descend_runs(model, bottom, gd.SGD(lr=lr), rows, epochs=9)
    loss = np.array([run["epoch_loss"] for run in made])  # (200, 10)
    each = loss[:, 3:].mean(1) - lowest
    floors[lr] = each.mean()
    print(
        f"lr {lr}: {each.mean():.5f} ({each.min():.5f} to"
        f" {each.max():.5f}), lr sigma^2 tr(H) / 2 ="
        f" {lr * lowest * np.trace(H) / 2:.5f}"
    )

# %% check
# 20 seeds. The number of rows missed has a variance of about
# n (1/e - 2/e^2); four standard errors of the mean.
for n, shares in missed.items():
    error = np.sqrt((np.exp(-1) - 2 * np.exp(-2)) / n / seeds)
    assert abs(np.mean(shares) - (1 - 1 / n) ** n) < 4 * error
    # Until all n have come up: n (1 + 1/2 + ... + 1/n) draws, with a
    # variance below n^2 pi^2 / 6.
    harmonic = np.sum(1 / np.arange(1, n + 1))
    error = np.pi / np.sqrt(6 * seeds)
    assert abs(np.mean(needed[n]) - harmonic) < 4 * error
missed_limit = np.exp(-1)
seen_after = float(np.sum(1 / np.arange(1, 1001)))

# Three points by chance. Mean and mean square of a product of draws
# are powers; the median of many factors is their geometric mean.
spread = np.mean(a**2) ** (3 * epochs) - a.mean() ** (6 * epochs)
error = np.sqrt(spread / runs)
assert abs(distance.mean() - a.mean() ** (3 * epochs)) < 4 * error
fourth = np.mean(a**4) ** (3 * epochs) - np.mean(a**2) ** (6 * epochs)
error = np.sqrt(fourth / runs)
square = np.mean(a**2) ** (3 * epochs)
assert abs(np.mean(distance**2) - square) < 4 * error
# the median of a nearly normal logarithm, with its standard error
logs = np.log(distance)
error = np.sqrt(np.pi / 2) * logs.std() / np.sqrt(runs)
assert abs(np.median(logs) - epochs * np.log(a).sum()) < 5 * error
mean_over_median = a.mean() ** (3 * epochs) / a.prod() ** epochs
assert mean_over_median > 1

# The exact floor, with the rows' own curvatures: the covariance C of
# the position solves C = E[(1 - lr a) C (1 - lr a)] + lr^2 E[g g'].
for lr, floor in floors.items():
    eye = np.eye(2)
    hold, push = np.zeros((4, 4)), np.zeros((2, 2))
    gradients = model.per_example_grads(bottom, X, y)
    for row, g in zip(A, gradients, strict=True):
        step = eye - lr * 2 * np.outer(row, row)
        hold += np.kron(step, step) / len(A)
        push += np.outer(g, g) / len(A)
    C = np.linalg.solve(np.eye(4) - hold, lr**2 * push.ravel())
    exact = np.sum(H * C.reshape(2, 2)) / 2
    # 200 runs, seven ends of an epoch each. The floor is made by the
    # steep direction, which forgets within an epoch: 1,400 squares.
    assert abs(floor / exact - 1) < 4 * np.sqrt(2 / 1400)
    formula = lr * lowest * np.trace(H) / 2
    assert 1 < exact / formula < 1.3
low_floor, high_floor = floors[0.01], floors[0.1]
low_formula = 0.01 * lowest * np.trace(H) / 2
high_over, high_exact = floors[0.1] / formula, exact / formula
trace = np.trace(H)
