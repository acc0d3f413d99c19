# %% [markdown] lang="en"
# # From one sample to a mini-batch
#
# Two programs in plain NumPy. The second differs from the first in four lines.

# %% [markdown] lang="zh"
# # 从单样本到小批量
#
# 两个只用 NumPy 的程序。第二个与第一个只差四行。

# %% one_sample
import numpy as np


def descend(x, y, lr, epochs):
    rng = np.random.default_rng(0)
    w, b = 0.0, 0.0
    for epoch in range(epochs):
        for i in rng.permutation(len(x)):
            error = w * x[i] + b - y[i]
            w -= lr * 2 * (error * x[i])
            b -= lr * 2 * error
    return w, b


rng = np.random.default_rng(42)
x = rng.uniform(size=1000)
y = 3 * x + 2 + 0.1 * rng.standard_normal(1000)

w_one, b_one = descend(x, y, lr=0.05, epochs=20)
print(f"slope {w_one:.4f}, intercept {b_one:.4f}")

# %% mini_batch
import numpy as np


def descend_in_batches(x, y, m, lr, epochs):
    rng = np.random.default_rng(0)
    w, b = 0.0, 0.0
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        for i in (order[k : k + m] for k in range(0, len(x), m)):
            error = w * x[i] + b - y[i]
            w -= lr * 2 * np.mean(error * x[i])
            b -= lr * 2 * np.mean(error)
    return w, b


rng = np.random.default_rng(42)
x = rng.uniform(size=1000)
y = 3 * x + 2 + 0.1 * rng.standard_normal(1000)

w_mini, b_mini = descend_in_batches(x, y, m=128, lr=0.5, epochs=20)
print(f"slope {w_mini:.4f}, intercept {b_mini:.4f}")

# %% check
# With batches of one the second program is the first, bit for bit.
assert descend_in_batches(x, y, m=1, lr=0.05, epochs=20) == (w_one, b_one)

# With one batch of all rows it is batch descent: after enough updates, least squares.
w_best, b_best = np.polyfit(x, y, 1)
w_all, b_all = descend_in_batches(x, y, m=1000, lr=0.5, epochs=400)
assert np.allclose((w_all, b_all), (w_best, b_best), rtol=1e-10)

# Both programs end near it; the one-sample program, still bouncing, less near.
one_off, mini_off = abs(w_one - w_best), abs(w_mini - w_best)
assert mini_off < one_off < 0.1

# The last batch of an epoch is smaller, and its rows weigh more: 1000 = 7 * 128 + 104.
last_batch = 1000 % 128
assert last_batch == 104
weight_ratio = 128 / last_batch
