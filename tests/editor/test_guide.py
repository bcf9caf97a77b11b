"""The three things to try on the first patch."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from demon_patch.editor.guide import AFTER, Guide
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.patch.edit.commands import AddNode, Connect, Disconnect, SetValue
from demon_patch.patch.edit.commands.compound import apply
from demon_patch.patch.files.format import load
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, Node
from demon_patch.shipped import FIRST, template


@pytest.fixture
def patch() -> Patch:
    return load(template(FIRST))


def test_each_thing_gets_its_tick_and_they_go_when_all_are_done(patch: Patch, tmp_path: Path) -> None:
    guide = Guide(tmp_path / "state" / "seen")
    guide.begin(patch)
    assert guide.shown
    guide.look(patch, {}, 0.0)
    assert guide.done == frozenset()
    node = next(id for id, each in patch.nodes.items() if each.type == "scheduler")
    patch, _ = apply(SetValue(node, "strength", 0.7), patch)
    guide.look(patch, {}, 1.0)
    assert guide.done == {1}
    patch, _ = apply(Disconnect(*next(c for c in patch.cables if c.port == "strength").key), patch)
    guide.look(patch, {}, 2.0)
    assert guide.done == {1, 2}
    patch, _ = apply(AddNode("new", Node("lfo", at=(0.0, 0.0))), patch)
    patch, _ = apply(Connect(Cable("new", "out", node, "structure", depth=0.3)), patch)
    guide.look(patch, {}, 3.0)
    assert guide.done == {1, 2, 3}
    assert guide.shown
    guide.look(patch, {}, 3.1 + AFTER)
    assert not guide.shown
    again = Guide(tmp_path / "state" / "seen")
    again.begin(patch)
    assert not again.shown


def test_a_live_value_is_a_turned_knob(patch: Patch, tmp_path: Path) -> None:
    guide = Guide(tmp_path / "seen")
    guide.begin(patch)
    node = next(id for id, each in patch.nodes.items() if each.type == "scheduler")
    guide.look(patch, {(node, "strength"): 0.6}, 0.0)
    assert guide.done == {1}


def test_escape_ends_it_for_good_and_other_patches_have_none(patch: Patch, tmp_path: Path) -> None:
    guide = Guide(tmp_path / "seen")
    guide.begin(structs.replace(patch, meta=structs.replace(patch.meta, title="Mine")))
    assert not guide.shown
    assert not guide.end()
    guide.begin(patch)
    assert guide.end()
    assert not guide.shown
    assert (tmp_path / "seen").exists()


def test_the_notes_touch_neither_nodes_nor_each_other(patch: Patch, tmp_path: Path) -> None:
    guide = Guide(tmp_path / "seen")
    guide.begin(patch)
    boxes, _ = boxes_of(patch, None, Facts())
    rects = [placed.rect for placed in guide.placed(boxes)]
    assert len(rects) == 3
    for place, rect in enumerate(rects):
        for other in [*(box.rect for box in boxes.values()), *rects[:place]]:
            apart = rect[2] <= other[0] or other[2] <= rect[0] or rect[3] <= other[1] or other[3] <= rect[1]
            assert apart, (rect, other)
