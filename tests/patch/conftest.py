"""A file of format 2 that uses every key, and some that this version does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.patch.files.format import load
from demon_patch.patch.model.document import Patch

FIXTURE = Path(__file__).parent / "files" / "fixtures" / "format2.dpatch.json"


@pytest.fixture
def path() -> Path:
    return FIXTURE


@pytest.fixture
def patch() -> Patch:
    return load(FIXTURE)
