"""What all tests of the torch half share."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads on rows this few only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
