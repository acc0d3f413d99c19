"""Gradient descent by hand in NumPy; the same in PyTorch under `gdcore.torch`.

Names are fetched on first use, so `import gdcore` costs next to nothing, and a snippet that uses
one module depends on that module alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gdcore import (
        datasets,
        differences,
        noise,
        objectives,
        plot,
        scaling,
        schedules,
        search,
        smoothing,
    )
    from gdcore.adaptive import AdaDelta, AdaGrad, Adam, AdamW, Lion, RMSProp
    from gdcore.averaging import Average
    from gdcore.batches import Batches
    from gdcore.classifiers import LogisticRegression, Softmax
    from gdcore.descent import descend
    from gdcore.history import History
    from gdcore.models import LinearRegression
    from gdcore.networks import MLP, MLPRegression, Product
    from gdcore.optimizers import SGD, Optimizer
    from gdcore.runs import descend_runs

__version__ = "0.1.0"
__all__ = [
    "MLP",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Average",
    "Batches",
    "History",
    "LinearRegression",
    "Lion",
    "LogisticRegression",
    "MLPRegression",
    "Optimizer",
    "Product",
    "RMSProp",
    "Softmax",
    "datasets",
    "descend",
    "descend_runs",
    "differences",
    "noise",
    "objectives",
    "plot",
    "scaling",
    "schedules",
    "search",
    "smoothing",
]

_HOME = {
    "adaptive": ("AdaDelta", "AdaGrad", "Adam", "AdamW", "Lion", "RMSProp"),
    "averaging": ("Average",),
    "batches": ("Batches",),
    "classifiers": ("LogisticRegression", "Softmax"),
    "descent": ("descend",),
    "history": ("History",),
    "models": ("LinearRegression",),
    "networks": ("MLP", "MLPRegression", "Product"),
    "optimizers": ("SGD", "Optimizer"),
    "runs": ("descend_runs",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"gdcore.{module}"), name)
    if name in __all__:
        return import_module(f"gdcore.{name}")
    raise AttributeError(f"module 'gdcore' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
