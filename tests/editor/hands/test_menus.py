"""Menus of nodes, ports, cables, frames and the ground: lines from the commands, each one undo step."""

from __future__ import annotations

from demon_patch.editor.panels.protocol import Item
from demon_patch.patch.model.canvas import CanvasFrame
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, SUBPATCH, CableKey
from demon_patch.runtime.remote.messages.live import Ramp, Recall, Store
from tests.support.editor_desk import Desk, chained, signals

STRENGTH = CableKey("lfo", "out", "sched", "strength")
SLEW_SCALE = CableKey("slew", "out", "scale", "x")


def titles(desk: Desk) -> list[str]:
    assert desk.popups.last is not None
    assert desk.popups.last[0] == "menu"
    return [item.title for item in desk.popups.last[1]]


def menu(desk: Desk, at: tuple[float, float], *way: str) -> None:
    desk.click(at, button="right")
    desk.popups.pick(*way)
    desk.update()


def test_a_right_click_selects_and_opens_the_menu_and_a_right_drag_does_not() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"), button="right")
    assert desk.hands.selection.nodes == {"slew"}
    assert "Bypass" in titles(desk)
    desk.popups.close()
    desk.drag((100.0, 100.0), (200.0, 100.0), button="right")
    assert desk.popups.last is None


def test_lines_have_the_keys_of_the_table() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"), button="right")
    assert desk.popups.last is not None
    keys = {item.title: item.key for item in desk.popups.last[1]}
    assert keys["Bypass"] == "B"
    assert keys["Delete and heal"] == "Delete"
    assert keys["Make a subpatch"] == "Ctrl+G"


def test_modulate_with_adds_and_wires_in_one_step() -> None:
    desk = Desk(chained())
    menu(desk, desk.knob("sched", "strength"), "Modulate with", "LFO")
    (new,) = desk.graph.nodes.keys() - chained().nodes.keys()
    assert CableKey(new, "out", "sched", "strength") in desk.graph.cables_by_key
    assert STRENGTH in desk.graph.cables_by_key
    assert desk.steps == ("Modulate with LFO",)
    box, others = desk.view.boxes[new], [b for id, b in desk.view.boxes.items() if id != new]
    assert not any(b.x < box.x + box.w and box.x < b.x + b.w and abs(b.y - box.y) < 60 for b in others)


def test_a_cable_has_mode_depth_offset_mute_and_solo() -> None:
    desk = Desk(signals())
    at = desk.middle(SLEW_SCALE)
    menu(desk, at, "Mode", "Replaces the knob")
    assert desk.graph.cables_by_key[SLEW_SCALE].mode == "set"
    menu(desk, at, "Mode", "Adds to the knob")
    menu(desk, at, "Turn the depth round")
    assert desk.graph.cables_by_key[SLEW_SCALE].depth == -0.4
    menu(desk, at, "Offset")
    desk.popups.type("0.25")
    assert desk.graph.cables_by_key[SLEW_SCALE].offset == 0.25
    menu(desk, at, "Muted")
    menu(desk, at, "Solo")
    cable = desk.graph.cables_by_key[SLEW_SCALE]
    assert cable.muted
    assert cable.solo
    menu(desk, at, "Put a reroute into it")
    assert REROUTE in {node.type for node in desk.graph.nodes.values()}
    assert len(desk.steps) == 7


def test_colour_lock_dashboard_and_hidden_ports() -> None:
    desk = Desk(chained())
    menu(desk, desk.head("sched"), "Colour", "Teal")
    assert desk.graph.nodes["sched"].colour == "#4fb8b0"
    menu(desk, desk.knob("sched", "strength"), "Snapshots leave it alone")
    assert desk.graph.nodes["sched"].locked == ("strength",)
    menu(desk, desk.knob("sched", "strength"), "To the dashboard")
    assert [(w.node, w.port) for w in desk.patch.dashboard.values()] == [("sched", "strength")]
    knob = desk.view.knob("decoder", "gain")
    assert knob is not None
    menu(desk, desk.knob("decoder", "gain"), "Hide this port")
    assert desk.view.knob("decoder", "gain") is None
    assert len(desk.steps) == 4


def test_the_line_at_the_foot_unfolds_and_folds() -> None:
    desk = Desk(chained())
    box = desk.view.boxes["sched"]
    assert box.hidden
    desk.click(desk.pixel(box.x + 40, box.y + box.h - 6))
    box = desk.view.boxes["sched"]
    assert not box.hidden
    desk.click(desk.pixel(box.x + 40, box.y + box.h - 6))
    assert desk.view.boxes["sched"].hidden
    assert desk.steps == ("Ports", "Ports")


def test_frames_have_a_menu_and_a_title() -> None:
    desk = Desk(Patch(nodes=signals().nodes, frames={"box": CanvasFrame((-300.0, -250.0), (200.0, 200.0))}))
    desk.double_click(desk.pixel(-200, -240))
    desk.popups.type("Group")
    assert desk.graph.frames["box"].title == "Group"
    menu(desk, desk.pixel(-200, -240), "Delete")
    assert not desk.graph.frames


def test_snapshots_are_stored_recalled_and_morphed() -> None:
    desk = Desk(Patch(nodes=signals().nodes, snapshots={"a": Snapshot("One"), "b": Snapshot("Two")}))
    ground = desk.pixel(-300, -250)
    menu(desk, ground, "Snapshots", "Store a snapshot")
    assert desk.link.asked[-1] == Store(title="Snapshot 3")
    menu(desk, ground, "Snapshots", "One", "Recall")
    assert desk.link.asked[-1] == Recall(snapshot="a")
    menu(desk, ground, "Snapshots", "One", "Morph from it to", "Two in 4 s")
    assert desk.link.asked[-1] == Ramp(one="a", other="b", seconds=4.0)
    menu(desk, ground, "Snapshots", "Two", "Delete")
    assert list(desk.patch.snapshots) == ["a"]


def test_ports_are_shown_on_the_subpatch() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.press("ctrl+g")
    (sub,) = [id for id, node in desk.graph.nodes.items() if node.type == SUBPATCH]
    desk.double_click(desk.head(sub))
    menu(desk, desk.knob("slew", "rise"), "Show it on the subpatch")
    assert len(desk.patch.definitions[desk.view.within or ""].inputs) == 2
    desk.look((10.0, 10.0))
    desk.press("u")
    assert any(row.title == "Rise" for row in desk.view.boxes[sub].rows)


def test_every_line_of_every_menu_does_something_or_has_lines() -> None:
    def check(items: list[Item]) -> None:
        for item in items:
            assert item.title
            assert item.do is not None or item.items
            check(list(item.items))

    desk = Desk(chained())
    for at in [desk.head("sched"), desk.knob("sched", "strength"), desk.pin("lfo", "out", True), desk.middle(STRENGTH)]:
        desk.click(at, button="right")
        assert desk.popups.last is not None
        check(desk.popups.last[1])
        desk.popups.close()
