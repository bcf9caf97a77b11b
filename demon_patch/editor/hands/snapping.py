"""Snaps what is moved to the edges of what lies near, or to the grid."""

from __future__ import annotations

from collections.abc import Iterable

from demon_patch.editor.layout.box import Point, Rect

GRID = 8.0
PIXELS = 6.0
"""How near an edge has to come to snap."""
NEAR = 900.0
"""How far away, in canvas units, edges count."""

Guide = tuple[Point, Point]


def snapped(rect: Rect, still: Iterable[Rect], reach: float) -> tuple[float, float, list[Guide]]:
    """Returns how far to shift a rectangle, and the guides that say why.

    Left edges, right edges and middles snap to those of the same kind; where none is within `reach` (canvas units), the
    upper left corner snaps to the grid.
    """
    near = [r for r in still if abs(r[0] - rect[0]) < NEAR and abs(r[1] - rect[1]) < NEAR]
    dx, other_x = _nearest([rect[0], rect[2]], [(r[0], r[2]) for r in near], near, reach)
    dy, other_y = _nearest([rect[1], (rect[1] + rect[3]) / 2], [(r[1], (r[1] + r[3]) / 2) for r in near], near, reach)
    guides: list[Guide] = []
    if other_x is None:
        dx = round(rect[0] / GRID) * GRID - rect[0]
    if other_y is None:
        dy = round(rect[1] / GRID) * GRID - rect[1]
    if other_x is not None:
        edge, other = other_x
        guides.append(((edge, min(rect[1] + dy, other[1])), (edge, max(rect[3] + dy, other[3]))))
    if other_y is not None:
        edge, other = other_y
        guides.append(((min(rect[0] + dx, other[0]), edge), (max(rect[2] + dx, other[2]), edge)))
    return dx, dy, guides


def _nearest(
    own: list[float], edges: list[tuple[float, ...]], rects: list[Rect], reach: float
) -> tuple[float, tuple[float, Rect] | None]:
    """Returns the least shift that brings one of our edges to the same edge of another rectangle, and that edge with
    the rectangle; (0, None) where none is within reach."""
    best, found = 0.0, None
    for rect, theirs in zip(rects, edges, strict=True):
        for mine, other in zip(own, theirs, strict=True):
            if abs(other - mine) <= reach and (found is None or abs(other - mine) < abs(best)):
                best, found = other - mine, (other, rect)
    return best, found
