# %% [markdown] lang="en"
# # Solutions: batch size and learning rate
#
# The best step under noise, the price of every batch size, and warm-up near the limit.

# %% [markdown] lang="zh"
# # 解答：批量大小与学习率
#
# 有噪声时最好的一步，每种批量大小的价钱，上限附近的预热。

# %% best_step
import numpy as np

rng = np.random.default_rng(0)
A = rng.normal(size=(6, 6))
H, G = A @ A.T / 6, rng.normal(size=6)
C = rng.normal(size=(6, 6))
Sigma, m = C @ C.T, 4

# Gaussian noise, the gain averaged over a million batches, every lr
noise = rng.multivariate_normal(np.zeros(6), Sigma / m, 1_000_000)
g = G + noise
slope, bend = (g @ G).mean(), np.einsum("ni,ij,nj->n", g, H, g).mean()
lrs = np.linspace(0.001, 1, 1000)
i = (lrs * slope - lrs**2 / 2 * bend).argmax()

B_noise = np.trace(H @ Sigma) / (G @ H @ G)
lr_max = G @ G / (G @ H @ G)
print(f"B_noise {B_noise:.2f}, tried: lr {lrs[i]:.3f}")
formula = lr_max / (1 + B_noise / m)
print(f"formula: lr {formula:.3f}")

# %% price
from fractions import Fraction

print("B / B_crit   S / S_min   E / E_min   product")
for b in (Fraction(1, 16), Fraction(1, 4), 1, 4, 16):
    S = 1 + 1 / Fraction(b)  # over S_min
    E = S * b  # over E_min = S_min * B_crit
    product = (S - 1) * (E - 1)
    print(f"{b!s:>10}{S!s:>12}{E!s:>12}{product!s:>10}")

# %% warm_up
import numpy as np

import gdcore as gd

X, y = (part[:1437] for part in gd.datasets.digits())
model, goal = gd.Softmax(classes=10, l2=1e-3), 0.336


def descend(lr):
    w, loss, t, highest = np.zeros(650), np.inf, 0, 0.0
    while loss > goal:
        w = w - lr(t) * model.grad(w, X, y)
        loss, t = model(w, X, y), t + 1
        highest = max(highest, loss)
    return t, highest


limit = 2 / gd.differences.sharpness(model, np.zeros(650), X, y)
print(f"limit at the start {limit:.2f}")
warm = {}
for lr in (1.4, 4.0):
    for k in (1, 4, 16):
        warm[lr, k] = descend(gd.schedules.Warmup(lr, steps=k))
        updates, highest = warm[lr, k]
        print(
            f"lr {lr}, warm-up {k:2d}: {updates} updates, "
            f"highest loss {highest:.2f}"
        )

# %% check
# The lr is tried in steps of 0.001, and a million batches leave the
# mean of the noise's square within half a per cent.
assert abs(lrs[i] / formula - 1) < 0.02
assert product == 1
# Warm-up lowers the bump above ln 10 and costs updates.
bump = {k: warm[4.0, k][1] for k in (1, 16)}
assert bump[1] > np.log(10) > bump[16]
assert warm[4.0, 16][0] > warm[4.0, 1][0]
assert warm[1.4, 16][0] > warm[1.4, 1][0]
assert warm[4.0, 1][0] < warm[1.4, 1][0]
bump_plain, bump_warm = bump[1], bump[16]
updates_plain, updates_warm = warm[4.0, 1][0], warm[4.0, 16][0]
updates_low = warm[1.4, 1][0]
