from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import SetBypass, SetSnapshot, SetValue, Within, apply
from demon_patch.patch.files import format as patch_format
from demon_patch.patch.files.format import dumps, load, loads, save
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.support.effort import examples
from tests.support.patch_strategies import patches

WRITTEN = """\
{
  "cables": [
    {"depth": 0.4, "dst": "cover", "out": "uni", "port": "strength", "src": "slow"}
  ],
  "format": 2,
  "nodes": {
    "cover": {
      "type": "scheduler"
    },
    "slow": {
      "at": [40, 80.5],
      "ranges": {
        "rate": [0, 2]
      },
      "type": "lfo",
      "values": {
        "points": [
          [0, 0.5],
          [1.25, 1]
        ],
        "rate": 1,
        "steps": [0, 0.5, 1]
      }
    }
  }
}
"""


@settings(max_examples=examples(150), deadline=None)
@given(patches())
def test_saving_and_loading_loses_nothing(patch: Patch) -> None:
    text = dumps(patch)
    assert loads(text) == patch
    assert dumps(loads(text)) == text
    assert loads(text.encode()) == patch


def test_the_layout_is_for_people_and_for_git() -> None:
    values = {"rate": 1.0, "points": [[0, 0.5], [1.25, 1.0]], "steps": [0, 0.5, 1]}
    slow = Node("lfo", values=values, ranges={"rate": (0, 2)}, at=(40, 80.5))
    cables = (Cable("slow", "uni", "cover", "strength", depth=0.4),)
    assert dumps(Patch(nodes={"slow": slow, "cover": Node("scheduler")}, cables=cables)) == WRITTEN


def test_equal_patches_have_equal_text() -> None:
    whole, pointed = Patch(nodes={"a": Node("l", values={"x": 2})}), Patch(nodes={"a": Node("l", values={"x": 2.0})})
    assert whole == pointed
    assert dumps(whole) == dumps(pointed)


def test_nothing_that_a_file_says_is_lost(path: Path, patch: Patch) -> None:
    assert json.loads(dumps(patch)) == json.loads(path.read_text(encoding="utf-8"))
    assert patch.nodes["later"].values["players"] == {"violins": [1, None, True]}
    assert patch.extra["room"] == {"reverb": [{"deep": [[]]}]}
    assert patch.cables_into("slow")[0].extra == {"plug": {"colour": [1, 0, 0]}}


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", 0.123456789), ("rate", 7), ("shape", "a very long text " * 20), ("steps", [0.25] * 40)],
)
def test_turning_one_knob_changes_one_line(patch: Patch, name: str, value: Any) -> None:
    changed, _ = apply(SetValue("slow", name, value), patch)
    before, after = dumps(patch).splitlines(), dumps(changed).splitlines()
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_moving_one_point_changes_one_line(patch: Patch) -> None:
    changed, _ = apply(SetValue("slow", "points", [[0, 0.5], [1.5, 1]]), patch)
    before, after = dumps(patch).splitlines(), dumps(changed).splitlines()
    assert [new for old, new in zip(before, after, strict=True) if old != new] == ["          [1.5, 1]"]


def test_keys_of_a_later_version_are_kept_in_every_piece(patch: Patch) -> None:
    tail, mapping, snapshot = patch.definitions["tail"], patch.mappings["m1"], patch.snapshots["b"]
    assert patch.dashboard["w1"].extra == {"skin": 3}
    assert (mapping.extra, mapping.source.extra) == ({"speed": 1}, {"page": 2})
    assert (snapshot.extra, snapshot.depths[0].extra) == ({"mood": "loud"}, {"was": 0.4})
    assert (tail.extra, tail.inputs["speed"].extra) == ({"colour": "red"}, {"hint": [1]})
    assert [target.extra for target in tail.inputs["speed"].to] == [{}, {"how": "so"}]


def test_changing_a_snapshot_or_a_definition_changes_few_lines(patch: Patch) -> None:
    values = {"cover": {"strength": 0.8}, "slow": {"shape": "saw"}}
    louder, _ = apply(SetSnapshot("b", structs.replace(patch.snapshots["b"], values=values)), patch)
    turned, _ = apply(Within("tail", SetBypass("inner", True)), patch)
    before = dumps(patch).splitlines()
    for changed, lines in ((louder, 2), (turned, 1)):
        diff = [line for line in difflib.ndiff(before, dumps(changed).splitlines()) if line[0] in "+-"]
        assert len(diff) == lines, diff


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1 is no JSON: expecting value"),
        ('{"format": 1,\n "nodes": {]}', "line 2, column 12 is no JSON"),
        ("[]", "the file holds no JSON object"),
        ("{}", "the file names no format"),
        ('{"format": "1"}', 'the format is "1"'),
        ('{"format": true}', "the format is True"),
        ('{"format": 0}', "the format is 0"),
        ('{"format": 3}', "the file has format 3, and this version reads formats up to 2 (update demon-patch)"),
        (
            '{"format": 1, "note": "}{",\n "meta": {"a": {}, "b": {"c": 1,\n  "c": 2}}}',
            'the key "c" stands twice in the object that ends at line 3, column 9',
        ),
        ('{"format": 1, "format": 1}', 'the key "format" stands twice'),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": 1, "x": ' + "[" * 33 + "]" * 33 + "}", "nested too deeply"),
        ('{"format": 1, "x": ' + "1" * 5000 + "}", "a number has thousands of digits"),
        ('{"format": 1, "x": NaN}', "x is nan"),
        ('{"format": 1, "song": {"bpm": -Infinity}}', "bpm is -inf"),
        ('{"format": 1, "song": {"bpm": 1e999}}', "bpm is inf"),
        ('{"format": 1, "song": 5}', "song is 5, not an object"),
        ('{"format": 1, "nodes": []}', "nodes is [], not an object"),
        ('{"format": 1, "nodes": {"a b": {"type": "lfo"}}}', '"a b" is no id of a node'),
        ('{"format": 1, "nodes": {"a": {}}}', 'node a: the node has no type (write "type": …)'),
        ('{"format": 1, "nodes": {"a": 1}}', "node a: the node is 1, not an object"),
        ('{"format": 1, "nodes": {"a": {"type": "l", "values": {"x": NaN}}}}', "node a: port x: the value is nan"),
        ('{"format": 1, "nodes": {"a": {"type": "l", "at": [1]}}}', "node a: at is [1], not two numbers"),
        ('{"format": 1, "cables": {}}', "cables is {}, not a list"),
        ('{"format": 1, "cables": [{"src": "a", "out": "o", "dst": "b"}]}', "cable 1: the cable has no port"),
        (
            '{"format": 1, "cables": [{"src": "a", "out": "o", "dst": "b", "port": "x"}]}',
            "node b: port x: a cable from a.o names the node a, which is not in the patch (add a, or take",
        ),
        ('{"format": 1, "frames": {"f": {}}}', "frame f: it has no at (write"),
        ('{"format": 1, "notes": {"n": {"at": [0, 0], "text": 1}}}', "note n: text is 1, not text"),
        ('{"format": 1, "dashboard": {"w": 5}}', "widget w: it is 5, not an object"),
        ('{"format": 1, "mappings": {"m": {"node": "a", "port": "x"}}}', "control mapping m: it has no source"),
        (
            '{"format": 1, "mappings": {"m": {"node": "a", "port": "x", "source": {}}}}',
            "control mapping m: source has no kind",
        ),
        ('{"format": 1, "snapshots": {"s": {"values": {"a": {"x": NaN}}}}}', "port x: snapshot s: the value is nan"),
        ('{"format": 1, "snapshots": {"s": {"scope": ["a"]}}}', "snapshot s names the node a, which is not in the"),
        (
            '{"format": 1, "snapshots": {"s": {"depths": [{}]}}}',
            "snapshot s: cable depth 1: the cable depth has no",
        ),
        ('{"format": 1, "definitions": {"d": {}}}', "definition d: it has no nodes"),
        ('{"format": 1, "definitions": {"d": {"nodes": {"a": {}}}}}', "node a: definition d: the node has no type"),
        (
            '{"format": 1, "definitions": {"d": {"nodes": {}, "inputs": {"i": {"to": [{"node": "a", "port": "x"}]}}}}}',
            "definition d: its input i names the node a, which is not in it",
        ),
        (
            '{"format": 1, "nodes": {"a": {"type": "subpatch", "definition": "d"}}}',
            "node a: its definition d is not in",
        ),
        ('{"format": 1, "x": "\\ud800"}', "x holds half a character"),
        ('{"format": 1, "x": "\ud800"}', "the text holds half a character"),
        (b'{\n"format": 1,\n"x": "\xff"}', "line 3 is not UTF-8"),
        (b'{"format": 1, "x": "' + b"x" * 2**24 + b'"}', "larger than 16 MiB"),
        ('{"format": 1, "x": [' + "0," * 2_000_001 + "0]}", "the file holds more than 500000 items"),
    ],
)
def test_a_broken_file_is_refused_by_place(text: str | bytes, says: str) -> None:
    with pytest.raises(PatchError) as caught:
        loads(text, "broken.dpatch.json")
    assert str(caught.value).startswith("broken.dpatch.json: ")
    assert says in str(caught.value)
    assert caught.value.mend


def test_a_byte_order_mark_is_no_matter(path: Path, patch: Patch) -> None:
    assert loads(b"\xef\xbb\xbf" + path.read_bytes()) == patch


def test_a_saved_patch_is_the_same_when_loaded(tmp_path: Path, patch: Patch) -> None:
    save(patch, tmp_path / "one.dpatch.json")
    assert load(tmp_path / "one.dpatch.json") == patch
    save(Patch(), str(tmp_path / "one.dpatch.json"))
    assert load(str(tmp_path / "one.dpatch.json")) == Patch()
    assert os.listdir(tmp_path) == ["one.dpatch.json"]


def test_saving_keeps_links_and_permissions(tmp_path: Path, patch: Patch) -> None:
    target, link = tmp_path / "target.dpatch.json", tmp_path / "link.dpatch.json"
    target.touch(mode=0o640)
    link.symlink_to(target)
    save(patch, link)
    assert link.is_symlink()
    assert load(target) == patch
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, patch: Patch, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "one.dpatch.json"
    save(patch, path)
    monkeypatch.setattr(os, call, full)
    with pytest.raises(PatchError, match=r"one\.dpatch\.json: cannot be written: No space left on device"):
        save(Patch(), path)
    assert load(path) == patch
    assert os.listdir(tmp_path) == ["one.dpatch.json"]


def test_a_patch_too_large_to_load_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patch: Patch) -> None:
    monkeypatch.setattr(patch_format, "SIZE", 100)
    with pytest.raises(PatchError, match=r"keep it within 100"):
        save(patch, tmp_path / "one.dpatch.json")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["missing.dpatch.json", "", "no\0name"])
def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(PatchError, match="cannot be read"):
        load(f"{tmp_path}/{name}")
    with pytest.raises(PatchError, match="cannot be written"):
        save(Patch(), f"{tmp_path}/nowhere/{name}" if name != "" else str(tmp_path))


def mapped(version: str = "", **fields: str) -> ControlMapping:
    given = "".join(f', "{key}": {text}' for key, text in fields.items())
    mapping = f'{{"node": "a", "port": "rate", "source": {{"kind": "bend"}}{version}{given}}}'
    text = f'{{"format": 2, "nodes": {{"a": {{"type": "lfo"}}}}, "mappings": {{"m": {mapping}}}}}'
    patch = loads(text)
    assert loads(dumps(patch)) == patch
    return patch.mappings["m"]


def test_a_mapping_keeps_the_version_of_its_rules() -> None:
    assert (mapped().version, mapped().takes_over) == (1, "jump")
    assert mapped(', "version": 2').takes_over == "pickup"
    assert mapped(takeover='"scaled"').takes_over == "scaled"
    new = ControlMapping(Controller("bend"), "a", "rate")
    assert (new.version, new.takes_over) == (2, "pickup")
    assert '"version": 2' in dumps(Patch(nodes={"a": Node("lfo")}, mappings={"m": new}))
    assert '"version"' not in dumps(Patch(nodes={"a": Node("lfo")}, mappings={"m": mapped()}))
