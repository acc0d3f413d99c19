# %% [markdown] lang="en"
# # A published program, forty times
#
# A straight line through a hundred thousand points, found by looking at a third as many of them,
# one at a time, with a learning rate of 5/(50 + t). Then the same with forty seeds, beside other
# choices, scikit-learn and least squares.

# %% [markdown] lang="zh"
# # 一个常见的程序，跑四十遍
#
# 十万个点，一条直线；一次看一个点，一共看三分之一那么多次，学习率取 5/(50 + t)。然后换四十个种子
# 各跑一遍，与别的取法、scikit-learn 和最小二乘比较。

# %% published
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=100_000)
y = 4 * x + 3 + rng.normal(0, 3, size=100_000)

w, b = 0.0, 0.0
for t in range(len(x) // 3):
    lr = 5 / (50 + t)
    i = rng.integers(len(x))
    error = w * x[i] + b - y[i]
    w -= lr * 2 * error * x[i]
    b -= lr * 2 * error
print(f"slope {w:.3f}, intercept {b:.3f}")

# %% forty
from itertools import islice

import gdcore as gd

n, seeds = len(x), 40
updates = n // 3
A = np.column_stack([x, np.ones(n)])
best = np.linalg.lstsq(A, y)[0]
rows = gd.Batches(
    x[:, None], y, batch_size=1, replacement=True, seed=range(seeds)
)
loss = gd.LinearRegression()


def fit(lr):
    """The last points of forty runs, and averages of their second half."""
    w = np.zeros((seeds, 2))
    rule, average = gd.SGD(lr=lr), gd.Average(start=updates // 2)
    state = rule.init(w)
    for X_batch, y_batch in islice(rows.epoch(0), updates):
        rule.step(w, loss.grad(w, X_batch, y_batch), state)
        average.update(w)
    return w, average.w


Inverse = gd.schedules.Inverse
fits = {}
fits["5/(50 + t)"], fits["5/(50 + t), averaged"] = fit(Inverse(5, 50))
fits["0.5/(5 + t)"] = fit(Inverse(0.5, 5))[0]

# %% library
from concurrent.futures import ThreadPoolExecutor

from sklearn.linear_model import SGDRegressor


def library(**options):
    """Forty fits of scikit-learn without its penalty, two at a time."""

    def fitted(seed):
        model = SGDRegressor(penalty=None, random_state=seed, **options)
        return model.fit(x[:, None], y)

    with ThreadPoolExecutor(2) as pool:
        models = list(pool.map(fitted, range(seeds)))
    found = [[m.coef_[0], m.intercept_[0]] for m in models]
    return np.array(found), [m.n_iter_ for m in models]


fits["SGDRegressor"], passes = library()
fits["SGDRegressor, averaged"], passes_averaged = library(average=True)
spread = {
    name: float(np.sqrt(np.mean((found - best) ** 2)))
    for name, found in fits.items()
}
for name, apart in spread.items():
    print(f"{name:>23}: {apart:.5f} from least squares")

# %% draw
import matplotlib.pyplot as plt

from gdcore import plot

plt.style.use(plot.STYLE)
# Least squares has an error of its own: 3 / sqrt(n) about the truth.
own_error = 3 / np.sqrt(n)
truth = np.array([4.0, 3.0])
fig, ax = plt.subplots(figsize=(4.4, 3.6))
ax.axvspan(-own_error, own_error, color=plot.GREY, alpha=0.25)
ax.axvline(0, color=plot.INK, linewidth=1)
colors = [plot.MINI_BATCH, plot.BATCH, plot.STOCHASTIC] + 2 * [
    plot.RULES["adagrad"]
]
for row, (name, look) in enumerate(zip(fits, colors, strict=True)):
    lift = np.linspace(-0.28, 0.28, seeds)  # a line for each seed
    ax.plot(
        fits[name][:, 0] - best[0],
        row + lift,
        ".",
        markersize=4,
        color=look["color"],
    )
ax.set_yticks(range(len(fits)), list(fits))
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set_xlabel("slope, minus least squares")
plt.show()

# %% [markdown] lang="en"
# ## The claims of the chapter

# %% [markdown] lang="zh"
# ## 本章的论断

# %% check
published_w, published_b = w, b
assert abs(w - 4) < 0.2 > abs(b - 3)

# The program, over the rows of the first seed, ends where gdcore does.
w = b = 0.0
for t, i in enumerate(rows.order(0)[0, :updates]):
    error = w * x[i] + b - y[i]
    w -= 5 / (50 + t) * 2 * error * x[i]
    b -= 5 / (50 + t) * 2 * error
assert np.allclose(fits["5/(50 + t)"][0], [w, b], rtol=1e-12)

# The exact spread. With replacement the error e = w - best moves by
# -2 lr z (z e + r), with z = (x, 1) and r the residual of the row. So
# the mean U of (e, 1)(e, 1)' obeys a recursion made of the rows' means.
Z = np.column_stack([A, A @ best - y])  # (x, 1, r)
drift = np.vstack([2 * A.T @ Z / n, np.zeros(3)])
pairs = (A[:, :, None] * A[:, None, :]).reshape(n, 4)
squares = (Z[:, :, None] * Z[:, None, :]).reshape(n, 9)
kicks = 4 * pairs.T @ squares / n  # (4, 9)


def exact_spread(lr):
    U = np.outer([*-best, 1], [*-best, 1])
    for t in range(updates):
        eta, moved = lr(t), drift @ U
        kick = (kicks @ U.ravel()).reshape(2, 2)
        U = U - eta * (moved + moved.T)
        U[:2, :2] += eta**2 * kick
    return np.sqrt((U[0, 0] + U[1, 1]) / 2)


exact_long = exact_spread(Inverse(5, 50))
exact_right = exact_spread(Inverse(0.5, 5))
# Eighty numbers give a root mean square to 8 percent; four of these.
long_spread = spread["5/(50 + t)"]
right_spread = spread["0.5/(5 + t)"]
assert abs(long_spread / exact_long - 1) < 4 / np.sqrt(160)
assert abs(right_spread / exact_right - 1) < 4 / np.sqrt(160)

# The curvature is 2 and the noise of the slope 2 * 3, so a = 5 is ten
# times the right one, and costs 10^2 / 19 in variance.
curvature = np.linalg.eigvalsh(2 * A.T @ A / n)
assert np.abs(curvature - 2).max() < 0.03
c, ideal = 5 * 2, 3 / np.sqrt(updates)
price = np.sqrt(c**2 / (2 * c - 1))
assert abs(exact_long / (ideal * price) - 1) < 0.02
assert abs(exact_right / ideal - 1) < 0.02

# Averaging half of the points costs a factor of root two at most.
averaged_spread = spread["5/(50 + t), averaged"]
assert averaged_spread < 0.8 * long_spread
assert averaged_spread < 1.6 * ideal

# scikit-learn: more updates, at a learning rate that hardly shrinks.
least_passes, most_passes = min(passes), max(passes)
library_spread = spread["SGDRegressor"]
library_averaged = spread["SGDRegressor, averaged"]
library_updates = int(np.mean(passes) * n)
eta0, power_t = 0.01, 0.25
options = SGDRegressor().get_params()
assert (options["eta0"], options["power_t"]) == (eta0, power_t)
assert options["learning_rate"] == "invscaling"
eta_end = eta0 / library_updates**power_t
library_floor = 3 * np.sqrt(eta_end / (2 - eta_end))
# its floor, from the last learning rate and the half in its loss
assert abs(library_spread / library_floor - 1) < 4 / np.sqrt(160)
assert library_averaged < library_spread / 3
# What is left is mostly what the average keeps of its start at zero.
kept = (fits["SGDRegressor, averaged"] - best).mean(0)
scatter = (fits["SGDRegressor, averaged"] - best).std(0)
assert (kept < -3 * scatter).all()
own_off = np.sqrt(np.mean((best - truth) ** 2))
assert own_off < 3 * own_error
slope_off = best[0] - 4
