"""The mechanism, on a history of formats made up for it; and the files of every real format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.files.format import dumps, load
from demon_patch.patch.files.migrations import FORMAT, MIGRATIONS, migrated

OLD = {"format": 1, "speed": 60, "modules": [{"id": "a", "kind": "lfo"}]}


def _tempo(document: dict[str, Any]) -> dict[str, Any]:
    rest = {key: item for key, item in document.items() if key != "speed"}
    return {**rest, "song": {"bpm": 2 * document["speed"]}}


def _by_id(document: dict[str, Any]) -> dict[str, Any]:
    nodes = {module["id"]: {"type": module["kind"]} for module in document["modules"]}
    return {**{key: item for key, item in document.items() if key != "modules"}, "nodes": nodes}


STEPS = {1: _tempo, 2: _by_id}


def test_a_file_goes_through_every_step_since_its_format() -> None:
    second = {"format": 2, "song": {"bpm": 120}, "modules": OLD["modules"]}
    third = {"format": 3, "song": {"bpm": 120}, "nodes": {"a": {"type": "lfo"}}}
    assert migrated(OLD, STEPS, 2) == second
    assert migrated(OLD, STEPS, 3) == migrated(second, STEPS, 3) == migrated(third, STEPS, 3) == third
    assert "speed" in OLD


@pytest.mark.parametrize("damaged", [{"format": 1}, {"format": 1, "speed": None}, {"format": 2, "modules": [0]}])
def test_a_file_that_is_not_its_format_is_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(PatchError, match=f"is not the format {damaged['format']} that it says it is"):
        migrated(damaged, STEPS, 3)


def test_every_step_up_to_this_format_exists() -> None:
    assert set(MIGRATIONS) == set(range(1, FORMAT))


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_files_of_every_format_are_read(number: int) -> None:
    file = Path(__file__).parent / "fixtures" / f"format{number}.dpatch.json"
    assert json.loads(file.read_text(encoding="utf-8"))["format"] == number
    assert f'"format": {FORMAT}' in dumps(load(file))
