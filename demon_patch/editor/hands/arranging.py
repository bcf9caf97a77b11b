"""Places of nodes: room for an insertion, free space for copies, what lies on a frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import structs

from demon_patch.editor.hands.edits import put, records
from demon_patch.editor.hands.places import area, around, downstream, holds, touch
from demon_patch.editor.layout.box import Box, Pin, Point, Rect
from demon_patch.editor.layout.tidy import free_place
from demon_patch.patch.edit.commands import Command, Move
from demon_patch.patch.model.canvas import CanvasFrame
from demon_patch.patch.model.graph import Graph

GAP = 40.0
"""The room between two nodes, across."""
BELOW = 30.0
"""The room between two nodes, down."""
FRAME_PAD, FRAME_HEAD = 24.0, 44.0


def shifted(rect: Rect, dx: float, dy: float) -> Rect:
    """Returns a rectangle moved."""
    return rect[0] + dx, rect[1] + dy, rect[2] + dx, rect[3] + dy


def with_room(
    boxes: Mapping[str, Box], graph: Graph, new: Rect, right: str, without: Collection[str]
) -> dict[str, Point]:
    """Returns where nodes go so that a node at `new` has room before the node `right`: that one, and the nodes that it
    leads to that stand to the right of it, move by as much as is needed. Empty where there is room."""
    target = boxes.get(right)
    if target is None:
        return {}
    need = new[2] + GAP - target.x
    if need <= 0 or target.x + target.w < new[0]:
        return {}
    after = downstream(graph, [right]) - frozenset(without)
    return {id: (boxes[id].x + need, boxes[id].y) for id in after if id in boxes and boxes[id].x >= target.x}


def free_shift(rects: Collection[Rect], taken: Iterable[Rect], seen: Rect | None = None) -> Point:
    """Returns how far copies of some rectangles go so that they touch nothing: below, else to the right, else further
    below. seen: what the window shows; a place in it comes first."""
    whole = around(rects)
    if whole is None:
        return BELOW, BELOW
    standing = list(taken)
    width, height = whole[2] - whole[0] + GAP, whole[3] - whole[1] + BELOW
    tries = [(0.0, height), (width, 0.0), (0.0, -height), (-width, 0.0)]
    tries += [(x * width, y * height) for y in range(1, 9) for x in (0, 1, -1)]
    if seen is not None:
        tries.sort(key=lambda by: not holds(seen, shifted(whole, *by)))  # in their order within either kind
    for dx, dy in tries:
        if not any(touch(shifted(rect, dx, dy), other) for rect in rects for other in standing):
            return dx, dy
    return 40.0, 40.0


def on_frame(boxes: Mapping[str, Box], graph: Graph, id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the nodes, and the notes, probes and smaller frames, that lie on a frame: those whose middle does."""
    frame = graph.frames[id]
    rect = area(frame.at, frame.size)
    nodes = frozenset(n for n, box in boxes.items() if _middle_in(rect, box.rect))
    there = {
        **{n: area(note.at, note.size) for n, note in graph.notes.items()},
        **{n: area(probe.at, probe.size) for n, probe in graph.probes.items()},
    }
    rest = {n for n, other in there.items() if _middle_in(rect, other)}
    rest |= {n for n, f in graph.frames.items() if n != id and holds(rect, area(f.at, f.size))}
    return nodes, frozenset(rest)


def _middle_in(rect: Rect, inner: Rect) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return rect[0] <= x <= rect[2] and rect[1] <= y <= rect[3]


def frame_around(rects: Iterable[Rect], title: str = "", colour: str = "") -> CanvasFrame | None:
    """Returns a frame around rectangles; None for none."""
    whole = around(rects)
    if whole is None:
        return None
    at = (whole[0] - FRAME_PAD, whole[1] - FRAME_HEAD)
    return CanvasFrame(at, (whole[2] - at[0] + FRAME_PAD, whole[3] - at[1] + FRAME_PAD), title, colour)


def moves(graph: Graph, nodes: Mapping[str, Point], others: Mapping[str, Point]) -> list[Command]:
    """Returns the commands that move nodes, frames, notes and probes to places; what is there already stays out."""
    found: list[Command] = []
    changed = {id: at for id, at in nodes.items() if id in graph.nodes and graph.nodes[id].at != at}
    if changed:
        found.append(Move(changed))
    there = dict(records(graph))
    for id, at in others.items():
        if id in there and there[id].at != at:
            found.append(put(id, structs.replace(there[id], at=at)))
    return found


def distributed(rects: Mapping[str, Rect], down: bool) -> dict[str, Point]:
    """Returns the places at which the gaps between nodes are equal, across or down; the outer two stay."""
    side = 1 if down else 0
    order = sorted(rects, key=lambda id: (rects[id][side], id))
    if len(order) < 3:
        return {}
    first, last = rects[order[0]], rects[order[-1]]
    sizes = sum(rects[id][side + 2] - rects[id][side] for id in order)
    gap = (last[side + 2] - first[side] - sizes) / (len(order) - 1)
    places, at = {}, first[side]
    for id in order:
        rect = rects[id]
        places[id] = (rect[0], at) if down else (at, rect[1])
        at += rect[side + 2] - rect[side] + gap
    return places


def aligned(rects: Mapping[str, Rect], edge: str) -> dict[str, Point]:
    """Returns the places at which the left edges, right edges, tops or bottoms of nodes are in line.

    edge: left, right, top or bottom.
    """
    whole = around(rects.values())
    if whole is None:
        return {}
    x = {"left": lambda r: whole[0], "right": lambda r: whole[2] - (r[2] - r[0])}.get(edge, lambda r: r[0])
    y = {"top": lambda r: whole[1], "bottom": lambda r: whole[3] - (r[3] - r[1])}.get(edge, lambda r: r[1])
    return {id: (x(rect), y(rect)) for id, rect in rects.items()}


def beside(rects: Collection[Rect], box: Box, pin: Pin, size: Point, gap: float = 24.0) -> Point:
    """Returns the place for a card of a size near a pin of a box that touches none of some rectangles: to the right of
    the box, above or below it, whichever is nearest."""
    w, h = size
    right, low = box.x + box.w + gap, box.y + box.h + gap
    wanted = [(right, box.y + pin.y - h - gap), (right, box.y - h - gap), (right, box.y + pin.y + gap), (right, low)]
    wanted += [(box.x, box.y - h - gap), (box.x, low)]
    found = [free_place(rects, w, h, at) for at in wanted]
    x, y = box.x + pin.x, box.y + pin.y
    near = min(found, key=lambda at: max(at[0] - x, x - at[0] - w, 0.0) + max(at[1] - y, y - at[1] - h, 0.0))
    return round(near[0]), round(near[1])
