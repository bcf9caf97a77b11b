"""The view makes the canvas equal to the patch by differences, whatever was edited."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.canvas.view import View
from demon_patch.editor.layout.box import GROUND
from demon_patch.editor.layout.facts import Facts
from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import Connect, Disconnect, Move, RemoveNode, SetFolded, SetValue, apply
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.graph import CableKey
from tests.support.patch_strategies import DEFINITIONS, commands, patches
from tests.support.recording_canvas import RecordingCanvas

FACTS = Facts()


def viewed(patch: Patch, **more: Any) -> tuple[View, RecordingCanvas]:
    canvas = RecordingCanvas()
    face: Canvas = canvas
    view = View(face, FACTS)
    view.update(patch, **more)
    canvas.calls.clear()
    return view, canvas


def small() -> Patch:
    nodes = {
        "lfo": Node("lfo", at=(0, 0)),
        "ring": Node("scheduler", at=(400, 0), values={"strength": 0.5}),
        "spare": Node("knob", at=(0, 400)),
    }
    return Patch(nodes=nodes, cables=(Cable("lfo", "out", "ring", "strength"),))


def after(patch: Patch, *steps: Any) -> Patch:
    for step in steps:
        patch, _ = apply(step, patch)
    return patch


@given(st.data())
def test_after_any_commands_the_canvas_is_that_of_a_fresh_build(data: st.DataObject) -> None:
    patch = data.draw(patches())
    view, canvas = viewed(patch)
    for _ in range(data.draw(st.integers(1, 8))):
        if data.draw(st.integers(0, 4)) == 0:
            view.dive(data.draw(st.sampled_from([None, *(id for id in DEFINITIONS if id in patch.definitions)])))
        try:
            patch, _ = apply(data.draw(commands(patch)), patch)
        except PatchError:
            continue
        ids = sorted(patch.graph(view.within if view.within in patch.definitions else None).nodes)
        live = {(id, "rate"): 0.5 for id in ids if data.draw(st.booleans())}
        problems = {id: "broken" for id in ids if data.draw(st.booleans())}
        view.update(patch, live, problems)
        fresh = RecordingCanvas()
        other = View(fresh, FACTS)
        other.within = view.within
        other.update(patch, live, problems)
        assert canvas.picture() == fresh.picture()
        assert view.space.boxes == other.space.boxes
        assert view.space.curves == other.space.curves
        assert view.space.chips == other.space.chips


def test_what_did_not_change_makes_no_call() -> None:
    view, canvas = viewed(small())
    view.update(small())
    assert canvas.calls == []


def test_a_move_is_one_call() -> None:
    view, canvas = viewed(small())
    view.update(after(small(), Move({"lfo": (50.0, 60.0)})))
    assert canvas.calls == [("move_box", ("lfo", 50.0, 60.0))]
    assert view.space.curves[CableKey("lfo", "out", "ring", "strength")][0][0] == 50.0 + view.boxes["lfo"].w


def test_a_turned_knob_is_one_call() -> None:
    view, canvas = viewed(small())
    view.update(after(small(), SetValue("ring", "strength", 0.25)))
    assert canvas.calls == [("turn", ("ring", "strength", 0.25, "25 %"))]
    assert view.boxes["ring"].knobs[0].value == 0.25


def test_a_removed_node_takes_its_cables_first() -> None:
    view, canvas = viewed(small())
    view.update(after(small(), RemoveNode("lfo")))
    key = CableKey("lfo", "out", "ring", "strength")
    assert canvas.calls[:2] == [("remove_wire", (key,)), ("remove_box", ("lfo",))]
    assert view.wires == {}


def test_a_cable_into_a_folded_port_unfolds_it_and_only_that_node_is_drawn_anew() -> None:
    view, canvas = viewed(small())
    assert "noise_drift" in view.boxes["ring"].hidden
    view.update(after(small(), Connect(Cable("spare", "out", "ring", "noise_drift"))))
    assert "noise_drift" not in view.boxes["ring"].hidden
    assert [given for name, given in canvas.calls if name == "add_box"] == [("spare",), ("ring",)] or [
        given for name, given in canvas.calls if name == "add_box"
    ] == [("ring",), ("spare",)]
    view.update(small())
    assert "noise_drift" in view.boxes["ring"].hidden


def test_a_held_box_stays_in_the_hand_until_it_is_let_go() -> None:
    view, canvas = viewed(small())
    view.held = frozenset({"lfo"})
    view.place("lfo", 10.0, 20.0)
    view.update(after(small(), SetValue("lfo", "rate", 1.0)))
    assert (view.boxes["lfo"].x, view.boxes["lfo"].y) == (10.0, 20.0)
    view.held = frozenset()
    view.update(small())
    assert (canvas.boxes["lfo"].x, canvas.boxes["lfo"].y) == (0.0, 0.0)


def test_a_live_value_shows_on_its_knob_and_its_number() -> None:
    view, canvas = viewed(small())
    view.show_now("ring", "strength", 0.7)
    view.update(small(), {("ring", "strength"): 0.9})
    assert canvas.modulated["ring", "strength"] == (0.7, 0.9)
    assert canvas.boxes["ring"].knobs[0].position == 0.5
    assert next(row.text for row in canvas.boxes["ring"].rows if row.port == "strength") == "90 %"
    view.update(small())
    assert canvas.modulated["ring", "strength"] == (0.7, None)


def test_a_problem_is_marked_without_drawing_anew() -> None:
    view, canvas = viewed(small())
    view.update(small(), {}, {"lfo": "it has failed"})
    assert canvas.calls == [("set_problem", ("lfo", "it has failed"))]


def test_hits_follow_the_patch() -> None:
    view, _ = viewed(small())
    hit = view.at(2.0, 15.0)
    assert (hit.kind, hit.id) == ("head", "lfo")
    view.update(after(small(), Disconnect("lfo", "out", "ring", "strength"), Move({"lfo": (2000.0, 0.0)})))
    assert view.at(2.0, 15.0) == GROUND


def test_pins_are_those_with_a_row() -> None:
    view, _ = viewed(small())
    names = {(pin.node, pin.name) for pin in view.pins()}
    assert ("ring", "strength") in names
    assert ("ring", "noise_drift") not in names
    view.update(after(small(), SetFolded("ring", "-", True)))
    assert ("ring", "noise_drift") in {(pin.node, pin.name) for pin in view.pins()}
    assert view.boxes["ring"].unfolded
