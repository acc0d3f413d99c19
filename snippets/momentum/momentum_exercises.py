# %% [markdown] lang="en"
# # Solutions: momentum
#
# A missing minus, the correction of Adam's two means, and the numbers for a condition number of
# 400.

# %% [markdown] lang="zh"
# # 解答：动量
#
# 漏掉的负号，Adam 两个平均的修正，以及条件数 400 时该取的参数。

# %% missing_minus
import numpy as np

import gdcore as gd

rng = np.random.default_rng(0)
A = rng.standard_normal((3, 3))
Q, c = A @ A.T + np.eye(3), rng.standard_normal(3)


class Bowl:
    """h(x) = x'Qx / 2 + x'c."""

    def __call__(self, x):
        return self.value_and_grad(x)[0]

    def value_and_grad(self, x):
        return x @ Q @ x / 2 + x @ c, Q @ x + c


x = rng.standard_normal(3)
measured = gd.differences.central_grad(Bowl(), x)
printed = Q @ (x - np.linalg.solve(Q, c))
mended = Q @ (x + np.linalg.solve(Q, c))
rule = gd.SGD(lr=0.1, momentum=0.8)
end = gd.descend(Bowl(), np.zeros(3), rule, steps=500).last("w")
print("measured slope:  ", measured.round(4))
print("as printed:      ", printed.round(4))
print("with a plus:     ", mended.round(4))
print("heavy ball ends: ", end.round(4))
print("minus Q^-1 c is: ", -np.linalg.solve(Q, c).round(4))

# %% without_hats
import numpy as np

t = np.arange(1, 5001)
ratio = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
for update in (1, 10, 100, 1000, 5000):
    print(f"update {update:4}: {ratio[update - 1]:.2f} times as long")
longest = int(t[ratio.argmax()])
print(f"longest at update {longest}: {ratio.max():.2f} times")

# %% four_hundred
import numpy as np

import gdcore as gd


def best(L, mu):
    """Learning rate and momentum for curvatures from mu to L."""
    root = np.sqrt(L / mu)
    return 4 / (np.sqrt(L) + np.sqrt(mu)) ** 2, (
        (root - 1) / (root + 1)
    ) ** 2


bowl = gd.objectives.Quadratic.conditioned(400, d=20)


def needed(lr, momentum):
    """Updates until a millionth of the distance is left."""
    rule = gd.SGD(lr=lr, momentum=momentum)
    run = gd.descend(bowl, np.ones(20), rule, steps=5000, path=True)
    away = np.linalg.norm(run["w"], axis=1) / np.sqrt(20)
    return int(np.nonzero(away >= 1e-6)[0][-1]) + 1


counts = {"plain": needed(2 / 401, 0)}
for mu in (1, 0.1, 10):
    lr, momentum = best(400, mu)
    counts[mu] = needed(lr, momentum)
    print(
        f"taking mu for {mu:3}: lr {lr:.5f}, momentum {momentum:.3f}, "
        f"{counts[mu]:4} updates"
    )
print(f"plain descent: {counts['plain']} updates")

# %% check
# The slope as printed is off by twice c; the end is where the text
# itself puts it.
assert np.allclose(measured, mended, atol=1e-7)  # rounding over h
assert np.allclose(printed - mended, -2 * c)
assert np.allclose(end, -np.linalg.solve(Q, c), atol=1e-10)
# Adam without its hats, update for update, on a constant slope: the
# step of gdcore is lr itself, the step without hats ratio times that.
rule, w = gd.Adam(lr=0.1, eps=0), np.zeros(1)
state = rule.init(w)
mean = square = 0.0
for update in range(1, 31):
    before = w.copy()
    rule.step(w, np.ones(1), state)
    mean = 0.9 * mean + 0.1
    square = 0.999 * square + 0.001
    assert np.isclose(before[0] - w[0], 0.1)
    assert np.isclose(mean / np.sqrt(square), ratio[update - 1])
first_ratio, longest_ratio = ratio[0], ratio.max()
assert np.isclose(first_ratio, 0.1 / np.sqrt(0.001))
assert longest_ratio > 6
assert 1.2 < ratio[999] < 1.3
# Best numbers for 400: 4/441, (19/21)^2, a factor of 19/21.
lr, momentum = best(400, 1)
assert np.isclose(lr, 4 / 441)
assert np.isclose(momentum, (19 / 21) ** 2)
factor = np.sqrt(momentum)
assert counts[1] < counts["plain"] / 10
assert counts[1] < min(counts[0.1], counts[10])
right, too_low, too_high = (counts[mu] for mu in (1, 0.1, 10))
assert 3 < too_low / right < too_high / right < 4.5
plain = counts["plain"]
assert too_high < plain / 3
# Nearly all of it is the steepest axis, which shrinks as
# (1 + b t) factor^t; the other nineteen add at most a few updates.
b = (lr * 400 - 1) / factor - 1
t = np.arange(1000)
steepest = (1 + b * t) * factor**t / np.sqrt(20)
alone = int(np.nonzero(steepest >= 1e-6)[0][-1]) + 1
assert alone <= right <= alone + 5
