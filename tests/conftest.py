"""Generators and folders that many tests share."""

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# The same examples at every run of CI; new ones at a person's, where a find can be looked at.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("person", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "person")

TURNS = ROOT / ".cache" / "turns"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest file, which needs no built site, while another process builds it."""
    items.sort(key=lambda item: item.path.name != "test_snippet.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test that measures time run while no other does, where several run at once."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return (yield)
    TURNS.mkdir(parents=True, exist_ok=True)
    own = os.environ["PYTEST_XDIST_WORKER"]
    taken = [f"gw{k}" for k in range(workers)] if item.get_closest_marker("alone") else [own]
    with ExitStack() as stack:
        with FileLock(TURNS / "next"):  # whoever waits for all the others holds up the next ones
            for worker in taken:
                stack.enter_context(FileLock(TURNS / worker))
        return (yield)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2026)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(autouse=True)
def agg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
