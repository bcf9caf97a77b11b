"""A file of format 1 that uses every key, and some that this version does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.patch.document import Patch
from demon_patch.patch.format import load

FIXTURE = Path(__file__).parent / "fixtures" / "format1.dpatch.json"


@pytest.fixture
def path() -> Path:
    return FIXTURE


@pytest.fixture
def patch() -> Patch:
    return load(FIXTURE)
