import pytest
import torch

from gdcore.torch import choose, describe
from gdcore.torch.device import available


def test_the_cpu_is_always_there_and_has_a_name():
    assert choose("cpu") == torch.device("cpu")
    assert describe(torch.device("cpu"))


def test_auto_takes_the_first_accelerator_or_the_cpu(monkeypatch):
    if not torch.accelerator.is_available():
        assert choose("auto") == torch.device("cpu")
    here = [torch.device("cpu"), torch.device("cuda:1"), torch.device("cuda:0")]
    monkeypatch.setattr("gdcore.torch.device.available", lambda: here)
    assert choose() == torch.device("cuda:0")
    assert choose("cuda:1") == torch.device("cuda:1")
    assert choose("cuda") == torch.device("cuda")


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "xpu:7"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name):
    with pytest.raises(ValueError, match=rf"device '{name}' is not here; there are cpu"):
        choose(name)


def test_what_is_available_can_compute():
    for device in available():
        assert torch.ones(2, device=device).sum().item() == 2
