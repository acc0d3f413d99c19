"""Bring the runs up to date, and hold the pages to them."""

import argparse
import os
import sys
import time
from pathlib import Path

from sitebuild import check, figure, notebook, pool
from sitebuild.project import HERE, Project


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sitebuild", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="bring the recorded runs of the snippets up to date")
    run.add_argument(
        "names", nargs="*", metavar="NAME", help="batch/three_methods, or batch for all"
    )
    run.add_argument("--force", action="store_true", help="run what is up to date too")
    run.add_argument("--jobs", type=int, metavar="N", help="processes at a time (default: cores)")
    checks = commands.add_parser(
        "check", help="hold pages, snippets, labels and languages together"
    )
    checks.add_argument(
        "--twice", action="store_true", help="run all again: is every run the same?"
    )
    commands.add_parser("serve", help="preview; what is saved is run and shown")
    commands.add_parser("readme", help="draw the picture of the READMEs from its recorded run")
    options = parser.parse_args(arguments)
    if options.command == "serve":
        os.chdir(HERE.root)
        os.execv(sys.executable, [sys.executable, "-m", "mkdocs", "serve", "--dirty"])
    try:
        if options.command == "run":
            if options.jobs is not None and options.jobs < 1:
                parser.error(f"--jobs must be 1 or more, got {options.jobs}")
            names = chosen(options.names, HERE.names(), parser)
            start = time.perf_counter()
            runs = pool.update(HERE, names, force=options.force, jobs=options.jobs)
            print(f"{len(runs)} runs up to date in {time.perf_counter() - start:.2f} s")
        elif options.command == "check":
            faults = [*check.faults(HERE), *(check.twice(HERE) if options.twice else [])]
            print("\n".join(faults) or "all is well")
            return 1 if faults else 0
        else:
            for path, svg in readme_figures(HERE).items():
                path.write_text(svg, "utf-8")
    except pool.SnippetsFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the runs that were done are kept", file=sys.stderr)
        return 130
    return 0


def chosen(given: list[str], names: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """Return the snippets that names and folders stand for; all where none is given."""
    picked = []
    for name in given:
        found = [known for known in names if known == name or known.startswith(f"{name}/")]
        if not found:
            parser.error(f"no snippet or folder {name}; there are {', '.join(names)}")
        picked += found
    return list(dict.fromkeys(picked)) or names


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


if __name__ == "__main__":
    sys.exit(main())
