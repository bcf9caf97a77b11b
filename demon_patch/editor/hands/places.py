"""Where things are on the canvas: pins, cables, rectangles; pure geometry over a view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from demon_patch.editor.layout.box import Box, Hit, Pin, Point, Rect, Wire
from demon_patch.editor.layout.cable_curve import bounds, crosses, curve, flattened
from demon_patch.patch.model.graph import CableKey, Graph

if TYPE_CHECKING:
    from demon_patch.editor.canvas.view import View


def rect_of(a: Point, b: Point) -> Rect:
    """Returns the rectangle between two corners."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def around(rects: Iterable[Rect]) -> Rect | None:
    """Returns the least rectangle around some; None for none."""
    found = list(rects)
    if not found:
        return None
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def touch(a: Rect, b: Rect) -> bool:
    """Whether two rectangles have a point in common."""
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def holds(outer: Rect, inner: Rect) -> bool:
    """Whether a rectangle lies wholly in another one."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def area(at: Point, size: Point) -> Rect:
    """Returns the rectangle of a record with a place and a size."""
    return at[0], at[1], at[0] + size[0], at[1] + size[1]


def place(box: Box, pin: Pin) -> Point:
    """Returns where a pin lies on the canvas."""
    return box.x + pin.x, box.y + pin.y


def line(boxes: Mapping[str, Box], key: CableKey) -> list[Point]:
    """Returns a cable as a line of points; none where a box is missing."""
    src, dst = boxes.get(key.src), boxes.get(key.dst)
    if src is None or dst is None:
        return []
    return flattened(curve(place(src, src.pin(key.out, True)), place(dst, dst.pin(key.port, False))))


def crossed(boxes: Mapping[str, Box], wires: Iterable[CableKey], knife: list[Point]) -> list[CableKey]:
    """Returns the cables that a line crosses."""
    if len(knife) < 2:
        return []
    found, rect = [], bounds(knife)
    for key in wires:
        points = line(boxes, key)
        if points and touch(rect, bounds(points)) and crosses(knife, points):
            found.append(key)
    return found


def crossing(points: list[Point], knife: list[Point]) -> Point:
    """Returns the point of a cable's line that lies nearest to a knife's line."""
    return min(points, key=lambda p: min((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 for q in knife))


def offered(view: View, start: Pin) -> list[tuple[Pin, Point]]:
    """Returns the pins that fit a pin, with their places; those without a row of their own are not among them."""
    facts = view.facts
    return [
        (pin, place(box, pin))
        for box in view.boxes.values()
        for pin in box.pins
        if pin.out != start.out and not pin.folded and pin.node != start.node and facts.fits(start, pin)
    ]


def nearest(pins: Iterable[tuple[Pin, Point]], at: Point, reach: float) -> tuple[Pin, Point] | None:
    """Returns the pin nearest to a point, within a reach."""
    best, least = None, reach * reach
    for pin, (x, y) in pins:
        away = (x - at[0]) ** 2 + (y - at[1]) ** 2
        if away <= least:
            best, least = (pin, (x, y)), away
    return best


def wire_under(view: View, at: Point, reach: float, without: frozenset[str]) -> Wire | None:
    """Returns the cable at a point that ends at none of some nodes: the one into which a node in the hand would go."""
    x, y = at
    knife = [(x - reach, y), (x + reach, y)]
    upright = [(x, y - reach), (x, y + reach)]
    free = [key for key in view.wires if key.src not in without and key.dst not in without]
    found = crossed(view.boxes, free, upright) or crossed(view.boxes, free, knife)
    return view.wires[found[0]] if found else None


def pin_of(view: View, hit: Hit) -> Pin | None:
    """Returns the pin that was hit."""
    box = view.boxes.get(hit.id)
    if hit.kind != "pin" or box is None:
        return None
    return box.pin(hit.port, hit.out)


def others(graph: Graph) -> Iterator[tuple[str, Rect]]:
    """Yields the frames, notes and probes of a graph with their rectangles."""
    for records in (graph.frames, graph.notes, graph.probes):
        for id, record in records.items():
            yield id, area(record.at, record.size)


def downstream(graph: Graph, start: Iterable[str], back: bool = False) -> frozenset[str]:
    """Returns the nodes that some nodes lead to, or with `back` those that lead to them, and the nodes themselves."""
    seen, left = set(start), list(start)
    while left:
        id = left.pop()
        if id not in graph.nodes:
            continue
        ends = (c.src for c in graph.cables_into(id)) if back else (c.dst for c in graph.cables_from(id))
        for end in ends:
            if end not in seen:
                seen.add(end)
                left.append(end)
    return frozenset(seen)
