"""The shape of a cable: a Bezier that leaves its output to the right and arrives at its port from the left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.look.theme import CHIP_GAP, CHIP_H, CHIP_W

Curve = tuple[Point, Point, Point, Point]
"""Begin, two points that pull, end."""

PIECES = 16
"""Pieces of a flattened curve."""


def curve(a: Point, b: Point) -> Curve:
    """Returns the curve from an output at `a` to a port at `b`. It reaches 36 to 150 units out, further where it has to
    go back."""
    dx, dy = b[0] - a[0], abs(b[1] - a[1])
    forth, back = max(36.0, min(0.5 * dx + 0.15 * dy, 150.0)), min(220.0, 60.0 - 0.35 * dx + 0.1 * dy)
    reach = min(forth if dx >= 0 else back, max(12.0, math.hypot(dx, dy)))
    return a, (a[0] + reach, a[1]), (b[0] - reach, b[1]), b


def flattened(bezier: Curve, pieces: int = PIECES) -> list[Point]:
    """Returns a curve as a line of `pieces` + 1 points."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = bezier
    line = []
    for i in range(pieces + 1):
        t = i / pieces
        u = 1.0 - t
        a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        line.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return line


def bounds(line: Sequence[Point]) -> Rect:
    """Returns the least rectangle that holds a line."""
    xs, ys = [x for x, _ in line], [y for _, y in line]
    return min(xs), min(ys), max(xs), max(ys)


def distance(line: Sequence[Point], x: float, y: float) -> float:
    """Returns the distance from a point to a line."""
    best = math.inf
    ax, ay = line[0]
    for bx, by in line[1:]:
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        t = ((x - ax) * dx + (y - ay) * dy) / length if length else 0.0
        t = 0.0 if t < 0.0 else 1.0 if t > 1.0 else t
        ex, ey = ax + t * dx - x, ay + t * dy - y
        best = min(best, ex * ex + ey * ey)
        ax, ay = bx, by
    return math.sqrt(best)


def crosses(line: Sequence[Point], other: Sequence[Point]) -> bool:
    """Returns whether two lines cross or touch (a knife and a cable)."""
    return any(_segments_cross(p, q, r, s) for p, q in pairwise(line) for r, s in pairwise(other))


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _segments_cross(p: Point, q: Point, r: Point, s: Point) -> bool:
    if max(p[0], q[0]) < min(r[0], s[0]) or max(r[0], s[0]) < min(p[0], q[0]):
        return False
    if max(p[1], q[1]) < min(r[1], s[1]) or max(r[1], s[1]) < min(p[1], q[1]):
        return False
    return _side(p, q, r) * _side(p, q, s) <= 0 and _side(r, s, p) * _side(r, s, q) <= 0


def chip(end: Point, place: int = 0) -> Rect:
    """Returns the rectangle of the chip that says a cable's depth.

    end: where the cable arrives. place: how many chips of other cables into the same port lie between.
    """
    right = end[0] - CHIP_GAP - place * (CHIP_W + 3.0)
    return right - CHIP_W, end[1] - CHIP_H / 2, right, end[1] + CHIP_H / 2
