# %% [markdown] lang="en"
# # Ten lines
#
# The loop of gradient descent, with nothing hidden.

# %% [markdown] lang="zh"
# # 十行代码
#
# 梯度下降的循环，没有藏起任何东西。

# %% descend
import numpy as np

import gdcore as gd

X, y = gd.datasets.line(n=1000, w=3.0, b=2.0, noise=0.1, seed=0)
loss = gd.LinearRegression()
batches = gd.Batches(X, y, batch_size=128, seed=0)
optimizer = gd.SGD(lr=0.1, momentum=0.9)
w = np.zeros(2)
state = optimizer.init(w)
for epoch in range(20):
    for X_batch, y_batch in batches.epoch(epoch):
        optimizer.step(w, loss.grad(w, X_batch, y_batch), state)
print(f"slope {w[0]:.3f}, intercept {w[1]:.3f}")

# %% check
# Twenty epochs end near the least-squares line.
assert np.allclose(w, np.polyfit(X[:, 0], y, 1), atol=0.03)
