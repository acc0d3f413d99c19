"""Write a measurement with all that makes it one: device, versions, command, commit, date."""

import datetime
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gdcore.hardware import cpu_name

ROOT = Path(__file__).resolve().parents[1]


def write(path: Path, *, what: str, method: str, command: str, rows: list[dict[str, Any]]) -> str:
    """Write the record as JSON and return its text."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    record = {
        "what": what,
        "method": method,
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "commit": subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip(),
        "device": cpu_name(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__.partition("+")[0],
        },
        "rows": rows,
    }
    text = json.dumps(record, indent=1) + "\n"
    path.write_text(text, "utf-8")
    return text
