from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.acestep import build, checkpoint, load
from tests.support import tiny_acestep as tiny


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with the tiny turbo model, in the official layout. Nobody changes it."""
    folder = tmp_path_factory.mktemp("models")
    tiny.write(folder)
    return folder


@pytest.fixture(scope="session")
def wide_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for the tiny XL model."""
    folder = tmp_path_factory.mktemp("wide")
    tiny.write(folder, wide=True)
    return folder


@pytest.fixture(scope="session")
def parts_of(models: Path, wide_models: Path) -> Callable[[str], build.Parts]:
    """Reads the parts of the tiny model of a name."""
    return lambda name: build.read_parts(checkpoint.find(name, wide_models if name == tiny.XL else models))


@pytest.fixture(scope="session")
def family(models: Path) -> Family:
    """The tiny turbo model, loaded."""
    return load.load(tiny.NAME, models)
