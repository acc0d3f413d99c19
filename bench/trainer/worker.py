"""One contestant of bench/trainer.py, in a process of its own that stays alive.

    python worker.py CONTESTANT FD

reads a command from each line of standard input, and answers each by a line of JSON to the file
descriptor: a case sets it up, "turn" trains for the epochs of the case and tells the seconds,
"check" tells whether it learned. Standard output and error are for the progress bars.
"""

import functools
import importlib.metadata
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch"}

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

LR, MOMENTUM, HIDDEN, CLASSES = 0.01, 0.9, 256, 10

Losses = list[float]


class Case:
    """A data set, a batch size, a model with its optimizer, and the clock of a turn."""

    def __init__(self, folder: str, rows: int, batch_size: int, epochs: int) -> None:
        self.arrays = tuple(np.load(f"{folder}/{name}.npy")[:rows] for name in "Xy")
        self.X, self.y = (torch.from_numpy(rows) for rows in self.arrays)
        self.batch_size, self.epochs, self.started = batch_size, epochs, 0.0
        torch.manual_seed(0)  # all begin at the same parameters
        self.model = torch.nn.Sequential(
            torch.nn.Linear(self.X.shape[1], HIDDEN),
            torch.nn.ReLU(),
            torch.nn.Linear(HIDDEN, CLASSES),
        )
        self.loss_fn = torch.nn.CrossEntropyLoss()
        self.predict: Callable[[torch.Tensor], Any] = self.model

    def optimizer(self) -> torch.optim.Optimizer:
        """Return the optimizer that all use."""
        return torch.optim.SGD(self.model.parameters(), lr=LR, momentum=MOMENTUM)

    def loader(self) -> DataLoader:
        """Return the usual loader."""
        return DataLoader(TensorDataset(self.X, self.y), batch_size=self.batch_size, shuffle=True)

    def start(self, *_: Any, **__: Any) -> None:
        """Start the clock of this turn, unless it runs."""
        self.started = self.started or time.perf_counter()

    def updates(self) -> int:
        """Return the updates of a turn."""
        return self.epochs * -(-len(self.X) // self.batch_size)

    def loss(self) -> float:
        """Return the mean loss over all rows."""
        with torch.no_grad():
            return float(self.loss_fn(self.predict(self.X), self.y))


def gdcore(case: Case) -> Callable[[], Losses]:
    """Ours."""
    from gdcore.torch import ResidentBatches, Trainer

    batches = ResidentBatches(*case.arrays, batch_size=case.batch_size, device="cpu")
    trainer = Trainer(case.model, case.loss_fn, case.optimizer())

    def turn() -> Losses:
        case.start()
        return trainer.fit(batches, epochs=case.epochs, progress=True)["loss"].tolist()

    return turn


def dataloader(case: Case) -> Callable[[], Losses]:
    """The loop as people write it."""
    from tqdm import tqdm

    model, loss_fn, optimizer, loader = case.model, case.loss_fn, case.optimizer(), case.loader()

    def turn() -> Losses:
        case.start()
        losses = []
        for _ in range(case.epochs):
            for X, y in tqdm(loader):
                optimizer.zero_grad()
                loss = loss_fn(model(X), y)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        return losses

    return turn


def bare(case: Case, *, shuffled: bool = False) -> Callable[[], Losses]:
    """The updates and nothing else: no record, no bar."""
    model, loss_fn, optimizer = case.model, case.loss_fn, case.optimizer()

    def turn() -> Losses:
        case.start()
        X, y = case.X, case.y
        for _ in range(case.epochs):
            if shuffled:
                order = torch.randperm(len(case.X))
                X, y = case.X[order], case.y[order]
            pairs = zip(X.split(case.batch_size), y.split(case.batch_size), strict=True)
            for X_batch, y_batch in pairs:
                optimizer.zero_grad()
                loss_fn(model(X_batch), y_batch).backward()
                optimizer.step()
        return []

    return turn


def lightning(case: Case) -> Callable[[], Losses]:
    """A LightningModule, and a callback that keeps the losses."""
    from lightning import Callback, LightningModule, Trainer

    optimizer, loader = case.optimizer(), case.loader()

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = case.model

        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            X, y = batch
            return case.loss_fn(self.model(X), y)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return optimizer

    class Keep(Callback):
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            case.start()

        def on_train_batch_end(
            self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            losses.append(outputs["loss"].item())

    module, losses = Module(), list[float]()

    def turn() -> Losses:
        losses.clear()
        trainer = Trainer(
            max_epochs=case.epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            callbacks=[Keep()],
        )
        trainer.fit(module, loader)
        return losses

    return turn


def skorch(case: Case) -> Callable[[], Losses]:
    """A NeuralNetClassifier, whose history keeps the losses."""
    from skorch import NeuralNetClassifier
    from skorch.callbacks import Callback, ProgressBar

    class Start(Callback):
        def on_epoch_begin(self, net: Any, **_: Any) -> None:
            case.start()

    net = NeuralNetClassifier(
        case.model,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        optimizer__momentum=MOMENTUM,
        lr=LR,
        batch_size=case.batch_size,
        max_epochs=case.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks=[Start(), ProgressBar()],
    ).initialize()
    case.predict = net.module_

    def turn() -> Losses:
        net.partial_fit(*case.arrays)
        epochs = net.history[-case.epochs :, "batches", :, "train_loss"]
        return [loss for losses in epochs for loss in losses]

    return turn


def fastai(case: Case) -> Callable[[], Losses]:
    """A Learner, whose Recorder keeps a running mean of the losses."""
    from fastai.callback.core import Callback, CancelValidException
    from fastai.callback.progress import ProgressCallback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import OptimWrapper

    class Start(Callback):
        def before_epoch(self) -> None:
            case.start()

        def before_validate(self) -> None:
            raise CancelValidException

    learner = Learner(
        DataLoaders(case.loader(), case.loader()),
        case.model,
        loss_func=case.loss_fn,
        lr=LR,
        opt_func=functools.partial(OptimWrapper, opt=torch.optim.SGD, momentum=MOMENTUM),
        cbs=[Start(), ProgressCallback()],
    )

    def turn() -> Losses:
        learner.fit(case.epochs)
        return [float(loss) for loss in learner.recorder.losses]

    return turn


def accelerate(case: Case) -> Callable[[], Losses]:
    """The loop with an Accelerator."""
    from accelerate import Accelerator
    from accelerate.utils import tqdm

    accelerator, loss_fn = Accelerator(cpu=True), case.loss_fn
    prepared = accelerator.prepare(case.model, case.optimizer(), case.loader())
    model, optimizer, loader = prepared

    def turn() -> Losses:
        case.start()
        losses = []
        for _ in range(case.epochs):
            for X, y in tqdm(loader):
                optimizer.zero_grad()
                loss = loss_fn(model(X), y)
                accelerator.backward(loss)
                optimizer.step()
                losses.append(loss.item())
        return losses

    return turn


def ignite(case: Case) -> Callable[[], Losses]:
    """A supervised trainer with handlers."""
    from ignite.engine import Engine, Events, create_supervised_trainer
    from ignite.handlers import ProgressBar

    trainer = create_supervised_trainer(case.model, case.optimizer(), case.loss_fn)
    loader, losses = case.loader(), list[float]()
    ProgressBar().attach(trainer)
    trainer.add_event_handler(Events.EPOCH_STARTED, case.start)

    @trainer.on(Events.ITERATION_COMPLETED)
    def keep(engine: Engine) -> None:
        losses.append(engine.state.output)

    def turn() -> Losses:
        losses.clear()
        trainer.run(loader, max_epochs=case.epochs)
        return losses

    return turn


def keras(case: Case) -> Callable[[], Losses]:
    """A Sequential model, and a callback that keeps the losses (their mean in the epoch so far)."""
    import keras as k

    class Keep(k.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            case.start()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            losses.append(logs["loss"])

    model = k.Sequential(
        [
            k.Input((case.X.shape[1],)),
            k.layers.Dense(HIDDEN, activation="relu"),
            k.layers.Dense(CLASSES),
        ]
    )
    parameters = [p.detach().numpy() for p in case.model.parameters()]
    model.set_weights([p.T for p in parameters])
    model.compile(
        optimizer=k.optimizers.SGD(LR, momentum=MOMENTUM),
        loss=k.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    case.predict, losses = model, list[float]()

    def turn() -> Losses:
        losses.clear()
        model.fit(*case.arrays, batch_size=case.batch_size, epochs=case.epochs, callbacks=[Keep()])
        return losses

    return turn


CONTESTANTS: dict[str, Callable[[Case], Callable[[], Losses]]] = {
    "gdcore": gdcore,
    "DataLoader": dataloader,
    "bare": bare,
    "bare shuffled": functools.partial(bare, shuffled=True),
    "lightning": lightning,
    "skorch": skorch,
    "fastai": fastai,
    "accelerate": accelerate,
    "pytorch-ignite": ignite,
    "keras": keras,
}


def answers(name: str, commands: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Carry out commands, one after the other."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = torch.__version__.partition("+")[0]  # the loops that need torch alone
    now = SimpleNamespace()
    yield {"version": version}
    for command in commands:
        if command.startswith("{"):
            vars(now).clear()  # its memory, before the next case takes its own
            now.case = Case(**json.loads(command))
            now.turn = CONTESTANTS[name](now.case)
            now.first, now.kept = now.case.loss(), list[int]()
            yield {}
        elif command.startswith("turn"):
            now.case.started = 0.0
            losses = now.turn()
            seconds = time.perf_counter() - now.case.started
            now.kept.append(len(losses))
            yield {"seconds": seconds / now.case.updates()}
        else:
            wanted = 0 if name.startswith("bare") else now.case.updates()
            kept = all(count == wanted for count in now.kept)
            yield {"first": now.first, "last": now.case.loss(), "kept": kept}


def main() -> None:
    """Answer until standard input ends."""
    torch.set_num_threads(1)
    with os.fdopen(int(sys.argv[2]), "w", buffering=1) as out:
        try:
            for answer in answers(sys.argv[1], sys.stdin):
                print(json.dumps(answer), file=out)
        except Exception:
            print(json.dumps({"error": traceback.format_exc()}), file=out)


if __name__ == "__main__":
    main()
