# %% [markdown] lang="en"
# # Exercises on mini-batches
#
# A last batch with fewer rows, a data set in which every row stands twice.

# %% [markdown] lang="zh"
# # 小批量一章的习题
#
# 行数不满的最后一批，每一行都来了两次的数据。

# %% ragged
import numpy as np

import gdcore as gd

rng = np.random.default_rng(0)
X = rng.random((10, 1))
y = 3 * X[:, 0] + 2 + 0.1 * rng.standard_normal(10)
loss, w, m = gd.LinearRegression(), np.zeros(2), 4

batches = list(gd.Batches(X, y, batch_size=m, seed=0).epoch(0))
sizes = [len(y_batch) for _, y_batch in batches]
losses = [loss(w, *batch) for batch in batches]
print(f"batches of {sizes} rows; loss of all rows {loss(w, X, y):.6f}")
print(f"mean of the batches' losses      {np.mean(losses):.6f}")
print(
    f"  weighted with their rows       "
    f"{np.average(losses, weights=sizes):.6f}"
)

grads = [loss.grad(w, *batch) for batch in batches]
updates = [size / m * g for size, g in zip(sizes, grads, strict=True)]
full = loss.grad(w, X, y)
print(f"an epoch's gradients, added up   {np.sum(grads, 0).round(6)}")
print(f"  each times its rows over m     {np.sum(updates, 0).round(6)}")
print(f"n/m times that of all rows       {(10 / m * full).round(6)}")

# %% twice
once = loss.per_example_grads(w, X, y)
twice = loss.per_example_grads(w, np.tile(X, (2, 1)), np.tile(y, 2))
for name, grads in {"10 rows": once, "each twice": twice}.items():
    n = len(grads)
    print(
        f"{name}: gradient {grads.mean(0).round(4)}, {n // 5} updates"
    )
    for m in (5, 10):
        error = gd.noise.batch_variance(grads, m)
        with_it = gd.noise.batch_variance(grads, m, replacement=True)
        print(
            f"  m = {m:2d}: squared error without replacement "
            f"{error:.4f}, with {with_it:.4f}"
        )

# %% check
# The weighted mean is the loss of all rows, the other is not; so with the gradients.
weighted = np.average(losses, weights=sizes)
assert np.isclose(weighted, loss(w, X, y), rtol=1e-12)
assert abs(np.mean(losses) / weighted - 1) > 0.01
assert np.allclose(np.sum(updates, 0), 10 / 4 * full, rtol=1e-12)
# Rows that come twice change neither the gradient nor, with replacement, its noise.
assert np.allclose(once.mean(0), twice.mean(0), rtol=1e-12)
S = gd.noise.gradient_variance(once)
assert np.isclose(gd.noise.gradient_variance(twice), S, rtol=1e-12)
# Ten rows are all there are of the ten, but only half of the twenty.
assert gd.noise.batch_variance(once, 10) == 0
half = gd.noise.batch_variance(twice, 10)
assert np.isclose(half, S / 10 * 10 / 19, rtol=1e-12)
