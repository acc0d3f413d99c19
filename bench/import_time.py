"""What `import gdcore` costs over `import numpy`, in milliseconds: medians of interleaved runs.

python bench/import_time.py
"""

import statistics
import subprocess
import sys
import time

CASES = {
    "numpy": "import numpy",
    "gdcore": "import numpy, gdcore",
    "gdcore, all of its NumPy half": (
        "import numpy, gdcore as gd; [getattr(gd, n) for n in gd.__all__ if n != 'plot']"
    ),
}

seconds: dict[str, list[float]] = {name: [] for name in CASES}
for _ in range(21):
    for name, code in CASES.items():
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        seconds[name].append(time.perf_counter() - start)
base = statistics.median(seconds["numpy"])
for name, each in seconds.items():
    print(f"{name:32} {1000 * (statistics.median(each) - base):7.1f} ms over numpy")
