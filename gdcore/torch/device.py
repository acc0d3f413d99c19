"""Which device to compute on, what it is, and how much memory it has left."""

import contextlib
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from gdcore.hardware import cpu_name


def choose(name: str | torch.device = "auto") -> torch.device:
    """Return the device called `name`, or the best one there is for "auto".

    Args:
        name: "auto" (an accelerator where there is one, else the CPU), or a device such as "cpu",
            "cuda", "cuda:1", "mps" or "xpu".

    Raises:
        ValueError: If that device is not here; the message lists those that are.
    """
    here = available()
    if name == "auto":
        return torch.device(here[-1])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or not any(
        device == each or (device.index is None and device.type == each.type) for each in here
    ):
        raise ValueError(
            f"device {str(name)!r} is not here; there are {', '.join(map(str, here))}, and 'auto'"
        )
    return device


def available() -> list[torch.device]:
    """Return every device that can compute here: the CPU, then each accelerator."""
    here = [torch.device("cpu")]
    if torch.accelerator.is_available():
        kind = torch.accelerator.current_accelerator()
        assert kind is not None  # is_available() has just said so
        count = torch.accelerator.device_count()
        here += [torch.device(kind.type, index) for index in reversed(range(count))]
    return here


def describe(device: torch.device) -> dict[str, Any]:
    """Say what a device is, as it is stamped on every measurement.

    Returns:
        "device", its name; "memory_bytes" and "driver", None where the system does not tell; and
        "versions" of Python, torch, and what torch computes with.
    """
    versions = {"python": platform.python_version(), "torch": torch.__version__.partition("+")[0]}
    driver = None
    if device.type == "cuda":
        driver = _nvidia_driver()
        versions["cuda"] = str(torch.version.cuda)
        versions["cudnn"] = str(torch.backends.cudnn.version())  # type: ignore[no-untyped-call]
    return {
        "device": name(device),
        "memory_bytes": memory(device)[1],
        "driver": driver,
        "versions": versions,
    }


def name(device: torch.device) -> str:
    """Name the hardware behind a device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "xpu":
        return torch.xpu.get_device_name(device)
    if device.type == "mps":
        return f"{platform.machine()} GPU (Metal)"
    return cpu_name()


def memory(device: torch.device) -> tuple[int | None, int | None]:
    """Return the free and the whole memory of a device in bytes; None where it does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)
    if device.type == "mps":
        whole = torch.mps.recommended_max_memory()
        return whole - torch.mps.driver_allocated_memory(), whole
    if device.type == "xpu":
        whole = torch.xpu.get_device_properties(device).total_memory
        return whole - torch.xpu.memory_reserved(device), whole
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        whole = page * os.sysconf("SC_PHYS_PAGES")
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text("utf-8"))
        return (int(found[1]) * 1024 if found else None), whole
    except (AttributeError, OSError, ValueError):
        return None, None


def synchronize(device: torch.device) -> None:
    """Wait until a device has done all it was given, so that a clock reads the truth."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


@contextlib.contextmanager
def tf32() -> Iterator[None]:
    """Let float32 products of matrices round their factors to TensorFloat-32 inside the block.

    On NVIDIA GPUs since Ampere that is several times faster, with 10 bits of mantissa in the place
    of 23; elsewhere nothing changes, or bfloat16 steps in (x86 processors that have it).
    Convolutions on NVIDIA GPUs use TensorFloat-32 anyway, unless
    `torch.backends.cudnn.allow_tf32 = False`.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _nvidia_driver() -> str | None:
    try:
        text = Path("/proc/driver/nvidia/version").read_text("utf-8")
    except OSError:
        return None
    found = re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", text)  # "... for x86_64  565.57.01"
    return found[1] if found else None
