"""`import gdcore` asks for nothing but NumPy, and costs next to nothing beside it."""

import subprocess
import sys

BLOCK = "import sys; sys.modules['torch'] = sys.modules['matplotlib'] = None\n"


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_numpy_half_works_without_torch_and_matplotlib():
    done = python(
        BLOCK
        + """
import gdcore as gd
X, y = gd.datasets.line(n=50)
history = gd.descend(gd.LinearRegression(), [0, 0], gd.SGD(lr=.5),
                     gd.Batches(X, y, batch_size=50), epochs=500)
assert history.stop == "steps" and history["epoch_loss"][-1] < 0.02
"""
    )
    assert done.returncode == 0, done.stderr


def test_importing_gdcore_imports_none_of_its_modules():
    done = python(
        "import sys, gdcore\nprint(sorted(m for m in sys.modules if m.startswith('gdcore.')))"
    )
    assert done.stdout.strip() == "[]"
