"""The line under each figure that says where it comes from."""

import json

from sitebuild import environment
from sitebuild.cache import Run
from sitebuild.project import Project

PROVENANCE = {
    "en": "[runnable source]({notebook}) · {seconds} s on {device} · {libraries}",
    "zh": "[可运行的源码]({notebook}) · 在 {device} 上用时 {seconds} 秒 · {libraries}",
}
RECORDED = {
    "en": " · with measurements recorded on {device}, {date}, by <code>{command}</code>",
    "zh": " · 其中的测量由 <code>{command}</code> 于 {date} 在 {device} 上录得",
}
MEASURED = {
    "en": " · times measured in this run, {date}",
    "zh": " · 其中的时间在这次运行中测得，{date}",
}


def note(project: Project, run: Run, link: str, lang: str, *, figure: str = "") -> str:
    """Say where a figure comes from: the source, the seconds, the device, the versions.

    What was measured at another time or on another device says so, and so does a figure of times
    that were measured in this very run.
    """
    libraries = ", ".join(
        f"{environment.TITLES.get(name, name)} {version.partition('+')[0]}"
        for name, version in run.versions.items()
    )
    made = PROVENANCE[lang].format(
        notebook=link,
        seconds=environment.rounded(run.seconds),
        device=run.device,
        libraries=libraries,
    )
    records = [project.root / file for file in run.reads if file.startswith("snippets/measured/")]
    recorded = (RECORDED[lang].format(**json.loads(path.read_text("utf-8"))) for path in records)
    now = MEASURED[lang].format(date=run.date) if f"figure {figure}" in run.measured else ""
    return made + "".join(recorded) + now
