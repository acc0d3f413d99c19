# %% [markdown] lang="en"
# # Heavy ball, three programs
#
# The same bowl, start, learning rate and momentum: in plain NumPy, with gdcore, and in PyTorch.

# %% [markdown] lang="zh"
# # 重球，三个程序
#
# 同一个碗、同一个起点、同样的学习率和动量：只用 NumPy；用 gdcore；用 PyTorch。

# %% by_hand
import numpy as np

curvatures = np.array([1.0, 30.0])
lr, beta = 0.0954, 0.48
w, v = np.array([-1.0, 0.7]), np.zeros(2)
for step in range(20):
    slope = curvatures * w
    v = beta * v + slope
    w = w - lr * v
print(w)

# %% with_gdcore
import gdcore as gd

bowl = gd.objectives.Quadratic((1, 30))
rule = gd.SGD(lr=0.0954, momentum=0.48)
run = gd.descend(bowl, [-1.0, 0.7], rule, steps=20)
print(run.last("w"))

# %% with_torch
import torch

curvature = torch.tensor([1.0, 30.0], dtype=torch.float64)
point = torch.tensor([-1.0, 0.7], dtype=torch.float64)
point.requires_grad_()
optimizer = torch.optim.SGD([point], lr=0.0954, momentum=0.48)
for step in range(20):
    optimizer.zero_grad()
    height = (curvature * point**2).sum() / 2
    height.backward()
    optimizer.step()
print(point.detach().numpy())

# %% check
# Along each axis an update is a matrix that takes (v, w) to the next
# pair: its power is the end of the run.
end = []
for c, start in zip(curvatures, (-1.0, 0.7), strict=True):
    update = np.array([[beta, c], [-lr * beta, 1 - lr * c]])
    assert np.isclose(np.linalg.det(update), beta)
    end.append((np.linalg.matrix_power(update, 20) @ [0, start])[1])
# Twenty updates of numbers of size one: rounding is below 1e-13.
ours, theirs = run.last("w"), point.detach().numpy()
for found in (w, ours, theirs):
    assert np.allclose(found, end, rtol=0, atol=1e-13)
apart = float(max(abs(w - ours).max(), abs(w - theirs).max()))
assert apart < 1e-14
# The velocity is the sum of all slopes so far, each slope weighed by
# beta once for every update since.
long = gd.descend(bowl, [-1.0, 0.7], rule, steps=20, path=True)["w"]
slopes = curvatures * long[:-1]
weights = beta ** np.arange(20)[::-1]
assert np.allclose(weights @ slopes, v, rtol=0, atol=1e-13)
reach = 1 / (1 - beta)  # of a step, where all slopes are equal
assert np.isclose(sum(beta**k for k in range(200)), reach)
