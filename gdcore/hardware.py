"""Name the processor that a measurement was made on."""

import platform
from pathlib import Path


def cpu_name() -> str:
    """Return the processor's own name, or its architecture where it gives none."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
