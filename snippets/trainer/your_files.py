# %% [markdown] lang="en"
# # The program for files of your own
#
# MNIST and CIFAR-10 are not shipped. To run the program for them all the same, the digits are
# enlarged to 28 x 28 pixels and written in MNIST's format into a temporary folder.

# %% [markdown] lang="zh"
# # 给你自己的文件用的程序
#
# 本站不附带 MNIST 和 CIFAR-10。为了照样能跑那个程序，这里把手写数字放大到 28 × 28 像素，
# 按 MNIST 的格式写进一个临时文件夹。

# %% files
import contextlib
import io
import pickle
import runpy
import struct
import tempfile
from pathlib import Path

import numpy as np
import torch

import gdcore as gd

torch.set_num_threads(1)

X, y = gd.datasets.digits()
large = np.kron(X.reshape(-1, 8, 8), np.ones((1, 3, 3)))
large = np.pad(255 * large, ((0, 0), (2, 2), (2, 2)))


def idx(values):
    """MNIST's format: a number of axes, their lengths, bytes."""
    head = struct.pack(
        f">{1 + values.ndim}I", 0x0800 + values.ndim, *values.shape
    )
    return head + values.astype(np.uint8).tobytes()


folder = tempfile.TemporaryDirectory()
parts = {"train": slice(None, 1437), "t10k": slice(1437, None)}
for part, rows in parts.items():
    file = Path(folder.name) / part
    Path(f"{file}-images-idx3-ubyte").write_bytes(idx(large[rows]))
    Path(f"{file}-labels-idx1-ubyte").write_bytes(idx(y[rows]))

# %% run
checkout = Path(gd.__file__).parents[1]
program = checkout / "snippets/programs/train_images.py"
main = runpy.run_path(str(program))["main"]

keep = Path(folder.name) / "training.pt"
options = ["mnist", folder.name, "--device", "cpu", "--epochs", "3"]
main([*options, "--keep", str(keep)])

# %% check
# What was written is what is read.
(X_read, y_read), test = gd.datasets.mnist(folder.name)
assert np.allclose(X_read * 255, large[:1437].reshape(1437, -1) // 1)
assert (y_read == y[:1437]).all()
# Started again, it has nothing left to do but the test, and says the same.
said = io.StringIO()
with contextlib.redirect_stdout(said):
    main([*options, "--keep", str(keep)])
again = said.getvalue().strip()
assert again.startswith("test accuracy")
assert "\n" not in again
reached = float(again.split()[-1].rstrip("%"))
assert reached > 70
# CIFAR-10's format, with few rows and colours without meaning: the program runs to its end.
rng = np.random.default_rng(0)
for part in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
    _rows = {
        b"data": rng.integers(256, size=(40, 3072)).astype(np.uint8),
        b"labels": rng.integers(10, size=40).tolist(),
    }
    (Path(folder.name) / part).write_bytes(pickle.dumps(_rows, 2))
said = io.StringIO()
with contextlib.redirect_stdout(said):
    small = ["--batch-size", "16", "--device", "cpu", "--epochs", "1"]
    main(["cifar10", folder.name, *small])
assert "test accuracy" in said.getvalue()
folder.cleanup()
