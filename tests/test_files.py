"""idx files and pickles are written here by hand, so that the readers are held to the formats."""

import contextlib
import gzip
import pickle
import shutil
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import gdcore as gd
from gdcore import files

PLAIN = ["{}-{}-{}-ubyte", "{}-{}.{}-ubyte"]
NAMES = [*PLAIN, *(f"{name}.gz" for name in PLAIN)]


def idx(array, shape=None, magic=None):
    """Return the bytes of an idx file: magic, lengths, entries, all big-endian."""
    shape = array.shape if shape is None else shape
    magic = struct.pack(">BBBB", 0, 0, 8, len(shape)) if magic is None else magic
    return magic + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.fixture
def mnist_folder(tmp_path, rng):
    for part, n in (("train", 7), ("t10k", 3)):
        images = rng.integers(256, size=(n, 28, 28)).astype(np.uint8)
        images[0, 0, :2] = 0, 255
        write(tmp_path / f"{part}-images-idx3-ubyte", idx(images))
        write(tmp_path / f"{part}-labels-idx1-ubyte", idx(np.arange(n, dtype=np.uint8)))
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_mnist_is_read_under_each_of_its_published_names(tmp_path, rng, name):
    images = rng.integers(256, size=(7, 28, 28)).astype(np.uint8)
    labels = np.array([3, 1, 4, 1, 5, 9, 0], np.uint8)
    for part, rows in (("train", slice(0, 5)), ("t10k", slice(5, 7))):
        write(tmp_path / name.format(part, "images", "idx3"), idx(images[rows]))
        write(tmp_path / name.format(part, "labels", "idx1"), idx(labels[rows]))
    train, test = gd.datasets.mnist(str(tmp_path))
    for (X, y), rows in ((train, slice(0, 5)), (test, slice(5, 7))):
        assert (X.dtype, y.dtype) == (np.float32, np.int64)
        pixels = images[rows].reshape(-1, 784)
        assert (pixels.astype(np.float32) / np.float32(255) == X).all()
        assert (y == labels[rows]).all()


def test_the_pixels_lie_in_the_unit_interval_and_can_be_written_to(mnist_folder):
    X, y = gd.datasets.mnist(mnist_folder)[0]
    assert (X.min(), X.max()) == (0, 1)
    X += 1
    y += 1


def test_a_folder_with_the_name_of_a_file_is_passed_over(mnist_folder):
    path = mnist_folder / "train-images-idx3-ubyte"
    path.rename(mnist_folder / "train-images.idx3-ubyte")
    path.mkdir()
    assert len(gd.datasets.mnist(mnist_folder)[0].X) == 7


def test_it_is_the_content_that_says_whether_a_file_is_gzipped(mnist_folder):
    path = mnist_folder / "train-images-idx3-ubyte"
    expected = gd.datasets.mnist(mnist_folder)[0].X
    content = path.read_bytes()
    path.write_bytes(gzip.compress(content))
    assert (expected == gd.datasets.mnist(mnist_folder)[0].X).all()
    path.unlink()
    (mnist_folder / "train-images-idx3-ubyte.gz").write_bytes(content)
    assert (expected == gd.datasets.mnist(mnist_folder)[0].X).all()


@pytest.mark.parametrize("gz", ["", ".gz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(array=arrays(np.uint8, array_shapes(max_dims=5, max_side=7)))
def test_what_was_written_as_idx_is_what_is_read(tmp_path, gz, array):
    path = write(tmp_path / f"any{gz}", idx(array))
    read = files.read_idx(path, axes=array.ndim)
    assert read.dtype == np.uint8
    assert read.shape == array.shape
    assert (read == array).all()


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "should be an idx file .* begin with 00000802 .*, got an empty file"),
        (b"\0\0", "begin with 00000802 .*, got 0000$"),
        (b"not idx at all", "begin with 00000802 .*, got 6e6f7420$"),
        (idx(np.zeros((2, 2)), magic=b"\0\0\x0e\2"), "begin with 00000802 .*, got 00000e02"),
        (idx(np.zeros(2, np.uint8)), "with 2 axes, .* got 00000801"),
        (idx(np.zeros((2, 2), np.uint8))[:11], "ends within its header"),
        (idx(np.zeros((2, 3), np.uint8))[:-1], r"shape \(2, 3\), so 6 bytes .*, but got 5"),
        (idx(np.zeros((2, 3), np.uint8))[:12], r"shape \(2, 3\), so 6 bytes .*, but got 0"),
        (idx(np.zeros((2, 3), np.uint8)) + b"!", "so 6 bytes .*, but the file goes on"),
        (idx(np.zeros((0, 3), np.uint8)), r"shape \(0, 3\), so 0 bytes; .* takes 1 to 1073741824"),
        (idx(np.zeros(4, np.uint8), shape=(2**32 - 1, 2**32 - 1)), "so 18446744065119617025 byt"),
        (idx(np.zeros(4, np.uint8), shape=(2**15, 2**15 + 1)), "so 1073774592 bytes; this read"),
    ],
)
def test_a_damaged_idx_file_is_refused_with_its_path(tmp_path, gz, content, message):
    path = write(tmp_path / f"bad{gz}", content)
    with pytest.raises(ValueError, match=message) as caught:
        files.read_idx(path, axes=2)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("cut", [2, 5, 25, -9, -1])
def test_gzip_that_ends_too_soon_is_refused_with_its_path(tmp_path, rng, cut):
    content = idx(rng.integers(256, size=(9, 9)).astype(np.uint8))
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(content)[:cut])
    with pytest.raises(ValueError, match=r"is damaged gzip .*: fetch the file again") as caught:
        files.read_idx(path, axes=2)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("place", [2, 12, -6, -2])
def test_gzip_with_a_flipped_byte_is_refused(tmp_path, rng, place):
    packed = bytearray(gzip.compress(idx(rng.integers(256, size=(9, 9)).astype(np.uint8))))
    packed[place] ^= 0xFF
    (tmp_path / "bad.gz").write_bytes(packed)
    with pytest.raises(ValueError, match=r"bad\.gz"):
        files.read_idx(tmp_path / "bad.gz", axes=2)


def test_a_gzip_bomb_is_not_unpacked_beyond_what_it_declares(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx(np.zeros((4, 4), np.uint8)))
        for _ in range(50):
            file.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"so 16 bytes .* the file goes on after them"):
        files.read_idx(path, axes=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20  # of the 50 in the file


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", np.zeros((7, 28, 27), np.uint8), r"\(28, 28\), got \(28, 27\)"),
        ("t10k-labels-idx1-ubyte", np.zeros(4, np.uint8), "each of the 3 images in t10k.*, got 4"),
        ("train-labels-idx1-ubyte", np.arange(4, 11).astype(np.uint8), r"in 0\.\.9, got 4\.\.10"),
    ],
)
def test_files_of_mnist_that_do_not_fit_are_refused(mnist_folder, name, content, message):
    write(mnist_folder / name, idx(content))
    with pytest.raises(ValueError, match=message) as caught:
        gd.datasets.mnist(mnist_folder)
    assert str(mnist_folder / name) in str(caught.value)


@pytest.mark.parametrize("read", [gd.datasets.mnist, gd.datasets.cifar10])
def test_a_missing_folder_is_named_and_so_is_an_archive_in_its_place(tmp_path, read):
    archive = write(tmp_path / "cifar-10-python.tar", b"")
    for path in (tmp_path / "nowhere", archive):
        with pytest.raises(FileNotFoundError, match=r"there is no folder .*\(looked from /") as e:
            read(path)
        assert str(path) in str(e.value)


def test_a_missing_file_of_mnist_is_named_with_all_its_names(mnist_folder):
    (mnist_folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        gd.datasets.mnist(mnist_folder)
    assert str(mnist_folder) in str(caught.value)
    for name in NAMES:
        assert name.format("t10k", "labels", "idx1") in str(caught.value)


def published(data, labels):
    """Return a batch as Python 2 pickled it: protocol 2, its strings as BINSTRING."""

    def text(value):
        return b"T" + struct.pack("<i", len(value)) + value  # Python 3 no longer writes these

    rows, columns = data.shape
    ints = b"".join(b"K" + bytes([label]) for label in labels)
    return (
        b"\x80\x02}q\x01("
        + (text(b"batch_label") + text(b"training batch 1 of 5") + text(b"labels"))
        + (b"]q\x02(" + ints + b"e" + text(b"data"))
        + (b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R")
        + (b"(K\x01M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86")
        + (b"cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xff")
        + (b"J\xff\xff\xff\xffK\x00tb\x89" + text(data.tobytes()) + b"tb")
        + (text(b"filenames") + b"](" + text(b"a.png") * rows + b"eu.")
    )


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(3, 3072)).astype(np.uint8)


@pytest.fixture
def cifar_folder(tmp_path, rng):
    for k, name in enumerate(["test_batch", *(f"data_batch_{k}" for k in range(1, 6))]):
        data = rng.integers(256, size=(2, 3072)).astype(np.uint8)
        write(tmp_path / name, published(data, [k, 9 - k]))
    return tmp_path


def test_the_batches_written_here_are_what_python_2_wrote(images):
    record = pickle.loads(published(images, [0, 5, 9]), encoding="bytes")
    assert (record[b"data"] == images).all()
    assert record[b"labels"] == [0, 5, 9]
    assert record[b"filenames"] == [b"a.png"] * 3


def test_cifar10_is_its_five_batches_in_order_and_the_test_batch(cifar_folder):
    train, test = gd.datasets.cifar10(cifar_folder)
    for (X, y), names in (
        (train, [f"data_batch_{k}" for k in range(1, 6)]),
        (test, ["test_batch"]),
    ):
        records = [
            pickle.loads((cifar_folder / name).read_bytes(), encoding="bytes") for name in names
        ]
        pixels = np.concatenate([record[b"data"] for record in records])
        assert (X.dtype, y.dtype) == (np.float32, np.int64)
        assert (pixels.astype(np.float32) / np.float32(255) == X).all()
        assert y.tolist() == [label for record in records for label in record[b"labels"]]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_batch_pickled_again_by_python_3_is_read_too(tmp_path, images, protocol, order):
    record = {"data": np.asarray(images, order=order), "labels": [0, 5, 9], "filenames": ["a"] * 3}
    path = write(tmp_path / "again", pickle.dumps(record, protocol=protocol))
    read, labels = files.read_cifar_batch(path)
    assert (read == images).all()
    assert labels.tolist() == [0, 5, 9]


def test_a_batch_of_the_published_size_is_read_in_a_moment(tmp_path, rng):
    data = rng.integers(256, size=(10_000, 3072), dtype=np.uint8)
    labels = rng.integers(10, size=10_000)
    path = write(tmp_path / "full", published(data, labels.tolist()))
    read, read_labels = files.read_cifar_batch(path)
    assert (read == data).all()
    assert (read_labels == labels).all()


class Calls:
    """Pickles to a call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def mischief(marker):
    """Return pickles that would make the file `marker` if they were run."""
    copy = Calls(shutil.copyfile, __file__, str(marker))
    touch = f"S'touch {marker}'\n".encode()
    return {
        "a function": pickle.dumps(copy),
        "exec": pickle.dumps(Calls(exec, f"import shutil; shutil.copy({__file__!r}, '{marker}')")),
        "protocol 0": b"cos\nsystem\n(" + touch + b"tR.",
        "inst": b"(" + touch + b"ios\nsystem\n.",
        "obj": b"(cos\nsystem\n" + touch + b"o.",
        "within the data": pickle.dumps({"data": copy, "labels": []}),
        "as a key": pickle.dumps({copy: 1}),
        "within an array": pickle.dumps(np.array([copy], dtype=object), protocol=2),
    }


@pytest.mark.parametrize("name", mischief("x"))
def test_a_pickle_that_would_run_code_is_refused_and_runs_none(tmp_path, name):
    marker = tmp_path / "made"
    content = mischief(marker)[name]
    path = write(tmp_path / "data_batch_1", content)
    with pytest.raises(ValueError, match=r"it asks for .*; nothing was run") as caught:
        gd.datasets.cifar10(tmp_path)
    assert not marker.exists()
    assert str(path) in str(caught.value)
    with contextlib.suppress(TypeError):  # the result of os.system is no class to instantiate
        pickle.loads(content)
    assert marker.exists()  # the pickle would have done it


@pytest.mark.parametrize(
    "name", ["numpy fromfile", "numpy load", "numpy.core.multiarray fromfile", "_codecs lookup"]
)
def test_other_names_of_the_same_modules_are_refused(tmp_path, name):
    module, _, function = name.partition(" ")
    path = write(tmp_path / "batch", f"c{module}\n{function}\n.".encode())
    with pytest.raises(ValueError, match=f"it asks for {module}.{function}, which no array"):
        files.read_cifar_batch(path)


def test_a_name_with_dots_reaches_nothing_behind_an_allowed_name(tmp_path):
    path = write(tmp_path / "batch", b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.")
    with pytest.raises(ValueError, match=r"it asks for numpy\.ndarray\.tofile"):
        files.read_cifar_batch(path)


@pytest.mark.parametrize(
    "content",
    [
        b"cnumpy\nndarray\n(J\xff\xff\xff\x7ftR.",  # call it: an array of 2**31 numbers
        b"cnumpy\nndarray\n)\x81.",  # make one without a call
        b"cnumpy\nndarray\n}b.",  # give it a state
        b"c_codecs\nencode\n(K\x01K\x02tR.",
        b"Pname\n.",  # a persistent id
        b"\x82\x01.",  # an extension
    ],
)
def test_allowed_names_are_of_no_use_to_a_hostile_pickle(tmp_path, content):
    with pytest.raises(ValueError, match="is no pickle of a CIFAR-10 batch"):
        files.read_cifar_batch(write(tmp_path / "batch", content))


def test_what_a_pickle_does_to_a_stand_in_is_gone_with_it(tmp_path, images):
    changed = b"cnumpy\ndtype\n(N}(V__defaults__\n(K\x01tV__doc__\nK\x02utb."
    for content in (changed, changed.replace(b"numpy\ndtype", b"_codecs\nencode")):
        with pytest.raises(ValueError, match=r"hold a dict .* got <class 'function'>"):
            files.read_cifar_batch(write(tmp_path / "bad", content))
    assert (files.read_cifar_batch(write(tmp_path / "ok", published(images, [1, 2, 3])))[0]).any()


def test_a_few_bytes_cannot_ask_for_much_memory(tmp_path):
    hungry = {
        "place": b"\x80\x02Nr" + struct.pack("<I", 2**26) + b".",  # to remember None at: 1 GB
        "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"abc.",
        "array": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        b"(I1000000000000\ntS'b'\ntR.",
        "state": b"cnumpy\ndtype\n(S'u1'\ntR(I1\n(I1000000000000\ntNI00\nS'a'\ntb.",
    }
    for name, content in hungry.items():
        path = write(tmp_path / name, content)
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"is no pickle of|should hold a dict"):
            files.read_cifar_batch(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**20, name


def test_a_pickle_of_endless_steps_is_refused_before_it_starts(tmp_path):
    path = write(tmp_path / "batch", b"]" * 1_000_002 + b".")
    with pytest.raises(ValueError, match="it takes more than 1000000 steps"):
        files.read_cifar_batch(path)


def test_a_file_far_too_large_for_a_batch_is_not_read(tmp_path):
    path = tmp_path / "batch"
    with path.open("wb") as file:
        file.truncate(2**30 + 1)  # a sparse file: it takes no room on disk
    with pytest.raises(ValueError, match="has 1073741825 bytes; this reader takes up to 1073741"):
        files.read_cifar_batch(path)


@pytest.mark.parametrize("keep", [0, 1, 40, 150, 5000, -1])
def test_a_truncated_batch_is_refused_with_its_path(tmp_path, images, keep):
    path = write(tmp_path / "batch", published(images, [0, 5, 9])[:keep])
    with pytest.raises(ValueError, match="is no pickle of a CIFAR-10 batch: ") as caught:
        files.read_cifar_batch(path)
    assert str(path) in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(place=st.integers(0, 300) | st.integers(-60, -1), byte=st.integers(0, 255))
def test_a_batch_with_any_byte_changed_is_read_as_data_or_refused(tmp_path, place, byte):
    data = np.arange(3 * 3072, dtype=np.uint16).astype(np.uint8).reshape(3, 3072)
    content = bytearray(published(data, [0, 5, 9]))
    content[place] = byte  # what stands between is pixels
    path = write(tmp_path / "batch", bytes(content))
    with contextlib.suppress(ValueError):
        read, labels = files.read_cifar_batch(path)
        assert (read.shape, read.dtype, labels.shape) == ((3, 3072), np.uint8, (3,))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ([1, 2], "should hold a dict with data and labels, got <class 'list'>"),
        ({}, r"should hold data, an array of bytes of shape \(n, 3072\)"),
        ({"data": [1] * 3072, "labels": [1]}, "should hold data"),
        ({"data": np.zeros((1, 3072)), "labels": [1]}, "should hold data"),
        ({"data": np.zeros((1, 3071), np.uint8), "labels": [1]}, "should hold data"),
        ({"data": np.zeros(3072, np.uint8), "labels": [1]}, "should hold data"),
        ({"data": np.zeros((0, 3072), np.uint8), "labels": []}, "should hold data"),
        ({"data": np.full((1, 3072), None), "labels": [1]}, "should hold data"),
        ({"data": np.dtype("u1"), "labels": [1]}, "should hold data"),
        ({"data": np.zeros((1, 3072), np.uint8)}, "labels, a list of integers: is it CIFAR-10"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [1.0]}, "a list of integers"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [True]}, "a list of integers"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": (1,)}, "a list of integers"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [1, 2]}, "hold 1 labels, got 2"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [10]}, r"in 0\.\.9, got 10\.\.10"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [-1]}, r"in 0\.\.9, got -1\.\.-1"),
    ],
)
def test_a_pickle_of_something_else_is_refused_with_its_path(tmp_path, record, message):
    path = write(tmp_path / "batch", pickle.dumps(record, protocol=3))
    with pytest.raises(ValueError, match=message) as caught:
        files.read_cifar_batch(path)
    assert str(path) in str(caught.value)


def test_a_missing_batch_is_named(cifar_folder):
    (cifar_folder / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match="has no file data_batch_4: give the folder that"):
        gd.datasets.cifar10(cifar_folder)
