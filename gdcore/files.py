"""Data sets that the reader has as files, read as data: nothing in a file is ever run.

MNIST comes in the idx format: a magic number (two zero bytes, the type of the entries, the number
of axes), the length of each axis, the entries. CIFAR-10 comes as pickles. A pickle is a program
that builds objects by calling functions it names; here the few names that a pickled array needs
get stand-ins that only keep what they are called with, and any other name is refused.
"""

import gzip
import io
import math
import os
import pickle
import pickletools
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (n, d) bytes and (n,) class numbers

GZIP = b"\x1f\x8b"
LARGEST = 2**30  # bytes in one file, unpacked; the published ones stay below 2**26
MOST_STEPS = 10**6  # of one pickle; a published batch takes about 50,000


def mnist_part(folder: str | os.PathLike[str], part: str) -> Labelled:
    """Read the images (n, 784) and labels (n,) of a part of MNIST, "train" or "t10k".

    The four files may be gzipped or not, under their published names (train-images-idx3-ubyte)
    or with a dot (train-images.idx3-ubyte).
    """
    images_path = _find(folder, f"{part}-images", "idx3-ubyte")
    labels_path = _find(folder, f"{part}-labels", "idx1-ubyte")
    images, labels = read_idx(images_path, axes=3), read_idx(labels_path, axes=1)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"{images_path} should hold images of (28, 28), got {images.shape[1:]}")
    if len(images) != len(labels):
        raise ValueError(
            f"{labels_path} should hold one label for each of the {len(images)} images in "
            f"{images_path.name}, got {len(labels)}"
        )
    return images.reshape(-1, 28 * 28), _ten_classes(labels_path, labels)


def cifar_batches(folder: str | os.PathLike[str], names: list[str]) -> Labelled:
    """Read the images (n, 3072) and labels (n,) of the named batches of CIFAR-10, in order."""
    batches = [read_cifar_batch(_find(folder, name)) for name in names]
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """Read an idx file of bytes with the given number of axes, gzipped or not.

    Raises:
        ValueError: If the file is damaged, or is not such a file.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        file = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw
        try:
            magic = file.read(4)
            if magic != bytes([0, 0, 8, axes]):
                raise ValueError(
                    f"{path} should be an idx file of bytes with {axes} axes, so begin with "
                    f"{bytes([0, 0, 8, axes]).hex()} (or {GZIP.hex()} where gzipped), "
                    f"got {magic.hex() or 'an empty file'}"
                )
            lengths = file.read(4 * axes)
            if len(lengths) < 4 * axes:
                raise ValueError(f"{path} ends within its header: fetch the file again")
            shape = tuple(np.frombuffer(lengths, ">u4").tolist())
            size = math.prod(shape)
            if not 0 < size <= LARGEST:
                raise ValueError(
                    f"{path} declares the shape {shape}, so {size} bytes; "
                    f"this reader takes 1 to {LARGEST}"
                )
            entries = file.read(size + 1)  # one more, to see whether the file goes on
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} is damaged gzip ({error}): fetch the file again") from error
    if len(entries) != size:
        found = "the file goes on after them" if len(entries) > size else f"got {len(entries)}"
        raise ValueError(
            f"{path} declares the shape {shape}, so {size} bytes after its header, but {found}: "
            "fetch the file again"
        )
    return np.frombuffer(entries, np.uint8).reshape(shape)


def read_cifar_batch(path: Path) -> Labelled:
    """Read the images (n, 3072) and labels (n,) of one batch of CIFAR-10, the python version.

    Raises:
        ValueError: If the file is damaged, is not such a batch, or asks for code to be run.
    """
    record = _unpickle(path)
    if not isinstance(record, dict):
        raise ValueError(f"{path} should hold a dict with data and labels, got {type(record)}")
    data = record.get(b"data", record.get("data"))  # Python 2 wrote bytes, Python 3 writes str
    labels = record.get(b"labels", record.get("labels"))
    images = _array(path, data)
    if not isinstance(labels, list) or any(type(label) is not int for label in labels):
        raise ValueError(f"{path} should hold labels, a list of integers: is it CIFAR-10?")
    if len(labels) != len(images):
        raise ValueError(f"{path} should hold {len(images)} labels, got {len(labels)}")
    return images, _ten_classes(path, labels)


class _Kept:
    """What a pickle wanted built: the arguments and the state it gave, and nothing made of them."""

    __slots__ = ("args", "state")

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _DataOnly(pickle.Unpickler):
    """Unpickle plain values and `_Kept` arrays; refuse every other name."""

    def find_class(self, module: str, name: str) -> Any:
        # A new lambda each time: whatever a pickle does to it is gone with the pickle.
        stand_ins: dict[tuple[str, str], str | Callable[..., Any]] = {
            ("numpy.core.multiarray", "_reconstruct"): lambda *args: _Kept(*args),
            ("numpy._core.multiarray", "_reconstruct"): lambda *args: _Kept(*args),
            ("numpy", "ndarray"): "numpy.ndarray",  # only ever named, never called
            ("numpy", "dtype"): lambda *args: _Kept(*args),
            ("_codecs", "encode"): lambda text, _: text.encode("latin1"),
        }
        if (module, name) not in stand_ins:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which no array of numbers needs; nothing was run"
            )
        return stand_ins[module, name]


def _unpickle(path: Path) -> Any:
    if (size := path.stat().st_size) > LARGEST:
        raise ValueError(f"{path} has {size} bytes; this reader takes up to {LARGEST}")
    data = path.read_bytes()
    try:
        # A look before the first step: a few bytes could ask for any amount of memory.
        for count, (opcode, place, _) in enumerate(pickletools.genops(data)):
            if count > MOST_STEPS:
                raise pickle.UnpicklingError(f"it takes more than {MOST_STEPS} steps")
            if "PUT" in opcode.name and cast(int, place) > count:
                raise pickle.UnpicklingError(f"its value {count} asks for place {place}")
        return _DataOnly(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a damaged pickle can fail in any way
        raise ValueError(f"{path} is no pickle of a CIFAR-10 batch: {error}") from error


def _array(path: Path, kept: Any) -> NDArray[np.uint8]:
    """Make the array of bytes that a pickle described, after a look at every part of it."""
    match kept:
        case _Kept(
            state=(_, (int(rows), 3072), _Kept(args=("u1" | b"u1", *_)), fortran, bytes(entries))
        ) if rows > 0 and len(entries) == rows * 3072:
            flat = np.frombuffer(entries, np.uint8)
            return flat.reshape(-1, 3072, order="F" if fortran else "C")
    raise ValueError(f"{path} should hold data, an array of bytes of shape (n, 3072)")


def _ten_classes(path: Path, labels: Any) -> NDArray[np.int64]:
    if not 0 <= min(labels) <= max(labels) <= 9:
        raise ValueError(
            f"{path} should hold labels in 0..9, got {min(labels)}..{max(labels)}: "
            "is it another data set?"
        )
    return np.asarray(labels, np.int64)


def _find(folder: str | os.PathLike[str], stem: str, ending: str = "") -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} (looked from {Path.cwd()})")
    names = [stem]
    if ending:
        names = [f"{stem}{sep}{ending}{gz}" for sep in "-." for gz in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"{folder} has no file {' or '.join(names)}: give the folder that holds the published files"
    )
