"""The page that says what made the site: every run, every measurement, every version."""

import json
from collections.abc import Mapping

from sitebuild import experiments
from sitebuild.cache import Run
from sitebuild.project import Project

TITLES = {
    "jax": "JAX",
    "keras": "Keras",
    "matplotlib": "Matplotlib",
    "mnist1d": "MNIST-1D",
    "numpy": "NumPy",
    "optax": "Optax",
    "python": "Python",
    "scikit-learn": "scikit-learn",
    "torch": "PyTorch",
}
HEADS = {
    "en": {
        "runs": "| No. | Program | Chapter or page | Seconds | Figures | Processor | Date |",
        "versions": "| Made with | Version |",
        "measured": "| Record | Device | Date | Commit | Command |",
    },
    "zh": {
        "runs": "| 编号 | 程序 | 章或页 | 秒 | 图 | 处理器 | 日期 |",
        "versions": "| 所用软件 | 版本 |",
        "measured": "| 记录 | 设备 | 日期 | 提交 | 命令 |",
    },
}


def rounded(seconds: float) -> str:
    """Write seconds with two digits, and with no power of ten."""
    return f"{seconds:.2g}" if seconds < 99.5 else f"{seconds:.0f}"


def table(project: Project, runs: Mapping[str, Run], lang: str, kind: str) -> str:
    """Return a table as Markdown: of the "runs", the "versions" or the "measured"."""
    rows: list[tuple[object, ...]]
    if kind == "runs":
        rows = [
            (
                place.number or "–",
                f"[{name}](notebooks/{name}.md)",
                f"[{place.title}]({place.uri})",
                rounded(runs[name].seconds),
                len(runs[name].figures()),
                runs[name].device,
                runs[name].date,
            )
            for name, place in experiments.places(project, lang).items()
            if name in runs
        ]
    elif kind == "versions":
        rows = sorted(
            {
                (TITLES.get(library, library), version.partition("+")[0])
                for run in runs.values()
                for library, version in run.versions.items()
            }
        )
    else:
        rows = [
            _measured(path.stem, path.read_text("utf-8"))
            for path in sorted((project.snippets / "measured").glob("*.json"))
        ]
    return _table(HEADS[lang][kind], rows)


def _measured(name: str, text: str) -> tuple[object, ...]:
    record = json.loads(text)
    return (
        name,
        record["device"],
        record["date"],
        f"`{record['commit'][:7]}`" if record["commit"] else "–",
        f"`{record['command']}`",
    )


def _table(head: str, rows: list[tuple[object, ...]]) -> str:
    rule = "|" + " --- |" * (head.count("|") - 1)
    return "\n".join([head, rule, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])
