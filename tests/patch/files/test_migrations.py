"""The mechanism, on a history of formats made up for it; and the files of every real format."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.files.format import dumps, load, loads
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


def test_format_1_is_marked_and_its_unknown_keys_make_room_for_the_new_ones() -> None:
    fixture = Path(__file__).parent / "fixtures" / "format1.dpatch.json"
    old = json.loads(fixture.read_text(encoding="utf-8"))
    before = copy.deepcopy(old)
    new = migrated(old)
    assert old == before
    assert new["format"] == 2
    graphs = [new, *new["definitions"].values()]
    assert {node["format"] for graph in graphs for node in graph["nodes"].values()} == {1}
    marked = {(c["src"], c["port"]): c.get("format") for graph in graphs for c in graph.get("cables", ())}
    assert marked == {("later", "shift"): 1, ("later", "rate"): 1, ("slow", "strength"): None, ("inner", "in"): 1}
    assert new["nodes"]["later"]["colour (format 1)"] == {"hue": 0.3}
    assert "colour" not in new["nodes"]["later"]
    mapping = new["mappings"]["m1"]
    assert (mapping["mode"], mapping["takeover"], mapping["speed"]) == ("absolute", "pickup", 1)
    assert new["mappings"]["m2"] == old["mappings"]["m2"]
    assert "format" not in new["snapshots"]["b"]["depths"][0]
    for kept in ("meta", "song", "frames", "notes", "dashboard", "room"):
        assert new[kept] == old[kept]


@pytest.mark.parametrize("key", ["nodes", "cables", "definitions", "mappings", "snapshots"])
@pytest.mark.parametrize("wrong", [None, 1, "x", [1], {"a": 2}, {"a": {"cables": 3, "depths": [4], "nodes": [5]}}])
def test_a_file_of_format_1_that_is_damaged_is_refused_by_its_place_and_not_by_the_step(key: str, wrong: Any) -> None:
    with pytest.raises(PatchError) as caught:
        loads(json.dumps({"format": 1, "nodes": {}, key: wrong}))
    assert "is not the format" not in str(caught.value)
