"""Models against torch, scikit-learn, closed forms and their own numerical slopes."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression as LeastSquares
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.linear_model import Ridge

from gdcore.classifiers import LogisticRegression, Softmax
from gdcore.differences import check_grad, sharpness
from gdcore.models import LinearRegression, Model
from gdcore.networks import MLP, MLPRegression, Product

F = torch.nn.functional


def linear(w, X):
    return X @ w[:-1] + w[-1]


def layers(*sizes, activation=torch.tanh):
    """The scores of a network in torch, from one flat vector."""

    def scores(w, h):
        start = 0
        for a, b in pairwise(sizes):
            h = activation(h) if start else h
            W, start = w[start : start + a * b].reshape(a, b), start + a * b
            h, start = h @ W + w[start : start + b], start + b
        return h

    return scores


def half_square(z, y):
    return ((z - y) ** 2).sum() / (2 * len(y))


# model, number of parameters, kind of target, and in torch: its scores, loss and weights
CASES = {
    "linear": (LinearRegression, 4, "real", linear, F.mse_loss, lambda w: w[:3]),
    "logistic": (
        LogisticRegression,
        4,
        2,
        linear,
        lambda z, y: F.binary_cross_entropy_with_logits(z, y.double()),
        lambda w: w[:3],
    ),
    "softmax": (
        lambda **o: Softmax(4, **o),
        16,
        4,
        layers(3, 4),
        F.cross_entropy,
        lambda w: w[:12],
    ),
    "no hidden layer": (
        lambda **o: MLP((3, 4), **o),
        16,
        4,
        layers(3, 4),
        F.cross_entropy,
        lambda w: w[:12],
    ),
    "tanh": (
        lambda **o: MLP([3, 5, 6, 4], **o),
        84,
        4,
        layers(3, 5, 6, 4),
        F.cross_entropy,
        lambda w: torch.cat([w[:15], w[20:50], w[56:80]]),
    ),
    "relu": (
        lambda **o: MLP((3, 5, 4), "relu", **o),
        44,
        4,
        layers(3, 5, 4, activation=torch.relu),
        F.cross_entropy,
        lambda w: torch.cat([w[:15], w[20:40]]),
    ),
    "regression": (
        lambda **o: MLPRegression((3, 5, 2), **o),
        32,
        "pairs",
        layers(3, 5, 2),
        half_square,
        lambda w: torch.cat([w[:15], w[20:30]]),
    ),
    "product": (
        Product,
        3,
        "real",
        lambda w, X: w[0] * w[1] * w[2] * X[:, 0],
        F.mse_loss,
        lambda w: w,
    ),
}
each = pytest.mark.parametrize("case", CASES)
penalties = pytest.mark.parametrize("l2", [0.0, 0.3])


def problem(case, rng, m=20, runs=()):
    _, d, target, *_ = CASES[case]
    X = rng.standard_normal((*runs, m, 1 if case == "product" else 3))
    if target == "real":
        y = rng.standard_normal((*runs, m))
    elif target == "pairs":
        y = rng.standard_normal((*runs, m, 2))
    else:
        y = rng.integers(target, size=(*runs, m))
    return rng.standard_normal((*runs, d)), X, y


@each
@penalties
def test_loss_and_gradient_are_torchs(case, l2, rng):
    make, _, _, scores, loss_fn, weights = CASES[case]
    w, X, y = problem(case, rng)
    theirs = torch.tensor(w, requires_grad=True)
    loss = loss_fn(scores(theirs, torch.tensor(X)), torch.tensor(y))
    loss = loss + l2 / 2 * (weights(theirs) ** 2).sum()
    loss.backward()
    value, grad = make(l2=l2).value_and_grad(w, X, y)
    # the same sums in another order
    assert value == pytest.approx(loss.item(), rel=1e-10)
    assert np.allclose(grad, theirs.grad.numpy(), rtol=1e-10, atol=1e-13)


@each
@penalties
def test_the_gradient_is_the_slope_of_the_loss(case, l2, rng):
    f = CASES[case][0](l2=l2)
    # rounding of a loss near 4, eps * 4 / h, is about 1e-9
    assert check_grad(f, *problem(case, rng)) < 1e-8
    assert check_grad(f, *problem(case, rng, runs=(3,))) < 1e-8


@each
@penalties
def test_value_and_grad_are_the_value_and_the_gradient(case, l2, rng):
    f, (w, X, y) = CASES[case][0](l2=l2), problem(case, rng)
    before = w.copy(), X.copy(), y.copy()
    value, grad = f.value_and_grad(w, X, y)
    assert value == f(w, X, y)
    assert np.ndim(value) == 0
    assert (grad == f.grad(w, X, y)).all()
    assert grad.shape == w.shape
    for now, then in zip((w, X, y), before, strict=True):
        assert (now == then).all()


@each
@penalties
def test_the_gradient_of_a_row_is_that_of_the_row_as_a_batch(case, l2, rng):
    f, (w, X, y) = CASES[case][0](l2=l2), problem(case, rng)
    grads = f.per_example_grads(w, X, y)
    assert grads.shape == (20, len(w))
    for i in range(20):
        alone = f.grad(w, X[i : i + 1], y[i : i + 1])
        assert np.allclose(grads[i], alone, rtol=1e-11, atol=1e-13)  # sums in another order
    assert np.allclose(grads.mean(0), f.grad(w, X, y), rtol=1e-11, atol=1e-13)


@each
@settings(deadline=None, max_examples=20)
@given(
    m=st.integers(1, 9),
    runs=st.integers(1, 9),
    shared=st.booleans(),
    l2=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 99),
)
def test_a_run_of_many_is_the_run_alone(case, m, runs, shared, l2, seed):
    f, rng = CASES[case][0](l2=l2), np.random.default_rng(seed)
    w, X, y = problem(case, rng, m, (runs,))
    rows = (X[0], y[0]) if shared else (X, y)
    values, grads = f.value_and_grad(w, *rows)
    each_example = f.per_example_grads(w, *rows)
    assert values.shape == f(w, *rows).shape == (runs,)
    assert grads.shape == w.shape
    assert each_example.shape == (runs, m, w.shape[-1])
    for r in range(runs):
        alone = (w[r], *rows) if shared else (w[r], X[r], y[r])
        value, grad = f.value_and_grad(*alone)
        # sums in another order; atol where they cancel
        assert values[r] == pytest.approx(value, rel=1e-12)
        assert f(w, *rows)[r] == pytest.approx(value, rel=1e-12)
        assert np.allclose(grads[r], grad, rtol=1e-12, atol=1e-14)
        single = f.per_example_grads(*alone)
        assert np.allclose(each_example[r], single, rtol=1e-12, atol=1e-14)
        assert np.allclose(f.predict(w, rows[0])[r], f.predict(*alone[:2]), rtol=1e-12, atol=1e-14)


@each
@pytest.mark.parametrize("runs", [(), (2,)])
def test_float32_stays_float32(case, runs, rng):
    f, (w, X, y) = CASES[case][0](l2=0.1), problem(case, rng, runs=runs)
    w, X = w.astype(np.float32), X.astype(np.float32)
    y = y.astype(np.float32) if y.dtype == np.float64 else y
    value, grad = f.value_and_grad(w, X, y)
    assert value.dtype == grad.dtype == np.float32
    assert f.per_example_grads(w, X, y).dtype == np.float32


@each
def test_a_column_of_targets_is_refused_before_it_broadcasts(case, rng):
    w, X, y = problem(case, rng)
    y = y[:, :1] if y.ndim == 2 else y[:, None]
    with pytest.raises(ValueError, match=r"y must have shape \(m.*\), got|got \(20, 1\)"):
        CASES[case][0]().grad(w, X, y)


@each
def test_targets_of_more_rows_or_runs_than_there_are_are_refused(case, rng):
    f, (w, X, y) = CASES[case][0](), problem(case, rng)
    for wrong in (y[:1], np.stack([y, y]), y[:-1]):
        with pytest.raises(ValueError, match=r"y must have shape \(m"):
            f(w, X, wrong)


@each
@pytest.mark.parametrize("l2", [-1e-9, np.nan, np.inf])
def test_a_penalty_that_is_none_is_refused(case, l2):
    with pytest.raises(ValueError, match=f"l2 must be 0 or more and finite, got {l2}"):
        CASES[case][0](l2=l2)


def test_the_loss_is_the_mean_of_the_squared_errors(rng):
    w, X, y = problem("linear", rng)
    by_rows = np.mean([(x @ w[:3] + w[3] - t) ** 2 for x, t in zip(X, y, strict=True)])
    assert LinearRegression()(w, X, y) == pytest.approx(by_rows, rel=1e-14)


def test_the_gradient_vanishes_at_scikit_learns_solutions(rng):
    _, X, y = problem("linear", rng)
    reference = LeastSquares().fit(X, y)
    w = np.append(reference.coef_, reference.intercept_)
    assert np.abs(LinearRegression().grad(w, X, y)).max() < 1e-13
    assert np.allclose(LinearRegression().predict(w, X), reference.predict(X), rtol=1e-13)
    ridge = Ridge(alpha=3.0).fit(X, y)
    w = np.append(ridge.coef_, ridge.intercept_)
    assert np.abs(LinearRegression(l2=2 * 3.0 / 20).grad(w, X, y)).max() < 1e-13


@pytest.mark.parametrize("classes", [2, 3])
def test_the_gradient_vanishes_at_scikit_learns_logistic_regression(classes, rng):
    X, y = rng.standard_normal((60, 3)), rng.integers(classes, size=60)
    reference = Logistic(C=1 / (0.1 * 60), tol=1e-9, solver="newton-cg").fit(X, y)
    if classes == 2:
        f, w = LogisticRegression(l2=0.1), np.append(reference.coef_, reference.intercept_)
    else:
        f, w = Softmax(3, l2=0.1), np.append(reference.coef_.T, reference.intercept_)
    assert np.abs(f.grad(w, X, y)).max() < 1e-8  # scikit-learn's stopping test, and some
    assert (f.predict(w, X) == reference.predict(X)).all()
    assert f.accuracy(w, X, y) == reference.score(X, y)


def test_softmax_at_zero_weights_has_a_closed_form():
    X, y = load_digits(return_X_y=True)
    X, y = X / 16, y.astype(np.intp)
    f, w, n = Softmax(10), np.zeros(650), len(y)
    X1, Y = np.column_stack([X, np.ones(n)]), np.eye(10)[y]
    value, grad = f.value_and_grad(w, X, y)
    assert value == pytest.approx(np.log(10), rel=1e-13)
    assert np.allclose(grad, (X1.T @ (0.1 - Y) / n).ravel(), rtol=1e-12, atol=1e-15)
    top = np.linalg.eigvalsh(X1.T @ X1 / n)[-1] / 10
    assert sharpness(f, w, X, y, tol=1e-6) == pytest.approx(top, rel=1e-8)


@pytest.mark.parametrize("case", ["logistic", "softmax", "tanh"])
def test_scores_of_any_size_give_a_finite_loss(case, rng):
    f, (w, X, y) = CASES[case][0](), problem(case, rng)
    value, grad = f.value_and_grad(1e5 * w, 1e5 * X, y)
    assert np.isfinite(value)
    assert value > 1
    assert np.isfinite(grad).all()


def test_the_logistic_loss_is_the_softmax_loss_of_two_classes(rng):
    w, X, y = problem("logistic", rng)
    twice = np.stack([0 * w, w], axis=-1)  # scores 0 and z
    f, g = LogisticRegression(), Softmax(2)
    assert f(w, X, y) == pytest.approx(g(twice.ravel(), X, y), rel=1e-13)
    assert np.allclose(f.grad(w, X, y), g.grad(twice.ravel(), X, y)[1::2], rtol=1e-12)
    assert (f.predict(w, X) == g.predict(twice.ravel(), X)).all()


def test_labels_may_be_of_any_type_that_counts(rng):
    for case, kinds in (("logistic", (bool, np.uint8, float)), ("softmax", (np.uint8, float))):
        f, (w, X, y) = CASES[case][0](), problem(case, rng)
        for kind in kinds:
            assert f(w, X, y.astype(kind)) == f(w, X, y)
            assert (f.grad(w, X, y.astype(kind)) == f.grad(w, X, y)).all()


@pytest.mark.parametrize(
    ("case", "label", "message"),
    [
        ("logistic", -1, r"labels 0 and 1, got \[-1 "),
        ("logistic", 2, r"labels 0 and 1, got \[0 1 2\]"),
        ("logistic", 0.5, r"labels 0 and 1, got \[0\.  0\.5 1\. \]"),
        ("softmax", 4, r"classes 0 to 3, got \[0 4\]"),
        ("tanh", -1, r"classes 0 to 3, got \[-1  3\]"),
        ("relu", 1.5, r"classes 0 to 3, got \[0\. 3\.\]"),
    ],
)
def test_labels_that_are_not_classes_are_refused(case, label, message, rng):
    w, X, y = problem(case, rng, m=40)
    y = y.astype(np.asarray(label).dtype)
    y[7] = label
    with pytest.raises(ValueError, match=message):
        CASES[case][0]().value_and_grad(w, X, y)


def test_the_class_with_the_highest_score_is_predicted(rng):
    for case in ("softmax", "relu"):
        f, (w, X, y) = CASES[case][0](), problem(case, rng, runs=(2,))
        classes = f.predict(w, X)
        assert classes.shape == (2, 20)
        assert (classes == f.scores(w, X).argmax(-1)).all()
        right = (classes == y).sum(-1) / 20
        assert np.allclose(f.accuracy(w, X, y), right)
        assert f.accuracy(w, X, classes).tolist() == [1, 1]
    f, (w, X, y) = LogisticRegression(), problem("logistic", rng)
    assert set(f.predict(w, X)) == {0, 1}
    assert f.accuracy(w, X, 1 - f.predict(w, X)) == 0
    assert not f.predict(np.zeros(4), X).any()  # a score of 0 is not above 0


def test_regressions_predict_their_scores(rng):
    for case in ("linear", "regression", "product"):
        f, (w, X, y) = CASES[case][0](), problem(case, rng)
        assert f.predict(w, X).shape == y.shape
        assert (f.predict(w, X) == f.scores(w, X)).all()
        assert not hasattr(f, "accuracy")


def test_softmax_needs_two_classes():
    with pytest.raises(ValueError, match="classes must be 2 or more, got 1"):
        Softmax(1)


def test_softmax_unpacks_into_views_with_the_intercepts_last():
    w = np.arange(12.0)
    W, b = Softmax(3).unpack(w)
    assert (W == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]).all()
    assert (b == [[9, 10, 11]]).all()
    assert np.shares_memory(W, w)
    assert np.shares_memory(b, w)
    assert Softmax(3).unpack(np.stack([w, w]))[0].shape == (2, 3, 3)


def test_a_penalty_pulls_at_weights_and_not_at_intercepts(rng):
    for case, intercepts in (("linear", [3]), ("softmax", range(12, 16)), ("product", [])):
        make = CASES[case][0]
        w, X, y = problem(case, rng)
        pull = make(l2=0.5).grad(w, X, y) - make().grad(w, X, y)
        expected = 0.5 * w
        expected[list(intercepts)] = 0
        assert np.allclose(pull, expected, rtol=1e-12, atol=1e-14)


def test_the_base_has_no_loss_of_its_own():
    with pytest.raises(TypeError, match="abstract"):
        Model()
