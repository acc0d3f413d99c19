import itertools
import math
import pickle
import re
import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gdcore.optimizers import SGD
from gdcore.schedules import Constant, Cosine, Exponential, Inverse, Schedule, Step, Warmup

lr_scheduler = torch.optim.lr_scheduler


def asked_of_torch(make, lr, steps):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler = make(optimizer)
    for _ in range(steps):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    ("ours", "theirs", "steps"),
    [
        (Constant(0.3), lambda o: lr_scheduler.ConstantLR(o, factor=1.0), 20),
        (Step(0.3, every=7), lambda o: lr_scheduler.StepLR(o, step_size=7), 50),
        (Step(0.3, 5, 0.5), lambda o: lr_scheduler.StepLR(o, step_size=5, gamma=0.5), 50),
        (Exponential(0.3, 0.9), lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9), 100),
        (Cosine(0.3, steps=40), lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40), 41),
        (
            Cosine(0.3, steps=40, final=0.05),
            lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40, eta_min=0.05),
            41,
        ),
        (
            Warmup(Cosine(0.3, steps=40), steps=8),
            lambda o: lr_scheduler.ChainedScheduler(
                [
                    lr_scheduler.LinearLR(o, start_factor=1 / 8, total_iters=7),
                    lr_scheduler.CosineAnnealingLR(o, T_max=40),
                ]
            ),
            41,
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Schedule) else "",
)
def test_a_schedule_is_that_of_torch(ours, theirs, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # chaining is fine; torch warns of the order
        reference = list(asked_of_torch(theirs, 0.3, steps))
    # torch multiplies step by step: some fifty roundings, and a zero that is not quite one
    assert np.allclose([ours(t) for t in range(steps)], reference, rtol=1e-12, atol=1e-16)


def test_inverse_is_a_over_b_plus_t():
    schedule = Inverse(a=5.0, b=50.0)
    assert [schedule(t) for t in (0, 50, 950)] == [0.1, 0.05, 0.005]


def test_cosine_is_half_way_at_half_time_and_then_stays_at_the_end():
    schedule = Cosine(0.5, steps=10, final=0.1)
    assert schedule(0) == 0.5
    assert schedule(5) == pytest.approx(0.3, rel=1e-15)
    assert schedule(9) > 0.1
    assert [schedule(t) for t in (10, 11, 1000)] == [0.1] * 3
    assert Cosine(0.5, steps=10)(10) == 0


@given(
    lr=st.floats(0, 10), final=st.floats(0, 10), steps=st.integers(1, 1000), t=st.integers(0, 2000)
)
def test_cosine_is_the_closed_form_and_never_leaves_its_two_ends(lr, final, steps, t):
    value = Cosine(lr, steps, final)(t)
    exact = final + (lr - final) * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2
    # a few roundings of numbers up to 10
    assert value == pytest.approx(exact, rel=1e-14, abs=1e-14)
    assert min(lr, final) - 1e-14 <= value <= max(lr, final) + 1e-14


def test_warm_up_climbs_in_equal_steps_and_then_follows():
    assert [Warmup(0.4, steps=4)(t) for t in range(6)] == [0.1, 0.2, 0.4 * 3 / 4, 0.4, 0.4, 0.4]
    assert Warmup(0.4, steps=1)(0) == 0.4


@given(steps=st.integers(1, 50), t=st.integers(0, 200))
def test_warm_up_keeps_the_clock_of_what_follows(steps, t):
    after = Cosine(0.1, steps=160)
    warmed = Warmup(after, steps=steps)
    assert warmed(t) == min(1, (t + 1) / steps) * after(t)
    assert (warmed(t) == after(t)) == (t >= steps - 1 or t >= 160)


def test_warm_up_goes_around_a_function_and_around_itself():
    asked = []

    def after(t):
        asked.append(t)
        return 1.0

    assert Warmup(Warmup(after, steps=2), steps=4)(0) == 1 / 8
    assert asked == [0]


SCHEDULES = [
    Constant(0.1),
    Inverse(1.0, 10.0),
    Step(0.1, 3),
    Exponential(0.1, 0.5),
    Cosine(0.1, 7),
    Warmup(Cosine(0.1, 7), 2),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_schedule_drives_a_rule_and_gives_plain_floats(schedule):
    w, rule = np.zeros(1, np.float32), SGD(lr=schedule)
    state = rule.init(w)
    for _ in range(10):
        rule.step(w, np.array([-1], np.float32), state)
    rates = [schedule(t) for t in range(10)]
    assert {type(rate) for rate in rates} == {float}
    assert w.dtype == np.float32
    assert w[0] == pytest.approx(sum(rates), rel=1e-6)  # ten roundings in float32


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_schedule_is_numbers_that_can_be_compared_and_pickled_but_not_changed(schedule):
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert len({schedule, *SCHEDULES}) == len(SCHEDULES)
    with pytest.raises(FrozenInstanceError):
        schedule.lr = 1.0


def test_a_repr_is_short_enough_for_a_legend():
    def bumps(t):
        return 0.1

    shown = {
        Constant(0.1): "Constant(0.1)",
        Inverse(5, 50): "Inverse(a=5, b=50)",
        Step(0.1, 30): "Step(0.1, every=30)",
        Step(0.1, 30, 0.5): "Step(0.1, every=30, factor=0.5)",
        Exponential(0.1, 0.9): "Exponential(0.1, gamma=0.9)",
        Cosine(np.float64(0.1), steps=160): "Cosine(0.1, steps=160)",
        Cosine(0.1, steps=160, final=0.01): "Cosine(0.1, steps=160, final=0.01)",
        Warmup(Cosine(0.1, steps=160), steps=10): "Warmup(Cosine(0.1, steps=160), steps=10)",
        Warmup(0.1, steps=10): "Warmup(0.1, steps=10)",
        Warmup(bumps, steps=10): "Warmup(bumps, steps=10)",
    }
    assert {schedule: repr(schedule) for schedule in shown} == shown
    assert repr(SGD(lr=Cosine(0.1, steps=9))) == "SGD(lr=Cosine(0.1, steps=9))"


def test_the_base_has_no_formula_and_says_so():
    message = "Schedule has no formula: write __call__(self, t)"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Schedule()(0)


NAN, INF = float("nan"), float("inf")
RATE, COUNT = " must be 0 or more and finite, got ", " must be 1 or more, got "
A, S, I, E, C, W = Constant, Step, Inverse, Exponential, Cosine, Warmup  # noqa: E741


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (A, [-1], f"lr{RATE}-1"),
        (A, [NAN], f"lr{RATE}nan"),
        (A, [INF], f"lr{RATE}inf"),
        (I, [-1.0, 2], f"a{RATE}-1.0"),
        *((I, [1, b], f"b must be above 0 and finite, got {b}: the first step is a / b")
          for b in (0, -1, NAN, INF)),
        (S, [-1, 3], f"lr{RATE}-1"),
        (S, [1, 3, INF], f"factor{RATE}inf"),
        (S, [1, 0], f"every{COUNT}0"),
        (E, [-1, 0.5], f"lr{RATE}-1"),
        (E, [1, -0.5], f"gamma{RATE}-0.5"),
        (C, [-1, 5], f"lr{RATE}-1"),
        (C, [1, 0], f"steps{COUNT}0"),
        (C, [1, 5, -0.1], f"final{RATE}-0.1"),
        (W, [0.1, 0], f"steps{COUNT}0"),
        *((W, [lr, 5], f"after must be 0 or more and finite, or a function of the step, got {lr}")
          for lr in (-0.1, NAN, INF)),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_bad_numbers_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        kind(*options)


@pytest.mark.parametrize("given", [2.5, 10.0, NAN, INF, "10", True, None])
@pytest.mark.parametrize(("kind", "name"), [(Step, "every"), (Cosine, "steps"), (Warmup, "steps")])
def test_a_count_of_updates_must_be_an_integer(kind, name, given):
    with pytest.raises(TypeError, match=f"^{name} must be an integer, got {given!r}$"):
        kind(0.1, given)


def test_the_ends_of_the_ranges_are_allowed():
    assert Constant(0)(3) == 0
    assert Inverse(0, 1)(3) == 0
    assert [Step(2, every=1, factor=0)(t) for t in (0, 1)] == [2, 0]
    assert [Exponential(2, gamma=0)(t) for t in (0, 1)] == [2, 0]
    assert [Cosine(0, steps=1)(t) for t in (0, 1)] == [0, 0]
    assert Warmup(0, steps=1)(0) == 0
