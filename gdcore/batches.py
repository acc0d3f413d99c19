"""Which samples each update sees."""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import counts, finite, floats, integers, reals


@dataclass(frozen=True, eq=False)
class Batches:
    """Deal the rows of a data set into batches, epoch by epoch.

    The order of epoch k is a function of (seed, k) and of nothing else: two optimizers given the
    same `Batches` meet the same noise, a resumed run needs no generator state, and PyTorch can
    walk the same path. `batch_size` 1 is stochastic descent, n (all rows) is batch descent, and
    what lies between is mini-batch descent. With all rows in one batch their order does not
    matter, and they come as they stand.

    The four ways to choose rows:

    - `shuffle=True`: reshuffle; every epoch sees each row once, in an order of its own.
    - `shuffle="once"`: shuffle once; every epoch repeats the order of epoch 0.
    - `shuffle=False`: cyclic; every epoch takes the rows as they stand.
    - `replacement=True`: with replacement; an epoch is n independent draws, so some rows come
      twice and others not at all.

    Args:
        X: Inputs, shape (n, d). Integers become float64, floats keep their type.
        y: Targets, shape (n,) or (n, k).
        batch_size: Rows in a batch, 1 to n. The last batch of an epoch is smaller where
            `batch_size` does not divide n.
        shuffle: See above.
        replacement: See above.
        drop_last: Leave out a last batch that is smaller than the others.
        seed: Names the sequence of orders; 0 or more. A sequence of R seeds makes R plans at
            once: batches then have a leading run axis, (R, m, d) and (R, m), and run r meets the
            rows that seed r alone would meet.

    Raises:
        TypeError: If an argument is not of its type.
        ValueError: If shapes do not match, a value is not finite, or `batch_size` or `seed` is
            out of range.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    _: KW_ONLY
    batch_size: int
    shuffle: bool | Literal["once"] = True
    replacement: bool = False
    drop_last: bool = False
    seed: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        X, y = floats("X", self.X), reals("y", self.y)
        if X.ndim != 2:
            hint = ": pass X[:, None] for a single feature" if X.ndim == 1 else ""
            raise ValueError(f"X must have shape (n, d), got {X.shape}{hint}")
        if y.ndim not in (1, 2) or len(X) != len(y):
            raise ValueError(
                f"y must have one row for each of the {len(X)} rows of X, got shape {y.shape}"
            )
        if not len(X):
            raise ValueError("X and y have no rows: there is nothing to descend on")
        finite("X", X)
        finite("y", y)
        integers(batch_size=self.batch_size)
        if not 1 <= self.batch_size <= len(X):
            raise ValueError(
                f"batch_size must lie in 1..{len(X)} (the number of samples), got {self.batch_size}"
            )
        if self.shuffle not in (True, False, "once"):
            raise ValueError(f"shuffle must be True, False or 'once', got {self.shuffle!r}")
        if self.replacement and self.shuffle is not True:
            raise ValueError(
                "replacement=True draws every row at random, so there is no order to keep: "
                f"leave shuffle at True, got {self.shuffle!r}"
            )
        for seed in self.seeds:
            counts(least=0, seed=seed)
        if not self.seeds:
            raise ValueError("seed must name at least one run, got an empty sequence")
        X, y = X.view(), y.view()
        X.flags.writeable = y.flags.writeable = False
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", y)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed per run."""
        return tuple(self.seed) if isinstance(self.seed, Sequence) else (self.seed,)

    @property
    def in_place(self) -> bool:
        """Whether every epoch visits the rows as they stand, so that no copy is needed."""
        return not self.replacement and (not self.shuffle or self.batch_size == self.n)

    def __len__(self) -> int:
        """Return the updates in an epoch: ceil(n / batch_size), or floor where `drop_last`."""
        return self.n // self.batch_size if self.drop_last else -(-self.n // self.batch_size)

    def order(self, epoch: int) -> NDArray[np.intp]:
        """Return the row numbers of an epoch in the order they are visited, (n,) or (R, n)."""
        if self.in_place:
            return np.arange(self.n)
        orders = [self._order(seed, 0 if self.shuffle == "once" else epoch) for seed in self.seeds]
        return np.stack(orders) if isinstance(self.seed, Sequence) else orders[0]

    def _order(self, seed: int, epoch: int) -> NDArray[np.intp]:
        # A child stream: that of [seed, 0] would be the stream of `seed` itself, and the order of
        # epoch 0 would hang on the bits that made the data of the same seed.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch,)))
        return rng.integers(self.n, size=self.n) if self.replacement else rng.permutation(self.n)

    def slices(self) -> Iterator[slice]:
        """Cut an epoch's order into its batches."""
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield slice(start, start + self.batch_size)

    def epoch(self, epoch: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield the batches (X_batch, y_batch) of an epoch, shapes (m, d) and (m,).

        The rows are copied once per epoch, in their order; the batches are views of that copy.
        With R seeds the shapes are (R, m, d) and (R, m), except where the rows come as they
        stand: then all runs share them.
        """
        X, y = self.X, self.y
        runs: tuple[slice, ...] = ()
        if not self.in_place:
            order = self.order(epoch)
            X, y = X.take(order, axis=0), y.take(order, axis=0)
            runs = (slice(None),) * (order.ndim - 1)
        for rows in self.slices():
            yield X[*runs, rows], y[*runs, rows]

    def __repr__(self) -> str:
        return f"Batches(n={self.n}, batch_size={self.batch_size}, seed={self.seed})"
