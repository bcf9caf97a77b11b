"""Lays nodes out anew by their cables: from left to right as the signal flows, with the ring's chain in one row.

Nodes on a frame stay together: they are laid out first, and then move as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from demon_patch.editor.layout.box import Box, Point, Rect
from demon_patch.editor.layout.layers import Arc, forward_arcs, layered
from demon_patch.patch.model.canvas import CanvasFrame
from demon_patch.patch.model.graph import CableKey

ACROSS, DOWN = 88.0, 28.0
"""The room between two columns, and between two nodes in a column."""
APART = 64.0
"""The room between groups of nodes without a cable between them."""
TALL, WIDE = 760.0, 1500.0
"""How high a column is at most, where nodes can stand in one further left; how wide a row of single nodes is."""
FRAME_SIDE, FRAME_TOP = 24.0, 44.0
"""The room in a frame around its nodes, and above them."""
STEP = 4.0
"""Places are multiples of it."""
_SWEEPS = 10


@dataclass(slots=True)
class Tile:
    """A node, or a frame with its nodes, as something with a size.

    inner: the places of a frame's nodes within it.
    """

    id: str
    w: float
    h: float
    chain: bool = False
    inner: dict[str, Point] = field(default_factory=dict)


@dataclass(slots=True)
class _Edge:
    """A cable between two tiles; leaving, arriving: how far below their tops it ends."""

    src: str
    dst: str
    leaving: float
    arriving: float


def tidied(
    boxes: Mapping[str, Box], keys: Iterable[CableKey], frames: Mapping[str, CanvasFrame] | None = None
) -> dict[str, Point]:
    """Returns where nodes go. Their upper left corner, as a whole, stays.

    boxes: the nodes. keys: of cables; those to other nodes do not count. frames: the nodes on one stay together.
    """
    if not boxes:
        return {}
    inside = sorted({key for key in keys if key.src in boxes and key.dst in boxes})
    edges = [
        _Edge(key.src, key.dst, boxes[key.src].pin(key.out, True).y, boxes[key.dst].pin(key.port, False).y)
        for key in inside
    ]
    chain = chain_of(boxes, inside)
    tiles = {id: Tile(id, box.w, box.h, id in chain) for id, box in boxes.items()}
    left, top = min(box.x for box in boxes.values()), min(box.y for box in boxes.values())
    for name, members in sorted(_framed(boxes, frames or {}).items()):
        tiles, edges = _gathered(name, members, tiles, edges)
    places: dict[str, Point] = {}
    for id, (x, y) in _placed(tiles, edges).items():
        for member, (dx, dy) in (tiles[id].inner or {id: (0.0, 0.0)}).items():
            places[member] = x + dx, y + dy
    x0, y0 = min(x for x, _ in places.values()), min(y for _, y in places.values())
    return {id: (_stepped(x - x0 + left), _stepped(y - y0 + top)) for id, (x, y) in places.items()}


def tidy(
    boxes: Mapping[str, Box],
    wires: Iterable[CableKey],
    ids: Collection[str] | None = None,
    frames: Mapping[str, CanvasFrame] | None = None,
) -> dict[str, Point]:
    """Returns where nodes go (`tidied`). ids: only these nodes; None for all."""
    chosen = boxes if ids is None else {id: box for id, box in boxes.items() if id in ids}
    return tidied(chosen, wires, frames)


def _stepped(x: float) -> float:
    return round(x / STEP) * STEP


def chain_of(boxes: Mapping[str, Box], keys: Iterable[CableKey]) -> frozenset[str]:
    """Returns the nodes of the ring's chain, and those that its sound goes to in the end."""
    rings, sounds = set(), []
    for key in keys:
        type = boxes[key.src].pin(key.out, True).type
        if type == "ring" and boxes[key.dst].category == "engine":
            rings |= {key.src, key.dst}
        elif type == "audio" and boxes[key.dst].category == "output":
            sounds.append(key)
    ends = sorted(
        (key.dst != "speaker" and boxes[key.dst].type != "speaker", key.dst) for key in sounds if key.src in rings
    )
    return frozenset(rings | {dst for _, dst in ends[:1]})


def _framed(boxes: Mapping[str, Box], frames: Mapping[str, CanvasFrame]) -> dict[str, list[str]]:
    """Returns the nodes on each frame, by its id: those whose middle lies on it, each on the smallest one."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    small_first = sorted(frames.items(), key=lambda kept: (kept[1].size[0] * kept[1].size[1], kept[0]))
    for id, box in boxes.items():
        x, y = box.x + box.w / 2, box.y + box.h / 2
        for name, frame in small_first:
            if frame.at[0] <= x <= frame.at[0] + frame.size[0] and frame.at[1] <= y <= frame.at[1] + frame.size[1]:
                found[name].append(id)
                break
    return found


def _gathered(
    name: str, members: Sequence[str], tiles: Mapping[str, Tile], edges: Sequence[_Edge]
) -> tuple[dict[str, Tile], list[_Edge]]:
    """Makes one tile of a frame's nodes."""
    own = {id: tiles[id] for id in members}
    places = _placed(own, [edge for edge in edges if edge.src in own and edge.dst in own])
    x0, y0 = min(x for x, _ in places.values()), min(y for _, y in places.values())
    inner = {id: (x - x0 + FRAME_SIDE, y - y0 + FRAME_TOP) for id, (x, y) in places.items()}
    frame = f"frame:{name}"
    made = Tile(
        frame,
        max(inner[id][0] + own[id].w for id in own) + FRAME_SIDE,
        max(inner[id][1] + own[id].h for id in own) + FRAME_SIDE,
        any(tile.chain for tile in own.values()),
        inner,
    )
    moved = []
    for edge in edges:
        src, dst = (frame if id in own else id for id in (edge.src, edge.dst))
        if src != dst:
            leaving = edge.leaving + (inner[edge.src][1] if edge.src in own else 0.0)
            arriving = edge.arriving + (inner[edge.dst][1] if edge.dst in own else 0.0)
            moved.append(_Edge(src, dst, leaving, arriving))
    return {**{id: tile for id, tile in tiles.items() if id not in own}, frame: made}, moved


def reframed(
    frames: Mapping[str, CanvasFrame], boxes: Mapping[str, Box], places: Mapping[str, Point]
) -> dict[str, CanvasFrame]:
    """Returns the frames, around their nodes at their new places; those that had none stay. boxes: at the old ones."""
    made = dict(frames)
    for name, members in _framed(boxes, frames).items():
        at = {id: places.get(id, (boxes[id].x, boxes[id].y)) for id in members}
        left, top = min(x for x, _ in at.values()) - FRAME_SIDE, min(y for _, y in at.values()) - FRAME_TOP
        right = max(x + boxes[id].w for id, (x, _) in at.items()) + FRAME_SIDE
        bottom = max(y + boxes[id].h for id, (_, y) in at.items()) + FRAME_SIDE
        made[name] = structs.replace(frames[name], at=(left, top), size=(right - left, bottom - top))
    return made


# -- groups ----------------------------------------------------------------------------------------------------------
def _placed(tiles: Mapping[str, Tile], edges: Sequence[_Edge]) -> dict[str, Point]:
    """Returns the places of all tiles: each group with cables by itself, below each other, and single ones in rows."""
    groups = _groups(tiles, edges)
    groups.sort(key=lambda group: (not any(tiles[id].chain for id in group), -len(group), group[0]))
    places: dict[str, Point] = {}
    y = 0.0
    for group in groups:
        if len(group) == 1:
            continue
        own = {id: tiles[id] for id in group}
        at = _columns(own, [edge for edge in edges if edge.src in own and edge.dst in own])
        low = min(top for _, top in at.values())
        places |= {id: (x, top - low + y) for id, (x, top) in at.items()}
        y = max(places[id][1] + tiles[id].h for id in group) + APART
    places |= _rows([tiles[group[0]] for group in groups if len(group) == 1], y)
    return places


def _rows(single: Sequence[Tile], y: float) -> dict[str, Point]:
    places: dict[str, Point] = {}
    x, high = 0.0, 0.0
    for tile in single:
        if x > 0 and x + tile.w > WIDE:
            x, y, high = 0.0, y + high + DOWN, 0.0
        places[tile.id] = x, y
        x, high = x + tile.w + DOWN, max(high, tile.h)
    return places


def _groups(tiles: Iterable[str], edges: Sequence[_Edge]) -> list[list[str]]:
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        beside[edge.src].add(edge.dst)
        beside[edge.dst].add(edge.src)
    seen: set[str] = set()
    groups = []
    for id in sorted(tiles):
        if id in seen:
            continue
        waiting, group = [id], []
        seen.add(id)
        while waiting:
            at = waiting.pop()
            group.append(at)
            new = sorted(beside[at] - seen)
            seen.update(new)
            waiting += new
        groups.append(sorted(group))
    return groups


# -- one group -------------------------------------------------------------------------------------------------------
def _columns(tiles: Mapping[str, Tile], edges: Sequence[_Edge]) -> dict[str, Point]:
    """Returns the places of tiles with cables between them."""
    chain = frozenset(id for id, tile in tiles.items() if tile.chain)
    arcs = forward_arcs(sorted(tiles), [Arc(edge.src, edge.dst) for edge in edges], chain)
    columns = layered({id: tile.h + DOWN for id, tile in tiles.items()}, arcs, chain, TALL)
    forward = [edge for edge in edges if Arc(edge.src, edge.dst) in arcs] or list(edges)
    lanes, pieces = _lanes(columns, forward)
    with_lanes = [[*column, *(lane.id for lane in lanes[place])] for place, column in enumerate(columns)]
    tops = _tops({**tiles, **{lane.id: lane for several in lanes for lane in several}}, with_lanes, pieces)
    places: dict[str, Point] = {}
    x = 0.0
    for column in columns:
        wide = max(tiles[id].w for id in column)
        for id in column:
            places[id] = x + wide - tiles[id].w if id not in chain else x, tops[id]
        x += wide + ACROSS
    return places


def _lanes(columns: Sequence[Sequence[str]], edges: Sequence[_Edge]) -> tuple[list[list[Tile]], list[_Edge]]:
    """Returns free lanes, by column, for the cables that pass columns, one for all from the same output; and the pieces
    of cables between neighbours."""
    place = {id: number for number, column in enumerate(columns) for id in column}
    lanes: list[dict[str, Tile]] = [{} for _ in columns]
    pieces: dict[tuple[str, str, float, float], _Edge] = {}
    for edge in edges:
        at, leaving = edge.src, edge.leaving
        for column in range(place[edge.src] + 1, place[edge.dst]):
            lane = f"lane:{edge.src}:{edge.leaving:.2f}:{column}"
            lanes[column][lane] = Tile(lane, 0.0, 0.0)
            pieces[at, lane, leaving, 0.0] = _Edge(at, lane, leaving, 0.0)
            at, leaving = lane, 0.0
        pieces[at, edge.dst, leaving, edge.arriving] = _Edge(at, edge.dst, leaving, edge.arriving)
    return [list(several.values()) for several in lanes], list(pieces.values())


def _tops(tiles: Mapping[str, Tile], columns: Sequence[Sequence[str]], edges: Sequence[_Edge]) -> dict[str, float]:
    """Returns the top of each tile: that of the chain is 0, and the others stand where their cables are short."""
    ends: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for edge in edges:
        ends[edge.src].append((edge.dst, edge.arriving - edge.leaving))
        ends[edge.dst].append((edge.src, edge.leaving - edge.arriving))
    order = [sorted(column, key=lambda id: (not tiles[id].chain, id)) for column in columns]
    tops = {id: top for column in order for id, top in zip(column, _stacked(tiles, column), strict=True)}
    best, least = dict(tops), _length(tops, edges)
    for sweep in range(_SWEEPS):
        for place in range(len(order)) if sweep % 2 else reversed(range(len(order))):
            wanted = {id: _wish(id, ends, tops) for id in order[place]}
            order[place].sort(key=lambda id: (not tiles[id].chain, wanted[id], id))
            tops.update(_settled(tiles, order[place], wanted))
        if (length := _length(tops, edges)) < least - 1e-6:
            best, least = dict(tops), length
    return best


def _wish(id: str, ends: Mapping[str, Sequence[tuple[str, float]]], tops: Mapping[str, float]) -> float:
    wishes = [tops[other] + shift for other, shift in ends.get(id, ())]
    return sum(wishes) / len(wishes) if wishes else tops[id]


def _length(tops: Mapping[str, float], edges: Sequence[_Edge]) -> float:
    return sum(abs(tops[e.src] + e.leaving - tops[e.dst] - e.arriving) for e in edges)


def _stacked(tiles: Mapping[str, Tile], column: Sequence[str]) -> list[float]:
    tops, y = [], 0.0
    for id in column:
        tops.append(y)
        y += tiles[id].h + DOWN
    return tops


def _settled(tiles: Mapping[str, Tile], column: Sequence[str], wanted: Mapping[str, float]) -> dict[str, float]:
    """Returns the tops, in this order and without overlap, that are nearest to the wanted ones and not above 0."""
    starts = _stacked(tiles, column)
    blocks: list[tuple[float, int]] = []  # mean of wanted - start, and how many tiles
    for id, start in zip(column, starts, strict=True):
        mean, count = (0.0 if tiles[id].chain else max(0.0, wanted[id] - start)), 1
        while blocks and blocks[-1][0] > mean:
            before, several = blocks.pop()
            mean, count = (before * several + mean * count) / (several + count), several + count
        blocks.append((mean, count))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return {id: start + shift for id, start, shift in zip(column, starts, shifts, strict=True)}


def overlapping(boxes: Iterable[Box], spare: float = 0.0) -> list[tuple[str, str]]:
    """Returns the pairs of nodes that lie on each other, or nearer than `spare`."""
    kept = sorted(boxes, key=lambda box: box.x)
    found = []
    for place, box in enumerate(kept):
        for other in kept[place + 1 :]:
            if other.x >= box.x + box.w + spare:
                break
            if box.y < other.y + other.h + spare and other.y < box.y + box.h + spare:
                found.append((box.id, other.id))
    return found


def free_place(rects: Collection[Rect], width: float, height: float, at: Point, spare: float = 16.0) -> Point:
    """Returns the place nearest below `at` where a rectangle touches none of the others."""
    x, y = at
    beside = [r for r in rects if r[0] < x + width + spare and r[2] > x - spare]
    while below := [r[3] for r in beside if r[1] < y + height + spare and r[3] > y - spare]:
        y = max(below) + spare + 1.0
    return x, y
