"""The names that `gdcore` offers, and what each says of itself."""

import inspect
from pathlib import Path

import pytest

import gdcore as gd
import gdcore.torch

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("module", [gd, gdcore.torch], ids=lambda module: module.__name__)
def test_every_public_name_exists_and_is_documented(module):
    for name in module.__all__:
        assert inspect.getdoc(getattr(module, name)), name
    assert set(module.__all__) <= set(dir(module))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'Sgd'; it has MLP, SGD, AdaDelta"):
        gd.Sgd  # noqa: B018


def test_the_function_descend_survives_the_import_of_every_module():
    from gdcore import descent

    assert gd.descend is descent.descend


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert gd.__version__ == version("gdcore")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("package", [gd, gdcore.torch], ids=lambda module: module.__name__)
def test_one_page_of_the_reference_shows_the_module_of_each_public_name(lang, package):
    pages = [path.read_text("utf-8") for path in (ROOT / "docs" / lang / "api").rglob("*.md")]
    for name in package.__all__:
        value = getattr(package, name)
        module = value.__name__ if inspect.ismodule(value) else value.__module__
        assert sum(f"::: {module}\n" in page for page in pages) == 1, name
