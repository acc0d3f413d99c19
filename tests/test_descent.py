from dataclasses import dataclass

import numpy as np
import pytest

import gdcore as gd


@dataclass(frozen=True)
class Bowl:
    """(w - c)' H (w - c) / 2 with H diagonal: the closed forms are exact."""

    eigenvalues: tuple[float, ...] = (1.0, 10.0)
    centre: float = 0.0

    def __call__(self, w):
        return float(np.sum(self.eigenvalues * (w - self.centre) ** 2) / 2)

    def value_and_grad(self, w):
        return self(w), np.asarray(self.eigenvalues) * (w - self.centre)


def batches(m=10, **options):
    return gd.Batches(*gd.datasets.line(n=100, seed=1), batch_size=m, **options)


def test_descent_on_a_bowl_follows_its_closed_form():
    lr, steps, w0 = 0.05, 40, np.array([3.0, -2.0])
    history = gd.descend(Bowl(), w0, gd.SGD(lr=lr), steps=steps)
    factor = 1 - lr * np.array([1.0, 10.0])
    path = factor ** np.arange(steps + 1)[:, None] * w0
    losses = (path**2 @ [1.0, 10.0]) / 2
    assert np.allclose(history["loss"], losses, rtol=1e-12)  # 41 products of rounded numbers
    assert np.allclose(history["w"], path[[0, -1]], rtol=1e-13)
    assert list(history.steps("loss")) == list(range(steps + 1))
    assert list(history.steps("w")) == [0, steps]
    assert history.stop == "steps"
    assert list(w0) == [3.0, -2.0]  # never modified


def test_three_points_follow_the_curriculums_formula():
    # x = 1, 2, 3 and y = 2x without an intercept: w_t = 2 - (1 - 28 lr / 3)^t from w_0 = 1
    lr = 0.01
    history = gd.descend(Bowl((28 / 3,), 2.0), [1.0], gd.SGD(lr=lr), steps=100)
    assert history["w"][-1] == pytest.approx(2 - (1 - 28 * lr / 3) ** 100, rel=1e-14)


def test_descent_over_batches_is_the_loop_written_out():
    data, loss, optimizer = batches(seed=3), gd.LinearRegression(), gd.SGD(lr=0.1, momentum=0.9)
    history = gd.descend(loss, [0.0, 0.0], optimizer, data, epochs=3)
    w = np.zeros(2)
    state, losses, epoch_losses = optimizer.init(w), [], [loss(w, data.X, data.y)]
    for epoch in range(3):
        for X_batch, y_batch in data.epoch(epoch):
            losses.append(loss(w, X_batch, y_batch))
            optimizer.step(w, loss.grad(w, X_batch, y_batch), state)
        epoch_losses.append(loss(w, data.X, data.y))
    assert list(history["loss"]) == losses
    assert list(history["epoch_loss"]) == epoch_losses
    assert list(history.steps("loss")) == list(range(30))
    assert list(history.steps("epoch_loss")) == [0, 10, 20, 30]
    assert (history["w"][-1] == w).all()


def test_full_batches_reach_least_squares():
    data = batches(100)
    history = gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(lr=0.7), data, epochs=800)
    best = np.linalg.lstsq(np.column_stack([data.X, np.ones(100)]), data.y)[0]
    assert np.allclose(history["w"][-1], best, rtol=1e-10)


def test_steps_may_end_in_the_middle_of_an_epoch():
    history = gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(lr=0.1), batches(), steps=25)
    assert len(history["loss"]) == 25
    assert list(history.steps("epoch_loss")) == [0, 10, 20]
    assert list(history.steps("w")) == [0, 25]


def test_no_steps_record_the_start_alone():
    history = gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(), batches(), epochs=0)
    assert list(history.steps("epoch_loss")) == [0]
    assert "loss" not in history


def test_an_epoch_on_a_surface_is_one_update():
    history = gd.descend(Bowl(), [1.0, 0.0], gd.SGD(lr=0.5), epochs=5)
    assert list(history.steps("loss")) == [0, 1, 2, 3, 4, 5]


def test_a_path_of_one_update_holds_both_its_ends_once():
    history = gd.descend(Bowl(), [1.0, 0.0], gd.SGD(lr=0.5), steps=1, path=True)
    assert list(history.steps("w")) == [0, 1]


def test_tol_stops_where_the_gradient_is_small():
    history = gd.descend(Bowl(), [1.0, 0.0], gd.SGD(lr=0.5), steps=100, tol=1e-3)
    # |gradient| = 0.5^t falls to 1e-3 at t = 10
    assert history.stop == "converged"
    assert history.steps("loss")[-1] == 10


def test_divergence_ends_the_record_with_finite_numbers_and_no_warning():
    history = gd.descend(Bowl(), [1.0, 1.0], gd.SGD(lr=5.0), steps=10_000)
    assert history.stop == "diverged"
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(history["w"]).all()
    assert 0 < len(history["loss"]) < 10_000


def test_divergence_on_batches_is_caught_in_the_batch_and_after_the_epoch():
    for m in (1, 100):
        history = gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(lr=5.0), batches(m), epochs=500)
        assert history.stop == "diverged"
        assert all(np.isfinite(history[name]).all() for name in history.names)


def test_max_loss_stops_earlier():
    history = gd.descend(Bowl(), [1.0, 1.0], gd.SGD(lr=5.0), steps=100, max_loss=1e3)
    assert history.stop == "diverged"
    assert history["loss"].max() < 1e3


def test_a_start_that_is_already_lost_has_no_loss_to_show():
    class Hole(Bowl):
        def __call__(self, w):
            return float("nan")

    history = gd.descend(Hole(), [1.0, 1.0], gd.SGD(), steps=3)
    assert history.stop == "diverged"
    assert "loss" not in history


def test_integers_become_float64_and_float32_stays():
    assert gd.descend(Bowl(), [1, 1], gd.SGD(), steps=1)["w"].dtype == np.float64
    w0 = np.ones(2, np.float32)
    data = gd.Batches(np.ones((4, 1), np.float32), np.ones(4, np.float32), batch_size=2)
    history = gd.descend(gd.LinearRegression(), w0, gd.SGD(), data, epochs=1)
    assert history["w"].dtype == np.float32


@pytest.mark.parametrize("ends", [{}, {"steps": 1, "epochs": 1}])
def test_exactly_one_end_is_wanted(ends):
    with pytest.raises(TypeError, match="give either steps or epochs"):
        gd.descend(Bowl(), [1.0, 1.0], gd.SGD(), **ends)


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="w0 must be finite, got"):
        gd.descend(Bowl(), [np.nan, 1.0], gd.SGD(), steps=1)


def test_a_path_is_kept_where_it_is_asked_for():
    lr, steps, w0 = 0.05, 6, np.array([3.0, -2.0])
    history = gd.descend(Bowl(), w0, gd.SGD(lr=lr), steps=steps, path=True)
    factor = 1 - lr * np.array([1.0, 10.0])
    assert np.allclose(history["w"], factor ** np.arange(steps + 1)[:, None] * w0, rtol=1e-13)
    assert list(history.steps("w")) == list(range(steps + 1))
    ended = gd.descend(Bowl(), [1.0, 0.0], gd.SGD(lr=0.5), steps=100, tol=1e-3, path=True)
    assert list(ended.steps("w")) == list(range(11))


def test_several_starts_belong_to_descend_runs():
    with pytest.raises(ValueError, match=r"got \(3, 2\): descend_runs takes \(R, d\)"):
        gd.descend(Bowl(), np.zeros((3, 2)), gd.SGD(), steps=1)
