"""Nodes are laid out by their cables, and none lies on another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.layout.box import Box, Pin
from demon_patch.editor.layout.layers import Arc, forward_arcs, layered
from demon_patch.editor.layout.tidy import free_place, overlapping, reframed, tidied
from demon_patch.patch.model.canvas import CanvasFrame
from demon_patch.patch.model.graph import CableKey

Cables = list[CableKey]


def box(id: str, w: float = 188.0, h: float = 120.0, at: tuple[float, float] = (0.0, 0.0), ring: bool = False) -> Box:
    type = "ring" if ring else "value"
    made = Box(id, "lfo", id, "engine" if ring else "modulation", *at, w, h)
    made.pins = [Pin(id, "in", type, False, 0.0, 60.0, "In"), Pin(id, "out", type, True, w, 15.0, "Out")]
    return made


def cable(src: str, dst: str) -> CableKey:
    return CableKey(src, "out", dst, "in")


def moved(boxes: dict[str, Box], places: dict[str, tuple[float, float]]) -> list[Box]:
    for id, (x, y) in places.items():
        boxes[id].x, boxes[id].y = x, y
    return list(boxes.values())


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Box], Cables]:
    ids = [f"n{i}" for i in range(draw(st.integers(1, 14)))]
    sizes, places = st.tuples(st.floats(32, 300), st.floats(16, 900)), st.tuples(*[st.floats(-900, 900)] * 2)
    boxes = {id: box(id, *draw(sizes), at=draw(places), ring=draw(st.booleans())) for id in ids}
    ends = st.tuples(st.sampled_from(ids), st.sampled_from(ids))
    return boxes, [cable(*pair) for pair in draw(st.lists(ends, max_size=24))]


@given(graphs())
def test_no_node_lies_on_another(graph: tuple[dict[str, Box], Cables]) -> None:
    boxes, keys = graph
    left, top = min(b.x for b in boxes.values()), min(b.y for b in boxes.values())
    places = tidied(boxes, keys)
    assert places.keys() == boxes.keys()
    assert overlapping(moved(boxes, places), 8.0) == []
    assert abs(min(b.x for b in boxes.values()) - left) <= 2.0
    assert abs(min(b.y for b in boxes.values()) - top) <= 2.0


@given(graphs())
def test_places_follow_from_cables_and_sizes_alone(graph: tuple[dict[str, Box], Cables]) -> None:
    boxes, keys = graph
    places = tidied(boxes, keys)
    turned = dict(reversed(list(boxes.items())))
    assert tidied(turned, list(reversed(keys))) == places


@given(graphs())
def test_without_loops_every_cable_leads_to_the_right(graph: tuple[dict[str, Box], Cables]) -> None:
    boxes, keys = graph
    for one in boxes.values():
        one.category = "modulation"
    keys = [key for key in keys if key.src < key.dst]
    moved(boxes, tidied(boxes, keys))
    for key in keys:
        assert boxes[key.src].x + boxes[key.src].w < boxes[key.dst].x


@given(graphs(), st.floats(-500, 500), st.floats(-500, 500), st.floats(50, 900), st.floats(50, 900))
def test_a_frame_keeps_its_nodes_and_no_others(
    graph: tuple[dict[str, Box], Cables], x: float, y: float, w: float, h: float
) -> None:
    boxes, keys = graph
    frames = {"f": CanvasFrame((x, y), (w, h))}

    def inside(one: Box, frame: CanvasFrame) -> bool:
        mx, my = one.x + one.w / 2, one.y + one.h / 2
        (left, top), (wide, high) = frame.at, frame.size
        return left <= mx <= left + wide and top <= my <= top + high

    before = {id for id, one in boxes.items() if inside(one, frames["f"])}
    places = tidied(boxes, keys, frames)
    new = reframed(frames, boxes, places)["f"]
    assert overlapping(moved(boxes, places), 8.0) == []
    if before:
        assert {id for id, one in boxes.items() if inside(one, new)} == before


def test_the_ring_stands_in_one_row() -> None:
    boxes = {id: box(id, h=100.0 + 50 * n, ring=True) for n, id in enumerate("abcd")} | {"m": box("m", h=700.0)}
    keys = [cable("a", "b"), cable("b", "c"), cable("c", "d"), cable("m", "c")]
    places = tidied(boxes, keys)
    assert len({places[id][1] for id in "abcd"}) == 1
    assert places["a"][0] < places["b"][0] < places["c"][0] < places["d"][0]
    assert places["m"][0] < places["c"][0]


def test_what_listens_to_the_chain_and_moves_it_stands_before_it() -> None:
    arcs = [Arc("ring", "out"), Arc("out", "ear"), Arc("ear", "shape"), Arc("shape", "ring")]
    kept = forward_arcs(["ring", "out", "ear", "shape"], arcs, {"ring", "out"})
    assert kept == {Arc("ring", "out"), Arc("ear", "shape"), Arc("shape", "ring")}


def test_a_column_that_is_too_high_spreads_to_the_left() -> None:
    heights = {**{f"s{i}": 300.0 for i in range(6)}, "end": 100.0}
    columns = layered(heights, [Arc(f"s{i}", "end") for i in range(6)], (), 700.0)
    assert [len(column) for column in columns] == [2, 2, 2, 1]


def test_a_free_place_touches_nothing() -> None:
    rects = [(0.0, 0.0, 100.0, 100.0), (0.0, 110.0, 100.0, 200.0)]
    x, y = free_place(rects, 50.0, 50.0, (20.0, 20.0))
    assert x == 20.0
    assert y > 200.0
    assert free_place(rects, 50.0, 50.0, (400.0, 20.0)) == (400.0, 20.0)
