# %% [markdown] lang="en"
# # Exercises on batch size and what is learnt
#
# A published plot and its budget, the seeds that a gap of one point needs, and the best of many
# equal settings.

# %% [markdown] lang="zh"
# # 批量大小与学到什么：习题
#
# 一张发表的图用的是哪种预算，一个百分点的差距要多少种子，许多一样好的设置里挑出的“最好”。

# %% budget
import numpy as np

import gdcore as gd

X, y = gd.datasets.digits()
order = np.random.default_rng(0).permutation(len(X))
learn, test = order[:512], order[512:]
network = gd.MLP((64, 64, 10), activation="relu")


def train(m, epochs):
    """Return the updates made and the accuracies, learnt and tested."""
    rows = gd.Batches(X[learn], y[learn], batch_size=m, seed=0)
    run = gd.descend(
        network, network.init(0), gd.SGD(lr=0.1), rows, epochs=epochs
    )
    w = run.last("w")
    return (
        epochs * len(rows),
        network.accuracy(w, X[learn], y[learn]),
        network.accuracy(w, X[test], y[test]),
    )


print("   m  epochs  updates  learnt  tested")
rows = [(m, 10) for m in (8, 32, 128, 512)] + [(512, 640)]
for m, epochs in rows:
    updates, learnt, tested = train(m, epochs)
    print(
        f"{m:4}  {epochs:6}  {updates:7}  {learnt:6.1%}  {tested:6.1%}"
    )

# %% peek
import numpy as np

settings, n_test, true = 20, 500, 0.9
rng = np.random.default_rng(0)
right = rng.binomial(n_test, true, size=(100_000, settings)) / n_test
best = right.max(axis=1).mean()
print(
    f"all are {true:.1%} right; the best of {settings} looks", end=" "
)
print(f"{best:.1%} right")

# %% check
from math import comb

# The sum of 1 - F^k over all counts is the mean of the largest of k.
chance = [
    comb(n_test, k) * true**k * (1 - true) ** (n_test - k)
    for k in range(n_test + 1)
]
below = np.cumsum(chance)
exact = float(np.sum(1 - below[:-1] ** settings) / n_test)
# the mean of 100,000 draws errs by some 1e-5
assert abs(best - exact) < 1e-4
gained = 100 * (exact - true)
small, whole, long = train(8, 10), train(512, 10), train(512, 640)
assert small[0] == long[0] == 640
# The whole batch is behind on the rows it learns from as well ...
assert whole[1] < small[1] - 0.1
# ... and no longer so after as many updates.
assert abs(long[2] - small[2]) < 0.02
behind = 100 * (small[2] - whole[2])
left = 100 * abs(long[2] - small[2])
whole_learnt, whole_updates = 100 * whole[1], whole[0]
