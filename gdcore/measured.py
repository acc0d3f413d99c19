"""Measurements on file: what was measured, how, by which command, when, and on what."""

import datetime
import json
import os
import subprocess
from pathlib import Path
from typing import Any

FIELDS: dict[str, type | tuple[type, ...]] = {
    "what": str,  # one line: the quantity
    "method": str,  # one line: warm-up, repetitions, which statistic
    "command": str,  # repeats the measurement
    "date": str,  # of the measurement, 2026-01-31
    "commit": str,  # of this project; empty outside a checkout
    "device": str,  # name of the hardware that did the work
    "versions": dict,  # of Python and libraries, by name
    "rows": list,  # the numbers, each row an object
}
"""What every record holds, and of which type; a record may hold more."""


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a record and check it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a record; the message names the file and what is wrong.
    """
    path = Path(path)
    try:
        record = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a record of measurements: {error}") from None
    if wrong := faults(record):
        raise ValueError(f"{path} is not a record of measurements: {'; '.join(wrong)}")
    found: dict[str, Any] = record
    return found


def faults(record: object) -> list[str]:
    """Return what keeps an object from being a record, a line for each fault."""
    if not isinstance(record, dict):
        return [f"it holds {type(record).__name__}, not an object"]
    wrong = []
    for name, kind in FIELDS.items():
        if name not in record:
            wrong.append(f"it has no {name!r}")
        elif not isinstance(record[name], kind):
            wrong.append(f"{name!r} must be {kind}, got {record[name]!r}")
    if wrong:
        return wrong
    try:
        datetime.date.fromisoformat(record["date"])
    except ValueError:
        wrong.append(f"'date' must be like 2026-01-31, got {record['date']!r}")
    if not all(isinstance(row, dict) for row in record["rows"]):
        wrong.append("'rows' must be objects")
    if not all(isinstance(v, str) for v in record["versions"].values()):
        wrong.append("'versions' must be texts")
    return wrong


def stamp() -> dict[str, str]:
    """Return the date of today and the commit of this checkout, if it is one."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    home = Path(__file__).resolve().parents[1]
    commit = ""
    if (home / ".git").exists():
        try:
            done = subprocess.run(git, cwd=home, capture_output=True, text=True, check=False)
            commit = done.stdout.strip()
        except OSError:
            pass  # no git here
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    return {"date": today, "commit": commit}


def write(path: str | os.PathLike[str], record: dict[str, Any]) -> None:
    """Check a record and write it; an interrupted write leaves the old file.

    Raises:
        ValueError: If it is not a record.
    """
    if wrong := faults(record):
        raise ValueError(f"not a record of measurements: {'; '.join(wrong)}")
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", "utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
