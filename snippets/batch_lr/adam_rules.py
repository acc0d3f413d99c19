# %% [markdown] lang="en"
# # Adam and the two rules
#
# The network and the rows of the three rules, trained by Adam: does the square root keep the loss,
# or does the linear rule?

# %% [markdown] lang="zh"
# # Adam 与两条规则
#
# 三条规则用过的网络和数据，改用 Adam 训练：是平方根守得住原来的损失，还是线性规则？

# %% rules
import numpy as np

import gdcore as gd

n, epochs, seeds, base_m = 1024, 8, 5, 8
X, y = gd.datasets.digits()
X, y = gd.scaling.Centre.fit(X[:n])(X[:n]), y[:n]
net = gd.MLP((64, 32, 10), activation="tanh")
starts = net.init(range(seeds))
bases = np.array([0.0003, 0.001, 0.003])


def train(k, factor, **options):
    """Final losses, shape (lrs, seeds), at batch size 8k."""
    lr = np.repeat(bases * factor, seeds)[:, None]  # a row per run
    adam = gd.Adam(lr=lambda t: lr, **options)
    w = np.tile(starts, (len(bases), 1))
    state = adam.init(w)
    orders = list(range(seeds)) * len(bases)
    rows = gd.Batches(X, y, batch_size=base_m * k, seed=orders)
    for epoch in range(epochs):
        for batch in rows.epoch(epoch):
            adam.step(w, net.grad(w, *batch), state)
    return net(w, X, y).reshape(len(bases), seeds)


def sqrt_rule(k):
    """With the memories and eps rescaled, as the rule was derived."""
    betas = (1 - 0.1 * k, 1 - 0.001 * k)
    return train(k, k**0.5, betas=betas, eps=1e-8 / k**0.5)


base, root, line = train(1, 1), {}, {}
print("lr at m = 8   " + "".join(f"{x:>16g}" for x in bases))
for k in (1, 2, 4, 8):
    root[k], line[k] = (
        (sqrt_rule(k), train(k, k)) if k > 1 else (base, base)
    )
    for name, loss in (("square root", root[k]), ("linear", line[k])):
        cells = (f"{x.mean():.3f} ({np.ptp(x):.3f})" for x in loss)
        print(
            f"{name:11} {8 * k:2d}" + "".join(f"{c:>16}" for c in cells)
        )

# %% check
# At these three learning rates the truth lies between: the square root
# leaves a higher loss than the base run, the linear rule a lower one.
for i in range(len(bases)):
    for k in (2, 4, 8):
        assert root[k][i].min() > base[i].mean() > line[k][i].max()
root_up = [root[8][i].mean() / base[i].mean() for i in range(3)]
line_down = [base[i].mean() / line[8][i].mean() for i in range(3)]
root_least, root_most = min(root_up), max(root_up)
line_least, line_most = min(line_down), max(line_down)
largest_m = base_m * max(root)
