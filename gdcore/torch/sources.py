"""Data and models by name, for a command line: ours, and the reader's own."""

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gdcore import datasets
from gdcore.scaling import Standardize
from gdcore.torch.models import mlp, small_cnn

Rows = tuple[NDArray[Any], NDArray[Any]]

DATA = "digits, mnist1d, mnist:DIR, cifar10:DIR, 60000x784 (random rows), FILE.npz, X.npy,y.npy"
SHAPE = re.compile(r"(\d+)x(\d+)")
IMAGES = {784: (1, 28, 28), 3072: (3, 32, 32), 64: (1, 8, 8)}


def load(name: str) -> Rows:
    """Return the rows that a name of `DATA` stands for: X float32, y classes or numbers.

    Raises:
        ValueError: If there is no such data set, or a file does not hold X and y.
        OSError: If a file cannot be read.
    """
    kind, _, folder = name.partition(":")
    if kind in ("mnist", "cifar10") and folder:
        X, y = getattr(datasets, kind)(folder)[0]
    elif name == "digits":
        X, y = datasets.digits()
    elif name == "mnist1d":
        X, y = datasets.mnist1d()[0]
    elif shape := SHAPE.fullmatch(name):
        n, d = int(shape[1]), int(shape[2])
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((n, d), np.float32), rng.integers(10, size=n)
        return X, y
    elif name.endswith(".npz"):
        with np.load(name, allow_pickle=False) as file:
            if not {"X", "y"} <= set(file.files):
                raise ValueError(f"{name} must hold X and y, and holds {', '.join(file.files)}")
            X, y = file["X"], file["y"]
    elif name.count(",") == 1 and name.endswith(".npy"):
        X, y = (np.load(file, allow_pickle=False) for file in name.split(","))
    else:
        raise ValueError(f"there is no data set {name!r}; there are {DATA}")
    X = np.asarray(X, np.float32).reshape(len(X), -1)
    return Standardize.fit(X)(X), y


def find_model(name: str, X: NDArray[Any], y: NDArray[Any]) -> Callable[[], torch.nn.Module]:
    """Return what makes a fresh model: one of ours for these rows, or the reader's own.

    Raises:
        ValueError: If there is no such model, or it does not suit the rows.
        ImportError: If the module is not there.
        AttributeError: If the function is not in it.
    """
    outputs = int(y.max()) + 1 if y.dtype.kind != "f" else (y.shape[1] if y.ndim > 1 else 1)
    if name == "mlp":
        return lambda: mlp((X.shape[1], 256, outputs), activation="relu")
    if name == "cnn":
        if X.shape[1] not in IMAGES:
            raise ValueError(f"cnn takes rows of {sorted(IMAGES)} numbers, got {X.shape[1]}")
        return lambda: small_cnn(IMAGES[X.shape[1]], classes=outputs)
    module, _, function = name.partition(":")
    if not function:
        raise ValueError(f"there is no model {name!r}; there are mlp, cnn, package.module:function")
    sys.path.insert(0, str(Path.cwd()))  # as `python program.py` would have it
    make: Callable[[], torch.nn.Module] = getattr(importlib.import_module(module), function)
    if not isinstance(made := make(), torch.nn.Module):
        raise TypeError(f"{name} must return a torch module, got {made!r}")
    return make
