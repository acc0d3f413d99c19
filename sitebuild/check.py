"""Hold pages, snippets and labels to one another, and each run to itself."""

import filecmp
import json
import shutil
from collections.abc import Iterator

from sitebuild import figure, marks, notebook, pages, pool, twins
from sitebuild.cache import Run
from sitebuild.project import LANGUAGES, Project

AGAIN = ".cache/twice"


def faults(project: Project) -> list[str]:
    """Return what the site's parts do not share, one line each: nothing where all is well."""
    runs = pool.update(project)
    return [
        *twins.differences(project.root / "docs"),
        *_unresolved(project, runs),
        *_unshown(project, runs),
        *_untranslated(project, runs),
    ]


def _unresolved(project: Project, runs: dict[str, Run]) -> Iterator[str]:
    """Find the pages that ask for what no run and no docstring has, or leave out an alt text."""
    for lang, uri, text in _pages(project):
        try:
            pages.fill(text, pages.Page(uri, lang), project, runs)
        except pages.PageError as error:
            yield str(error)


def _unshown(project: Project, runs: dict[str, Run]) -> Iterator[str]:
    """Find the snippets and programs that no page shows, and the chapters that show no snippet."""
    shown, programs = set[str](), set(project.programs())
    for lang, uri, text in _pages(project):
        named = marks.snippets(text)
        shown |= named
        programs -= set(marks.WHOLE.findall(text))
        if uri.startswith("chapters/") and not named:
            yield f"docs/{lang}/{uri}: a chapter that shows no snippet"
    for name in sorted(runs.keys() - shown):
        yield f"snippets/{name}.py: no page shows it"
    for name in sorted(programs):
        yield f"snippets/programs/{name}.py: no page shows it"


def _untranslated(project: Project, runs: dict[str, Run]) -> Iterator[str]:
    """Find the labels of figures that have no translation."""
    for name, run in runs.items():
        for lang in LANGUAGES[1:]:
            names = {device: device for device in _devices(project, run)}
            labels = figure.words(project.snippets, lang) | names
            for key in run.figures():
                svg = notebook.drawing(project.run(name), key, LANGUAGES[0]).read_text("utf-8")
                for label in figure.untranslated(svg, labels):
                    yield f"snippets/labels.{lang}.json has no entry for {label!r} ({name}/{key})"


def _devices(project: Project, run: Run) -> set[str]:
    """Return the names of the hardware that a run was made on, or has measurements of."""
    records = [
        json.loads((project.root / file).read_text("utf-8"))
        for file in run.reads
        if file.startswith("snippets/measured/")
    ]
    return {run.device, *(record["device"] for record in records)}


def _pages(project: Project) -> Iterator[tuple[str, str, str]]:
    for lang in LANGUAGES:
        folder = project.root / "docs" / lang
        for path in sorted(folder.rglob("*.md")):
            yield lang, path.relative_to(folder).as_posix(), path.read_text("utf-8")


def twice(project: Project) -> list[str]:
    """Run every snippet anew, apart from the kept runs, and return those that came out different.

    A snippet that draws from a generator without a seed, or quotes its own seconds, shows numbers
    that the next reader will not see. What comes out of a cell tagged "measured" is said to.
    """
    kept = pool.update(project)
    other = Project(project.root, AGAIN)
    try:
        again = pool.update(other, force=True, say=lambda line: print(f"twice: {line}"))
        found = []
        for name, run in kept.items():
            differs = [
                what
                for what in _differences(project, other, name, run, again[name])
                if what not in run.measured + again[name].measured
            ]
            if differs:
                found.append(
                    f"snippets/{name}.py: two runs differ: {', '.join(differs)}; seed every "
                    "generator, and take seconds from snippets/measured/ or a measured cell"
                )
        return found
    finally:
        shutil.rmtree(project.root / AGAIN, ignore_errors=True)


def _differences(project: Project, other: Project, name: str, one: Run, two: Run) -> Iterator[str]:
    for key in sorted(one.values.keys() | two.values.keys()):
        if one.values.get(key) != two.values.get(key):
            yield f"value {key}"
    for first, second in zip(one.cells, two.cells, strict=True):
        if first["text"] != second["text"]:
            yield f"output of cell {first['title']}"
    for key in one.figures():
        file = f"{key}.raw.svg"
        if not filecmp.cmp(project.run(name) / file, other.run(name) / file, shallow=False):
            yield f"figure {key}"
