"""R runs at once are R runs alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdcore as gd
from gdcore.runs import descend_runs

SAMPLING = [{}, {"shuffle": "once"}, {"shuffle": False}, {"replacement": True}]


def data(m, seed, **options):
    return gd.Batches(*gd.datasets.line(n=60, seed=4), batch_size=m, seed=seed, **options)


def same(ours, alone):
    assert ours.stop == alone.stop
    assert set(ours.names) == set(alone.names)
    for name in alone.names:
        assert (ours.steps(name) == alone.steps(name)).all()
        # the same products summed in another order
        assert np.allclose(ours[name], alone[name], rtol=1e-12, atol=1e-15)


@settings(deadline=None, max_examples=25)
@given(m=st.integers(1, 60), sampling=st.sampled_from(SAMPLING), momentum=st.sampled_from([0, 0.9]))
def test_a_run_of_many_is_the_run_of_its_seed_alone(m, sampling, momentum):
    seeds, rule = (3, 0, 8), gd.SGD(lr=0.05, momentum=momentum)
    many = descend_runs(gd.LinearRegression(), [0, 0], rule, data(m, seeds, **sampling), epochs=3)
    for seed, ours in zip(seeds, many, strict=True):
        alone = gd.descend(gd.LinearRegression(), [0, 0], rule, data(m, seed, **sampling), epochs=3)
        same(ours, alone)


def test_the_batches_of_many_seeds_are_those_of_each():
    many = data(7, (5, 2)).epoch(3)
    ones = zip(data(7, 5).epoch(3), data(7, 2).epoch(3), strict=True)
    for (X, y), singles in zip(many, ones, strict=True):
        for r, (X_one, y_one) in enumerate(singles):
            assert (X[r] == X_one).all()
            assert (y[r] == y_one).all()


def test_one_run_that_diverges_or_converges_leaves_the_others_alone():
    starts = np.array([[0.0, 0.0], [1e160, 1.0], [2.9, 2.1], [1e3, -1e3]])
    options = {"epochs": 400, "tol": 1e-6, "max_loss": 1e300}
    batches = data(60, 1)
    many = descend_runs(gd.LinearRegression(), starts, gd.SGD(lr=0.5), batches, **options)
    assert {run.stop for run in many} >= {"diverged", "converged"}
    for ours, w0 in zip(many, starts, strict=True):
        same(ours, gd.descend(gd.LinearRegression(), w0, gd.SGD(lr=0.5), batches, **options))


def test_a_run_that_flies_off_to_nan_is_silent_and_the_others_arrive():
    valley, starts = gd.objectives.DoubleWell(), [[0.5], [10.0]]
    near, far = descend_runs(valley, starts, gd.SGD(lr=0.05), steps=200)
    assert (near.stop, far.stop) == ("steps", "diverged")
    same(near, gd.descend(valley, [0.5], gd.SGD(lr=0.05), steps=200))
    same(far, gd.descend(valley, [10.0], gd.SGD(lr=0.05), steps=200))


@pytest.mark.parametrize("end", [{"steps": 7}, {"epochs": 7}, {"steps": 0}, {"epochs": 0}])
def test_on_a_surface_the_runs_are_starts_side_by_side(end):
    f, rule = gd.objectives.Himmelblau(), gd.SGD(lr=0.01, momentum=0.5)
    starts = np.random.default_rng(1).uniform(-2, 2, (4, 2))
    many = descend_runs(f, starts, rule, **end)
    for ours, w0 in zip(many, starts, strict=True):
        same(ours, gd.descend(f, w0, rule, **end))


def test_one_start_without_seeds_is_one_run():
    (run,) = descend_runs(gd.objectives.Himmelblau(), [0, 0], gd.SGD(lr=0.01), steps=5)
    same(run, gd.descend(gd.objectives.Himmelblau(), [0, 0], gd.SGD(lr=0.01), steps=5))


def test_runs_may_end_in_the_middle_of_an_epoch():
    many = descend_runs(gd.LinearRegression(), [0, 0], gd.SGD(), data(7, (3, 4)), steps=13)
    for seed, ours in zip((3, 4), many, strict=True):
        same(ours, gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(), data(7, seed), steps=13))


def test_a_gradient_of_just_tol_has_converged_and_a_loss_of_just_max_loss_diverged():
    bowl, lr = gd.objectives.Quadratic([1.0, 1.0]), gd.SGD(lr=0.5)
    for run in (
        *descend_runs(bowl, [[4.0, 0.0], [0.0, 4.0]], lr, steps=9, tol=1.0),
        gd.descend(bowl, [4.0, 0.0], lr, steps=9, tol=1.0),
    ):
        assert (run.stop, run.steps("w")[-1]) == ("converged", 2)  # |g| = 4, 2, 1
    batches = gd.Batches(np.zeros((2, 1)), [1.0, 1.0], batch_size=1)  # the loss at 0 is 1
    for run in (
        *descend_runs(gd.LinearRegression(), [0, 0], lr, batches, steps=3, max_loss=1.0),
        gd.descend(gd.LinearRegression(), [0, 0], lr, batches, steps=3, max_loss=1.0),
    ):
        assert (run.stop, run.names) == ("diverged", ("w",))


@pytest.mark.parametrize("ends", [{}, {"steps": 1, "epochs": 1}])
def test_exactly_one_end_is_wanted(ends):
    with pytest.raises(TypeError, match="give either steps or epochs"):
        descend_runs(gd.LinearRegression(), [0, 0], gd.SGD(), data(5, (1, 2)), **ends)


@pytest.mark.parametrize("m", [1, 60])
def test_when_all_diverge_the_loop_ends_with_finite_records(m):
    many = descend_runs(
        gd.LinearRegression(), [0, 0], gd.SGD(lr=5.0), data(m, (1, 2)), epochs=100_000
    )
    for seed, run in zip((1, 2), many, strict=True):
        assert run.stop == "diverged"
        assert all(np.isfinite(run[name]).all() for name in run.names)
        same(
            run,
            gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(lr=5.0), data(m, seed), epochs=10**5),
        )


@pytest.mark.parametrize(
    ("w0", "seeds", "message"),
    [
        (np.zeros((3, 2)), (1, 2), r"with R the 2 seeds, got \(3, 2\)"),
        (np.zeros((1, 3, 2)), 1, r"got \(1, 3, 2\)"),
        ([np.inf, 0], (1, 2), "w0 must be finite"),
    ],
)
def test_starts_that_do_not_match_are_refused(w0, seeds, message):
    with pytest.raises(ValueError, match=message):
        descend_runs(gd.LinearRegression(), w0, gd.SGD(), data(5, seeds), epochs=1)


def test_seeds_are_checked_one_by_one():
    with pytest.raises(ValueError, match="seed must be 0 or more, got -2"):
        data(5, (1, -2))
    with pytest.raises(TypeError, match=r"seed must be an integer, got 1\.5"):
        data(5, [1, 1.5])
    with pytest.raises(ValueError, match="at least one run"):
        data(5, ())
