"""A host with a server, and folders of its own for versions and assets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.patch.files.format import save
from demon_patch.runtime.assets.asset_store import FOLDER as ASSETS
from demon_patch.runtime.remote import client
from demon_patch.runtime.remote.access import ENVIRONMENT
from demon_patch.runtime.remote.versions import FOLDER as VERSIONS
from tests.support.edited_performance import DOCUMENT
from tests.support.wired_host import PATIENCE, WiredHost, wired_host


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv(VERSIONS, str(home / "versions"))
    monkeypatch.setenv(ASSETS, str(home / "assets"))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(client, "SECONDS", PATIENCE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The patch file of the served document."""
    path = tmp_path / "patch" / "first.dpatch.json"
    path.parent.mkdir()
    save(DOCUMENT, path)
    return path


@pytest.fixture
def wired(file: Path) -> Iterator[WiredHost]:
    """A running host with a server."""
    with wired_host(file=file) as made:
        yield made
