# %% [markdown] lang="en"
# # Exercises on hardware
#
# A fit that the long updates decide alone, the overhead behind a ratio of epochs, and the bytes of
# a ring.

# %% [markdown] lang="zh"
# # 硬件一章的习题
#
# 由用时最长的更新说了算的拟合，一轮用时之比背后的开销，环上传输的字节。

# %% absolute
from pathlib import Path

import numpy as np

import gdcore as gd
from gdcore import measured

folder = Path(gd.__file__).parents[1] / "snippets/measured"
record = measured.read(folder / "device_sweep_amd_epyc.json")
rows = [
    row
    for row in record["rows"]
    if (row["model"], row["way"]) == ("mlp", "eager") and row["seconds"]
]
m = np.array([row["batch_size"] for row in rows])
seconds = np.array([row["seconds"] for row in rows])
columns = np.stack([np.ones(len(m)), m], axis=1)


def fit(weights):
    """Return t0 and c that make small the weighted squares."""
    return np.linalg.lstsq(
        columns * weights[:, None], seconds * weights
    )[0]


for name, weights in {
    "absolute": np.ones(len(m)),
    "relative": 1 / seconds,
}.items():
    t0, c = fit(weights)
    print(
        f"{name}: t0 {1e3 * t0:6.3f} ms, c {1e6 * c:.2f} us", end=", "
    )
    print(f"at m = 1 {1e3 * (t0 + c):6.3f} ms")
print(f"measured at m = 1: {1e3 * seconds[0]:.3f} ms")

# %% epochs
from fractions import Fraction


def overhead(ratio, sizes):
    """Return t0 / c, in rows, that explains a ratio of epochs.

    An epoch takes n/m (t0 + c m): the ratio of m = 1 to m = sizes
    is sizes (r + 1) / (r + sizes) with r = t0 / c.
    """
    return Fraction(sizes * (ratio - 1), sizes - ratio)


r = overhead(ratio=17, sizes=1000)
print(f"t0 / c = {r} = {float(r):.1f} rows")


# %% ring
def ring_all_reduce(parts):
    """Sum arrays around a ring; return the sums and bytes sent.

    parts[i] is what worker i begins with, cut into p chunks. In
    each of 2 (p - 1) turns every worker hands one chunk on: at
    first to be added up, then to take the place of the old one.
    """
    p = len(parts)
    held = [np.array_split(part.copy(), p) for part in parts]
    sent = np.zeros(p, int)
    for turn in range(2 * (p - 1)):
        moving = [(i, (i - turn) % p) for i in range(p)]
        passed = [held[i][chunk].copy() for i, chunk in moving]
        for (i, chunk), data in zip(moving, passed, strict=True):
            target = held[(i + 1) % p]
            if turn < p - 1:
                target[chunk] += data
            else:
                target[chunk][:] = data
            sent[i] += data.nbytes
    return [np.concatenate(chunks) for chunks in held], sent


workers, parameters = 8, 203_530
rng = np.random.default_rng(0)
parts = rng.standard_normal((workers, parameters))
parts = parts.astype(np.float32)
sums, sent = ring_all_reduce(parts)
expected = 2 * (workers - 1) / workers * parts[0].nbytes
print(f"each sends {sent.max():,} bytes, by the formula", end=" ")
print(f"{expected:,.0f}")

t0, c = fit(1 / seconds)
for gigabits in (1, 10, 100):
    takes = expected / (gigabits * 1e9 / 8)
    print(f"{gigabits:3} Gbit/s: {1e3 * takes:6.3f} ms", end=", ")
    print(f"the time of {takes / c:3.0f} rows")

# %% check
from gdcore.torch import mlp

# A plain fit is decided by the updates that take a second; the small ones are lost.
plain_t0, plain_c = fit(np.ones(len(m)))
plain_ms, t0_ms, one_ms = (
    1e3 * each for each in (plain_t0, t0, seconds[0])
)
plain_off = abs((plain_t0 + plain_c * m) / seconds - 1).max()
off = abs((t0 + c * m) / seconds - 1).max()
assert plain_off > 2 * off

# The overhead that explains the ratio gives it back.
r = float(r)
assert abs(1000 * (r + 1) / (r + 1000) - 17) < 1e-12
ratio_here = 1000 * (t0 / c + 1) / (t0 / c + 1000)

# All workers end with the sum, up to rounding, having sent what the formula says.
for each in sums:
    assert np.allclose(each, parts.sum(0), rtol=1e-4, atol=1e-5)
assert abs(sent / expected - 1).max() < 1e-4
weights = mlp((784, 256, 10), activation="relu").parameters()
assert parameters == sum(each.numel() for each in weights)
slow_rows = expected / (1e9 / 8) / c
