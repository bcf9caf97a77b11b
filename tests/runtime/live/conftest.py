"""What the tests of live performances share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.edited_performance import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A document that is edited while it plays; a module may have a stage of its own."""
    made = Stage()
    yield made
    made.host.close()
