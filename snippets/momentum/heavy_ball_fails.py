# %% [markdown] lang="en"
# # Heavy ball goes round in circles
#
# A convex curve with curvatures between 1 and 25 on which heavy ball, at its best numbers for
# bowls with those curvatures, never arrives (Lessard, Recht and Packard 2016).

# %% [markdown] lang="zh"
# # 重球兜圈子
#
# 一条凸曲线，曲率在 1 与 25 之间。对曲率相同的碗来说最好的参数，重球用在这里，却永远走不到
# （Lessard、Recht 与 Packard，2016）。

# %% round_and_round
import numpy as np

import gdcore as gd

curve = gd.objectives.ThreeCycle()
heavy = gd.SGD(lr=1 / 9, momentum=4 / 9)
run = gd.descend(curve, [3.3], heavy, steps=300, path=True)
print(run["w"][-6:, 0].round(6))

# %% others
plain = gd.SGD(lr=2 / 26)
ahead = gd.SGD(lr=1 / 25, momentum=2 / 3, nesterov=True)
slower = gd.SGD(lr=1 / 25, momentum=4 / 9)
runs = {"heavy ball, lr 1/9": run["w"][:, 0]}
for name, rule in (
    ("heavy ball, lr 1/25", slower),
    ("Nesterov, lr 1/25", ahead),
    ("plain, lr 1/13", plain),
):
    history = gd.descend(curve, [3.3], rule, steps=300, path=True)
    runs[name] = history["w"][:, 0]
    print(f"{name}: {abs(runs[name][-1]):.0e} from the minimum")

x = np.linspace(-2.6, 3.6, 400)
tried = 2001
starts = np.linspace(-5, 5, tried)[:, None]
many = gd.descend_runs(curve, starts, heavy, steps=1000)
ends = np.array([history.last("w")[0] for history in many])
caught = np.abs(ends) > 0.1
print(f"{caught.mean():.1%} of the starts end in the circle")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
fig, (above, below) = plt.subplots(2, 1, figsize=(4.4, 6.2))
above.plot(x, curve.value(x), color=plot.GREY, linewidth=1.2)
path = run["w"][:40, 0]
above.plot(
    path,
    curve.value(path),
    color=plot.RULES["momentum"]["color"],
    linewidth=0.8,
)
for point in run["w"][-3:, 0]:
    above.plot(
        point,
        curve.value(np.array(point)),
        "o",
        color=plot.RULES["momentum"]["color"],
        markersize=8,
    )
above.plot(0, 0, "+", color=plot.INK, markersize=10)
above.set(xlabel="$x$", ylabel="$f(x)$")
looks = (
    plot.RULES["momentum"],
    plot.RULES["momentum"] | {"linestyle": ":", "linewidth": 2.0},
    plot.RULES["nesterov"],
    plot.RULES["sgd"],
)
for (name, path), look in zip(runs.items(), looks, strict=True):
    below.plot(np.abs(path[:101]), label=name, **look)
below.set(
    yscale="log",
    ylim=(1e-9, 30),
    xlabel="updates",
    ylabel="distance from the minimum",
)
fig.legend(
    *below.get_legend_handles_labels(),
    loc="outside upper left",
    ncols=2,
)
plt.show()

# %% check
# The best numbers for curvatures from 1 to 25.
mu, L = 1, 25
assert np.isclose(heavy.lr, 4 / (np.sqrt(L) + np.sqrt(mu)) ** 2)
root = np.sqrt(L / mu)
assert np.isclose(heavy.momentum, ((root - 1) / (root + 1)) ** 2)
# The three points, as published, and again by the recursion.
cycle = np.array([792, -2208, 2592]) / 1225
three = np.sort(run["w"][-3:, 0])
assert np.allclose(three, np.sort(cycle), rtol=0, atol=1e-9)
for i in range(3):
    before, now = cycle[i], cycle[(i + 1) % 3]
    after = (
        now - curve.slope(np.array(now)) / 9 + (now - before) * 4 / 9
    )
    assert np.isclose(after, cycle[(i + 2) % 3], rtol=1e-12)
low, middle, high = (float(point) for point in three)
# The curve is convex: its slope never falls, and never grows more than
# 25 times as much as x, nor less than once.
slopes = np.diff(curve.slope(x)) / np.diff(x)
assert slopes.min() > 1 - 1e-9
assert slopes.max() < 25 + 1e-9
measured = gd.differences.central_grad(curve, np.array([1.7]))
assert np.allclose(measured, curve.grad(np.array([1.7])))
# The others arrive.
for name, path in list(runs.items())[1:]:
    assert abs(path[-1]) < 1e-9, name
# Every start ends at the minimum or in the circle, and in no circle
# but this one.
assert (np.abs(ends[~caught]) < 1e-9).all()
nearest = np.abs(ends[caught][:, None] - cycle).min(1)
assert nearest.max() < 1e-9
caught_share = float(caught.mean())
assert 0 < caught_share < 1
from_top = float(curve.value(np.array(high)))
