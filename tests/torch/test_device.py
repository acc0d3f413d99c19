import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gdcore.hardware import cpu_name
from gdcore.torch import choose, describe, tf32
from gdcore.torch import device as device_module
from gdcore.torch.device import available, memory, synchronize


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


def test_a_device_is_chosen_by_itself_too():
    assert choose(torch.device("cpu")) == torch.device("cpu")


def test_what_is_stamped_on_a_measurement_on_the_cpu():
    told = describe(torch.device("cpu"))
    assert told == {
        "device": cpu_name(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "driver": None,
        "versions": {"python": platform.python_version(), "torch": version("torch").split("+")[0]},
    }


# Out of /proc/driver/nvidia/version: the closed module, the open ones, and an early one.
NVRM = "NVRM version: NVIDIA UNIX "
DRIVERS = {
    f"{NVRM}x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024": "550.54.15",
    f"{NVRM}Open Kernel Module for x86_64  565.57.01  Release Build": "565.57.01",
    f"{NVRM}Open Kernel Module for aarch64  570.124.06  Release Build": "570.124.06",
    f"{NVRM}x86_64 Kernel Module  470.42  Fri Jun 18 2021": "470.42",
    "something else": None,
}


@pytest.mark.parametrize(("text", "driver"), DRIVERS.items())
def test_what_is_stamped_on_a_measurement_on_cuda(monkeypatch, text, driver):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"NVIDIA H200 of {device}")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3, 5))
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    read = Path.read_text
    gcc = "\nGCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda self, *args: text + gcc if "nvidia" in str(self) else read(self, *args),
    )
    told = describe(torch.device("cuda:1"))
    assert told["device"] == "NVIDIA H200 of cuda:1"
    assert told["memory_bytes"] == 5
    assert told["driver"] == driver
    assert told["versions"]["cuda"] == "12.8"
    assert told["versions"]["cudnn"] == "91002"


def test_a_driver_that_is_not_told_is_none(monkeypatch):
    def missing(self, *arguments):
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", missing)
    assert device_module._nvidia_driver() is None


def test_the_memory_of_the_cpu_is_what_the_system_tells():
    if shutil.which("free") is None:
        pytest.skip("no `free` here to compare with")
    before = available_bytes()
    free, whole = memory(torch.device("cpu"))
    assert whole == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < free <= whole
    assert abs(free - before) < whole / 4  # others work here too


def available_bytes():
    """Return the available memory as the shell's `free` tells it."""
    told = subprocess.run(["free", "-b"], capture_output=True, text=True, check=True).stdout
    return int(told.splitlines()[1].split()[-1])


def test_memory_that_the_system_does_not_tell_is_none(monkeypatch):
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, *args: "MemTotal:  5 kB\n")
    free, whole = memory(torch.device("cpu"))
    assert free is None
    assert whole > 0
    monkeypatch.setattr(Path, "read_text", lambda self, *args: "MemAvailable:   7 kB\n")
    assert memory(torch.device("cpu"))[0] == 7 * 1024
    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.delattr(os, "sysconf")
    assert memory(torch.device("cpu")) == (None, None)


def test_the_memory_of_accelerators_is_asked_of_torch(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (device.index, 9))
    assert memory(torch.device("cuda:2")) == (2, 9)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 10)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 4)
    assert memory(torch.device("mps")) == (6, 10)
    monkeypatch.setattr(
        torch.xpu, "get_device_properties", lambda device: SimpleNamespace(total_memory=20)
    )
    monkeypatch.setattr(torch.xpu, "memory_reserved", lambda device: 5)
    assert memory(torch.device("xpu:0")) == (15, 20)


def test_accelerators_have_names(monkeypatch):
    monkeypatch.setattr(torch.xpu, "get_device_name", lambda device: f"Arc {device}")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert device_module.name(torch.device("xpu:1")) == "Arc xpu:1"
    assert device_module.name(torch.device("mps")) == "arm64 GPU (Metal)"


def test_waiting_is_for_accelerators(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", waited.append)
    synchronize(torch.device("cpu"))
    assert waited == []
    synchronize(torch.device("cuda:1"))
    assert waited == [torch.device("cuda:1")]


@pytest.mark.parametrize("before", ["highest", "medium"])
def test_tf32_is_on_inside_the_block_and_what_it_was_after_it(before):
    kept = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(before)
        with tf32():
            assert torch.get_float32_matmul_precision() == "high"
        assert torch.get_float32_matmul_precision() == before
        with pytest.raises(KeyError), tf32():
            raise KeyError
        assert torch.get_float32_matmul_precision() == before
    finally:
        torch.set_float32_matmul_precision(kept)


@pytest.mark.gpu
def test_an_accelerator_has_a_name_and_memory():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    device = choose("cuda:0")
    told = describe(device)
    assert told["device"]
    assert told["driver"].count(".") >= 1
    free, whole = memory(device)
    assert 0 < free <= whole == told["memory_bytes"]
    rows = torch.zeros(1 << 28, device=device)
    assert memory(device)[0] <= free - rows.nbytes + (1 << 21)  # pages of 2 MiB
