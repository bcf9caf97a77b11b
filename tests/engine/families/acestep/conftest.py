from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tiny_acestep as tiny


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with the tiny turbo model, in the official layout. Nobody changes it."""
    folder = tmp_path_factory.mktemp("models")
    tiny.write(folder)
    return folder
