"""What only networks have: layers, starts and symmetries."""

import numpy as np
import pytest

from gdcore.differences import sharpness
from gdcore.models import LinearRegression
from gdcore.networks import MLP, MLPRegression, Product


@pytest.fixture
def rows(rng):
    return rng.standard_normal((30, 4)), rng.integers(0, 3, 30)


def test_the_size_counts_weights_and_biases():
    assert MLP((64, 32, 10)).size == 65 * 32 + 33 * 10
    assert MLP((784, 256, 10)).size == 203_530
    assert MLP((3, 2)).size == 8


def test_layers_are_views_of_the_flat_vector():
    w = np.arange(17.0)
    (W1, b1), (W2, b2) = MLP((3, 3, 1)).unpack(w[:16])
    assert W1.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert b1.tolist() == [[9, 10, 11]]
    assert W2.tolist() == [[12], [13], [14]]
    assert b2.tolist() == [[15]]
    assert all(np.shares_memory(part, w) for part in (W1, b1, W2, b2))
    many = MLP((3, 3, 1)).unpack(np.stack([w[:16], w[1:]]))
    assert [W.shape for W, _ in many] == [(2, 3, 3), (2, 3, 1)]
    assert many[1][1].tolist() == [[[15]], [[16]]]
    for wrong in (w, w[:15]):
        with pytest.raises(ValueError, match=r"w must hold 16 numbers for \(3, 3, 1\), got"):
            MLP((3, 3, 1)).unpack(wrong)


@pytest.mark.parametrize(("activation", "gain"), [("tanh", 1), ("relu", 2)])
def test_a_start_has_the_spread_that_keeps_signals_in_scale(activation, gain):
    model = MLP((400, 300, 200), activation)
    (W1, b1), (W2, b2) = model.unpack(model.init(seed=1))
    for W, variance in ((W1, gain / 400), (W2, 1 / 300)):
        # four standard errors of a variance and of a mean
        assert abs(W.var() / variance - 1) < 4 * np.sqrt(2 / W.size)
        assert abs(W.mean()) < 4 * np.sqrt(variance / W.size)
    assert not b1.any()
    assert not b2.any()


def test_a_start_is_drawn_by_its_seed():
    model = MLP((4, 5, 3))
    assert (model.init(3) == model.init(3)).all()
    assert not (model.init(3) == model.init(4)).any(where=model.init(3) != 0)
    many = model.init([3, 0])
    assert many.shape == (2, model.size)
    assert (many == [model.init(3), model.init(0)]).all()
    assert model.init(range(3)).shape == (3, model.size)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_identical_hidden_units_stay_identical(activation, rows):
    X, y = rows
    model = MLP((4, 6, 3), activation)
    w = model.init(0)
    (W1, b1), (W2, _) = model.unpack(w)
    W1[:], b1[:], W2[:] = W1[:, :1], 0.1, W2[:1]
    start = w.copy()
    for _ in range(50):
        w -= 0.5 * model.grad(w, X, y)
    for part in (W1, b1, W2.T):
        assert not np.ptp(part, axis=1).any()  # spread exactly 0
    assert np.abs(w - start).max() > 0.1


def test_a_rescaled_relu_network_has_the_same_logits_and_another_sharpness(rows):
    X, y = rows
    model = MLP((4, 6, 3), "relu")
    w = model.init(0)
    scaled = w.copy()
    (W1, b1), (W2, _) = model.unpack(scaled)
    W1 *= 8  # a power of two: exact
    b1 *= 8
    W2 /= 8
    assert (model.scores(scaled, X) == model.scores(w, X)).all()
    assert sharpness(model, scaled, X, y) > 4 * sharpness(model, w, X, y)


def test_descent_on_the_four_points_of_xor_needs_and_uses_the_hidden_layer():
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    for sizes, accuracy in (((2, 8, 2), 1.0), ((2, 2), 0.75)):
        model = MLP(sizes)
        w = model.init(1)
        for _ in range(2000):
            w -= 0.5 * model.grad(w, X, y)
        assert model.accuracy(w, X, y) <= accuracy
        assert (model(w, X, y) < 0.05) == (sizes == (2, 8, 2))


def test_the_slope_of_relu_at_zero_is_zero(rows):
    X, y = rows
    model = MLP((4, 6, 3), "relu")
    (W1, b1), (W2, b2) = model.unpack(model.grad(np.zeros(model.size), X, y))
    assert not W1.any()
    assert not b1.any()
    assert not W2.any()
    assert b2.any()


def test_regression_on_one_hot_targets_is_half_the_squared_distance(rows, rng):
    X, y = rows
    model, Y = MLPRegression((4, 5, 3)), np.eye(3)[y]
    w = model.init(0)
    distances = [z - t for z, t in zip(model.scores(w, X), Y, strict=True)]
    by_rows = np.mean([np.sum(each**2) / 2 for each in distances])
    assert model(w, X, Y) == pytest.approx(by_rows, rel=1e-14)
    with pytest.raises(ValueError, match=r"y must have shape \(m, K\) = \(30, 3\), got \(30,\)"):
        model(w, X, y)


def test_activations_are_applied_between_layers_and_not_after_the_last():
    X = np.array([[2.0], [-3.0]])
    w = np.array([1.0, 0.5, -2.0, 0.25])  # W1, b1, W2, b2
    tanh, relu = MLPRegression((1, 1, 1)), MLPRegression((1, 1, 1), "relu")
    assert np.allclose(tanh.scores(w, X)[:, 0], 0.25 - 2 * np.tanh([2.5, -2.5]), rtol=1e-15)
    assert relu.scores(w, X)[:, 0].tolist() == [0.25 - 2 * 2.5, 0.25]


def test_one_factor_is_a_line_through_the_origin():
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    w, lr = np.array([1.0]), 0.01
    for _ in range(100):
        w = w - lr * Product().grad(w, X, y)
    assert w[0] == pytest.approx(2 - (1 - 28 * lr / 3) ** 100, rel=1e-14)
    line = LinearRegression()
    assert Product().grad(w, X, y)[0] == pytest.approx(line.grad(np.append(w, 0), X, y)[0])


def test_two_factors_have_a_saddle_at_zero_where_descent_stays():
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    f = Product()
    assert f.grad(np.zeros(2), X, y).tolist() == [0, 0]
    assert not f.per_example_grads(np.zeros(2), X, y).any()  # no noise that could free it
    # H = -(2/3) sum x y [[0, 1], [1, 0]] = -56/3 [[0, 1], [1, 0]]
    assert sharpness(f, np.array([0.0, 0.0]), X, y, tol=1e-6) == pytest.approx(56 / 3, rel=1e-6)
    w = np.array([0.5, -0.5])
    for i in range(600):
        w = w - 0.01 * f.grad(w, X[i % 3 : i % 3 + 1], y[i % 3 : i % 3 + 1])
        assert w[0] == -w[1]  # the line that leads into the saddle
    assert np.abs(w).max() < 1e-3
    assert f.grad(np.array([2.0, 1.0]), X, y).tolist() == [0, 0]


def test_a_zero_factor_among_others_divides_nothing():
    X, y = np.array([[1.0]]), np.array([1.0])
    assert Product().grad(np.array([0.0, 2.0, 3.0]), X, y).tolist() == [-12, 0, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP((10,)), r"sizes must be two or more widths of 1 or more, got \(10,\)"),
        (lambda: MLP([4, 0, 2]), r"sizes\[1\] must be 1 or more, got 0"),
        (lambda: MLP((4, 2), "gelu"), "activation must be 'tanh' or 'relu', got 'gelu'"),
        (lambda: MLPRegression(()), r"got \(\)"),
    ],
)
def test_what_makes_no_network_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
