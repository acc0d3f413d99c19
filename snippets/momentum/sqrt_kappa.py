# %% [markdown] lang="en"
# # The root of the condition number
#
# Plain descent, Nesterov's form and heavy ball, each at its best learning rate and momentum, in
# bowls of twenty axes: how the updates grow with the condition number, and how far out heavy ball
# swings.

# %% [markdown] lang="zh"
# # 条件数的平方根
#
# 朴素的下降、Nesterov 的写法、重球，各用自己最好的学习率和动量，放进有二十根轴的碗里：要多少次更新，
# 随条件数怎样增长，重球又会先甩出去多远。

# %% rules
import numpy as np

import gdcore as gd


def rules(kappa):
    """Each rule at its best for curvatures from 1 to kappa."""
    root = np.sqrt(kappa)
    heavy = ((root - 1) / (root + 1)) ** 2
    ahead = (root - 1) / (root + 1)
    return {
        "plain": gd.SGD(2 / (kappa + 1)),
        "Nesterov": gd.SGD(1 / kappa, ahead, nesterov=True),
        "heavy ball": gd.SGD(4 / (root + 1) ** 2, heavy),
    }


shown, axes, close = 1000, 20, 1e-6
start = np.ones(axes)
distances, needed = {}, {}
for kappa in (10, 30, 100, 300, 1000, 3000):
    bowl = gd.objectives.Quadratic.conditioned(kappa, axes)
    for name, rule in rules(kappa).items():
        longest = 8 * kappa if name == "plain" else 30 * np.sqrt(kappa)
        run = gd.descend(
            bowl, start, rule, steps=int(longest), path=True
        )
        away = np.linalg.norm(run["w"], axis=1) / np.sqrt(axes)
        distances[kappa, name] = away
        needed[kappa, name] = int(np.nonzero(away >= close)[0][-1]) + 1
    print(
        f"condition number {kappa:4}:",
        *[f"{name} {needed[kappa, name]:6,}" for name in rules(kappa)],
    )

# %% first_step
# Heavy ball as Polyak wrote it, with a first step of any length.
bowl = gd.objectives.Quadratic.conditioned(shown, axes)
heavy = rules(shown)["heavy ball"]


def two_points(first_lr, updates):
    """Each step is a step of descent, and a share of the last step."""
    before, w = start, start - first_lr * bowl.grad(start)
    path = [before, w]
    for step in range(updates - 1):
        last = w - before
        before = w
        w = w - heavy.lr * bowl.grad(w) + heavy.momentum * last
        path.append(w)
    return np.array(path)


soft = two_points(first_lr=2 / (shown + 1), updates=600)
away_soft = np.linalg.norm(soft, axis=1) / np.sqrt(axes)
away_heavy = distances[shown, "heavy ball"]
print(f"farthest out: {away_heavy.max():.1f} times the start")
print(f"after a short first step: {away_soft.max():.1f} times")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
looks = {
    "plain": (plot.RULES["sgd"], "o"),
    "Nesterov": (plot.RULES["nesterov"], "s"),
    "heavy ball": (plot.RULES["momentum"], "^"),
}
fig, (above, below) = plt.subplots(2, 1, figsize=(4.4, 6.4))
for name, (look, marker) in looks.items():
    above.plot(distances[shown, name][:601], label=name, **look)
    kappas = sorted({kappa for kappa, _ in needed})
    below.plot(
        kappas,
        [needed[kappa, name] for kappa in kappas],
        marker=marker,
        markersize=5,
        **look,
    )
above.plot(
    away_soft,
    color=plot.RULES["adam"]["color"],
    linestyle=":",
    linewidth=1.8,
    label="heavy ball, short first step",
)
above.axhline(1, color=plot.GREY, linewidth=0.8)
above.set(
    yscale="log",
    ylim=(1e-7, 60),
    xlabel="updates",
    ylabel="distance (start = 1)",
    title=f"condition number {shown}",
)
below.set(
    xscale="log",
    yscale="log",
    xlabel="condition number",
    ylabel="updates to a millionth",
)
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% check
# Plain descent: ln(10^6) / ln((kappa + 1)/(kappa - 1)) at most.
for kappa in kappas:
    bound = -np.log(close) / np.log((kappa + 1) / (kappa - 1))
    assert needed[kappa, "plain"] <= np.ceil(bound)
plain, nesterov, ball = (
    [needed[kappa, name] for kappa in kappas] for name in looks
)
# Grown as kappa and as its root, over the last factor of ten. The
# root has a logarithm with it, from the double roots (below).
growth = {
    name: needed[3000, name] / needed[300, name] for name in looks
}
assert np.isclose(growth["plain"], 10, rtol=0.01)
assert np.sqrt(10) <= growth["heavy ball"] < 1.2 * np.sqrt(10)
assert 0.9 * np.sqrt(10) < growth["Nesterov"] < 1.2 * np.sqrt(10)
plain_1000, nesterov_1000, ball_1000 = (
    needed[shown, name] for name in looks
)
assert ball_1000 < nesterov_1000 < plain_1000 / 5
gain = plain_1000 / ball_1000
growth_ball = growth["heavy ball"]
# Along the steepest axis both roots are -sqrt(beta): the coordinate is
# (1 + b t)(-sqrt beta)^t, with b from the first step.
t = np.arange(601)
root = np.sqrt(heavy.momentum)
b = (heavy.lr * shown - 1) / root - 1
steepest = (1 + b * t) * (-root) ** t
run = gd.descend(bowl, start, heavy, steps=600, path=True)
# Rounding grows with the hump, to some 1e-14 of it.
assert np.allclose(run["w"][:, -1], steepest, rtol=0, atol=1e-11)
hump_axis = np.abs(steepest).max()
hump_at = int(np.argmax(np.abs(steepest)))
assert abs(hump_at - np.sqrt(shown) / 2) < 2
assert np.isclose(hump_axis, np.sqrt(shown) / np.e, rtol=0.1)
hump = away_heavy.max()
hump_height = run["loss"].max() / run["loss"][0]
assert hump > 2
assert hump_height > 20
# The two-point form is the rule of gdcore, step for step.
same = two_points(first_lr=heavy.lr, updates=600)
assert np.allclose(same, run["w"], rtol=0, atol=1e-11)
# A first step of lr/(1 + beta), which is 2/(L + mu), leaves
# b = (1 - beta)/(1 + beta), and no hump.
assert np.isclose(heavy.lr / (1 + heavy.momentum), 2 / (shown + 1))
gentle = (1 - heavy.momentum) / (1 + heavy.momentum)
steepest = (1 + gentle * t) * (-root) ** t
assert np.allclose(soft[:, -1], steepest, rtol=0, atol=1e-11)
assert away_soft.max() == 1
assert distances[shown, "Nesterov"].max() == 1
soft_1000 = int(np.nonzero(away_soft >= close)[0][-1]) + 1
assert soft_1000 < ball_1000
# The factors of an update in the long run.
factor_plain, factor_ball = (shown - 1) / (shown + 1), root
factor_nesterov = 1 - 1 / np.sqrt(shown)
assert np.isclose(root, (np.sqrt(shown) - 1) / (np.sqrt(shown) + 1))
