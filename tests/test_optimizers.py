import re
from dataclasses import FrozenInstanceError, dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gdcore.adaptive import AdaDelta, AdaGrad, Adam, AdamW, Lion, RMSProp
from gdcore.optimizers import SGD, Optimizer

RULES = [
    SGD(lr=0.1),
    SGD(lr=0.1, weight_decay=0.2),
    SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.2),
    AdaGrad(),
    RMSProp(),
    AdaDelta(),
    Adam(),
    AdamW(),
    Lion(weight_decay=0.1),
]


def walk(rule, w, gradients):
    state = rule.init(w)
    for g in gradients:
        rule.step(w, g, state)
    return state


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (SGD, torch.optim.SGD, {"lr": 0.03}),
        (SGD, torch.optim.SGD, {"lr": 0.03, "weight_decay": 0.3}),
        (SGD, torch.optim.SGD, {"lr": 0.03, "momentum": 0.9}),
        (SGD, torch.optim.SGD, {"lr": 0.03, "momentum": 0.5, "weight_decay": 0.1}),
        (SGD, torch.optim.SGD, {"lr": 0.03, "momentum": 0.9, "nesterov": True}),
        (
            SGD,
            torch.optim.SGD,
            {"lr": 0.03, "momentum": 0.7, "nesterov": True, "weight_decay": 0.2},
        ),
        (AdaGrad, torch.optim.Adagrad, {}),
        (AdaGrad, torch.optim.Adagrad, {"lr": 0.3, "eps": 0.1}),
        (RMSProp, torch.optim.RMSprop, {}),
        (RMSProp, torch.optim.RMSprop, {"lr": 0.1, "alpha": 0.5, "eps": 0.01}),
        (AdaDelta, torch.optim.Adadelta, {}),
        (AdaDelta, torch.optim.Adadelta, {"lr": 0.5, "rho": 0.6, "eps": 0.01}),
        (Adam, torch.optim.Adam, {}),
        (Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.8), "eps": 0.1}),
        (Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.0, 0.9)}),
        (AdamW, torch.optim.AdamW, {}),
        (AdamW, torch.optim.AdamW, {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.5}),
        (AdamW, torch.optim.AdamW, {"lr": 0.1, "eps": 1e-3, "weight_decay": 0.0}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_a_rule_walks_with_torch_for_a_hundred_steps(ours, theirs, options, rng):
    w, rule = rng.standard_normal(7), ours(**options)
    tensor = torch.tensor(w, requires_grad=True)
    reference, state = theirs([tensor], **options), rule.init(w)
    for _ in range(100):
        g = rng.standard_normal(7)
        rule.step(w, g, state)
        tensor.grad = torch.tensor(g)
        reference.step()
        # float64, the same formula: only the order of rounding can differ
        assert np.allclose(w, tensor.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert state["t"] == 100


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD, torch.optim.SGD),
        (AdaGrad, torch.optim.Adagrad),
        (RMSProp, torch.optim.RMSprop),
        (AdaDelta, torch.optim.Adadelta),
        (Adam, torch.optim.Adam),
        (AdamW, torch.optim.AdamW),
    ],
)
def test_names_and_defaults_are_those_of_torch(ours, theirs):
    defaults = theirs([torch.zeros(1)]).defaults
    rule = ours()
    for name in vars(rule):
        if not (ours is SGD and name == "lr"):  # torch's SGD starts at 1e-3
            assert getattr(rule, name) == defaults[name], name


def test_lion_follows_its_paper_written_out_with_plain_numbers(rng):
    lr, b1, b2, decay = 0.02, 0.8, 0.95, 0.3
    gradients = rng.standard_normal((100, 3))
    w = rng.standard_normal(3)
    exact, m = list(w), [0.0] * 3
    for g in gradients.tolist():
        for j in range(3):
            c = b1 * m[j] + (1 - b1) * g[j]
            exact[j] -= lr * ((1 if c > 0 else -1) + decay * exact[j])
            m[j] = b2 * m[j] + (1 - b2) * g[j]
    state = walk(Lion(lr=lr, betas=(b1, b2), weight_decay=decay), w, gradients)
    assert np.allclose(w, exact, rtol=1e-12, atol=1e-14)  # the order of rounding
    assert np.allclose(state["m"], m, rtol=1e-12, atol=1e-14)


def test_lion_moves_every_coordinate_by_exactly_lr_and_one_without_gradient_not_at_all(rng):
    lr = 2.0**-7  # sums of powers of two have no rounding
    w, rule = np.zeros(5), Lion(lr=lr)
    state = rule.init(w)
    for _ in range(50):
        before = w.copy()
        rule.step(w, np.append(rng.standard_normal(4), 0.0), state)
        assert list(abs(w - before)) == [lr] * 4 + [0.0]


def test_the_defaults_of_lion_are_those_of_its_paper():
    assert Lion() == Lion(lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0)


@given(
    g=st.floats(1e-6, 1e6),
    sign=st.sampled_from([-1, 1]),
    eps=st.floats(1e-8, 1),
    betas=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
)
def test_the_first_step_of_adam_has_the_size_of_lr(g, sign, eps, betas):
    w = np.zeros(1)
    walk(Adam(lr=0.5, betas=betas, eps=eps), w, [np.array([sign * g])])
    # 1 - beta and 1 - beta**1 are the same number, so that only products round
    assert w[0] == pytest.approx(-0.5 * sign * g / (g + eps), rel=1e-12)


def test_the_first_step_of_rmsprop_is_larger_by_its_missing_correction():
    w = np.zeros(2)
    walk(RMSProp(lr=0.5, alpha=0.75, eps=0.0), w, [np.array([3.0, -1e-3])])
    assert np.allclose(w, [-0.5 * 2, 0.5 * 2], rtol=1e-14)  # 1 / sqrt(1 - alpha) = 2


def test_adagrad_steps_shrink_as_one_over_root_t_under_a_steady_gradient():
    w = np.zeros(1)
    walk(AdaGrad(lr=0.1, eps=0.0), w, [np.array([-4.0])] * 50)
    exact = 0.1 * sum(1 / t**0.5 for t in range(1, 51))
    assert w[0] == pytest.approx(exact, rel=1e-13)  # fifty roundings


def test_decay_of_adamw_is_decoupled_and_that_of_sgd_goes_through_the_velocity():
    still = [np.zeros(1)] * 3
    w = np.array([1.0])
    walk(AdamW(lr=0.1, weight_decay=0.5), w, still)
    assert w[0] == pytest.approx((1 - 0.05) ** 3, rel=1e-14)
    w = np.array([1.0])
    state = walk(SGD(lr=0.1, momentum=0.5, weight_decay=0.5), w, still)
    # v = .5, .725, .82625 from v <- v/2 + w/2, w <- w - v/10
    assert state["v"][0] == pytest.approx(0.5 * 0.725 + 0.5 * (1 - 0.05 - 0.0725), rel=1e-14)


def test_a_schedule_is_asked_with_the_updates_made_so_far():
    asked = []

    def lr(t):
        asked.append(t)
        return 0.5 / (1 + t)

    w = np.array([0.0])
    walk(SGD(lr=lr), w, [np.array([-1.0])] * 3)
    assert asked == [0, 1, 2]
    assert w[0] == pytest.approx(0.5 + 0.5 / 2 + 0.5 / 3, rel=1e-15)


def test_momentum_follows_the_two_by_two_matrix_on_a_quadratic():
    lam, eta, beta = 2.0, 0.3, 0.8
    optimizer, w = SGD(lr=eta, momentum=beta), np.array([1.0])
    state = optimizer.init(w)
    step = np.array([[beta, lam], [-eta * beta, 1 - eta * lam]])  # (v, w) -> (v, w)
    exact = np.array([0.0, 1.0])
    for _ in range(50):
        optimizer.step(w, lam * w, state)
        exact = step @ exact
        assert np.allclose([state["v"][0], w[0]], exact, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("rule", "slots"),
    [
        (SGD(), []),
        (SGD(momentum=0.5), ["v"]),
        (AdaGrad(), ["s"]),
        (RMSProp(), ["s"]),
        (AdaDelta(), ["s", "u"]),
        (Adam(), ["m", "v"]),
        (AdamW(), ["m", "v"]),
        (Lion(), ["m"]),
    ],
    ids=str,
)
def test_the_state_is_the_counter_and_the_arrays_that_the_rule_remembers(rule, slots):
    state = rule.init(np.ones((2, 3), np.float32))
    assert state.pop("t") == 0
    assert list(state) == slots
    for array in state.values():
        assert array.dtype == np.float32
        assert (array == np.zeros((2, 3))).all()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_w_moves_in_place_and_nothing_is_written_into_the_gradient(rule):
    for dtype in (np.float32, np.float64):
        w, g = np.ones(3, dtype), np.full(3, 0.5, dtype)
        kept = w
        state = walk(rule, w, [g, g])
        assert (g == 0.5).all()
        assert kept is w
        assert (w < 1).all()
        assert {a.dtype for a in [w, *state.values()] if isinstance(a, np.ndarray)} == {w.dtype}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_many_runs_at_once_are_the_runs_alone(rule, rng):
    w, gradients = rng.standard_normal((4, 3)), rng.standard_normal((20, 4, 3))
    alone = w.copy()
    walk(rule, w, gradients)
    for r in range(4):
        walk(rule, alone[r], gradients[:, r])
    assert (w == alone).all()  # elementwise: not even a rounding apart


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_two_runs_of_one_rule_share_nothing(rule, rng):
    gradients = rng.standard_normal((5, 3))
    first, second = np.zeros(3), np.zeros(3)
    states = rule.init(first), rule.init(second)
    for g in gradients:
        rule.step(first, g, states[0])
        rule.step(second, g, states[1])
    assert (first == second).all()


@pytest.mark.parametrize("rule", RULES[3:], ids=str)
def test_a_coordinate_whose_gradient_is_zero_stays(rule):
    if hasattr(rule, "weight_decay"):
        rule = type(rule)(weight_decay=0.0)
    w = np.array([2.0, 2.0])
    walk(rule, w, [np.array([0.0, 1.0])] * 3)
    assert w[0] == 2
    assert w[1] < 2


def test_the_repr_is_a_legend():
    assert repr(SGD()) == "SGD(lr=0.01)"
    assert repr(SGD(lr=0.1, momentum=0.9, nesterov=True)) == (
        "SGD(lr=0.1, momentum=0.9, nesterov=True)"
    )
    assert repr(Adam()) == "Adam(lr=0.001)"
    assert repr(AdamW(betas=(0.9, 0.99))) == "AdamW(lr=0.001, betas=(0.9, 0.99))"

    def warm(t):
        return 0.1

    assert repr(SGD(lr=warm)) == "SGD(lr=warm)"


def test_a_number_without_default_is_shown_too():
    @dataclass(frozen=True, repr=False)
    class Sign(Optimizer):
        width: float = field(kw_only=True)

    assert repr(Sign(0.25, width=2)) == "Sign(lr=0.25, width=2)"


def test_a_rule_of_the_readers_own_is_a_class_with_a_formula():
    class Sign(Optimizer):
        def update(self, w, g, lr, t):
            w -= lr * np.sign(g)

    w, rule = np.array([1.0, -1.0]), Sign(lr=0.25)
    assert walk(rule, w, [np.array([3.0, -0.1])]) == {"t": 1}
    assert list(w) == [0.75, -0.75]
    assert repr(rule) == "Sign(lr=0.25)"


def test_the_base_has_no_rule_and_says_so():
    message = "Optimizer has no rule: write update(self, w, g, lr, t, ...)"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Optimizer().step(np.zeros(1), np.zeros(1), {"t": 0})


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_hyper_parameters_are_frozen(rule):
    with pytest.raises(FrozenInstanceError):
        rule.lr = 1.0


NAN, INF = float("nan"), float("inf")
LR = "lr must be 0 or more and finite, or a function of the step, got "
AMOUNT, MEMORY = " must be 0 or more and finite, got ", " must lie in [0, 1), got "


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        *(
            (rule, {"lr": -0.1}, f"{LR}-0.1")
            for rule in dict.fromkeys(type(rule) for rule in RULES)
        ),
        (SGD, {"lr": NAN}, f"{LR}nan"),
        (SGD, {"lr": INF}, f"{LR}inf"),
        (SGD, {"momentum": 1.0}, f"momentum{MEMORY}1.0"),
        (SGD, {"momentum": -0.1}, f"momentum{MEMORY}-0.1"),
        (SGD, {"momentum": NAN}, f"momentum{MEMORY}nan"),
        (SGD, {"weight_decay": -0.1}, f"weight_decay{AMOUNT}-0.1"),
        (SGD, {"weight_decay": INF}, f"weight_decay{AMOUNT}inf"),
        (
            SGD,
            {"nesterov": True},
            "nesterov=True looks ahead along the velocity: give momentum above 0",
        ),
        (AdaGrad, {"eps": -1e-9}, f"eps{AMOUNT}-1e-09"),
        (RMSProp, {"alpha": 1.0}, f"alpha{MEMORY}1.0"),
        (RMSProp, {"eps": NAN}, f"eps{AMOUNT}nan"),
        (AdaDelta, {"rho": -0.5}, f"rho{MEMORY}-0.5"),
        (AdaDelta, {"eps": -1}, f"eps{AMOUNT}-1"),
        (Adam, {"betas": (0.9, 1.0)}, f"betas[1]{MEMORY}1.0"),
        (Adam, {"betas": (-0.1, 0.9)}, f"betas[0]{MEMORY}-0.1"),
        (
            Adam,
            {"betas": (0.9, 0.99, 0.999)},
            "betas must be two numbers in [0, 1), got (0.9, 0.99, 0.999)",
        ),
        (Adam, {"eps": INF}, f"eps{AMOUNT}inf"),
        (AdamW, {"betas": (NAN, 0.9)}, f"betas[0]{MEMORY}nan"),
        (AdamW, {"weight_decay": -1}, f"weight_decay{AMOUNT}-1"),
        (Lion, {"betas": (2, 0.9)}, f"betas[0]{MEMORY}2"),
        (Lion, {"weight_decay": NAN}, f"weight_decay{AMOUNT}nan"),
    ],
    ids=str,
)
def test_bad_hyper_parameters_are_refused(rule, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        rule(**options)


def test_the_ends_of_the_ranges_are_allowed():
    SGD(lr=0, momentum=0, weight_decay=0)
    RMSProp(alpha=0, eps=0)
    AdaDelta(rho=0, eps=0)
    Adam(betas=(0, 0), eps=0)
    AdamW(weight_decay=0)
