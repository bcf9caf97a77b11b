"""Nodes, frames, notes and probes are moved, copied, inserted, shaken: each in one undo step, and in none with Esc."""

from __future__ import annotations

from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, CableKey, Node
from tests.support.editor_desk import Desk, chained, signals

SLEW_SCALE = CableKey("slew", "out", "scale", "x")


def by(at: tuple[float, float], dx: float, dy: float) -> tuple[float, float]:
    return at[0] + dx, at[1] + dy


def test_a_node_moves_in_one_step_and_undo_restores_it() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("clock"), by(desk.head("clock"), 103, 40))
    assert desk.steps == ("Move",)
    assert desk.graph.nodes["clock"].at == (104.0, 840.0)  # the grid has it
    assert desk.view.boxes["clock"].x == 104.0
    desk.press("ctrl+z")
    assert desk.patch == signals()
    assert desk.view.boxes["clock"].x == 0.0


def test_alt_frees_the_grid() -> None:
    desk = Desk(signals())
    start = desk.head("clock")
    desk.drag(start, by(start, 50, 50), drop=False)
    desk.look(by(start, 101, 43), alt=True)
    desk.look(by(start, 101, 43), left=False)
    assert desk.graph.nodes["clock"].at == (101.0, 843.0)


def test_all_selected_nodes_move_together() -> None:
    desk = Desk(signals())
    desk.click(desk.head("lfo"))
    desk.click(desk.head("slew"), shift=True)
    desk.drag(desk.head("slew"), by(desk.head("slew"), 0, 80))
    assert desk.steps == ("Move",)
    assert [desk.graph.nodes[id].at[1] for id in ("lfo", "slew", "scale")] == [80.0, 80.0, 0.0]


def test_escape_puts_everything_back_and_leaves_no_step() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("clock"), by(desk.head("clock"), 200, 40), drop=False)
    assert desk.view.boxes["clock"].x != 0.0
    desk.press("escape")
    assert desk.view.boxes["clock"].x == 0.0
    desk.look(left=False)
    assert desk.steps == ()
    assert desk.hands.gesture is None


def test_the_right_button_cancels_too() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("clock"), by(desk.head("clock"), 200, 40), drop=False)
    desk.look(right=True)
    desk.look(left=False, right=False)
    assert desk.steps == ()
    assert desk.view.boxes["clock"].x == 0.0


def test_a_press_that_does_not_move_selects_and_edits_nothing() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    assert desk.hands.selection.nodes == {"slew"}
    assert desk.canvas.selected[0] == {"slew"}
    assert desk.steps == ()
    desk.click(desk.pixel(-300, -250))
    assert not desk.hands.selection


def test_alt_drag_moves_copies_that_keep_incoming_cables() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("slew"), by(desk.head("slew"), 0, 300), alt=True)
    assert desk.steps == ("Duplicate",)
    (copy,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert desk.graph.nodes["slew"].at == (320.0, 0.0)
    assert desk.graph.nodes[copy].at == (320.0, 300.0)
    assert CableKey("lfo", "out", copy, "x") in desk.graph.cables_by_key
    assert desk.hands.selection.nodes == {copy}
    desk.press("ctrl+z")
    assert desk.patch == signals()


def test_escape_takes_copies_away() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("slew"), by(desk.head("slew"), 0, 300), drop=False, alt=True)
    desk.press("escape")
    desk.look(left=False, alt=False)
    assert desk.patch == signals()
    assert desk.steps == ()


def test_duplicating_is_right_where_the_host_answers_late() -> None:
    desk = Desk(signals(), late=True)
    start = desk.head("slew")
    desk.drag(start, by(start, 0, 300), alt=True)
    (copy,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert desk.graph.nodes[copy].at == (320.0, 300.0)
    assert desk.steps == ("Duplicate",)


def test_a_node_dropped_on_a_cable_is_inserted_and_neighbours_make_room() -> None:
    patch = Patch(nodes={**signals().nodes, "smooth": Node("smooth", at=(320.0, 600.0))}, cables=signals().cables)
    desk = Desk(patch)
    start, cable = desk.head("smooth"), desk.middle(SLEW_SCALE)
    desk.drag(start, by(cable, 0, 60), cable, drop=False)
    assert desk.canvas.target == SLEW_SCALE
    desk.look(left=False)
    assert desk.canvas.target is None
    assert desk.steps == ("Insert",)
    assert SLEW_SCALE not in desk.graph.cables_by_key
    assert CableKey("slew", "out", "smooth", "x") in desk.graph.cables_by_key
    after = desk.graph.cables_by_key[CableKey("smooth", "out", "scale", "x")]
    assert after.depth == 0.4  # the settings of the old cable
    new, right = desk.view.boxes["smooth"], desk.view.boxes["scale"]
    assert right.x >= new.x + new.w + 40
    desk.press("ctrl+z")
    assert desk.patch == patch


def test_alt_suppresses_insertion() -> None:
    patch = Patch(nodes={**signals().nodes, "smooth": Node("smooth", at=(320.0, 600.0))}, cables=signals().cables)
    desk = Desk(patch)
    start, cable = desk.head("smooth"), desk.middle(SLEW_SCALE)
    desk.drag(start, cable, drop=False)
    desk.look(cable, alt=True)
    desk.look(cable, left=False)
    assert desk.steps == ("Move",)
    assert SLEW_SCALE in desk.graph.cables_by_key


def test_a_node_that_does_not_fit_is_not_inserted() -> None:
    desk = Desk(chained())
    key = CableKey("words", "prompt", "sched", "prompt")
    desk.drag(desk.head("lfo"), desk.middle(key))
    assert key in desk.graph.cables_by_key
    assert desk.steps == ("Move",)


def test_a_shaken_node_leaves_its_cables_healed_in_one_step() -> None:
    desk = Desk(signals())
    x, y = desk.head("slew")
    desk.look((x, y), seconds=1.0)
    desk.look((x, y), left=True)
    for turn in range(7):
        desk.look((x + (60 if turn % 2 else -60), y + 200), seconds=0.05)
    desk.look(left=False)
    assert desk.graph.cables_of("slew") == ()
    assert CableKey("lfo", "out", "scale", "x") in desk.graph.cables_by_key
    assert len(desk.steps) == 1
    desk.press("ctrl+z")
    assert desk.patch == signals()


def test_a_slow_sway_is_no_shake() -> None:
    desk = Desk(signals())
    x, y = desk.head("slew")
    desk.look((x, y), left=True, seconds=1.0)
    for turn in range(7):
        desk.look((x + (60 if turn % 2 else -60), y + 200), seconds=0.5)
    desk.look(left=False)
    assert desk.graph.cables == signals().cables


def framed() -> Patch:
    return Patch(
        nodes={"lfo": Node("lfo", at=(40.0, 60.0)), "far": Node("lfo", at=(700.0, 60.0))},
        frames={"box": CanvasFrame((0.0, 0.0), (400.0, 400.0), "Group")},
        notes={"say": CanvasNote("hello", (60.0, 300.0), (100.0, 60.0))},
        probes={"look": Probe("lfo", "out", (700.0, 420.0))},
    )


def test_a_frame_takes_what_lies_on_it_along() -> None:
    desk = Desk(framed())
    desk.drag(desk.pixel(200, 12), desk.pixel(280, 92), alt=False)
    assert desk.steps == ("Move",)
    assert desk.graph.frames["box"].at == (80.0, 80.0)
    assert desk.graph.nodes["lfo"].at == (120.0, 140.0)
    assert desk.graph.notes["say"].at == (140.0, 380.0)
    assert desk.graph.nodes["far"].at == (700.0, 60.0)
    assert desk.graph.probes["look"].at == (700.0, 420.0)


def test_frame_note_and_probe_change_their_size_both_ways() -> None:
    desk = Desk(framed())
    desk.drag(desk.pixel(397, 397), desk.pixel(447, 347))
    assert desk.graph.frames["box"].size == (450.0, 350.0)
    desk.drag(desk.pixel(157, 357), desk.pixel(177, 377))
    assert desk.graph.notes["say"].size == (120.0, 80.0)
    desk.drag(desk.pixel(857, 497), desk.pixel(817, 497))
    assert desk.graph.probes["look"].size == (120.0, 80.0)
    assert desk.steps == ("Resize",) * 3


def test_a_resize_can_be_cancelled() -> None:
    desk = Desk(framed())
    desk.drag(desk.pixel(397, 397), desk.pixel(447, 347), drop=False)
    desk.press("escape")
    desk.look(left=False)
    assert desk.canvas.frames["box"].size == (400.0, 400.0)
    assert desk.steps == ()


def test_f_lets_the_frame_grow_to_hold_the_node() -> None:
    desk = Desk(framed())
    desk.drag(desk.head("far"), desk.pixel(350, 200), drop=False)
    desk.press("f")
    desk.look(left=False)
    box, frame = desk.view.boxes["far"], desk.graph.frames["box"]
    assert frame.at[0] + frame.size[0] >= box.x + box.w
    assert desk.steps == ("Move",)


def test_another_client_may_remove_the_node_in_the_hand() -> None:
    from demon_patch.patch.edit.commands import RemoveNode

    desk = Desk(signals())
    desk.drag(desk.head("clock"), by(desk.head("clock"), 80, 0), drop=False)
    desk.did(RemoveNode("clock"))
    desk.look(by(desk.head("lfo"), 80, 80))
    desk.look(left=False)
    assert "clock" not in desk.graph.nodes
    assert not desk.link.open
    assert not desk.link.faults


def test_a_cable_into_a_moved_node_is_the_same() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("slew"), by(desk.head("slew"), 0, 160))
    assert desk.graph.cables == signals().cables
    assert Cable("lfo", "out", "slew", "x") in desk.graph.cables
