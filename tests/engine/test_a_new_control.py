"""Steps 1 and 2 of the checklist "to add a control" of `engine.controls` make one of each kind work everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from demon_patch.engine import controls
from tests.support.new_controls import ROWS


@cache
def facts() -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.new_controls"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.propagation} {row.shape}")
def test_a_row_and_its_effect_are_all(row: controls.Control) -> None:
    found = facts()[row.name]
    assert found["port"]
    assert found["page"]
    assert found["schema"] == row.title
    assert found["good"] == []
    assert found["wrong"] == [row.name]
    assert found["measured"]
    assert found["generated"] > 0.1
    assert found["heard"] > 0.1


def test_there_is_one_of_each_kind() -> None:
    kinds = {(row.every_step, row.shape) for row in ROWS}
    assert kinds >= {(step, shape) for step in (True, False) for shape in ("scalar", "curve", "choice", "switch")}
    assert not {row.name for row in ROWS} & controls.CONTROLS.keys()


def test_the_checklist_has_three_steps_at_most() -> None:
    text = controls.__doc__ or ""
    assert text.index("To add a control:") < text.index("\n1. ") < text.index("\n3. ")
    assert "\n4. " not in text
