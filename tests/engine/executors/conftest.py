"""Networks that tests export are kept in pytest's cache: they are found again by all that they depend on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from demon_patch.engine.executors.builds import FOLDER


@pytest.fixture(autouse=True, scope="session")
def builds_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get(FOLDER)
    cache = request.config.cache
    os.environ[FOLDER] = str(cache.mkdir("builds") if cache is not None else tmp_path_factory.mktemp("builds"))
    yield
    os.environ.pop(FOLDER)
    if before is not None:
        os.environ[FOLDER] = before
