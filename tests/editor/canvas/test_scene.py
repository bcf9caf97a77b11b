"""The scene makes and deletes its items, follows what it is told, and keeps what it was told in another theme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dearpygui.dearpygui as dpg
import numpy as np
import pytest

from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.canvas.scene import Scene
from demon_patch.editor.canvas.scene_notes import FrameItems
from demon_patch.editor.canvas.view import View
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look.theme import DARK, LIGHT
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, CableKey, Node

KEY = CableKey("lfo", "uni", "sch", "strength")
PATCH = Patch(
    nodes={"lfo": Node("lfo", at=(0, 0)), "sch": Node("scheduler", at=(400, 0)), "dec": Node("decoder", at=(800, 0))},
    cables=(Cable("lfo", "uni", "sch", "strength", mode="add", depth=0.25), Cable("sch", "ring", "dec", "ring")),
    frames={"f": CanvasFrame((-20, -40), title="All")},
    notes={"n": CanvasNote("Turn it.", (0, 400))},
    probes={"p": Probe("lfo", "uni", (200, 400))},
)


def _view(scene: Scene, patch: Patch = PATCH) -> View:
    view = View(scene, Facts(), scene.space)
    view.update(patch)
    scene.look()
    return view


def _config(item: Any) -> dict[str, Any]:
    return dpg.get_item_configuration(item)


def test_the_scene_is_a_canvas(scene: Scene) -> None:
    canvas: Canvas = scene
    assert canvas is scene


@pytest.mark.parametrize("type", sorted(CATALOGUE))
def test_every_node_type_is_drawn_and_deleted_without_a_trace(type: str, scene: Scene) -> None:
    textures = len(dpg.get_all_items())
    for state in (Node(type), Node(type, bypass=True), Node(type, muted=True)):
        patch = Patch(nodes={"n": state})
        box = boxes_of(patch, None, Facts())[0]["n"]
        scene.add_box(box)
        scene.set_problem("n", "It is broken.")
        made = len(dpg.get_all_items())
        assert made > textures + 10
        scene.remove_box("n")
    left = len(dpg.get_all_items())
    scene.brush.close()
    scene.ground.close()
    kept = len(dpg.get_all_items())
    # what stays until the scene closes are the textures, which boxes of the same size share
    assert left - textures <= 6
    assert kept < textures


def test_items_are_back_to_where_they_were_when_all_has_gone(scene: Scene) -> None:
    view = _view(scene)
    view.update(Patch())
    before = len(dpg.get_all_items())
    for _ in range(3):
        view.update(PATCH)
        scene.beads(CableKey("sch", "ring", "dec", "ring"), [0.1, 0.5])
        scene.heard("sch", "strength", 0.5)
        assert len(dpg.get_all_items()) > before + 100
        view.update(Patch())
        assert len(dpg.get_all_items()) == before


def test_closing_deletes_everything(window: int, scene: Scene) -> None:
    _view(scene)
    scene.close()
    assert dpg.get_all_items() == [window]


def test_a_node_is_moved_by_one_matrix_and_its_cables_follow(scene: Scene, monkeypatch: Any) -> None:
    view = _view(scene)
    before = _config(scene.wires[KEY].core)["p1"]
    moved: list[Any] = []
    true = dpg.apply_transform
    monkeypatch.setattr(dpg, "apply_transform", lambda item, m: (moved.append(item), true(item, m)))
    view.place("lfo", 30.0, 50.0)
    after = _config(scene.wires[KEY].core)["p1"]
    assert (after[0] - before[0], after[1] - before[1]) == (30.0, 50.0)
    assert moved.count(scene.boxes["lfo"].root) == 1


def test_knobs_show_base_modulation_and_live_value(scene: Scene) -> None:
    _view(scene)
    knob = scene.boxes["sch"].knobs["strength"]
    assert not _config(knob._dot)["show"]
    scene.modulate("sch", "strength", 0.9, 0.2)
    assert _config(knob._dot)["show"]
    assert _config(knob._live)["show"]
    number = scene.boxes["sch"].numbers["strength"][0]
    assert [round(255 * v) for v in _config(number)["color"]][:3] == list(DARK.snap[:3])
    scene.modulate("sch", "strength", None, None)
    assert not _config(knob._dot)["show"]
    assert not _config(knob._live)["show"]
    tip = _config(knob._tip)["p2"]
    scene.turn("sch", "strength", 0.1, "10 %")
    assert _config(knob._tip)["p2"] != tip
    assert _config(number)["text"] == "10 %"


def test_a_ring_closes_and_goes(scene: Scene) -> None:
    _view(scene)
    before = len(dpg.get_all_items())
    scene.heard("sch", "strength", 0.2)
    ring = scene.boxes["sch"].knobs["strength"]._heard
    few = len(_config(ring)["points"])
    scene.heard("sch", "strength", 0.9)
    assert len(_config(ring)["points"]) > few
    scene.heard("sch", "strength", None)
    assert len(dpg.get_all_items()) == before


def test_a_trace_swings_beside_its_cable_only_where_it_changes(scene: Scene) -> None:
    _view(scene)
    wire = scene.wires[KEY]
    scene.trace(KEY, np.zeros(75))
    flat = _config(wire.swing)["points"]
    scene.trace(KEY, np.full(75, 0.001))
    assert _config(wire.swing)["points"] == flat
    scene.trace(KEY, np.sin(np.arange(75) / 5))
    assert _config(wire.swing)["points"] != flat


def test_beads_lie_on_their_cable(scene: Scene) -> None:
    _view(scene)
    key = CableKey("sch", "ring", "dec", "ring")
    scene.beads(key, [0.0, 1.0, 2.0])
    first, last = (tuple(_config(bead)["center"][:2]) for _, bead in scene.wires[key].pool)
    curve = scene.space.curves[key]
    assert first == pytest.approx(curve[0], abs=1e-3)
    assert last == pytest.approx(curve[3], abs=1e-3)
    scene.beads(key, [])
    assert not any(_config(bead)["show"] for _, bead in scene.wires[key].pool)


def test_what_is_off_screen_is_hidden_and_small_nodes_have_less_detail(scene: Scene) -> None:
    _view(scene)
    scene.camera.look_at(5000, 5000)
    scene.look()
    assert not any(_config(box.root)["show"] for box in scene.boxes.values())
    assert not any(_config(wire.root)["show"] for wire in scene.wires.values())
    scene.camera.look_at(400, 200, 0.3)
    scene.look()
    box = scene.boxes["sch"]
    assert _config(box.root)["show"]
    assert (_config(box.far)["show"], _config(box.plain)["show"], _config(box.fine)["show"]) == (True, False, False)
    frame = scene.cards.items["f"]
    assert isinstance(frame, FrameItems)
    assert (_config(frame.near)["show"], _config(frame.far)["show"]) == (False, True)
    scene.camera.look_at(400, 200, 1.0)
    scene.look()
    assert (_config(box.far)["show"], _config(box.plain)["show"], _config(box.fine)["show"]) == (False, True, True)


def test_a_node_that_is_moved_into_view_is_shown(scene: Scene) -> None:
    view = _view(scene)
    view.place("dec", 9000.0, 0.0)
    scene.look()
    assert not _config(scene.boxes["dec"].root)["show"]
    view.place("dec", 700.0, 300.0)
    assert _config(scene.boxes["dec"].root)["show"]


def test_resizing_a_probe_makes_no_textures(scene: Scene) -> None:
    _view(scene)
    before = len(dpg.get_all_items())
    for size in range(100, 130):
        scene.set_probe("p", Probe("lfo", "uni", (200, 400), (float(size), 80.0)))
    assert len(dpg.get_all_items()) == before


def test_a_display_that_is_small_shows_its_newest_data_when_it_is_large_again(scene: Scene) -> None:
    _view(scene)
    scene.camera.look_at(400, 200, 0.3)
    scene.look()
    scene.display("lfo", {"value": [[0.2]], "place": [[0.5]], "shape": "saw", "ranges": {"value": ((0, 1),)}})
    picture = scene.boxes["lfo"].picture
    assert picture is not None
    small = repr([_config(i) for i in dpg.get_item_children(picture.plain, 2)])  # type: ignore[union-attr]
    scene.camera.look_at(400, 200, 1.0)
    scene.look()
    assert repr([_config(i) for i in dpg.get_item_children(picture.plain, 2)]) != small  # type: ignore[union-attr]


def test_selection_and_problems_mark_the_outline(scene: Scene) -> None:
    _view(scene)
    outline = scene.boxes["lfo"].outline
    plain = _config(outline)["color"]
    scene.select({"lfo"}, {KEY}, {"n", "f", "p"})
    assert _config(outline)["color"] != plain
    assert all(_config(scene.cards.items[id].edge)["show"] for id in "nfp")
    assert "selected" in scene.wires[KEY].moods
    scene.select((), (), ())
    assert _config(outline)["color"] == plain
    assert not any(_config(scene.cards.items[id].edge)["show"] for id in "nfp")
    before = len(dpg.get_all_items())
    scene.set_problem("lfo", "It is broken.")
    assert _config(outline)["color"] != plain
    scene.set_problem("lfo", "")
    assert _config(outline)["color"] == plain
    assert len(dpg.get_all_items()) == before


def test_gestures_draw_over_the_canvas_and_leave_nothing(scene: Scene) -> None:
    view = _view(scene)
    hand = scene.layers["hand"]

    def shown() -> int:
        return sum(_config(item)["show"] for item in dpg.get_item_children(hand, 2))  # type: ignore[union-attr]

    def colours() -> str:
        return repr([_config(i)["color"] for pin in scene.boxes["dec"].pins.values() for i, *_ in pin.items])

    usual, pins = shown(), colours()
    scene.hold_cable((0, 0), (100, 100), "gate")
    scene.mark((100, 100))
    lfo = view.boxes["lfo"].pin("uni", True)
    scene.offer([((lfo.x, lfo.y), "value")])
    scene.show_band((0, 0, 50, 50))
    scene.show_knife([(0, 0), (10, 10)], [KEY])
    scene.show_guides([((0, 0), (100, 0))])
    scene.show_target(KEY)
    scene.hover(KEY, lfo)
    scene.dim([])
    assert shown() >= usual + 14
    assert colours() != pins
    assert scene.wires[KEY].moods == {"cut", "target", "hover", "dim"}
    scene.hold_cable(None)
    scene.mark(None)
    scene.offer(None)
    scene.show_band(None)
    scene.show_knife(None)
    scene.show_guides([])
    scene.show_target(None)
    scene.hover(None, None)
    scene.dim(None)
    assert shown() == usual
    assert colours() == pins
    assert not scene.wires[KEY].moods


def test_a_theme_can_be_changed_while_it_runs(scene: Scene) -> None:
    _view(scene)
    scene.select({"lfo"}, {KEY}, {"n"})
    scene.modulate("sch", "strength", 0.7, 0.3)
    scene.display("lfo", {"place": [[0.4]], "shape": "saw"})
    before, brush = len(dpg.get_all_items()), scene.brush
    scene.restyle(LIGHT)
    assert scene.brush is brush
    assert brush.theme is LIGHT
    knob = scene.boxes["sch"].knobs["strength"]
    assert (knob.now, knob.live) == (63, 27)
    assert scene.boxes["lfo"].selected
    assert "selected" in scene.wires[KEY].moods
    picture = scene.boxes["lfo"].picture
    assert picture is not None
    assert picture.data["shape"] == "saw"
    assert picture.theme.name == "light"
    scene.restyle(DARK)
    assert len(dpg.get_all_items()) == before


def test_a_node_drawn_anew_keeps_what_it_showed(scene: Scene) -> None:
    _view(scene)
    scene.modulate("sch", "strength", 0.7, None)
    scene.select({"sch"}, (), ())
    scene.add_box(replace(scene.boxes["sch"].box, title="Another"))
    assert scene.boxes["sch"].knobs["strength"].now == 63
    assert scene.boxes["sch"].selected


def test_a_muted_cable_is_dashed_and_a_solo_one_is_marked(scene: Scene) -> None:
    view = _view(scene)
    view.update(Patch(nodes=PATCH.nodes, cables=(Cable("lfo", "uni", "sch", "strength", muted=True),)))
    wire = scene.wires[KEY]
    assert wire.dash_items
    assert not _config(wire.core)["show"]
    view.update(Patch(nodes=PATCH.nodes, cables=(Cable("lfo", "uni", "sch", "strength", solo=True),)))
    assert scene.wires[KEY].badge is not None


def test_chips_of_cables_into_one_port_lie_side_by_side(scene: Scene) -> None:
    view = _view(scene)
    cables = (*PATCH.cables, Cable("lfo", "out", "sch", "strength", mode="add", depth=-0.5))
    view.update(Patch(nodes=PATCH.nodes, cables=cables))
    a, b = (scene.space.chips[key] for key in scene.space.wires_into("sch", "strength"))
    assert a[2] <= b[0] or b[2] <= a[0]
