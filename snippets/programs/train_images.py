"""Train a small network on your own copy of MNIST or CIFAR-10.

python train_images.py mnist DIR
python train_images.py cifar10 DIR --lr 0.02 --epochs 20

Started again with the same --keep, it goes on where it stopped.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import gdcore as gd
from gdcore.torch import Trainer, checkpoint, choose, place, small_cnn

IMAGES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", choices=list(IMAGES))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--keep", type=Path, help="file to resume")
    given = parser.parse_args(arguments)
    if given.folder is None:
        parser.print_help()
        return
    device = choose(given.device)

    (X, y), test = getattr(gd.datasets, given.data)(given.folder)
    mean, deviation = X.mean(), X.std()  # of the training rows
    order = np.random.default_rng(0).permutation(len(X))
    held_out, kept = np.split(order, [len(X) // 10])

    def batches(X, y):
        return place(
            (X - mean) / deviation,
            y,
            batch_size=given.batch_size,
            device=device,
        )

    train = batches(X[kept], y[kept])
    validation = batches(X[held_out], y[held_out])
    model = small_cnn(IMAGES[given.data]).to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=given.lr, momentum=0.9
    )
    steps = given.epochs * len(train)
    lr = gd.schedules.Cosine(given.lr, steps=steps)
    trainer = Trainer(
        model, torch.nn.CrossEntropyLoss(), optimizer, lr=lr
    )
    if given.keep and given.keep.exists():
        checkpoint.load(given.keep, trainer)
    while trainer.epoch < given.epochs:
        history = trainer.fit(train, epochs=1, validation=validation)
        if given.keep and history.stop != "diverged":
            checkpoint.save(given.keep, trainer)
        if history.stop in ("diverged", "interrupted"):
            print(history.stop)
            return
        loss = history.last("validation_loss")
        print(f"epoch {trainer.epoch}: validation loss {loss:.4f}")

    right, rows = 0, batches(*test)
    model.eval()
    with torch.no_grad():
        for X_piece, y_piece in rows.rows(1000):
            right += (model(X_piece).argmax(1) == y_piece).sum().item()
    print(f"test accuracy {right / len(test.y):.1%}")


if __name__ == "__main__":
    main()
