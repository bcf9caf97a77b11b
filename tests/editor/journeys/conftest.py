"""One X server, sound card, host and editor for the journeys of each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.editor.journeys.stage import Stage
from tests.editor.journeys.stage import stage as made


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with made(tmp_path_factory.mktemp("journeys")) as found:
        yield found
