"""Cables are plugged, replaced, added, moved, carried, cut and bent: each in one undo step."""

from __future__ import annotations

from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, Cable, CableKey, Node
from demon_patch.runtime.remote.messages.live import LiveMute
from tests.support.editor_desk import Desk, chained, signals

LFO_SLEW = CableKey("lfo", "out", "slew", "x")
SLEW_SCALE = CableKey("slew", "out", "scale", "x")


def test_a_cable_joins_an_output_and_a_port_from_either_end() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("other", "uni", True), desk.pin("slew", "rise"))
    desk.drag(desk.pin("slew", "fall"), desk.pin("other", "out", True))
    keys = desk.graph.cables_by_key
    assert CableKey("other", "uni", "slew", "rise") in keys
    assert CableKey("other", "out", "slew", "fall") in keys
    assert len(desk.steps) == 2


def test_while_it_is_held_fitting_pins_are_offered_and_the_rest_fades() -> None:
    desk = Desk(chained())
    desk.drag(desk.pin("words", "prompt", True), desk.pixel(340, 320), drop=False)
    assert desk.canvas.offered is not None
    assert {type for _, type in desk.canvas.offered} == {"prompt"}
    assert desk.canvas.kept == []
    assert desk.canvas.cable is not None
    desk.look(left=False)
    assert desk.canvas.offered is None
    assert desk.canvas.kept is None
    assert desk.canvas.cable is None


def test_it_snaps_within_24_pixels_and_not_beyond() -> None:
    for away, joined in ((22, True), (30, False)):
        desk = Desk(signals())
        x, y = desk.pin("slew", "rise")
        desk.drag(desk.pin("other", "out", True), (x - away, y))
        assert (CableKey("other", "out", "slew", "rise") in desk.graph.cables_by_key) == joined


def test_an_occupied_port_takes_the_new_cable_in_place_of_the_old() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("other", "out", True), desk.pin("slew", "x"))
    assert [c.src for c in desk.graph.cables_into("slew", "x")] == ["other"]
    assert desk.steps == ("Connect",)
    desk.press("ctrl+z")
    assert desk.patch == signals()


def test_shift_adds() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("other", "out", True), desk.pin("slew", "x"), shift=True)
    assert {c.src for c in desk.graph.cables_into("slew", "x")} == {"lfo", "other"}
    assert len(desk.steps) == 1


def test_a_misfit_does_not_join() -> None:
    desk = Desk(chained())
    before = desk.patch
    desk.drag(desk.pin("lfo", "out", True), desk.pin("sched", "source"))
    assert desk.patch == before
    assert desk.steps == ()
    assert desk.popups.told[-1] == "Source takes a source; out gives a value"
    desk.drag(desk.pin("lfo", "out", True), desk.pin("words", "prompt", True))
    assert desk.popups.told[-1] == "A cable leads from an output to an input"
    assert desk.steps == ()


def test_the_title_never_starts_a_cable() -> None:
    desk = Desk(signals())
    desk.drag(desk.head("lfo"), desk.pin("slew", "rise"), drop=False)
    assert desk.canvas.cable is None


def test_let_go_in_space_it_asks_for_a_node_that_fits_and_makes_both_in_one_step() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("other", "out", True), desk.pixel(400, 600))
    assert desk.popups.last is not None
    assert desk.popups.last[0] == "palette"
    offers = desk.hands.offers("smooth")
    assert offers[0].id == "smooth"
    assert offers[0].port == "x"
    assert not [o for o in desk.hands.offers("") if o.id == "prompt"]
    desk.popups.close()
    desk.hands.chosen(offers[0])
    desk.update()
    (new,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert CableKey("other", "out", new, "x") in desk.graph.cables_by_key
    assert desk.graph.nodes[new].at[0] == 400
    assert len(desk.steps) == 1
    assert desk.hands.selection.nodes == {new}


def test_leaving_the_palette_leaves_nothing() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("other", "out", True), desk.pixel(400, 600))
    desk.popups.close()
    desk.hands.chosen(None)
    assert desk.patch == signals()
    assert desk.steps == ()


def test_from_a_port_in_space_the_new_node_stands_to_the_left() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("scale", "in_lo"), desk.pixel(560, 500))
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("lfo")[0])
    desk.update()
    (new,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert CableKey(new, "out", "scale", "in_lo") in desk.graph.cables_by_key
    assert desk.graph.nodes[new].at[0] < 560


def test_a_drag_from_an_occupied_port_moves_the_end_and_keeps_the_settings() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("scale", "x"), desk.pin("scale", "in_lo"))
    assert SLEW_SCALE not in desk.graph.cables_by_key
    assert desk.graph.cables_by_key[CableKey("slew", "out", "scale", "in_lo")].depth == 0.4
    assert desk.steps == ("Re-route",)


def test_dropped_in_space_it_is_unplugged() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("scale", "x"), desk.pixel(560, 500))
    assert SLEW_SCALE not in desk.graph.cables_by_key
    assert desk.steps == ("Unplug",)


def test_dropped_where_it_was_nothing_happens() -> None:
    desk = Desk(signals())
    x, y = desk.pin("scale", "x")
    desk.drag((x, y), (x - 60, y + 60), (x, y))
    assert desk.patch == signals()
    assert desk.steps == ()


def test_ctrl_carries_all_cables_of_an_output_to_another() -> None:
    patch = Patch(
        nodes=signals().nodes,
        cables=(Cable("lfo", "out", "slew", "x"), Cable("lfo", "out", "scale", "x", depth=0.1)),
    )
    desk = Desk(patch)
    desk.drag(desk.pin("lfo", "out", True), desk.pin("other", "uni", True), ctrl=True)
    assert {c.src for c in desk.graph.cables} == {"other"}
    assert desk.graph.cables_by_key[CableKey("other", "uni", "scale", "x")].depth == 0.1
    assert desk.steps == ("Carry cables",)


def test_on_a_node_beside_its_pins_it_asks_for_the_port() -> None:
    desk = Desk(chained())
    desk.drag(desk.pin("lfo", "uni", True), desk.head("sched"))
    assert desk.popups.last is not None
    assert desk.popups.last[0] == "menu"
    desk.popups.pick("Structure")
    assert CableKey("lfo", "uni", "sched", "structure") in desk.graph.cables_by_key


def test_escape_in_mid_air_leaves_no_step() -> None:
    desk = Desk(signals())
    desk.drag(desk.pin("scale", "x"), desk.pixel(560, 500), drop=False)
    desk.press("escape")
    desk.look(left=False)
    assert desk.patch == signals()
    assert desk.steps == ()
    assert desk.canvas.cable is None


def test_the_knife_cuts_all_it_crosses_in_one_step() -> None:
    desk = Desk(signals())
    a, b = desk.middle(LFO_SLEW), desk.middle(SLEW_SCALE)
    desk.drag(
        (a[0], a[1] - 80),
        (a[0], a[1] + 300),
        (b[0], b[1] + 300),
        (b[0], b[1] - 80),
        button="right",
        ctrl=True,
        drop=False,
    )
    assert desk.canvas.cut == {LFO_SLEW, SLEW_SCALE}
    desk.look(right=False)
    assert desk.graph.cables == ()
    assert desk.steps == ("Cut",)
    assert desk.canvas.knife is None


def test_the_knife_can_be_put_away() -> None:
    desk = Desk(signals())
    a = desk.middle(LFO_SLEW)
    desk.drag((a[0], a[1] - 80), (a[0], a[1] + 80), button="right", ctrl=True, drop=False)
    desk.press("escape")
    desk.look(right=False)
    assert desk.patch == signals()
    assert desk.steps == ()


def test_shift_and_right_bends_all_it_crosses_in_one_step() -> None:
    desk = Desk(signals())
    a, b = desk.middle(LFO_SLEW), desk.middle(SLEW_SCALE)
    desk.drag((a[0], a[1] - 80), (a[0], a[1] + 300), (b[0], b[1] + 300), (b[0], b[1] - 80), button="right", shift=True)
    bends = [id for id, node in desk.graph.nodes.items() if node.type == REROUTE]
    assert len(bends) == 2
    assert len(desk.steps) == 1
    assert desk.graph.cables_into("scale", "x")[0].depth == 0.4
    desk.press("ctrl+z")
    assert desk.patch == signals()


def test_a_click_on_a_cable_selects_it_and_the_rest_fades() -> None:
    desk = Desk(signals())
    desk.click(desk.middle(LFO_SLEW))
    assert desk.hands.selection.wires == {LFO_SLEW}
    assert desk.canvas.kept == (LFO_SLEW,)
    desk.press("delete")
    assert LFO_SLEW not in desk.graph.cables_by_key
    desk.look(desk.pixel(-300, -200))
    assert desk.canvas.kept is None


def test_hovering_a_cable_shows_its_path_through_reroutes() -> None:
    patch = Patch(
        nodes={**signals().nodes, "bend": Node(REROUTE, at=(560.0, 300.0))},
        cables=(Cable("lfo", "out", "bend", "in"), Cable("bend", "out", "scale", "x")),
    )
    desk = Desk(patch)
    desk.look(desk.middle(CableKey("lfo", "out", "bend", "in")))
    assert desk.canvas.kept is None
    desk.look(seconds=0.3)
    assert set(desk.canvas.kept or ()) == set(patch.cables_by_key)


def test_double_click_on_a_cable_asks_for_a_node_to_put_into_it() -> None:
    desk = Desk(signals())
    desk.double_click(desk.middle(SLEW_SCALE))
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("smooth")[0])
    desk.update()
    (new,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert desk.graph.cables_by_key[CableKey(new, "out", "scale", "x")].depth == 0.4
    assert desk.steps == ("Insert",)


def test_x_mutes_the_cable_while_it_is_held_and_leaves_no_step() -> None:
    desk = Desk(signals())
    desk.look(desk.middle(SLEW_SCALE))
    desk.down("x")
    desk.look(desk.pixel(0, -100))
    held = [request.on for request in desk.link.asked if isinstance(request, LiveMute)]
    assert held == [True]
    desk.up("x")
    held = [request.on for request in desk.link.asked if isinstance(request, LiveMute)]
    assert held == [True, False]
    assert desk.patch == signals()
    assert desk.steps == ()
    assert desk.hands.gesture is None
