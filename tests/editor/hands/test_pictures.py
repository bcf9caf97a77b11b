"""Pads, steps, lines, envelopes, dials and buttons are edited in their pictures."""

from __future__ import annotations

import pytest

from demon_patch.editor.hands.gestures.picture import ends_of, pad, placed, point_at
from demon_patch.editor.layout.box import Display
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, Node
from demon_patch.runtime.remote.messages.live import Turn
from tests.support.editor_desk import Desk


def desk_of(type: str, **values: object) -> tuple[Desk, Display]:
    desk = Desk(Patch(nodes={"it": Node(type, values=values)}))  # type: ignore[arg-type]
    shown = desk.view.boxes["it"].display
    assert shown is not None
    return desk, shown


def inside(shown: Display, x: float, y: float, desk: Desk) -> tuple[float, float]:
    return desk.pixel(shown.x + x, shown.y + y)


def test_a_pad_follows_the_pointer_in_one_step() -> None:
    desk, shown = desk_of("xy_pad")
    left, top, side = pad(shown)
    desk.drag(inside(shown, left + 2, top + 2, desk), inside(shown, left + 0.75 * side, top + 0.25 * side, desk))
    assert desk.graph.nodes["it"].values == pytest.approx({"x": 0.75, "y": 0.75}, abs=1e-3)
    assert desk.steps == ("Move on the pad",)
    assert desk.graph.nodes["it"].at == (0.0, 0.0)
    desk.press("ctrl+z")
    assert desk.graph.nodes["it"].values == {}


def test_a_pad_is_put_back_by_escape() -> None:
    desk, shown = desk_of("xy_pad", x=0.1)
    left, top, side = pad(shown)
    desk.drag(inside(shown, left, top, desk), inside(shown, left + side, top + side, desk), drop=False)
    desk.press("escape")
    desk.look(left=False)
    assert desk.graph.nodes["it"].values == {"x": 0.1}
    assert desk.steps == ()


def test_steps_are_drawn_across_without_gaps() -> None:
    desk, shown = desk_of("step_sequencer")
    width = (shown.w - 10) / 8
    start, end = (inside(shown, 5 + width * (n + 0.5), shown.h / 2, desk) for n in (0, 7))
    desk.look(start, seconds=1.0)
    desk.look(start, left=True)
    desk.look(end)
    desk.look(end, left=False)
    values = desk.graph.nodes["it"].values
    steps = [values[f"v{n}"] for n in range(1, 9)]
    assert all(0.3 < step < 0.7 for step in steps)
    assert desk.steps == ("Draw steps",)


def test_points_of_a_line_are_moved_added_and_taken_away() -> None:
    desk, shown = desk_of("function", points=[[0, 0], [2, 1], [4, 0]])
    middle = inside(shown, shown.w / 2, 7, desk)
    desk.drag(middle, inside(shown, shown.w * 0.75, shown.h / 2, desk))
    points = desk.graph.nodes["it"].values["points"]
    assert len(points) == 3
    assert points[1][0] > 2.8
    assert 0.3 < points[1][1] < 0.7
    desk.double_click(inside(shown, shown.w * 0.25, 14, desk))
    assert len(desk.graph.nodes["it"].values["points"]) == 4
    x, y = placed((shown.w * 0.25, 14), shown, (0.0, 4.0, 0.0, 1.0))
    added = inside(shown, shown.w * 0.25, 14, desk)
    assert desk.graph.nodes["it"].values["points"][1] == pytest.approx([x, y], abs=1e-3)
    desk.drag(added, (added[0] + 6, added[1] + 6), alt=True)
    assert len(desk.graph.nodes["it"].values["points"]) == 3
    assert len(desk.steps) == 3
    assert not desk.link.faults


def test_points_of_a_curve_over_the_song_are_drawn_too() -> None:
    desk, shown = desk_of("drawn_curve", points=[[0, 0], [0.5, 0.25], [1, 0.5]])
    at = inside(shown, shown.w / 2, shown.h - 7 - 0.25 * (shown.h - 14), desk)
    desk.drag(at, (at[0] + 20, at[1] - 20))
    (_, middle, _) = desk.graph.nodes["it"].values["points"]
    assert middle[0] > 0.55
    assert middle[1] > 0.5
    assert desk.steps == ("Draw",)


def test_a_point_stays_between_its_neighbours() -> None:
    desk, shown = desk_of("function", points=[[0, 0], [1, 0.5], [2, 1], [4, 0]])
    at = inside(shown, 7 + (shown.w - 14) * 0.25, 7 + (shown.h - 14) * 0.5, desk)
    desk.drag(at, (at[0] + 500, at[1]))
    where = [point[0] for point in desk.graph.nodes["it"].values["points"]]
    assert where == sorted(where)
    assert where[1] < 2


def test_beside_its_points_a_line_moves_the_node() -> None:
    desk, shown = desk_of("function", points=[[0, 0], [2, 1], [4, 0]])
    start = inside(shown, shown.w / 2, shown.h - 10, desk)
    desk.drag(start, (start[0] + 80, start[1]))
    assert desk.steps == ("Move",)


def test_an_envelope_is_shaped() -> None:
    desk, shown = desk_of("adsr", attack=0.1, decay=0.1, sustain=0.5, release=0.1)
    start = inside(shown, 12, shown.h / 2, desk)
    desk.drag(start, (start[0] + 40, start[1]))
    values = desk.graph.nodes["it"].values
    assert values["attack"] > 0.15
    assert values["sustain"] == 0.5
    flat = inside(shown, shown.w * 0.6, shown.h / 2, desk)
    desk.drag(flat, (flat[0], flat[1] - 20))
    assert desk.graph.nodes["it"].values["sustain"] > 0.6
    assert desk.steps == ("Shape the envelope",) * 2


def test_a_dial_turns_as_a_knob_does() -> None:
    desk, shown = desk_of("knob", position=0.2)
    start = inside(shown, shown.w / 2, shown.h / 2, desk)
    desk.drag(start, (start[0], start[1] - 90))
    assert desk.graph.nodes["it"].values["position"] == pytest.approx(0.7, abs=0.01)
    assert desk.steps == ("Set value",)


def test_a_button_is_down_while_it_is_pressed_and_a_toggle_turns_over() -> None:
    desk, shown = desk_of("button")
    desk.click(inside(shown, shown.w / 2, shown.h / 2, desk))
    turned = [asked.values for asked in desk.link.asked if isinstance(asked, Turn)]
    assert turned == [(("it", "pressed", 1.0),), (("it", "pressed", 0.0),)]
    assert desk.steps == ()
    desk, shown = desk_of("toggle")
    desk.click(inside(shown, shown.w / 2, shown.h / 2, desk))
    assert desk.graph.nodes["it"].values["on"] == 1.0
    assert desk.steps == ("Toggle",)


def test_a_point_is_found_where_it_is_drawn() -> None:
    shown = Display("line", 0.0, 0.0, 114.0, 64.0)
    points = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.5]]
    assert ends_of(points) == (0.0, 2.0, 0.0, 1.0)
    assert point_at((7.0, 57.0), shown, points, 5.0) == 0
    assert point_at((57.0, 7.0), shown, points, 5.0) == 1
    assert point_at((107.0, 32.0), shown, points, 5.0) == 2
    assert point_at((30.0, 50.0), shown, points, 5.0) is None
    assert placed((57.0, 7.0), shown, ends_of(points)) == (1.0, 1.0)


def test_the_listener_of_a_map_comes_to_the_pointer_and_a_place_is_moved() -> None:
    prompts = {f"p{n}": Node("prompt", at=(-300.0, 200.0 * n)) for n in (1, 2)}
    cables = tuple(Cable(f"p{n}", "prompt", "it", f"prompt_{n}") for n in (1, 2))
    desk = Desk(Patch(nodes={"it": Node("prompt_surface"), **prompts}, cables=cables))
    shown = desk.view.boxes["it"].display
    assert shown is not None
    wide, tall = shown.w - 18, shown.h - 18
    free, aim = (inside(shown, 9 + x * wide, 9 + (1 - y) * tall, desk) for x, y in ((0.3, 0.2), (0.75, 0.25)))
    desk.drag(free, aim)
    assert desk.graph.nodes["it"].values == pytest.approx({"x": 0.75, "y": 0.25}, abs=1e-3)
    place, aim = (inside(shown, 9 + x * wide, 9 + (1 - y) * tall, desk) for x, y in ((0.9, 0.9), (0.6, 0.5)))
    desk.drag(place, aim)
    values = desk.graph.nodes["it"].values
    assert (values["at_x2"], values["at_y2"]) == pytest.approx((0.6, 0.5), abs=1e-3)
    assert values["x"] == pytest.approx(0.75, abs=1e-3)
    assert desk.steps == ("Move on the map", "Move on the map")
    unwired = inside(shown, 9 + 0.1 * wide, 9 + 0.9 * tall, desk)  # the third place has no cable: the listener comes
    desk.drag(unwired, aim)
    assert "at_x3" not in desk.graph.nodes["it"].values
