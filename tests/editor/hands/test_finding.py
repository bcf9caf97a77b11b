"""Nodes are found; aligned nodes glide; a subpatch with copies asks once whether all of them are meant."""

from __future__ import annotations

from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH
from tests.support.editor_desk import Desk, chained, signals


def test_a_node_is_found_by_name_type_value_and_port() -> None:
    desk = Desk(chained())
    desk.press("ctrl+f", (20.0, 20.0))
    assert desk.popups.last is not None
    for text, id in (
        ("sched", "sched"),
        ("composed", "source"),
        ("acid", "words"),
        ("strength", "sched"),
        ("lf", "lfo"),
    ):
        assert desk.hands.offers(text)[0].id == id, text
    assert len(desk.hands.offers("")) == len(chained().nodes)
    assert desk.hands.offers("nothing at all") == []
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("speaker")[0])
    assert desk.hands.selection.nodes == {"speaker"}
    left, top, right, bottom = desk.camera.rect
    box = desk.view.boxes["speaker"]
    assert left <= box.x <= right
    assert top <= box.y <= bottom
    assert desk.steps == ()


def test_aligned_nodes_glide_and_arrive() -> None:
    desk = Desk(signals())
    desk.press("ctrl+a", (20.0, 20.0))
    desk.down("shift+left")
    assert desk.graph.nodes["scale"].at[0] == 0.0
    assert desk.view.boxes["scale"].x > 300
    assert desk.hands.busy
    desk.look(seconds=0.05)
    assert 0 < desk.view.boxes["scale"].x < 640
    desk.look(seconds=0.2)
    assert desk.view.boxes["scale"].x == 0.0
    assert not desk.hands.busy
    assert not desk.view.held


def copies() -> tuple[Patch, str, str]:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.press("ctrl+g")
    (one,) = [id for id, node in desk.graph.nodes.items() if node.type == SUBPATCH]
    desk.click(desk.head(one))
    desk.press("ctrl+d")
    (other,) = [id for id, node in desk.graph.nodes.items() if node.type == SUBPATCH and id != one]
    return desk.patch, one, other


def test_of_several_copies_it_is_asked_once_which_are_meant() -> None:
    patch, one, other = copies()
    desk = Desk(patch)
    desk.double_click(desk.head(one))
    assert desk.view.within is None
    desk.popups.pick("Edit all 2 copies")
    assert desk.view.within == patch.nodes[one].definition
    desk.press("u", (20.0, 20.0))
    desk.double_click(desk.head(other))
    assert desk.view.within == patch.nodes[one].definition  # not asked again


def test_only_one_copy_gets_a_definition_of_its_own() -> None:
    patch, one, other = copies()
    desk = Desk(patch)
    desk.double_click(desk.head(one))
    desk.popups.pick("Only this one, with a definition of its own")
    desk.update()
    assert desk.view.within == desk.patch.nodes[one].definition
    assert desk.patch.nodes[one].definition != desk.patch.nodes[other].definition
    assert len(desk.steps) == 1
