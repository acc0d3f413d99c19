"""What `import gdcore` costs where NumPy is imported already.

    python bench/import_time.py

writes snippets/measured/import_time.json: milliseconds, on the clock of a fresh Python that has
imported NumPy.
"""

import subprocess
import sys

from record import ROOT, spread, write

ROUNDS = 21
CASES = {
    "gdcore": "import gdcore",
    "gdcore, all of its NumPy half": (
        "import gdcore as gd; [getattr(gd, n) for n in gd.__all__ if n != 'plot']"
    ),
}
TIMED = """
import time, numpy
start = time.perf_counter()
{}
print(1000 * (time.perf_counter() - start))
"""


def main() -> None:
    """Measure, print and write."""
    milliseconds: dict[str, list[float]] = {name: [] for name in CASES}
    for turn in range(ROUNDS + 1):
        for name, code in CASES.items():
            each = subprocess.check_output([sys.executable, "-c", TIMED.format(code)])
            if turn:  # the first round fetches files from the disk
                milliseconds[name].append(float(each))
    rows = [{"case": name} | spread("milliseconds", each) for name, each in milliseconds.items()]
    print(*rows, sep="\n")
    write(
        ROOT / "snippets" / "measured" / "import_time.json",
        what="milliseconds that importing gdcore takes where NumPy is imported already",
        method=f"median of {ROUNDS} rounds after a warm-up, a fresh Python each, cases in turn",
        command="python bench/import_time.py",
        rows=rows,
    )


if __name__ == "__main__":
    main()
