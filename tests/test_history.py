import numpy as np
import pytest

import gdcore as gd


def test_values_come_back_with_their_steps():
    history = gd.History()
    for step in range(5):
        history.record(step, loss=step**2)
        if step % 2 == 0:
            history.record(step, w=np.full(3, step))
    assert list(history["loss"]) == [0, 1, 4, 9, 16]
    assert history["w"].shape == (3, 3)
    assert list(history.steps("w")) == [0, 2, 4]
    assert history.names == ("loss", "w")
    assert "w" in history
    assert "v" not in history
    assert repr(history) == "History(loss[5], w[3], stop=None)"


def test_arrays_are_copied():
    history, w = gd.History(), np.zeros(2)
    history.record(0, w=w)
    w += 1
    assert (history["w"] == 0).all()


def test_an_unknown_series_names_the_known_ones():
    history = gd.History()
    with pytest.raises(KeyError, match="no series 'loss'; there are none yet"):
        history["loss"]
    history.record(0, loss=1.0, epoch_loss=1.0)
    with pytest.raises(KeyError, match="there are loss, epoch_loss"):
        history.steps("los")
