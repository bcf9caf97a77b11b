"""Reads the findings of the doctor."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding

posix = pytest.mark.skipif(sys.platform == "win32", reason="these faults are made on POSIX systems")


def level_of(found: Iterable[Finding], part: str) -> str:
    """The level of the one finding in whose sentence this part stands."""
    told = {each.what: each.level for each in found if part in each.what}
    assert len(told) == 1, (part, told)
    return next(iter(told.values()))


def worst(found: Iterable[Finding]) -> str:
    levels = [each.level for each in found]
    return FAULT if FAULT in levels else WARNING if WARNING in levels else FINE


# -- versions -----------------------------------------------------------------------------------------------------
