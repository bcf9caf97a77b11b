"""What lies where on the canvas: boxes by cells of a grid, cables by their outlines; and what is under a point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar

from demon_patch.editor.layout import cable_curve
from demon_patch.editor.layout.box import GROUND, Box, Hit, HitKind, Pin, Point, Rect, Row, Wire
from demon_patch.editor.layout.cable_curve import Curve
from demon_patch.editor.look.theme import CHIP_GAP, CHIP_H, CHIP_W, CORNER, FOLD, FRAME_HEAD, HEAD, KNOB, NUMBER_W, ROW
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.graph import REROUTE, CableKey

CELL = 320.0
"""The side of a cell of the grid."""
PIN_REACH = 10.0
"""How near to a pin a point hits it, in pixels."""
_CHIPS = 4 * (CHIP_W + CHIP_GAP)  # how far from a port the depth of a cable can lie
_LARGE = 400  # a rectangle that touches more cells is kept in a list of its own
_EDGE = 6.0  # the width of a frame's edge that can be taken hold of
_DOT = 6.0  # half the width of a reroute's middle, which moves it

MARGIN = 0.15
"""How far beyond a rectangle on each side `Space.seen` looks, as a share of its size."""
MUCH = 2.0
"""How many times as wide as a rectangle a part of the canvas may be that is found for it."""

K = TypeVar("K", bound=Hashable)


class Seen(NamedTuple):
    """The boxes and cables in a part of the canvas, by id and key, and the rectangle of each cable."""

    boxes: tuple[str, ...] = ()
    wires: tuple[CableKey, ...] = ()
    areas: tuple[Rect, ...] = ()


class Cells(Generic[K]):
    """Rectangles by key, found by the cells of a grid that they touch."""

    def __init__(self) -> None:
        self._cells: defaultdict[tuple[int, int], dict[K, None]] = defaultdict(dict)
        self._spans: dict[K, tuple[int, int, int, int]] = {}
        self.changes = 0  # counts what was put in, moved or dropped
        self._large: dict[K, None] = {}
        self.rects: dict[K, Rect] = {}

    def put(self, key: K, rect: Rect) -> None:
        """Puts a rectangle in, or moves it."""
        if self.rects.get(key) == rect:
            return
        self.changes += 1
        self.rects[key] = rect
        left, top, right, bottom = rect
        span = int(left // CELL), int(top // CELL), int(right // CELL), int(bottom // CELL)
        if self._spans.get(key) == span:
            return
        self._clear(key)
        self._spans[key] = span
        if _count(span) > _LARGE:
            self._large[key] = None
            return
        for cell in _cells(span):
            self._cells[cell][key] = None

    def drop(self, key: K) -> None:
        """Takes a rectangle out, if it is in."""
        self._clear(key)
        if self.rects.pop(key, None) is not None:
            self.changes += 1

    def _clear(self, key: K) -> None:
        span = self._spans.pop(key, None)
        if span is None or key in self._large:
            self._large.pop(key, None)
            return
        for cell in _cells(span):
            held = self._cells[cell]
            held.pop(key, None)
            if not held:
                del self._cells[cell]

    def within(self, rect: Rect) -> list[K]:
        """Returns the keys of the rectangles that a rectangle touches."""
        left, top, right, bottom = rect
        span = int(left // CELL), int(top // CELL), int(right // CELL), int(bottom // CELL)
        near: Collection[K] = self.rects
        if _count(span) < len(self.rects):
            near = {key: None for cell in _cells(span) for key in self._cells.get(cell, ())} | self._large
        found = []
        for key in near:
            a, b, c, d = self.rects[key]
            if a <= right and c >= left and b <= bottom and d >= top:
                found.append(key)
        return found


def _cells(span: tuple[int, int, int, int]) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(span[0], span[2] + 1) for j in range(span[1], span[3] + 1))


def _near(area: Rect, rect: Rect) -> bool:
    """Whether an area holds a rectangle and is not much larger."""
    inside = area[0] <= rect[0] and area[1] <= rect[1] and rect[2] <= area[2] and rect[3] <= area[3]
    return inside and area[2] - area[0] <= MUCH * (rect[2] - rect[0])


def _count(span: tuple[int, int, int, int]) -> int:
    return (span[2] - span[0] + 1) * (span[3] - span[1] + 1)


class Space:
    """All that lies on the canvas.

    boxes: by id. wires: by key. curves, lines, chips: by key, a cable's Bezier, its outline as points, and the
    rectangle of its depth. frames, notes, probes: by id.
    """

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.wires: dict[CableKey, Wire] = {}
        self.curves: dict[CableKey, Curve] = {}
        self.lines: dict[CableKey, list[Point]] = {}
        self.chips: dict[CableKey, Rect] = {}
        self.frames: dict[str, CanvasFrame] = {}
        self.notes: dict[str, CanvasNote] = {}
        self.probes: dict[str, Probe] = {}
        self._box_cells: Cells[str] = Cells()
        self._wire_cells: Cells[CableKey] = Cells()
        self._of_box: defaultdict[str, dict[CableKey, None]] = defaultdict(dict)
        self._into: defaultdict[tuple[str, str], dict[CableKey, None]] = defaultdict(dict)
        self._order: dict[str, int] = {}
        self._newest = 0
        self._seen: tuple[tuple[int, int], Rect, Seen] | None = None

    # -- boxes ---------------------------------------------------------------------------------------------------
    def put(self, box: Box) -> None:
        """Puts a box in, or moves it to where its x and y are; its cables follow."""
        self.boxes[box.id] = box
        if box.id not in self._order:
            self.raise_boxes([box.id])
        self._box_cells.put(box.id, box.rect)
        for key in self._of_box.get(box.id, ()):
            self._place(key)

    def drop(self, id: str) -> None:
        """Takes a box out. Its cables must have gone."""
        self.boxes.pop(id, None)
        self._order.pop(id, None)
        self._box_cells.drop(id)

    def raise_boxes(self, ids: Collection[str]) -> None:
        """Puts boxes on top of the others."""
        for id in ids:
            self._newest += 1
            self._order[id] = self._newest

    def order(self, id: str) -> int:
        """How far up a box lies: it hides those with lower numbers."""
        return self._order.get(id, 0)

    def within(self, rect: Rect) -> list[str]:
        """Returns the ids of the boxes that a rectangle touches."""
        return self._box_cells.within(rect)

    def seen(self, rect: Rect) -> Seen:
        """Returns what lies in a rectangle and in a margin around it: the same object until something moves, or the
        rectangle leaves that margin or becomes much smaller. So a pan finds nothing anew in most frames."""
        changes = self._box_cells.changes, self._wire_cells.changes
        if self._seen is not None and self._seen[0] == changes and _near(self._seen[1], rect):
            return self._seen[2]
        left, top, right, bottom = rect
        dx, dy = MARGIN * (right - left), MARGIN * (bottom - top)
        area = left - dx, top - dy, right + dx, bottom + dy
        wires, rects = tuple(self.wires_within(area)), self._wire_cells.rects
        self._seen = changes, area, Seen(tuple(self.within(area)), wires, tuple(rects[key] for key in wires))
        return self._seen[2]

    @property
    def rect(self) -> Rect | None:
        """The least rectangle that holds all boxes, frames, notes and probes; None where there are none."""
        rects = [box.rect for box in self.boxes.values()]
        rects += [area(it) for kept in (self.frames, self.notes, self.probes) for it in kept.values()]
        if not rects:
            return None
        return min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects)

    # -- cables --------------------------------------------------------------------------------------------------
    def put_wire(self, wire: Wire) -> None:
        """Puts a cable in, or changes what is known of it. Both boxes must be in."""
        key = wire.key
        self.wires[key] = wire
        self._of_box[key.src][key] = None
        self._of_box[key.dst][key] = None
        self._into[key.dst, key.port][key] = None
        self._place(key)
        self._chips(key.dst, key.port)

    def drop_wire(self, key: CableKey) -> None:
        """Takes a cable out, if it is in."""
        if self.wires.pop(key, None) is None:
            return
        for id in (key.src, key.dst):
            self._of_box[id].pop(key, None)
            if not self._of_box[id]:
                del self._of_box[id]
        self._into[key.dst, key.port].pop(key, None)
        for held in (self.curves, self.lines, self.chips):
            held.pop(key, None)
        self._wire_cells.drop(key)
        self._chips(key.dst, key.port)

    def wires_of(self, id: str) -> list[CableKey]:
        """Returns the keys of the cables at a box."""
        return list(self._of_box.get(id, ()))

    def wires_into(self, id: str, port: str) -> list[CableKey]:
        """Returns the keys of the cables into a port."""
        return list(self._into.get((id, port), ()))

    def wires_within(self, rect: Rect) -> list[CableKey]:
        """Returns the keys of the cables whose bounding rectangles a rectangle touches."""
        return self._wire_cells.within(rect)

    def wires_across(self, line: list[Point]) -> list[CableKey]:
        """Returns the keys of the cables that a line crosses (the knife)."""
        near = self.wires_within(cable_curve.bounds(line))
        return [key for key in near if cable_curve.crosses(line, self.lines[key])]

    def place_of(self, pin: Pin) -> Point:
        """Returns where a pin is on the canvas."""
        box = self.boxes[pin.node]
        return box.x + pin.x, box.y + pin.y

    def _place(self, key: CableKey) -> None:
        source, target = self.boxes[key.src], self.boxes[key.dst]
        a, b = source.pin(key.out, True), target.pin(key.port, False)
        ends = (source.x + a.x, source.y + a.y), (target.x + b.x, target.y + b.y)
        self.curves[key] = bent = cable_curve.curve(*ends)
        self.lines[key] = line = cable_curve.flattened(bent)
        self._wire_cells.put(key, cable_curve.bounds(line))
        if key in self.chips:
            self._chips(key.dst, key.port)

    def _chips(self, node: str, port: str) -> None:
        place = 0
        for key in sorted(self._into.get((node, port), ())):
            if self.wires[key].depth is None or key not in self.curves:
                self.chips.pop(key, None)
                continue
            self.chips[key] = cable_curve.chip(self.curves[key][3], place)
            place += 1

    # -- frames, notes, probes -----------------------------------------------------------------------------------
    def put_frame(self, id: str, frame: CanvasFrame | None) -> None:
        """Puts a frame in, or takes it out."""
        _put(self.frames, id, frame)

    def put_note(self, id: str, note: CanvasNote | None) -> None:
        """Puts a note in, or takes it out."""
        _put(self.notes, id, note)

    def put_probe(self, id: str, probe: Probe | None) -> None:
        """Puts a probe in, or takes it out."""
        _put(self.probes, id, probe)

    def in_frame(self, frame: CanvasFrame) -> list[str]:
        """Returns the ids of the boxes that lie wholly on a frame."""
        left, top, right, bottom = area(frame)
        return [
            id
            for id in self.within((left, top, right, bottom))
            if (b := self.boxes[id].rect)[0] >= left and b[1] >= top and b[2] <= right and b[3] <= bottom
        ]

    # -- what is under a point -----------------------------------------------------------------------------------
    def at(self, x: float, y: float, reach: float = PIN_REACH, *, wires_only: bool = False) -> Hit:
        """Returns what lies under a point of the canvas.

        Pins win within their reach, unless a node on top hides them. Then come the parts of nodes, then probes, depths
        and cables, notes, and the titles, edges and corners of frames. Within a frame the ground is free.

        reach: how far pins and cables can be hit from, in canvas units: 10 pixels divided by the zoom.
        wires_only: only cables and their depths are hit.
        """
        if wires_only:
            return self._on_wire(x, y, reach) or GROUND
        near = sorted(self.within((x - reach, y - reach, x + reach, y + reach)), key=self.order, reverse=True)
        return (
            self._on_box(near, x, y, reach)
            or _on_card(self.probes, "probe", x, y)
            or self._on_wire(x, y, reach)
            or _on_card(self.notes, "note", x, y)
            or self._on_frame(x, y)
            or GROUND
        )

    def _on_box(self, near: list[str], x: float, y: float, reach: float) -> Hit | None:
        if (pin := self._pin(near, x, y, reach)) is not None:
            return Hit("pin", pin.node, pin.name, pin.out)
        under = next((self.boxes[id] for id in near if _inside(self.boxes[id].rect, x, y)), None)
        return None if under is None else _in_box(under, x, y)

    def _on_wire(self, x: float, y: float, reach: float) -> Hit | None:
        for key in self.wires_within((x - _CHIPS, y - CHIP_H, x + _CHIPS, y + CHIP_H)):
            if (chip := self.chips.get(key)) is not None and _inside(chip, x, y):
                return Hit("depth", key.dst, key.port, wire=key)
        key = self.wire_at(x, y, reach)
        return None if key is None else Hit("wire", wire=key)

    def _pin(self, near: list[str], x: float, y: float, reach: float) -> Pin | None:
        best, found = reach * reach, None
        for id in near:
            box = self.boxes[id]
            inside = _inside(box.rect, x, y)
            for pin in box.pins:
                if pin.folded:
                    continue
                dx, dy = box.x + pin.x - x, box.y + pin.y - y
                if dx * dx + dy * dy <= best and not (inside and box.type == REROUTE and _middle(box, x)):
                    best, found = dx * dx + dy * dy, pin
            if inside:
                break  # it hides what lies under it
        return found

    def wire_at(self, x: float, y: float, reach: float = PIN_REACH) -> CableKey | None:
        """Returns the key of the cable nearest to a point, if one is within reach."""
        best, found = reach * 0.8, None
        for key in self.wires_within((x - reach, y - reach, x + reach, y + reach)):
            away = cable_curve.distance(self.lines[key], x, y)
            if away < best:
                best, found = away, key
        return found

    def _on_frame(self, x: float, y: float) -> Hit | None:
        for id, frame in sorted(self.frames.items(), key=lambda kept: kept[1].size[0] * kept[1].size[1]):
            left, top, right, bottom = area(frame)
            if not _inside((left - _EDGE, top - _EDGE, right + _EDGE, bottom + _EDGE), x, y):
                continue
            if x >= right - CORNER and y >= bottom - CORNER:
                return Hit("frame corner", id)
            sides = min(abs(x - left), abs(x - right), abs(y - bottom))
            if y <= top + FRAME_HEAD or sides <= _EDGE:
                return Hit("frame", id)
        return None


def _put(held: dict[str, K], id: str, record: K | None) -> None:
    if record is None:
        held.pop(id, None)
    else:
        held[id] = record


def area(card: CanvasFrame | CanvasNote | Probe) -> Rect:
    """Returns the rectangle of a frame, note or probe."""
    return card.at[0], card.at[1], card.at[0] + card.size[0], card.at[1] + card.size[1]


def _inside(rect: Rect, x: float, y: float) -> bool:
    return rect[0] <= x <= rect[2] and rect[1] <= y <= rect[3]


def _middle(box: Box, x: float) -> bool:
    return abs(x - box.x - box.w / 2) <= _DOT


def _on_card(cards: dict[str, CanvasNote] | dict[str, Probe], kind: str, x: float, y: float) -> Hit | None:
    for id in reversed(cards):
        left, top, right, bottom = area(cards[id])
        if _inside((left, top, right, bottom), x, y):
            corner = x >= right - CORNER and y >= bottom - CORNER
            return Hit(f"{kind} corner" if corner else kind, id)  # type: ignore[arg-type]
    return None


def _in_box(box: Box, x: float, y: float) -> Hit:
    """Returns what a point inside a box hits, other than a pin."""
    px, py = x - box.x, y - box.y
    if box.type == REROUTE or py < HEAD:
        return Hit("head", box.id)
    shown = box.display
    if shown is not None and _inside((shown.x, shown.y, shown.x + shown.w, shown.y + shown.h), px, py):
        return Hit("text", box.id, shown.port) if shown.port else Hit("display", box.id)
    if (row := next((row for row in box.rows if abs(row.y - py) <= ROW / 2), None)) is not None:
        return Hit(_in_row(box, row, px), box.id, row.port)
    folds = (box.hidden or box.unfolded) and py > box.h - FOLD - 3.0
    return Hit("fold" if folds else "body", box.id)


def _in_row(box: Box, row: Row, x: float) -> HitKind:
    if row.knob is not None:
        near = abs(row.knob.x - x) <= KNOB + 4.0
        return "knob" if near else "number" if x > box.w - NUMBER_W else "body"
    if row.kind == "option":
        return "choice" if x > 0.42 * box.w else "body"
    return "text" if row.kind in ("text", "path", "points") and x > 0.3 * box.w else "body"
