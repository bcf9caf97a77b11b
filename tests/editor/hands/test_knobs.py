"""Knobs, numbers and depths: dragged, typed, wheeled; one undo step a movement, at most 60 numbers a second."""

from __future__ import annotations

import pytest

from demon_patch.editor.hands.places import touch
from demon_patch.patch.edit.commands import SetCable, SetValue
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, CableKey, Node
from demon_patch.runtime.remote.messages.edits import Do, LoopMovement
from demon_patch.runtime.remote.messages.live import LiveMute, Release
from tests.support.editor_desk import Desk, chained, signals

STRENGTH = CableKey("lfo", "out", "sched", "strength")
SLEW_SCALE = CableKey("slew", "out", "scale", "x")


def up(at: tuple[float, float], pixels: float) -> tuple[float, float]:
    return at[0], at[1] - pixels


def test_180_pixels_are_the_whole_range() -> None:
    desk = Desk(chained())
    start = desk.knob("sched", "strength")
    desk.drag(start, up(start, 5), up(start, 95), drop=False)  # five pixels begin it
    middle = desk.graph.nodes["sched"].values["strength"]
    desk.look(left=False)
    assert abs(middle - 1.0) < 0.06
    assert desk.steps == ("Set value",)
    desk.press("ctrl+z")
    assert desk.patch == chained()


@pytest.mark.parametrize("looks", [1, 2, 30])
def test_a_knob_turns_as_far_however_many_looks_there_are(looks: int) -> None:
    desk = Desk(chained())
    start = desk.knob("sched", "strength")
    begun = desk.graph.nodes["sched"].values.get("strength", 0.5)
    desk.drag(start, *(up(start, -84 * (n + 1) / looks) for n in range(looks)))
    assert desk.graph.nodes["sched"].values["strength"] == pytest.approx(begun - 80 / 180, abs=2e-3)


def test_shift_is_ten_times_finer() -> None:
    desk = Desk(chained())
    start = desk.knob("sched", "strength")
    desk.drag(start, up(start, 6), up(start, 96), shift=True)
    assert 0.52 < desk.graph.nodes["sched"].values["strength"] < 0.56


def test_escape_brings_the_number_back_and_leaves_no_step() -> None:
    desk = Desk(chained())
    start = desk.knob("sched", "strength")
    desk.drag(start, up(start, 60), drop=False)
    assert desk.patch != chained()
    desk.press("escape")
    desk.look(left=False)
    assert desk.patch == chained()
    assert desk.steps == ()
    assert desk.view.knob("sched", "strength").value == 0.5


def test_numbers_are_sent_at_most_sixty_times_a_second_and_the_last_one_always() -> None:
    desk = Desk(chained())
    start = desk.knob("sched", "strength")
    desk.look(start, seconds=1.0)
    desk.look(start, left=True)
    for pixel in range(1, 81):
        desk.look(up(start, pixel), seconds=0.002)
    sent = sum(isinstance(asked, Do) for asked in desk.link.asked)
    assert 5 <= sent <= 11
    desk.look(left=False)
    shown = [given for name, given in desk.canvas.calls if name == "turn"][-1]
    assert abs(desk.graph.nodes["sched"].values["strength"] - shown[2]) < 1e-3
    assert len(desk.steps) == 1


def test_a_touch_without_a_turn_is_no_step() -> None:
    desk = Desk(chained())
    desk.click(desk.knob("sched", "strength"))
    assert desk.steps == ()
    assert not [asked for asked in desk.link.asked if type(asked).__name__ == "Begin"]


def test_whole_numbers_stay_whole() -> None:
    desk = Desk(Patch(nodes={"euclid": Node("euclid")}))
    start = desk.knob("euclid", "strokes")
    desk.drag(start, up(start, 61))
    value = desk.graph.nodes["euclid"].values["strokes"]
    assert value == round(value)


def test_double_click_types_a_number_with_a_unit() -> None:
    desk = Desk(chained())
    desk.double_click(desk.knob("decoder", "gain"))
    assert desk.popups.type("-6 dB") == ""
    assert desk.graph.nodes["decoder"].values["gain"] == -6.0
    assert desk.steps == ("Set value",)
    desk.double_click(desk.knob("lfo", "rate"))
    assert desk.popups.type("one") != ""
    assert desk.popups.type("2.5") == ""
    assert desk.graph.nodes["lfo"].values["rate"] == 2.5


def test_a_click_on_the_number_types_it_too() -> None:
    desk = Desk(chained())
    box, knob = desk.view.boxes["decoder"], desk.view.knob("decoder", "gain")
    desk.click(desk.pixel(box.x + box.w - 12, box.y + knob.y))
    assert desk.popups.type("3") == ""
    assert desk.graph.nodes["decoder"].values["gain"] == 3.0


def test_ctrl_click_and_backspace_bring_the_default_back() -> None:
    for way in ("click", "key"):
        desk = Desk(chained())
        if way == "click":
            desk.click(desk.knob("sched", "strength"), ctrl=True)
        else:
            desk.press("backspace", desk.knob("sched", "strength"))
        assert "strength" not in desk.graph.nodes["sched"].values
        assert desk.steps == ("Default value",)
        assert "sched" in desk.graph.nodes


def test_the_wheel_turns_only_the_knob_that_has_the_focus_and_else_zooms() -> None:
    desk = Desk(chained())
    at = desk.knob("sched", "strength")
    desk.look(at)
    desk.look(wheel=1.0)
    assert desk.camera.zoom > 1.0
    assert desk.patch == chained()
    at = desk.knob("sched", "strength")
    desk.click(at)
    zoom = desk.camera.zoom
    for _ in range(4):
        desk.look(at, wheel=1.0, seconds=0.2)
    assert desk.camera.zoom == zoom
    desk.look(at, seconds=0.6)
    assert abs(desk.graph.nodes["sched"].values["strength"] - 0.54) < 1e-6
    assert desk.steps == ("Set value",)
    desk.look(at, wheel=1.0)
    desk.look(at, seconds=0.6)
    assert len(desk.steps) == 2
    assert desk.hands.gesture is None


def test_a_live_value_is_where_the_turn_begins_and_is_let_go() -> None:
    desk = Desk(chained())
    desk.link.live_values[("sched", "strength")] = 0.9
    desk.update()
    start = desk.knob("sched", "strength")
    desk.drag(start, up(start, 5), up(start, -13))
    assert 0.75 < desk.graph.nodes["sched"].values["strength"] < 0.86
    assert Release(ports=(("sched", "strength"),)) in desk.link.asked


def test_depth_goes_through_zero_and_alt_moves_the_offset() -> None:
    desk = Desk(chained())
    left, top, right, bottom = desk.view.space.chips[STRENGTH]
    chip = desk.pixel((left + right) / 2, (top + bottom) / 2)
    desk.drag(chip, up(chip, -5), up(chip, -149))
    assert -0.4 < desk.graph.cables_by_key[STRENGTH].depth < -0.25
    assert desk.steps == ("Set depth",)
    desk.drag(chip, up(chip, 5), up(chip, 41), alt=True)
    assert 0.1 < desk.graph.cables_by_key[STRENGTH].offset < 0.3
    assert desk.steps == ("Set depth", "Set offset")
    desk.press("ctrl+z")
    desk.press("ctrl+z")
    assert desk.patch == chained()


def test_ctrl_and_a_drag_on_the_knob_turn_the_depth_of_its_cable() -> None:
    desk = Desk(chained())
    at = desk.knob("sched", "strength")
    desk.drag(at, up(at, 5), up(at, 41), ctrl=True)
    assert 0.6 < desk.graph.cables_by_key[STRENGTH].depth < 0.8
    assert desk.graph.nodes["sched"].values["strength"] == 0.5
    assert desk.steps == ("Set depth",)
    at = desk.knob("decoder", "gain")
    desk.drag(at, up(at, 41), ctrl=True)  # no cable: nothing
    assert desk.steps == ("Set depth",)


def test_depth_is_typed_by_double_click_and_escape_leaves_it() -> None:
    desk = Desk(chained())
    left, top, right, bottom = desk.view.space.chips[STRENGTH]
    chip = desk.pixel((left + right) / 2, (top + bottom) / 2)
    desk.double_click(chip)
    assert desk.popups.type("x") != ""
    assert desk.popups.type("−40 %") == ""
    assert desk.graph.cables_by_key[STRENGTH].depth == -0.4
    desk.drag(chip, up(chip, 90), drop=False)
    desk.press("escape")
    desk.look(left=False)
    assert desk.graph.cables_by_key[STRENGTH].depth == -0.4
    assert len(desk.steps) == 1


def test_a_knob_turned_with_r_held_becomes_a_loop_that_is_wired() -> None:
    desk = Desk(signals())
    start = desk.knob("other", "phase")
    desk.look(start, seconds=1.0)
    desk.down("r")
    desk.look(start, left=True)
    for place in range(100):
        desk.look(up(start, 5 + 80 * (1 - abs(place - 50) / 50)), seconds=0.02)
    desk.look(left=False)
    desk.up("r")
    asked = next(request for request in desk.link.asked if isinstance(request, LoopMovement))
    assert (asked.node, asked.port) == ("other", "phase")
    ago, places = zip(*asked.moves, strict=True)
    assert list(ago) == sorted(ago, reverse=True)
    assert ago[0] == pytest.approx(2.04, abs=0.05)
    assert ago[-1] == 0.0
    assert max(places) > places[0] + 0.3
    (new,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert [cable.src for cable in desk.graph.cables_into("other", "phase")] == [new]
    assert desk.hands.selection.nodes == {new}
    made = desk.view.boxes[new].rect
    assert not any(touch(made, box.rect) for id, box in desk.view.boxes.items() if id != new)
    assert desk.steps == ("Loop of a movement",)  # the turning itself is taken back


def test_a_short_movement_makes_no_loop() -> None:
    desk = Desk(signals())
    start = desk.knob("other", "phase")
    desk.look(start, seconds=1.0)
    desk.down("r")
    desk.drag(start, up(start, 8))
    desk.up("r")
    assert desk.popups.told == ["Turn the knob for longer to make a loop of it"]
    assert not any(isinstance(request, LoopMovement) for request in desk.link.asked)


def test_a_seed_is_turned_by_whole_numbers() -> None:
    desk = Desk(chained())
    desk.did(SetValue("sched", "seed", 7))
    start = desk.knob("sched", "seed")
    value = desk.view.knob("sched", "seed").value
    desk.drag(start, up(start, 5), up(start, 45))  # five pixels begin it
    assert desk.graph.nodes["sched"].values["seed"] == value + 10
    start = desk.knob("sched", "seed")
    desk.drag(start, up(start, 5), up(start, 45), shift=True)
    assert desk.graph.nodes["sched"].values["seed"] == value + 11


def test_x_held_on_a_cable_mutes_it_live() -> None:
    desk = Desk(chained())
    desk.look(desk.middle(STRENGTH))
    desk.down("x")
    desk.up("x")
    asked = [request for request in desk.link.asked if isinstance(request, LiveMute)]
    assert [(request.on, request.cables) for request in asked] == [(True, (STRENGTH,)), (False, (STRENGTH,))]
    assert desk.steps == ()


def test_x_held_on_a_muted_cable_lets_it_be_heard() -> None:
    desk = Desk(chained())
    desk.did(SetCable(*STRENGTH, muted=True))
    desk.look(desk.middle(STRENGTH))
    desk.down("x")
    assert not desk.graph.cables_by_key[STRENGTH].muted
    desk.up("x")
    assert desk.graph.cables_by_key[STRENGTH].muted


def test_a_changed_knob_shows_a_ring_that_closes_when_it_is_heard() -> None:
    desk = Desk(chained())
    desk.link.seconds_heard = 0.5
    desk.double_click(desk.knob("sched", "strength"))
    desk.popups.type("0.8")
    desk.look(seconds=0.25)
    assert 0.4 < desk.canvas.rings["sched", "strength"] < 0.7
    desk.look(seconds=0.4)
    assert ("sched", "strength") not in desk.canvas.rings


def test_choices_and_texts_are_set_where_they_are() -> None:
    desk = Desk(chained())
    desk.did(SetValue("lfo", "shape", "saw"))
    row = next(row for row in desk.view.boxes["lfo"].rows if row.kind == "option")
    box = desk.view.boxes["lfo"]
    desk.click(desk.pixel(box.x + box.w - 20, box.y + row.y))
    desk.popups.pick("square")
    assert desk.graph.nodes["lfo"].values["shape"] == "square"
    words = desk.view.boxes["words"]
    assert words.display is not None
    desk.click(desk.pixel(words.x + words.display.x + 10, words.y + words.display.y + 8))
    assert desk.popups.type("acid house") == ""
    assert desk.graph.nodes["words"].values["text"] == "acid house"
    assert desk.steps == ("Set value",) * 2


def test_another_client_turns_the_same_knob() -> None:
    desk = Desk(chained())
    start = desk.knob("sched", "strength")
    desk.drag(start, up(start, 40), drop=False)
    desk.did(SetValue("sched", "strength", 0.1))
    desk.look(up(start, 60))
    desk.look(left=False)
    assert not desk.link.open
    assert desk.graph.nodes["sched"].values["strength"] > 0.5


def test_a_playing_range_is_typed() -> None:
    desk = Desk(chained())
    desk.click(desk.knob("sched", "strength"), button="right")
    desk.popups.pick("Playing range")
    assert desk.popups.type("0.2 to 0.8") == ""
    assert desk.graph.nodes["sched"].ranges["strength"] == (0.2, 0.8)
    assert desk.steps == ("Playing range",)


def test_knob_of_a_cable_that_another_client_unplugs() -> None:
    from demon_patch.patch.edit.commands import Disconnect

    desk = Desk(signals())
    left, top, right, bottom = desk.view.space.chips[SLEW_SCALE]
    chip = desk.pixel((left + right) / 2, (top + bottom) / 2)
    desk.drag(chip, up(chip, 30), drop=False)
    desk.did(Disconnect(*SLEW_SCALE))
    desk.look(up(chip, 60))
    desk.look(left=False)
    assert not desk.link.open
    assert Cable(*SLEW_SCALE) not in desk.graph.cables
