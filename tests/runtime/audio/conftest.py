"""A sound card for the tests of the audio process, and a runtime folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import jack_server


@pytest.fixture(autouse=True)
def _own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orphans of other tests and of the person at this machine are left alone."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def card() -> Iterator[None]:
    """A running JACK server with a dummy card."""
    jack_server.require_jack()
    with jack_server.server():
        yield
