# %% [markdown] lang="en"
# # A rule of your own
#
# A rule is a class with one method. The base class counts the updates, asks the schedule for the
# learning rate, and makes the arrays named in `slots`.

# %% [markdown] lang="zh"
# # 自己写一条规则
#
# 一条规则就是带一个方法的类。计数、向学习率安排取值、准备 `slots` 里列出的数组，都由基类来做。

# %% rule
import numpy as np

import gdcore as gd


class SignDescent(gd.Optimizer):
    def update(self, w, g, lr, t):
        w -= lr * np.sign(g)


X, y = gd.datasets.line(n=1000, seed=0)
batches = gd.Batches(X, y, batch_size=100, seed=0)
history = gd.descend(
    gd.LinearRegression(),
    [0.0, 0.0],
    SignDescent(lr=lambda t: 1 / (20 + t)),
    batches,
    epochs=50,
)
print(history["w"][-1].round(3))


# %% memory
class SignMomentum(gd.Optimizer):
    slots = ("v",)

    def update(self, w, g, lr, t, v):
        v *= 0.9
        v += g
        w -= lr * np.sign(v)


rule = SignMomentum(lr=0.01)
print(rule, list(rule.init(np.zeros(2))))

# %% check
# Every coordinate moves by exactly lr.
w = np.array([1.0, -1.0])
SignDescent(lr=0.25).step(w, np.array([3.0, -0.1]), {"t": 0})
assert list(w) == [0.75, -0.75]

# The run ends near the least-squares line.
best = np.polyfit(X[:, 0], y, 1)
assert np.allclose(history["w"][-1], best, atol=0.02)
