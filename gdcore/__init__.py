"""Gradient descent by hand in NumPy; the same in PyTorch under `gdcore.torch`.

Names are fetched on first use, so `import gdcore` costs next to nothing, and a snippet that uses
one module depends on that module alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gdcore import datasets, plot
    from gdcore.batches import Batches
    from gdcore.descent import descend
    from gdcore.history import History
    from gdcore.models import LinearRegression
    from gdcore.optimizers import SGD, Optimizer

__version__ = "0.1.0"
__all__ = [
    "SGD",
    "Batches",
    "History",
    "LinearRegression",
    "Optimizer",
    "datasets",
    "descend",
    "plot",
]

_HOME = {
    "Batches": "batches",
    "History": "history",
    "LinearRegression": "models",
    "Optimizer": "optimizers",
    "SGD": "optimizers",
    "descend": "descent",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"gdcore.{_HOME[name]}"), name)
    if name in __all__:
        return import_module(f"gdcore.{name}")
    raise AttributeError(f"module 'gdcore' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
