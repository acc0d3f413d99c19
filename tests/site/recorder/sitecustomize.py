"""Let a program that runs by itself leave its values, too: Python imports this before it starts.

Only what a run of the site keeps: numbers, truth values and texts under public names.
"""

import atexit
import json
import os
import sys
from pathlib import Path


def leave() -> None:
    values = {}
    for name, value in vars(sys.modules["__main__"]).items():
        if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
            value = value.item()
        if not name.startswith("_") and isinstance(value, bool | int | float | str):
            values[name] = value
    (Path(os.environ["RECORD"]) / "values.json").write_text(json.dumps(values), "utf-8")


atexit.register(leave)
