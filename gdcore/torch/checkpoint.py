"""Keep a training on disk, and go on with it as if it had not been interrupted."""

import os
import tempfile
from pathlib import Path
from typing import Any

import torch

from gdcore.torch.trainer import Trainer

MARK = "gdcore checkpoint 1"


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
    try:
        state = torch.load(path, map_location=trainer.device, weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # torch.load raises half a dozen kinds on what it cannot read
        raise ValueError(f"{path} is cut off, or no checkpoint: {error}") from None
    if not isinstance(state, dict) or state.get("mark") != MARK:
        raise ValueError(f"{path} is not a checkpoint of gdcore: it does not say {MARK!r}")
    model = _plain(trainer.model)
    if _shapes(state["model"]) != _shapes(model.state_dict()):
        raise ValueError(
            f"{path} is of another model: it has {_told(state['model'])}, and this one "
            f"{_told(model.state_dict())}"
        )
    try:
        trainer.optimizer.load_state_dict(state["optimizer"])  # refuses before it changes anything
    except ValueError as error:
        raise ValueError(f"{path} is of another optimizer: {error}") from None
    model.load_state_dict(state["model"])
    trainer.scaler.load_state_dict(state["scaler"])
    trainer.step, trainer.epoch, trainer.done = state["step"], state["epoch"], state["done"]
    trainer.seed = state["seed"]
    torch.set_rng_state(state["random"].cpu())
    if state["random_device"] is not None and trainer.device.type == "cuda":
        torch.cuda.set_rng_state(state["random_device"].cpu(), trainer.device)


def _plain(model: torch.nn.Module) -> torch.nn.Module:
    """Return the module inside a compiled one: its parameters have names without a prefix."""
    plain: torch.nn.Module = getattr(model, "_orig_mod", model)
    return plain


def _device_random(device: torch.device) -> torch.Tensor | None:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(values.shape) for name, values in state.items()}


def _told(state: dict[str, Any]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in _shapes(state).items())
