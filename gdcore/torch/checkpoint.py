"""Keep a training on disk, and go on with it as if it had not been interrupted."""

import os
import tempfile
from pathlib import Path
from typing import Any

import torch

from gdcore.torch.trainer import Trainer

MARK = "gdcore checkpoint 1"

TYPES: dict[str, Any] = {
    "model": dict,
    "kind": str,
    "optimizer": dict,
    "scaler": dict,
    "step": int,
    "epoch": int,
    "done": int,
    "seed": int | None,
    "random": torch.Tensor,
    "random_device": torch.Tensor | None,
}


def save(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Write a trainer's state: model, optimizer, scale of the losses, position, random state.

    The position is the number of updates (a schedule is a function of it), the epoch, the updates
    made in it, and the seed of the orders. The file is written beside its place and then renamed:
    whatever happens meanwhile, `path` holds a whole checkpoint, the old or the new.

    Args:
        path: File to write.
        trainer: Between two updates, as it is after `fit`, an interrupted one too.
    """
    path = Path(path)
    state = {
        "mark": MARK,
        "model": _plain(trainer.model).state_dict(),
        "kind": type(trainer.optimizer).__name__,
        "optimizer": trainer.optimizer.state_dict(),
        "scaler": trainer.scaler.state_dict(),
        "step": trainer.step,
        "epoch": trainer.epoch,
        "done": trainer.done,
        "seed": trainer.seed,
        "random": torch.get_rng_state(),  # what dropout draws from
        "random_device": _device_random(trainer.device),
    }
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Put a checkpoint into a trainer that was made as the saved one was.

    On the CPU the training then goes on bit for bit as it would have. Nothing in the file is run
    (`weights_only`), and unless all of it fits, nothing of the trainer is changed.

    Args:
        path: File to read.
        trainer: With a model and an optimizer of the same make.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a whole checkpoint, or is one of another model or optimizer.
    """
    state = _read(path)
    model, optimizer = _plain(trainer.model), trainer.optimizer
    if _shapes(state["model"]) != _shapes(model.state_dict()):
        raise ValueError(
            f"{path} is of another model: it has {_told(state['model'])}, and this one "
            f"{_told(model.state_dict())}"
        )
    if state["kind"] != type(optimizer).__name__:
        raise ValueError(
            f"{path} is of another optimizer: {state['kind']}, and this one is "
            f"{type(optimizer).__name__}"
        )
    if _types(state["scaler"]) != _types(trainer.scaler.state_dict()):
        raise ValueError(
            f"{path} is of a training with another amp: torch.float16 scales the losses, and only "
            "one of the two does"
        )
    before = torch.get_rng_state(), optimizer.state, optimizer.param_groups
    try:
        torch.set_rng_state(state["random"])
        optimizer.load_state_dict(state["optimizer"])
        trainer.scaler.load_state_dict(state["scaler"])
    except Exception as error:  # a file that was made by hand can fail in many ways
        torch.set_rng_state(before[0])
        optimizer.state, optimizer.param_groups = before[1:]
        raise ValueError(f"{path} is of another optimizer: {error}") from None
    model.load_state_dict(state["model"])
    trainer.step, trainer.epoch, trainer.done = state["step"], state["epoch"], state["done"]
    trainer.seed = state["seed"]
    trainer.restored()
    if state["random_device"] is not None and trainer.device.type == "cuda":
        torch.cuda.set_rng_state(state["random_device"], trainer.device)


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file holds, on the CPU: all parts are there, and each is of its type."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # torch.load raises half a dozen kinds on what it cannot read
        raise ValueError(f"{path} is cut off, or no checkpoint: {error}") from None
    if not isinstance(state, dict) or state.get("mark") != MARK:
        raise ValueError(f"{path} is not a checkpoint of gdcore: it does not say {MARK!r}")
    for name, kind in TYPES.items():
        if name not in state or not isinstance(state[name], kind):
            raise ValueError(f"{path} is no whole checkpoint: its {name!r} is missing, or not so")
    return state


def _plain(model: torch.nn.Module) -> torch.nn.Module:
    """Return the module inside a compiled one: its parameters have names without a prefix."""
    plain: torch.nn.Module = getattr(model, "_orig_mod", model)
    return plain


def _device_random(device: torch.device) -> torch.Tensor | None:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(getattr(values, "shape", ())) for name, values in state.items()}


def _types(state: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in state.items()}


def _told(state: dict[str, Any]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in _shapes(state).items())
