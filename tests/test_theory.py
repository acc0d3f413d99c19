"""Rules, batches, models and the loop together, held to what theory and other libraries say."""

import math
import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import SGDRegressor

import gdcore as gd

RUNS = 3000


def ends(lr, momentum=0.0, *, epochs, runs=RUNS):
    """Where one-sample runs end that estimate the mean of y; and the mean and its variance."""
    y = np.random.default_rng(5).normal(3.0, 1.0, 100)
    batches = gd.Batches(np.zeros((100, 1)), y, batch_size=1, replacement=True, seed=range(runs))
    optimizer = gd.SGD(lr=lr, momentum=momentum)
    start = [0.0, y.mean()]  # X is 0: the intercept alone moves, under a curvature of 2
    found = gd.descend_runs(gd.LinearRegression(), start, optimizer, batches, epochs=epochs)
    return np.array([run["w"][-1][1] for run in found]), y.mean(), y.var()


def within(errors, variance, expected):
    """Whether a variance over RUNS runs is the expected one but for chance."""
    return abs(variance / expected - 1) < errors * math.sqrt(2 / RUNS)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_noise_keeps_descent_at_the_floor_of_its_step_and_momentum(momentum):
    lr, curvature = 0.05, 2.0
    w, best, spread = ends(lr, momentum, epochs=3)
    noise = 4 * spread  # of the gradient of (w - y)^2
    floor = lr * noise / (curvature * (1 - momentum)) * (1 + momentum)
    floor /= 2 * (1 + momentum) - lr * curvature
    assert within(4, np.mean((w - best) ** 2), floor)


@pytest.mark.parametrize("c", [1.0, 2.0])
def test_a_step_that_falls_as_one_over_t_lets_the_noise_die_out(c):
    curvature, epochs = 2.0, 5
    lr = gd.schedules.Inverse(c / curvature, 10.0)
    w, best, spread = ends(lr, epochs=epochs)
    noise, variance = 4 * spread, [0.0]
    for t in range(100_000):
        variance.append((1 - lr(t) * curvature) ** 2 * variance[-1] + lr(t) ** 2 * noise)
    assert within(4, np.mean((w - best) ** 2), variance[100 * epochs])
    limit = c**2 * noise / (curvature**2 * (2 * c - 1))  # of t Var, reached as 1 / t
    assert 100_000 * variance[-1] == pytest.approx(limit, rel=1e-3)


def test_where_one_line_fits_all_rows_a_constant_step_converges_at_the_rate_of_kaczmarz():
    # Strohmer and Vershynin 2009, theorem 2: a step of 1 / (2 ||a||^2) on (a'w - y)^2 projects
    # onto the row's own solutions, and E ||e_t||^2 <= (1 - smallest s^2 / sum s^2)^t ||e_0||^2.
    angles = np.linspace(0, 2.5, 12)
    A = np.column_stack([np.cos(angles), np.sin(angles), np.ones(12)])  # rows of squared norm 2
    w_best, epochs, runs = np.array([1.0, -2.0, 0.5]), 10, 500
    batches = gd.Batches(A[:, :2], A @ w_best, batch_size=1, replacement=True, seed=range(runs))
    found = gd.descend_runs(gd.LinearRegression(), np.zeros(3), gd.SGD(lr=1 / 4), batches,
                            epochs=epochs)  # fmt: skip
    error = np.array([np.sum((run["w"][-1] - w_best) ** 2) for run in found])
    s = np.linalg.svd(A, compute_uv=False) ** 2
    slowest, fastest = ((1 - s[i] / s.sum()) ** (12 * epochs) * w_best @ w_best for i in (-1, 0))
    assert fastest < error.mean() < slowest + 4 * error.std() / math.sqrt(runs)


@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_one_sample_at_a_time_walks_with_scikit_learn(schedule, l2, rng):
    X = rng.standard_normal((50, 3))
    y = X @ [1.0, -2.0, 0.5] + 3 + rng.standard_normal(50)
    theirs = SGDRegressor(
        loss="squared_error", penalty="l2", alpha=l2, learning_rate=schedule, eta0=0.02,
        power_t=0.25, shuffle=False, max_iter=4, tol=None,
    ).fit(X, y)  # fmt: skip
    lr = 0.02 if schedule == "constant" else lambda t: 0.02 / (t + 1) ** 0.25
    # Its loss is half the square: half our gradient at twice our penalty.
    half = (lambda t: lr(t) / 2) if callable(lr) else lr / 2
    batches = gd.Batches(X, y, batch_size=1, shuffle=False)
    ours = gd.descend(gd.LinearRegression(l2=2 * l2), np.zeros(4), gd.SGD(lr=half), batches,
                      epochs=4)["w"][-1]  # fmt: skip
    assert ours == pytest.approx([*theirs.coef_, *theirs.intercept_], rel=1e-12)


@pytest.mark.parametrize(("momentum", "limit"), [(0.0, 2.0), (0.5, 3.0), (0.9, 3.8)])
def test_descent_is_stable_up_to_its_limit_and_not_beyond(momentum, limit):
    curvature, bowl = 7.0, gd.objectives.Quadratic([7.0])
    for share, converges in ((0.999, True), (1.001, False)):
        optimizer = gd.SGD(lr=share * limit / curvature, momentum=momentum)
        run = gd.descend(bowl, [1.0], optimizer, steps=20_000, max_loss=1e6)
        assert (run.stop == "steps" and run["loss"][-1] < 1e-9) == converges


def test_the_best_steps_have_their_closed_rates():
    kappa = 50.0
    bowl, steps = gd.objectives.Quadratic([1.0, kappa]), 600
    root = math.sqrt(kappa)
    plain = gd.SGD(lr=2 / (1 + kappa))
    heavy = gd.SGD(lr=4 / (1 + root) ** 2, momentum=((root - 1) / (root + 1)) ** 2)
    for optimizer, rate in (
        (plain, (kappa - 1) / (kappa + 1)),
        (heavy, (root - 1) / (root + 1)),
    ):
        loss = gd.descend(bowl, [1.0, 1.0], optimizer, steps=steps)["loss"]
        half = min(steps // 2, 100)  # before rounding takes over
        measured = (loss[2 * half] / loss[half]) ** (1 / (2 * half))
        # heavy ball has a double root there: its distance carries a factor t on top of rate^t
        slack = 2 ** (1 / half) if optimizer is heavy else 1 + 1e-9
        assert rate / 1.000001 <= measured <= rate * slack


def test_heavy_ball_circles_three_points_of_a_convex_curve_where_descent_arrives():
    f = gd.objectives.ThreeCycle()
    ball = gd.SGD(lr=1 / 9, momentum=4 / 9)
    seen = gd.descend(f, [3.3], ball, steps=300, path=True)["w"][-3:, 0]
    # Lessard, Recht and Packard 2016, section 4.5
    assert sorted(seen) == pytest.approx([-2208 / 1225, 792 / 1225, 2592 / 1225], rel=1e-9)
    assert gd.descend(f, [3.3], gd.SGD(lr=1 / 25), steps=3000)["loss"][-1] < 1e-12


def test_three_ways_to_write_momentum_walk_one_path(rng):
    lr, beta, grads = 0.1, 0.9, rng.standard_normal((50, 4))
    ours, keras, mean = (np.ones(4) for _ in range(3))
    v_keras, v_mean = np.zeros(4), np.zeros(4)
    optimizer = gd.SGD(lr=lr, momentum=beta)
    state = optimizer.init(ours)
    for g in grads:
        optimizer.step(ours, g, state)
        v_keras = beta * v_keras - lr * g
        keras += v_keras
        v_mean = beta * v_mean + (1 - beta) * g
        mean -= lr / (1 - beta) * v_mean
    assert ours == pytest.approx(keras, rel=1e-12)
    assert ours == pytest.approx(mean, rel=1e-12)


def test_shards_weighted_by_their_size_give_the_gradient_of_all(rng):
    X, y, w = rng.standard_normal((10, 3)), rng.integers(0, 3, 10), rng.standard_normal(12)
    loss = gd.Softmax(3, l2=0.3)
    cuts = [slice(0, 2), slice(2, 7), slice(7, 10)]
    shards = sum(len(y[cut]) / 10 * loss.grad(w, X[cut], y[cut]) for cut in cuts)
    assert shards == pytest.approx(loss.grad(w, X, y), rel=1e-12)


@pytest.mark.parametrize("optimizer", [gd.SGD(lr=1e-3), gd.Adam(lr=1e-3)], ids=repr)
def test_a_long_run_holds_a_few_copies_of_w_and_not_one_for_each_step(optimizer):
    d, steps = 100_000, 300

    class Bowl:
        def __call__(self, w):
            return w @ w

        def value_and_grad(self, w):
            return w @ w, 2 * w

    def peak(steps, **options):
        tracemalloc.start()
        gd.descend(Bowl(), np.ones(d), optimizer, steps=steps, **options)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most / (8 * d)  # in copies of w

    assert peak(steps) < 12
    assert peak(steps) - peak(10) < 1  # the record of 290 losses more
    assert peak(30, path=True) > 30
