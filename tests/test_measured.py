"""Records of measurements: what they hold, and what is no record."""

import json
import re
from pathlib import Path

import pytest

from gdcore import measured

GOOD = {
    "what": "seconds",
    "method": "median",
    "command": "python bench/x.py",
    "date": "2026-01-31",
    "commit": "abcdef0",
    "device": "a processor",
    "versions": {"python": "3.12"},
    "rows": [{"m": 1}],
}
HELD = sorted((Path(__file__).parents[1] / "snippets" / "measured").glob("*.json"))


@pytest.mark.parametrize("path", HELD, ids=lambda path: path.stem)
def test_every_record_of_the_site_is_one(path):
    assert measured.read(path)["rows"]


def test_what_is_written_is_read_back_and_nothing_lies_beside_it(tmp_path):
    measured.write(tmp_path / "a.json", GOOD)
    assert measured.read(tmp_path / "a.json") == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": None}, "'rows' must be"),
        ({"rows": [1]}, "'rows' must be objects"),
        ({"date": "31.1.2026"}, "'date' must be like 2026-01-31, got '31.1.2026'"),
        ({"versions": {"python": 3}}, "'versions' must be texts"),
        ({"device": 7}, "'device' must be"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, change, message):
    (tmp_path / "bad.json").write_text(json.dumps(GOOD | change), "utf-8")
    with pytest.raises(ValueError, match=f"bad.json is not a record.*{re.escape(message)}"):
        measured.read(tmp_path / "bad.json")
    with pytest.raises(ValueError, match=re.escape(message)):
        measured.write(tmp_path / "new.json", GOOD | change)
    assert not (tmp_path / "new.json").exists()


@pytest.mark.parametrize("name", measured.FIELDS)
def test_a_missing_field_is_named(tmp_path, name):
    with pytest.raises(ValueError, match=f"it has no '{name}'"):
        measured.write(tmp_path / "a.json", {k: v for k, v in GOOD.items() if k != name})


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.json is not a record of measurements"):
        measured.read(tmp_path / "a.json")


def test_an_interrupted_write_leaves_the_old_record(tmp_path, monkeypatch):
    measured.write(tmp_path / "a.json", GOOD)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        measured.write(tmp_path / "a.json", GOOD | {"what": "new"})
    assert measured.read(tmp_path / "a.json") == GOOD
    assert len(list(tmp_path.iterdir())) == 1


def test_nan_is_no_number_of_a_record(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        measured.write(tmp_path / "a.json", GOOD | {"rows": [{"m": float("nan")}]})
    assert not list(tmp_path.iterdir())
