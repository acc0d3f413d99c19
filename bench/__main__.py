"""Measure again every ratio that the pages state.

    python bench
    python bench updates options

Each measurement is a script in this folder that writes its record into snippets/measured/, and the
next build draws its figures from there. They run one after the other on a machine that should have
nothing else to do; what fails is named at the end, and keeps its old record.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MINUTES = {  # on two cores, the first time: environments for the other tools included
    "updates": 1,
    "import_time": 1,
    "step_seconds": 1,
    "gradient_price": 1,
    "four_clocks": 1,
    "options": 2,
    "many_snippets": 2,
    "power_of_two": 6,
    "device_sweep": 6,
    "data_parallel": 4,
    "spark": 10,
    "trainer": 25,
    "peers": 30,
}
SWEEP = ("--threads", "1", "--models", "mlp", "--ways", "eager", "--seconds", "2")
MORE = {"power_of_two": ("--device", "cpu"), "device_sweep": ("--device", "cpu", *SWEEP)}
TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2")
WITH_OTHERS = ("trainer", "peers")  # which keep environments for the tools they compare with
BUSY = 0.5  # processors that other programs keep busy, above which the numbers are not worth much


def command(name: str, work: Path) -> list[str]:
    """Return how a measurement is started."""
    shared = TORCHRUN if name == "data_parallel" else ()
    own = ("--work", str(work / name)) if name in WITH_OTHERS else MORE.get(name, ())
    return [sys.executable, *shared, str(HERE / f"{name}.py"), *own]


def main() -> int:
    """Measure one after the other; return how many failed."""
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MINUTES)}; or all")
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "gdcore-bench")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - MINUTES.keys()):
        parser.error(f"there is no {', '.join(unknown)}; there are: {', '.join(MINUTES)}")
    names = options.names or list(MINUTES)
    print(f"{len(names)} measurements, about {sum(MINUTES[name] for name in names)} minutes")
    if (load := os.getloadavg()[0]) > BUSY:
        print(f"other programs keep {load:.1f} processors busy: better wait until they are done")
    failed = []
    for place, name in enumerate(names, 1):
        print(f"[{place}/{len(names)}] {name}", flush=True)
        start = time.monotonic()
        if subprocess.run(command(name, options.work), cwd=HERE.parent, check=False).returncode:
            failed.append(name)
        print(f"[{place}/{len(names)}] {name}: {time.monotonic() - start:.0f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
