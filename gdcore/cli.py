"""The command `gdcore`: what a reader runs in a terminal."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[1] / "snippets"


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="gdcore", description="Gradient descent, run.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    drawn = commands.add_parser("figures", help="run the site's programs and save their figures")
    drawn.add_argument("names", nargs="*", metavar="NAME", help="batch/three_methods, or batch")
    drawn.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to fill")
    drawn.add_argument("--format", choices=("svg", "png", "pdf"), default="svg")
    drawn.add_argument("--programs", type=Path, default=PROGRAMS, help="folder of the programs")
    studied = commands.add_parser("study", help="measure what the batch size does on this machine")
    commands.add_parser("devices", help="list the devices that can compute here")
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] in (["study"], ["devices"]):
        return _with_torch(studied, parser, given)
    options = parser.parse_args(arguments)
    known = {
        path.relative_to(options.programs).with_suffix("").as_posix(): path
        for path in sorted(options.programs.glob("*/[!_]*.py"))
    }
    if not known:
        parser.error(
            f"there are no programs in {options.programs}: run this in a checkout of the site, or "
            "give --programs"
        )
    chosen = set[str]()
    for given in options.names:
        found = {name for name in known if name == given or name.startswith(f"{given}/")}
        if not found:
            parser.error(f"no program or folder {given}; there are {', '.join(known)}")
        chosen |= found
    programs = {name: path for name, path in known.items() if not chosen or name in chosen}
    try:
        return figures(programs, options.out, options.format)
    except KeyboardInterrupt:
        print("interrupted; the figures that were drawn are kept", file=sys.stderr)
        return 130


def _with_torch(
    studied: argparse.ArgumentParser, parser: argparse.ArgumentParser, arguments: list[str]
) -> int:
    """Run a command that needs torch, which no other should wait for."""
    try:
        from gdcore.torch import study_command
    except ModuleNotFoundError as error:
        parser.error(f"{arguments[0]} needs PyTorch ({error}): pip install 'gdcore[torch]'")
    study_command.add_options(studied)
    options = parser.parse_args(arguments)
    if options.command == "devices":
        return study_command.devices()
    return study_command.run(options, studied.error)


def figures(programs: dict[str, Path], out: Path, kind: str) -> int:
    """Run each program in a Python of its own and save its figures under `out`."""
    failed = 0
    for count, (name, path) in enumerate(programs.items(), 1):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "gdcore.figures", str(path), str(out / name), kind],
            capture_output=True,
            text=True,
            env=os.environ | {"MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"},
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            failed += 1
            print(done.stderr, file=sys.stderr)
            end = "FAILED"
        else:
            made = sum(1 for _ in (out / name).glob(f"*.{kind}"))
            end = (
                f"{made} figure{'' if made == 1 else 's'} in {out / name}" if made else "no figure"
            )
        print(f"[{count}/{len(programs)}] {name}: {end}, {seconds:.1f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
