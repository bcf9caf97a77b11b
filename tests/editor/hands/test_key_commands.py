"""What commands of the key table do: frames, views, subpatches, arranging, wiring, notes."""

from __future__ import annotations

import pytest

from demon_patch.editor.hands.places import area, touch
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH, CableKey, Node
from demon_patch.runtime.remote.messages.controllers import CancelLearn, Learn
from demon_patch.runtime.remote.messages.live import Feed
from tests.support.editor_desk import Desk, chained, signals

SLEW_SCALE = CableKey("slew", "out", "scale", "x")
GROUND = (20.0, 20.0)


def test_frames_bookmarks_and_views() -> None:
    desk = Desk(signals())
    desk.press("ctrl+a", GROUND)
    assert desk.hands.selection.nodes == signals().nodes.keys()
    desk.press("ctrl+j")
    (frame,) = desk.graph.frames.values()
    assert frame.at[0] < 0
    assert desk.hands.selection.others == desk.graph.frames.keys()
    desk.press("ctrl+3")
    kept = desk.camera.centre
    desk.press("home")
    assert desk.camera.rect[0] <= frame.at[0]
    desk.press("3")
    assert desk.camera.centre == pytest.approx(kept)
    desk.press("[")
    assert desk.camera.centre != pytest.approx(kept)
    desk.press("]")
    assert desk.camera.centre == pytest.approx(kept)
    desk.press("9")
    assert "no bookmark 9" in desk.popups.told[-1]
    assert desk.steps == ("Frame", "Bookmark 3")


def test_f_looks_at_the_selection_and_ctrl_0_is_full_size() -> None:
    desk = Desk(signals())
    desk.click(desk.head("clock"))
    desk.press("f")
    box = desk.view.boxes["clock"]
    assert desk.camera.centre == pytest.approx((box.x + box.w / 2, box.y + box.h / 2))
    desk.camera.zoom_to(0.4)
    desk.press("ctrl+0")
    assert desk.camera.zoom == 1.0


def test_zoom_keeps_the_point_under_the_pointer() -> None:
    desk = Desk(signals())
    before = desk.camera.world(700, 300)
    for _ in range(5):
        desk.look((700, 300), wheel=1.0)
    assert desk.camera.zoom > 1.3
    assert desk.camera.world(700, 300) == pytest.approx(before, abs=0.1)


def test_the_graph_stays_in_sight() -> None:
    desk = Desk(signals())
    for _ in range(30):
        desk.drag((100, 100), (1500, 1100), button="middle")
    left, top, right, bottom = desk.camera.rect
    assert any(b.x < right and b.x + b.w > left and b.y < bottom and b.y + b.h > top for b in desk.view.boxes.values())


def test_subpatches_are_made_entered_edited_left_and_unpacked() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.press("ctrl+g")
    (sub,) = [id for id, node in desk.graph.nodes.items() if node.type == SUBPATCH]
    assert desk.hands.selection.nodes == {sub}
    assert desk.steps == ("Subpatch",)
    desk.double_click(desk.head(sub))
    assert desk.view.within == desk.patch.nodes[sub].definition
    assert set(desk.view.boxes) == {"slew"}
    assert [title for _, title in desk.hands.commands.path()] == ["Patch", "Subpatch"]
    desk.drag(desk.head("slew"), (desk.head("slew")[0] + 80, desk.head("slew")[1]))
    assert desk.graph.nodes["slew"].at[0] == 400.0
    desk.look(GROUND)
    desk.press("u")
    assert desk.view.within is None
    assert set(desk.view.boxes) == {"lfo", "other", "scale", "clock", sub}
    desk.click(desk.head(sub))
    desk.press("ctrl+shift+g")
    assert not desk.patch.definitions
    assert len(desk.graph.cables) == 2
    assert len(desk.steps) == 3


def test_an_engine_node_is_refused_in_a_subpatch_and_told() -> None:
    desk = Desk(chained())
    desk.click(desk.head("sched"))
    desk.press("ctrl+g")
    assert desk.patch == chained()
    assert "cannot stand within a subpatch" in desk.popups.told[-1]


def test_align_distribute_and_tidy_are_steps() -> None:
    desk = Desk(signals())
    desk.press("ctrl+a", GROUND)
    for key in ("shift+left", "shift+down", "shift+h", "shift+v", "shift+t", "right"):
        desk.press(key)
    places = [node.at for node in desk.graph.nodes.values()]
    assert len(set(places)) == len(places)
    while desk.steps:
        desk.press("ctrl+z")
    assert desk.patch == signals()


def test_left_edges_are_in_line() -> None:
    desk = Desk(signals())
    desk.press("ctrl+a", GROUND)
    desk.press("shift+left")
    assert {node.at[0] for node in desk.graph.nodes.values()} == {0.0}


def test_j_looks_at_the_other_end() -> None:
    desk = Desk(signals())
    desk.camera.look_at(0.0, 0.0)
    desk.look(desk.middle(SLEW_SCALE))
    desk.press("j")
    assert desk.camera.centre[0] > 600


def test_f8_goes_from_problem_to_problem() -> None:
    desk = Desk(signals())
    desk.press("f8")
    assert desk.popups.told == ["No node has a problem"]
    desk.view.update(desk.patch, {}, {"clock": "stands still", "lfo": "is hot"})
    desk.hands.key("f8", "", False, False, False, True)
    desk.hands.key("f8", "", False, False, False, True)
    assert desk.popups.told[1:] == ["is hot", "stands still"]
    assert desk.hands.selection.nodes == {"clock"}


def test_upstream_and_downstream() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.press("ctrl+right")
    assert desk.hands.selection.nodes == {"slew", "scale"}
    desk.press("ctrl+left")
    assert desk.hands.selection.nodes == {"lfo", "slew", "scale"}


def test_l_wires_the_selected_nodes() -> None:
    desk = Desk(signals())
    desk.click(desk.head("clock"))
    desk.click(desk.head("other"), shift=True)
    desk.press("l")
    assert len(desk.graph.cables) == 3
    assert len(desk.steps) == 1


def test_c_held_makes_only_cables_hittable() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.down("c")
    desk.look(desk.head("lfo"))
    assert desk.hands.hover.kind == "ground"
    desk.up("c")
    desk.look((desk.head("lfo")[0] + 1, desk.head("lfo")[1]))
    assert desk.hands.hover.id == "lfo"


def test_computer_keys_play_notes() -> None:
    patch = Patch(nodes={"keys": Node("keyboard", at=(0.0, 0.0))})
    desk = Desk(patch)
    desk.press("ctrl+k", GROUND)
    desk.down("a")
    desk.down("d")
    desk.up("d")
    desk.up("a")
    desk.press("x")
    fed = [asked.values for asked in desk.link.asked if isinstance(asked, Feed)]
    assert fed[0] == (("keys", "key", 60.0), ("keys", "force", 0.8), ("keys", "held", (1.0, 1.0)))
    assert fed[1][0] == ("keys", "key", 64.0)
    assert fed[2] == (("keys", "key", 60.0),)
    assert fed[3] == (("keys", "held", (0.0, 0.0)),)
    assert fed[4] == (("keys", "shift", 1.0),)
    desk.press("ctrl+k")
    desk.press("a")
    assert desk.popups.last is not None  # letters open the palette again


def test_escape_ends_learning_then_the_selection() -> None:
    desk = Desk(chained())
    desk.click(desk.knob("sched", "strength"), button="right")
    desk.popups.pick("Learn a controller")
    assert desk.link.asked[-1] == Learn(node="sched", port="strength")
    desk.press("escape")
    assert desk.link.asked[-1] == CancelLearn()
    assert desk.hands.selection
    desk.press("escape")
    assert not desk.hands.selection


def test_a_note_is_written_and_changed() -> None:
    desk = Desk(signals())
    desk.press("ctrl+t", desk.pixel(-200, -200))
    assert desk.popups.type("hello") == ""
    (note,) = desk.graph.notes.values()
    assert note.at == (-200.0, -200.0)
    desk.double_click(desk.pixel(-190, -190))
    desk.popups.type("hello again")
    assert [n.text for n in desk.graph.notes.values()] == ["hello again"]
    assert desk.steps == ("Note", "Note")


def test_hovering_a_port_for_a_while_and_a_click_pin_its_probe() -> None:
    desk = Desk(signals())
    desk.click(desk.pin("lfo", "out", True), seconds=0.05)
    assert not desk.graph.probes
    desk.look(desk.pin("lfo", "out", True), seconds=0.5)
    desk.click(desk.pin("lfo", "out", True), seconds=0.5)
    (probe,) = desk.graph.probes.values()
    assert (probe.node, probe.out) == ("lfo", "out")
    rect = area(probe.at, probe.size)
    assert not any(touch(rect, box.rect) for box in desk.view.boxes.values())
    assert abs(probe.at[0] - desk.view.boxes["lfo"].rect[2]) < 200
    assert desk.steps == ("Probe",)
