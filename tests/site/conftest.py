"""A toy project, a copy of the real one, and the site itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sitebuild.project import HERE, Project

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def toy(tmp_path: Path) -> Project:
    """A project with one snippet, one module and one data file of its own."""
    project = Project(tmp_path)
    (tmp_path / "snippets" / "toy").mkdir(parents=True)
    (tmp_path / "toylib").mkdir()
    (tmp_path / "toylib" / "__init__.py").write_text("", "utf-8")
    (tmp_path / "toylib" / "double.py").write_text(
        '"""Twice."""\n\n\ndef double(x):\n    return 2 * x  # two times\n', "utf-8"
    )
    (tmp_path / "data.csv").write_text("1\n2\n", "utf-8")
    project.source("toy/one").write_text(
        """# %% [markdown] lang="en"
# # Toy
# %% [markdown] lang="zh"
# # 玩具
# %% read
from pathlib import Path

from toylib.double import double

rows = Path("data.csv").read_text().split()
total = double(sum(map(int, rows)))
print("total", total)

# %% draw
import matplotlib.pyplot as plt

plt.plot([0, 0.12345, 1], label="loss, batch size 128")
plt.xlabel("updates")
plt.legend()
plt.show()

# %% check
assert total == 6
""",
        "utf-8",
    )
    return project


def copy_of_the_project(target: Path) -> Project:
    """Copy what the site is built from, with the runs so far."""
    for name in ("docs", "gdcore", "sitebuild", "snippets", "mkdocs.yml", "mkdocs.zh.yml"):
        source = HERE.root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    shutil.copytree(HERE.root / ".cache", target / ".cache", symlinks=True)
    return Project(target)


@pytest.fixture
def copied(site: Path, tmp_path: Path) -> Project:
    return copy_of_the_project(tmp_path)


def mkdocs(project: Project, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *arguments],
        cwd=project.root,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )


@pytest.fixture
def build() -> Shell:
    return mkdocs


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly from the recorded runs; what is stale is run."""
    folder = tmp_path_factory.mktemp("site")
    done = mkdocs(HERE, "build", "--strict", "--site-dir", str(folder))
    assert done.returncode == 0, done.stderr
    return folder
