"""What a run leaves behind."""

from array import array
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Stop = Literal["steps", "converged", "diverged", "patience", "interrupted"]


class History:
    """Named series of a run, each value with the step at which it was taken.

    `history["loss"]` is an array of values and `history.steps("loss")` the updates made before
    each of them. A number costs 16 bytes. Arrays (such as the parameters `w`) are copied.

    Attributes:
        stop: Why the run ended: "steps" (all updates made), "converged" (the gradient is small
            enough), "diverged" (the loss left the allowed range; the record ends before it),
            "patience" (the validation loss fell no further) or "interrupted" (by Ctrl-C). None
            while it runs.
    """

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self._steps: dict[str, array[int]] = {}
        self._values: dict[str, Any] = {}  # an array of doubles, or a list of ndarrays

    def record(self, step: int, **values: Any) -> None:
        """Append one value to each named series, taken after `step` updates."""
        for name, value in values.items():
            if name not in self._values:
                self._steps[name] = array("q")
                self._values[name] = [] if np.ndim(value) else array("d")
            series = self._values[name]
            series.append(np.array(value) if isinstance(series, list) else value)
            self._steps[name].append(step)

    def extend(self, name: str, steps: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Append many numbers to a series at once, shapes (rows,) and (rows,)."""
        self._steps.setdefault(name, array("q")).frombytes(np.asarray(steps, np.int64).tobytes())
        self._values.setdefault(name, array("d")).frombytes(np.asarray(values, float).tobytes())

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return the values of a series, shape (rows,) or (rows, *shape of a value)."""
        self._known(name)
        return np.array(self._values[name])

    def steps(self, name: str) -> NDArray[np.int64]:
        """Return the number of updates made before each value of a series, shape (rows,)."""
        self._known(name)
        return np.array(self._steps[name], dtype=np.int64)

    def last(self, name: str) -> Any:
        """Return the latest value of a series, without a copy of the others."""
        self._known(name)
        return self._values[name][-1]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the series, in the order of their first value."""
        return tuple(self._values)

    def _known(self, name: str) -> None:
        if name not in self._values:
            raise KeyError(f"no series {name!r}; there are {', '.join(self.names) or 'none yet'}")

    def __repr__(self) -> str:
        series = ", ".join(f"{name}[{len(rows)}]" for name, rows in self._steps.items())
        return f"History({series}, stop={self.stop!r})"
