import numpy as np
import pytest

import gdcore as gd


def test_the_line_is_the_line_plus_noise_of_the_given_size():
    n = 20_000
    X, y = gd.datasets.line(n=n, w=3.0, b=2.0, noise=0.1, seed=5)
    assert X.shape == (n, 1)
    assert y.shape == (n,)
    assert 0 <= X.min() < X.max() < 1
    scatter = y - (3 * X[:, 0] + 2)
    assert abs(scatter.mean()) < 4 * 0.1 / np.sqrt(n)  # four standard errors
    assert abs(scatter.std() / 0.1 - 1) < 4 / np.sqrt(2 * n)


def test_without_noise_the_points_lie_on_the_line():
    X, y = gd.datasets.line(n=10, w=-1.0, b=0.5, noise=0.0)
    assert (y == -X[:, 0] + 0.5).all()


def test_the_seed_names_the_points():
    assert (gd.datasets.line(seed=1).X == gd.datasets.line(seed=1).X).all()
    assert (gd.datasets.line(seed=1).X != gd.datasets.line(seed=2).X).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n": 0}, "n must be at least 1, got 0"), ({"noise": -1}, "must be 0 or more, got -1")],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gd.datasets.line(**options)
