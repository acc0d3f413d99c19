# %% [markdown] lang="en"
# # From one sample to a mini-batch
#
# Two programs in plain NumPy. The second takes a batch where the first takes a row.

# %% [markdown] lang="zh"
# # 从单样本到小批量
#
# 两个只用 NumPy 的程序。第一个一次取一行，第二个一次取一批。

# %% one_sample
import numpy as np


def descend(x, y, lr, epochs):
    rng = np.random.default_rng(0)
    w, b = 0.0, 0.0
    for epoch in range(epochs):
        for i in rng.permutation(len(x)):
            error = w * x[i] + b - y[i]
            dw = 2 * error * x[i]
            db = 2 * error
            w -= lr * dw
            b -= lr * db
    return w, b


rng = np.random.default_rng(42)
x = rng.uniform(size=1000)
y = 3 * x + 2 + rng.normal(0, 0.1, 1000)

one = descend(x, y, lr=0.05, epochs=20)
print(np.round(one, 4))

# %% mini_batch
import numpy as np


def descend_mini(x, y, m, lr, epochs):
    rng = np.random.default_rng(0)
    w, b = 0.0, 0.0
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        for k in range(0, len(x), m):
            i = order[k : k + m]
            error = w * x[i] + b - y[i]
            dw = 2 * np.mean(error * x[i])
            db = 2 * np.mean(error)
            w -= lr * dw
            b -= lr * db
    return w, b


rng = np.random.default_rng(42)
x = rng.uniform(size=1000)
y = 3 * x + 2 + rng.normal(0, 0.1, 1000)

mini = descend_mini(x, y, 128, 0.5, 20)
print(np.round(mini, 4))

# %% check
# With batches of one the second program is the first, bit for bit.
assert descend_mini(x, y, m=1, lr=0.05, epochs=20) == one

# With one batch of all rows it is batch descent: after enough updates,
# least squares.
best = np.polyfit(x, y, 1)
every = descend_mini(x, y, m=1000, lr=0.5, epochs=400)
assert np.allclose(every, best, rtol=1e-10)

# Both programs end near it.
assert np.allclose(one, best, atol=0.05)
assert np.allclose(mini, best, atol=0.05)

# The last batch of an epoch is smaller, so its rows weigh more.
last_batch = len(x) % 128
assert last_batch == 104
weight_ratio = 128 / last_batch
