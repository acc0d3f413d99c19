from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest
import torch

import gdcore as gd


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}], ids=str
)
def test_sgd_walks_with_torch_for_a_hundred_steps(options, rng):
    w = rng.standard_normal(7)
    ours, theirs = gd.SGD(lr=0.03, **options), torch.tensor(w, requires_grad=True)
    reference, state = torch.optim.SGD([theirs], lr=0.03, **options), ours.init(w)
    for _ in range(100):
        g = rng.standard_normal(7)
        ours.step(w, g, state)
        theirs.grad = torch.tensor(g)
        reference.step()
        # float64, the same formula: only the order of rounding can differ
        assert np.allclose(w, theirs.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert state["t"] == 100


def test_a_schedule_is_asked_with_the_updates_made_so_far():
    asked = []

    def lr(t):
        asked.append(t)
        return 0.5 / (1 + t)

    w, optimizer = np.array([0.0]), gd.SGD(lr=lr)
    state = optimizer.init(w)
    for _ in range(3):
        optimizer.step(w, np.array([-1.0]), state)
    assert asked == [0, 1, 2]
    assert w[0] == pytest.approx(0.5 + 0.5 / 2 + 0.5 / 3, rel=1e-15)


def test_momentum_follows_the_two_by_two_matrix_on_a_quadratic():
    lam, eta, beta = 2.0, 0.3, 0.8
    optimizer, w = gd.SGD(lr=eta, momentum=beta), np.array([1.0])
    state = optimizer.init(w)
    step = np.array([[beta, lam], [-eta * beta, 1 - eta * lam]])  # (v, w) -> (v, w)
    exact = np.array([0.0, 1.0])
    for _ in range(50):
        optimizer.step(w, lam * w, state)
        exact = step @ exact
        assert np.allclose([state["v"][0], w[0]], exact, rtol=1e-10, atol=1e-14)


def test_plain_descent_keeps_nothing_and_momentum_one_array():
    w = np.zeros(3, np.float32)
    assert gd.SGD(lr=0.1).init(w) == {"t": 0}
    state = gd.SGD(lr=0.1, momentum=0.5).init(w)
    assert state["v"].dtype == np.float32
    assert list(state) == ["t", "v"]


def test_the_gradient_is_not_written_to_and_float32_stays_float32():
    w, g = np.ones(3, np.float32), np.full(3, 0.5, np.float32)
    for optimizer in (gd.SGD(lr=0.1), gd.SGD(lr=0.1, momentum=0.9, nesterov=True)):
        state = optimizer.init(w)
        optimizer.step(w, g, state)
        optimizer.step(w, g, state)
    assert (g == 0.5).all()
    assert w.dtype == np.float32


def test_the_repr_is_a_legend():
    assert repr(gd.SGD()) == "SGD(lr=0.01)"
    assert repr(gd.SGD(lr=0.1, momentum=0.9, nesterov=True)) == (
        "SGD(lr=0.1, momentum=0.9, nesterov=True)"
    )

    def warm(t):
        return 0.1

    assert repr(gd.SGD(lr=warm)) == "SGD(lr=warm)"


def test_a_rule_of_the_readers_own_is_a_class_with_a_formula():
    @dataclass(frozen=True, repr=False)
    class Sign(gd.Optimizer):
        def update(self, w, g, lr, t):
            w -= lr * np.sign(g)

    w, rule = np.array([1.0, -1.0]), Sign(lr=0.25)
    rule.step(w, np.array([3.0, -0.1]), rule.init(w))
    assert list(w) == [0.75, -0.75]
    assert repr(rule) == "Sign(lr=0.25)"


def test_the_base_has_no_rule_and_says_so():
    with pytest.raises(TypeError, match=r"Optimizer has no rule: write update"):
        gd.Optimizer().step(np.zeros(1), np.zeros(1), {"t": 0})


def test_hyper_parameters_are_frozen():
    with pytest.raises(FrozenInstanceError):
        gd.SGD().lr = 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -0.1}, "lr must be 0 or more and finite, or a function of the step, got -0.1"),
        ({"lr": float("nan")}, "lr must be .* got nan"),
        ({"lr": float("inf")}, "lr must be .* got inf"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\), got 1.0"),
        ({"momentum": -0.1}, r"momentum must lie in \[0, 1\), got -0.1"),
        ({"nesterov": True}, "give momentum above 0"),
    ],
)
def test_bad_hyper_parameters_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gd.SGD(**options)
