"""Which device to compute on, and what it is."""

import platform

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


def describe(device: torch.device) -> str:
    """Name the hardware behind a device, as it is stamped on every measurement."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "xpu":
        return torch.xpu.get_device_name(device)
    if device.type == "mps":
        return f"{platform.machine()} GPU (Metal)"
    return cpu_name()
