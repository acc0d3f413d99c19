"""Bring the runs up to date, and hold the pages to them."""

import argparse
import sys
import time
from pathlib import Path

from sitebuild import figure, notebook, pool, twins
from sitebuild.project import HERE, LANGUAGES, Project


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sitebuild", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="bring the recorded runs of the snippets up to date")
    run.add_argument("names", nargs="*", metavar="NAME", help="such as batch/three_methods")
    run.add_argument("--force", action="store_true", help="run what is up to date too")
    run.add_argument("--jobs", type=int, metavar="N", help="processes at a time (default: cores)")
    commands.add_parser("check", help="compare the languages, and the labels of the figures")
    commands.add_parser("readme", help="draw the picture of the READMEs from its recorded run")
    options = parser.parse_args(arguments)
    if options.command == "check":
        return check(HERE)
    if options.command == "readme":
        for path, svg in readme_figures(HERE).items():
            path.write_text(svg, "utf-8")
        return 0
    unknown = sorted(set(options.names) - set(HERE.names()))
    if unknown:
        parser.error(f"no snippet {', '.join(unknown)}; there are {', '.join(HERE.names())}")
    start = time.perf_counter()
    try:
        runs = pool.update(HERE, options.names or None, force=options.force, jobs=options.jobs)
    except pool.SnippetsFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(runs)} runs up to date in {time.perf_counter() - start:.2f} s")
    return 0


def readme_figures(project: Project) -> dict[Path, str]:
    """Return the READMEs' pictures as they should be, by file."""
    name = "batch/three_methods"
    pool.update(project, [name])
    return {
        project.root / "docs" / "assets" / f"three_clocks{ending}.svg": figure.on_paper(
            notebook.drawing(project.run(name), "clocks", lang).read_text("utf-8")
        )
        for lang, ending in (("en", ""), ("zh", ".zh"))
    }


def check(project: Project) -> int:
    """Print what the languages do not share, and the labels without a translation."""
    faults = twins.differences(project.root / "docs")
    for name, run in pool.update(project).items():
        for lang in LANGUAGES[1:]:
            labels = figure.words(project.snippets, lang)
            for key in run.figures():
                svg = notebook.drawing(project.run(name), key, LANGUAGES[0]).read_text("utf-8")
                faults += [
                    f"snippets/labels.{lang}.json has no entry for {label!r} ({name}/{key})"
                    for label in figure.untranslated(svg, labels)
                ]
    print("\n".join(faults) or "the languages agree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
