"""Data to descend on."""

import os
import random
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdcore.checks import amounts, counts
from gdcore.files import Labelled, cifar_batches, mnist_part


class Dataset(NamedTuple):
    """Rows to learn from: `X` of shape (n, d) and `y` of shape (n,).

    `y` holds floats where a number is to be predicted, and class numbers 0, 1, ... as int64
    where a class is.
    """

    X: NDArray[np.floating[Any]]
    y: NDArray[Any]


def line(
    n: int = 1000, w: float = 3.0, b: float = 2.0, noise: float = 0.1, seed: int = 0
) -> Dataset:
    r"""Points scattered about a straight line.

    $$x_i \sim U[0, 1), \qquad y_i = w x_i + b + \sigma \xi_i, \qquad \xi_i \sim N(0, 1)$$

    Args:
        n: Number of points, at least 1.
        w: Slope $w$.
        b: Intercept $b$.
        noise: Standard deviation $\sigma$ of the scatter, in the units of y.
        seed: The same seed always gives the same points.

    Returns:
        `X` of shape (n, 1) and `y` of shape (n,), both float64.

    Raises:
        TypeError: If `n` is not an integer.
        ValueError: If `n` is below 1, or `noise` is negative or not finite.
    """
    counts(n=n)
    amounts(noise=noise)
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    return Dataset(x[:, None], w * x + b + noise * rng.standard_normal(n))


def regression(
    n: int = 1000, d: int = 2, noise: float = 0.1, condition: float = 1.0, seed: int = 0
) -> Dataset:
    r"""Points scattered about a plane, in d features of chosen scales.

    $$x_{ij} \sim N(0, \lambda_j), \qquad y_i = x_i^\top w + b + \sigma \xi_i,
    \qquad \xi_i \sim N(0, 1)$$

    The coefficients are the same for every seed: the slopes alternate, $w = (3, -2, 3, -2, ...)$,
    which is `np.resize([3.0, -2.0], d)`, and the intercept is $b = 2$.

    The variances fall evenly on a log scale from $\lambda_1 = 1$ to $\lambda_d = 1/\kappa$. The
    Hessian of the mean squared error, averaged over draws, thus has eigenvalues from 2 down to
    $2/\kappa$ for the slopes, and 2 for the intercept: the largest stable step does not depend on
    $\kappa$. That of the n points drawn differs from it by sampling error.

    With `noise=0` these coefficients fit every point exactly, and where $d + 1 > n$ (say n=100,
    d=200) so do many others: the points are interpolated.

    Args:
        n: Number of points, at least 1.
        d: Number of features, at least 1.
        noise: Standard deviation $\sigma$ of the scatter, in the units of y.
        condition: Condition number $\kappa$ of the features' covariance, at least 1.
        seed: The same seed always gives the same points.

    Returns:
        `X` of shape (n, d) and `y` of shape (n,), both float64.

    Raises:
        TypeError: If `n` or `d` is not an integer.
        ValueError: If an argument is out of range.
    """
    counts(n=n, d=d)
    amounts(noise=noise)
    if not 1 <= condition < np.inf:
        raise ValueError(f"condition is largest over smallest, so at least 1, got {condition}")
    if d == 1 and condition > 1:
        raise ValueError(f"one feature has condition 1, got {condition}: ask for d of 2 or more")
    rng = np.random.default_rng(seed)
    variances = np.geomspace(1.0, 1 / condition, d)  # (d,)
    X = rng.standard_normal((n, d)) * np.sqrt(variances)
    w, b = np.resize([3.0, -2.0], d), 2.0
    return Dataset(X, X @ w + b + noise * rng.standard_normal(n))


def digits() -> Dataset:
    """Handwritten digits: 1797 images of 8 x 8 pixels in [0, 1], ten classes.

    The pixels are scikit-learn's divided by 16. Like `diabetes`, `wine` and `breast_cancer` it
    needs scikit-learn (`pip install 'gdcore[data]'`), which carries the data: nothing is
    downloaded.

    Returns:
        `X` of shape (1797, 64), float64, and `y` of shape (1797,), int64.
    """
    X, y = _optional("sklearn.datasets").load_digits(return_X_y=True)
    return Dataset(X / 16, y.astype(np.int64))


def diabetes() -> Dataset:
    """Progress of diabetes in 442 patients from ten measurements in their own units.

    The features are raw (scikit-learn's `scaled=False`), so their scales differ: see `scaling`.

    Returns:
        `X` of shape (442, 10) and `y` of shape (442,), both float64.
    """
    X, y = _optional("sklearn.datasets").load_diabetes(return_X_y=True, scaled=False)
    return Dataset(X, y.astype(np.float64))


def wine() -> Dataset:
    """Thirteen chemical measurements of 178 wines from three growers, in their own units.

    Returns:
        `X` of shape (178, 13), float64, and `y` of shape (178,), int64.
    """
    X, y = _optional("sklearn.datasets").load_wine(return_X_y=True)
    return Dataset(X, y.astype(np.int64))


def breast_cancer() -> Dataset:
    """Thirty measurements of 569 breast tumours, malignant (0) or benign (1), in their own units.

    Returns:
        `X` of shape (569, 30), float64, and `y` of shape (569,), int64.
    """
    X, y = _optional("sklearn.datasets").load_breast_cancer(return_X_y=True)
    return Dataset(X, y.astype(np.int64))


def mnist1d() -> tuple[Dataset, Dataset]:
    """MNIST-1D: ten classes of noisy, shifted, stretched curves at 40 points, train and test.

    Made by the package `mnist1d` (`pip install 'gdcore[data]'`) with its default arguments, seed
    42 among them: always the same curves, in seconds, without a download. The global generators
    that the package seeds are put back as they were.

    Returns:
        Train, 4000 rows, and test, 1000 rows: `X` of shape (n, 40), float64, and `y` int64.

    Source: Greydanus, "Scaling down deep learning", 2020, arXiv:2011.14439.
    """
    package = _optional("mnist1d.data")
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        made = package.make_dataset()
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
    return (
        Dataset(made["x"], made["y"].astype(np.int64)),
        Dataset(made["x_test"], made["y_test"].astype(np.int64)),
    )


def mnist(folder: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """MNIST from your own copy of its four files: images of 28 x 28 pixels, train and test.

    The files may be gzipped or not. Other sets published in the same form, such as Fashion-MNIST,
    are read as well.

    Args:
        folder: Where train-images-idx3-ubyte, train-labels-idx1-ubyte and the two beginning with
            t10k lie, with .gz or without; train-images.idx3-ubyte and so on will do.

    Returns:
        Train, 60,000 rows, and test, 10,000 rows: `X` of shape (n, 784) in [0, 1], float32 (188 MB
        for train), and `y` of shape (n,), int64.

    Raises:
        FileNotFoundError: If the folder or one of the files is missing.
        ValueError: If a file is damaged or is not what its name says.
    """
    return _pixels(mnist_part(folder, "train")), _pixels(mnist_part(folder, "t10k"))


def cifar10(folder: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """CIFAR-10 from your own copy, the "python version": colour images, train and test.

    The files are pickles. They are read as data: one that asks for code to be run is refused.

    Args:
        folder: Where data_batch_1 to data_batch_5 and test_batch lie, unpacked.

    Returns:
        Train, 50,000 rows, and test, 10,000 rows: `X` of shape (n, 3072) in [0, 1], float32 (614 MB
        for train), and `y` of shape (n,), int64. A row is 32 x 32 red, then green, then blue.

    Raises:
        FileNotFoundError: If the folder or one of the files is missing.
        ValueError: If a file is damaged, is no such batch, or asks for code to be run.
    """
    train = [f"data_batch_{k}" for k in range(1, 6)]
    return _pixels(cifar_batches(folder, train)), _pixels(cifar_batches(folder, ["test_batch"]))


def _pixels(labelled: Labelled) -> Dataset:
    images, labels = labelled
    X = images.astype(np.float32)
    X /= 255
    return Dataset(X, labels)


def _optional(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"this data set comes with another package ({error}): pip install 'gdcore[data]'"
        ) from error
