"""A small picture of a patch's graph: blocks in the colours of their categories, and cables between them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.boxes import boxes_of, boxes_rect
from demon_patch.editor.layout.cable_curve import curve, flattened
from demon_patch.editor.layout.facts import Facts
from demon_patch.patch.model.document import Patch

PIECES = 8
HEAD = 30.0


@dataclass(frozen=True, slots=True)
class Miniature:
    """Blocks as (rectangle, height of the head, category, own colour), cables as (points, type)."""

    blocks: tuple[tuple[Rect, float, str, str], ...] = ()
    cables: tuple[tuple[tuple[Point, ...], str], ...] = ()


def miniature(patch: Patch, facts: Facts, wide: float, tall: float, margin: float = 8.0) -> Miniature:
    """Returns the picture of a patch within a size, in its middle."""
    boxes, wires = boxes_of(patch, None, facts)
    rect = boxes_rect(boxes.values())
    if rect is None:
        return Miniature()
    k = min((wide - 2 * margin) / max(rect[2] - rect[0], 1.0), (tall - 2 * margin) / max(rect[3] - rect[1], 1.0), 0.5)
    dx = (wide - k * (rect[2] - rect[0])) / 2 - k * rect[0]
    dy = (tall - k * (rect[3] - rect[1])) / 2 - k * rect[1]

    def put(x: float, y: float) -> Point:
        return k * x + dx, k * y + dy

    blocks = []
    for _, box in sorted(boxes.items()):
        (left, top), (right, low) = put(box.x, box.y), put(box.x + box.w, box.y + box.h)
        blocks.append(((left, top, right, low), k * min(HEAD, box.h), box.category, box.colour))
    cables = []
    for key, wire in sorted(wires.items()):
        src, dst = boxes[key.src], boxes[key.dst]
        a, b = src.pin(key.out, True), dst.pin(key.port, False)
        line = flattened(curve((src.x + a.x, src.y + a.y), (dst.x + b.x, dst.y + b.y)), PIECES)
        cables.append((tuple(put(*point) for point in line), wire.type))
    return Miniature(tuple(blocks), tuple(cables))
