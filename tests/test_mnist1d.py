# ruff: noqa: NPY002 - the global generator is what some tests are about
import random
import sys

import numpy as np
import pytest

import gdcore as gd


def test_without_the_package_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mnist1d", None)
    monkeypatch.delitem(sys.modules, "mnist1d.data", raising=False)
    with pytest.raises(ImportError, match=r"mnist1d.*pip install 'gdcore\[data\]'"):
        gd.datasets.mnist1d()


@pytest.fixture(scope="module")
def made():
    pytest.importorskip("mnist1d")
    return gd.datasets.mnist1d()


def test_there_are_4000_curves_to_learn_from_and_1000_to_test_on(made):
    for (X, y), n in zip(made, (4000, 1000), strict=True):
        assert X.shape == (n, 40)
        assert y.shape == (n,)
        assert (X.dtype, y.dtype) == (np.float64, np.int64)


def test_each_of_the_ten_classes_has_500_curves_and_all_values_are_standardised(made):
    train, test = made
    assert (np.bincount(np.concatenate([train.y, test.y])) == 500).all()
    values = np.concatenate([train.X, test.X])
    assert abs(values.mean()) < 1e-12  # of 200,000 values: rounding
    assert abs(values.std() - 1) < 1e-12


def test_the_curves_are_those_of_the_package_with_seed_42(made):
    # Written down from mnist1d 0.0.2.post1: another release or another stream would show here.
    train, test = made
    first = [-0.33200567, -0.47191037, -0.77869708, -1.00974083]
    np.testing.assert_allclose(train.X[0, :4], first, atol=1e-8)  # as printed
    assert train.y[:4].tolist() == [2, 6, 4, 5]
    assert test.y[:4].tolist() == [2, 6, 3, 9]


def test_the_global_generators_go_on_as_if_nothing_had_happened(made):
    def draws():
        return random.random(), np.random.random(), np.random.standard_normal()

    random.seed(3)
    np.random.seed(3)
    np.random.standard_normal()  # half of a pair: the other half is part of the state
    before = random.getstate(), np.random.get_state()
    expected = draws()
    random.setstate(before[0])
    np.random.set_state(before[1])
    again = gd.datasets.mnist1d()
    assert draws() == expected
    assert (again[0].X == made[0].X).all()  # whatever the state was


def test_the_generators_are_put_back_even_where_the_package_fails(monkeypatch):
    data = pytest.importorskip("mnist1d.data")

    def spoil():
        np.random.seed(0)
        random.seed(0)
        raise MemoryError

    monkeypatch.setattr(data, "make_dataset", spoil)
    random.seed(3)
    np.random.seed(3)
    with pytest.raises(MemoryError):
        gd.datasets.mnist1d()
    drawn = random.random(), np.random.random()
    random.seed(3)
    np.random.seed(3)
    assert drawn == (random.random(), np.random.random())
