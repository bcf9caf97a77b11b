"""The grid finds what plain search finds; hits are what lies on top."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.layout.box import GROUND, Box, Hit, Wire
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.cable_curve import bounds, crosses, curve, distance, flattened
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Cells, Space, area
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.graph import CableKey

FACTS = Facts()
KEY = CableKey("lfo", "out", "ring", "strength")
coordinates = st.floats(-3000, 3000)
rects = st.tuples(coordinates, coordinates, st.floats(0, 900), st.floats(0, 900)).map(
    lambda r: (r[0], r[1], r[0] + r[2], r[1] + r[3])
)
huge = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).map(lambda p: (p[0], p[1], p[0] + 1e8, p[1] + 1e8))
points = st.tuples(coordinates, coordinates)


def touching(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] <= b[2] and a[2] >= b[0] and a[1] <= b[3] and a[3] >= b[1]


@given(st.lists(st.tuples(st.integers(0, 9), rects | huge | st.none()), max_size=30), rects | huge)
def test_cells_find_what_plain_search_finds(steps: list, asked: tuple[float, float, float, float]) -> None:
    cells: Cells[int] = Cells()
    plain: dict[int, tuple[float, ...]] = {}
    for key, rect in steps:
        if rect is None:
            cells.drop(key)
            plain.pop(key, None)
        else:
            cells.put(key, rect)
            plain[key] = rect
    assert set(cells.within(asked)) == {key for key, rect in plain.items() if touching(rect, asked)}


@given(
    st.lists(st.tuples(st.sampled_from(["put", "drop", "look", "look", "look"]), st.integers(0, 5), rects), max_size=40)
)
def test_what_is_seen_is_never_less_than_what_lies_there(steps: list) -> None:
    space = Space()
    for act, number, (left, top, right, bottom) in steps:
        if act == "put":
            space.put(Box(f"n{number}", "lfo", "", "", left, top, right - left, bottom - top))
        elif act == "drop":
            space.drop(f"n{number}")
        else:
            rect = left, top, right + 1.0, bottom + 1.0
            assert set(space.within(rect)) <= set(space.seen(rect).boxes)
            assert set(space.seen(rect).boxes) <= set(space.boxes)


def test_what_is_seen_is_found_anew_only_when_it_must_be() -> None:
    space = Space()
    space.put(Box("near", "lfo", "", "", 100.0, 100.0, 200.0, 200.0))
    space.put(Box("far", "lfo", "", "", 1050.0, 100.0, 200.0, 200.0))
    before = space.seen((0.0, 0.0, 1000.0, 800.0))
    assert set(before.boxes) == {"near", "far"}  # the second lies in the margin
    assert space.seen((100.0, 50.0, 1100.0, 850.0)) is before  # a pan within the margin
    assert space.seen((100.0, 100.0, 900.0, 740.0)) is before  # a zoom by a few notches
    assert space.seen((400.0, 300.0, 700.0, 540.0)) is not before  # much nearer
    again = space.seen((0.0, 0.0, 1000.0, 800.0))
    space.put(Box("far", "lfo", "", "", 3000.0, 100.0, 200.0, 200.0))
    assert set(space.seen((0.0, 0.0, 1000.0, 800.0)).boxes) == {"near"}
    assert space.seen((0.0, 0.0, 1000.0, 800.0)) is not again
    assert set(space.seen((2500.0, 0.0, 3500.0, 800.0)).boxes) == {"far"}


@given(points, points)
def test_a_cable_leaves_to_the_right_and_arrives_from_the_left(a: tuple[float, float], b: tuple[float, float]) -> None:
    line = flattened(curve(a, b), 1000)
    assert line[0] == pytest.approx(a, abs=1e-6)
    assert line[-1] == pytest.approx(b, abs=1e-6)
    assert line[1][0] >= a[0]
    assert line[-2][0] <= b[0]


@given(points, points, points)
def test_the_distance_is_that_of_the_nearest_of_many_points(
    a: tuple[float, float], b: tuple[float, float], at: tuple[float, float]
) -> None:
    line = flattened(curve(a, b))
    many = [
        (x0 + (x1 - x0) * i / 40, y0 + (y1 - y0) * i / 40) for (x0, y0), (x1, y1) in pairwise(line) for i in range(41)
    ]
    least = min(math.hypot(x - at[0], y - at[1]) for x, y in many)
    longest = max(math.hypot(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(line))
    assert distance(line, *at) <= least + 1e-6
    assert distance(line, *at) >= least - longest / 40


def test_a_knife_crosses_what_it_cuts() -> None:
    line = flattened(curve((0, 0), (200, 0)))
    assert crosses(line, [(100, -50), (100, 50)])
    assert not crosses(line, [(100, 10), (100, 50)])
    assert bounds(line) == (0, 0, 200, 0)


def space(*ids: str) -> Space:
    nodes = {
        "lfo": Node("lfo", at=(0, 0)),
        "ring": Node("scheduler", at=(500, 0)),
        "dot": Node("reroute", at=(300, 400)),
        "words": Node("prompt", at=(0, 500), values={"text": "acid"}),
    }
    made, wires = boxes_of(Patch(nodes=nodes, cables=(Cable(*KEY),)), None, FACTS)
    held = Space()
    for id in ids or nodes:
        held.put(made[id])
    for wire in wires.values():
        if {wire.key.src, wire.key.dst} <= held.boxes.keys():
            held.put_wire(wire)
    return held


def middle(held: Space, id: str, port: str, out: bool = False) -> tuple[float, float]:
    return held.place_of(held.boxes[id].pin(port, out))


def at_row(box: Box, port: str, x: float) -> tuple[float, float]:
    return box.x + x, box.y + next(row.y for row in box.rows if row.port == port)


def test_parts_of_a_node() -> None:
    held = space()
    lfo, ring, words = held.boxes["lfo"], held.boxes["ring"], held.boxes["words"]
    shape = next(row.port for row in ring.rows if row.kind == "knob")
    assert held.at(60, 12) == Hit("head", "lfo")
    assert held.at(*at_row(lfo, "rate", 24.0)) == Hit("knob", "lfo", "rate")
    assert held.at(*at_row(lfo, "rate", lfo.w - 20.0)) == Hit("number", "lfo", "rate")
    assert held.at(*at_row(ring, shape, ring.w / 2)) == Hit("body", "ring", shape)
    assert held.at(ring.x + ring.w / 2, ring.y + ring.h - 8) == Hit("fold", "ring")
    assert lfo.display is not None
    assert held.at(lfo.display.x + 20, lfo.display.y + 20) == Hit("display", "lfo")
    assert held.at(words.x + 30, words.y + 50) == Hit("text", "words", "text")
    assert held.at(-400, -400) == GROUND


def test_options_are_choices() -> None:
    held = Space()
    held.put(boxes_of(Patch(nodes={"n": Node("coin", folded=("-",))}), None, FACTS)[0]["n"])
    box = held.boxes["n"]
    options = [row.port for row in box.rows if row.kind == "option"]
    for port in options:
        assert held.at(*at_row(box, port, box.w - 30)) == Hit("choice", "n", port)
        assert held.at(*at_row(box, port, 20)) == Hit("body", "n", port)


def test_pins_win_within_their_reach_and_the_title_starts_no_cable() -> None:
    held = space()
    x, y = middle(held, "ring", "strength")
    for dx, dy in ((0, 0), (7, 0), (-7, 0), (0, 9)):
        assert held.at(x + dx, y + dy, 10.0) == Hit("pin", "ring", "strength")
    x, y = middle(held, "lfo", "out", out=True)
    assert held.at(x + 4, y, 10.0) == Hit("pin", "lfo", "out", True)
    assert held.at(held.boxes["ring"].x + 2, held.boxes["ring"].y + 15, 10.0).kind == "head"


def test_a_node_on_top_hides_pins_below_it() -> None:
    held = space()
    x, y = middle(held, "ring", "strength")
    cover = held.boxes["words"]
    cover.x, cover.y = x - 60, y - 20
    held.put(cover)
    held.raise_boxes(["words"])
    assert held.at(x, y).id == "words"
    held.raise_boxes(["ring"])
    assert held.at(x, y) == Hit("pin", "ring", "strength")


def test_cables_and_their_depths_are_hit_and_only_they_where_asked() -> None:
    held = space()
    line = held.lines[KEY]
    x, y = line[len(line) // 2]
    assert held.at(x, y + 3) == Hit("wire", wire=KEY)
    chip = held.chips[KEY]
    assert held.at((chip[0] + chip[2]) / 2, (chip[1] + chip[3]) / 2) == Hit("depth", "ring", "strength", wire=KEY)
    ring = held.boxes["ring"]
    ring.x = x - 50
    ring.y = y - 100
    held.put(ring)
    inside = held.lines[KEY][4]
    assert held.at(*inside, wires_only=True).kind in ("wire", "depth")
    assert held.at(ring.x + 100, ring.y + 10, wires_only=True) == GROUND


def test_depths_of_cables_into_one_port_lie_side_by_side() -> None:
    nodes = {"a": Node("knob"), "b": Node("knob", at=(0, 300)), "ring": Node("scheduler", at=(600, 0))}
    cables = (Cable("a", "out", "ring", "strength"), Cable("b", "out", "ring", "strength", "add", 0.2))
    made, wires = boxes_of(Patch(nodes=nodes, cables=cables), None, FACTS)
    held = Space()
    for each in made.values():
        held.put(each)
    for wire in wires.values():
        held.put_wire(wire)
    first, second = held.chips.values()
    assert not touching(first, second)
    held.drop_wire(cables[0].key)
    assert list(held.chips.values()) == [first]
    held.put_wire(Wire(cables[1].key, "value", "set"))
    assert held.chips == {}


def test_a_reroute_is_moved_by_its_middle_and_wired_by_its_ends() -> None:
    held = space("dot")
    dot = held.boxes["dot"]
    assert held.at(dot.x + dot.w / 2, dot.y + dot.h / 2) == Hit("head", "dot")
    assert held.at(dot.x + 2, dot.y + dot.h / 2) == Hit("pin", "dot", "in")
    assert held.at(dot.x + dot.w - 2, dot.y + dot.h / 2) == Hit("pin", "dot", "out", True)


def test_frames_are_taken_by_title_edge_and_corner_and_are_ground_within() -> None:
    held = space("lfo")
    held.put_frame("f", CanvasFrame((-40, -60), (500, 400)))
    assert held.at(100, -50) == Hit("frame", "f")
    assert held.at(-42, 100) == Hit("frame", "f")
    assert held.at(458, 338) == Hit("frame corner", "f")
    assert held.at(400, 200) == GROUND
    assert held.at(60, 12) == Hit("head", "lfo")
    assert held.in_frame(held.frames["f"]) == ["lfo"]
    held.put_frame("f", None)
    assert held.at(100, -50) == GROUND


def test_notes_and_probes_are_hit_and_have_corners() -> None:
    held = space("lfo")
    held.put_note("n", CanvasNote("words", (600, 0), (100, 50)))
    held.put_probe("p", Probe("lfo", "out", (600, 200), (100, 50)))
    assert held.at(610, 10) == Hit("note", "n")
    assert held.at(695, 45) == Hit("note corner", "n")
    assert held.at(610, 210) == Hit("probe", "p")
    assert held.at(695, 245) == Hit("probe corner", "p")
    assert held.rect == (0, 0, 700, max(250, held.boxes["lfo"].h))
    assert area(held.notes["n"]) == (600, 0, 700, 50)


def test_a_moved_box_takes_its_cables_along() -> None:
    held = space()
    before = held.lines[KEY][0]
    lfo = held.boxes["lfo"]
    lfo.x += 50
    held.put(lfo)
    assert held.lines[KEY][0] == (before[0] + 50, before[1])
    assert held.wires_of("lfo") == [KEY]
    held.drop_wire(KEY)
    assert held.wires_of("lfo") == []
    assert held.wires_within((-1e6, -1e6, 1e6, 1e6)) == []
