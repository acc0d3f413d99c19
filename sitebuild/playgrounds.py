"""The kinds of playground. They share their form, and differ in what they can be set to."""

import contextlib
import html
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from sitebuild import minibatch, playground
from sitebuild.cache import Run
from sitebuild.playground import PLAY
from sitebuild.settings import SettingError

UNFINISHED = re.compile(
    r'(<figure class="playground"[^>]*? data-preset="([^"]*)".*?)(<figcaption)', re.S
)


def of(run: Run) -> ModuleType:
    """Return the module that knows the playgrounds of a run."""
    return minibatch if minibatch.presets(run) else playground


def files(name: str, run: Run) -> dict[str, str]:
    """Return the files that the scripts read of a run, by address."""
    if minibatch.presets(run):
        return {f"runs/{name}/data.json": str(run.values.get("data"))}
    if playground.presets(run):
        return {f"runs/{name}/tape.json": str(run.values.get("tape"))}
    return {}


def link(kind: ModuleType, chosen: Mapping[str, Any], target: str, words: str, home: str) -> str:
    """Return a link that sets a playground."""
    address = f"{home}?{kind.query(chosen)}#{target}"
    return f'<a class="try" href="{html.escape(address)}">{words}</a>'


def finish(content: str, runs: Mapping[str, Run], lang: str) -> str:
    """Give every playground of a page its status, its knobs, and what its script reads."""

    def put(match: re.Match[str]) -> str:
        name, _, key = match[2].rpartition("/")
        run = runs[name]
        return f"{match[1]}{of(run).controls(run, name, key, lang)}{match[3]}"

    return UNFINISHED.sub(put, content)


def alts(markdown: str, runs: Mapping[str, Run], lang: str) -> dict[tuple[str, str], str]:
    """Return the alt text of each picture of a playground, by (snippet, figure)."""
    found = {}
    for match in PLAY.finditer(markdown):
        is_figure, words, name, key, _ = match.groups()
        if not is_figure or name not in runs:
            continue
        kind = of(runs[name])
        with contextlib.suppress(SettingError, KeyError):  # the page says so, when it is filled
            settings = kind.check(runs[name], key)
            for view, alt in kind.views(settings, key, words, lang):
                found[name, view] = alt
    return found


def head(page: str, link: Callable[[str], str]) -> str:
    """Return the page with the scripts of its playgrounds, if it has any."""
    modules = playground.modules(page)
    scripts = (f'<script type="module" src="{link(module)}"></script>' for module in modules)
    return page.replace("</head>", f"{''.join(scripts)}</head>", 1)
