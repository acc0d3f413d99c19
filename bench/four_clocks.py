"""Seconds of one update of softmax regression on digits, in NumPy, by batch size.

    python bench/four_clocks.py

writes snippets/measured/four_clocks.json. Each number is the whole loop (dealing the batch,
gradient, update) divided by its updates: the median of the rounds, in which all sizes take turns,
after one round that does not count. One thread.
"""

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from record import ROOT, spread, write

import gdcore as gd

SIZES = (1, 4, 16, 64, 256, 1437)
ROUNDS = 11

X, y = (part[:1437] for part in gd.datasets.digits())
MODEL = gd.Softmax(classes=10, l2=1e-3)


def run(m: int, epochs: int) -> None:
    """The loop of the chapter."""
    batches, rule = gd.Batches(X, y, batch_size=m, seed=0), gd.SGD(lr=0.01)
    w = np.zeros(650)
    state = rule.init(w)
    for epoch in range(epochs):
        for rows in batches.epoch(epoch):
            rule.step(w, MODEL.grad(w, *rows), state)


def main() -> None:
    """Measure, print and write."""
    seconds: dict[int, list[float]] = {m: [] for m in SIZES}
    for turn in range(ROUNDS + 1):
        for m in SIZES:
            epochs = max(1, min(20, m)) if m < len(X) else 200
            start = time.perf_counter()
            run(m, epochs)
            each = (time.perf_counter() - start) / (epochs * -(-len(X) // m))
            if turn:
                seconds[m].append(each)
    text = write(
        ROOT / "snippets" / "measured" / "four_clocks.json",
        what="seconds of one update of softmax regression on 1437 digits, NumPy, float64",
        method=f"median of {ROUNDS} rounds after one warm-up round, sizes in turn, one thread",
        command="python bench/four_clocks.py",
        rows=[{"batch_size": m} | spread("step_seconds", each) for m, each in seconds.items()],
    )
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
