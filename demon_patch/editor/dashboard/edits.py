"""Edits of the dashboard: each is one command. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable

from msgspec import structs

from demon_patch.editor.dashboard.faces import GRID, LEAST, SIZES, FaceKind, kind_of
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.facts import Facts
from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import SetWidget
from demon_patch.patch.model import ids
from demon_patch.patch.model.dashboard import Widget, WidgetKind
from demon_patch.patch.model.document import Patch

COLUMNS = 960.0
"""How wide the dashboard grows before a new widget goes into a new row."""


def snapped(value: float, least: float = 0.0) -> float:
    """Returns the nearest line of the grid, at least `least`."""
    return max(least, GRID * round(value / GRID))


def overlap(a: Rect, b: Rect) -> bool:
    """Returns whether two rectangles share some of their area."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def rect_of(widget: Widget) -> Rect:
    """Returns the rectangle of a widget."""
    return *widget.at, widget.at[0] + widget.size[0], widget.at[1] + widget.size[1]


def free_place(taken: Iterable[Rect], size: tuple[float, float]) -> Point:
    """Returns the first place of the grid, row by row from the upper left, where nothing lies."""
    rects = list(taken)
    low = max((r[3] for r in rects), default=0.0)
    y = GRID
    while y <= low + GRID:
        x = GRID
        while x + size[0] <= COLUMNS:
            rect = (x, y, x + size[0], y + size[1])
            hit = [r for r in rects if overlap(rect, r)]
            if not hit:
                return x, y
            x = max(snapped(r[2]) if snapped(r[2]) >= r[2] else snapped(r[2]) + GRID for r in hit)
        y += GRID
    return GRID, snapped(low) + GRID


def added(
    patch: Patch, facts: Facts, node: str, port: str, kind: WidgetKind = "auto", rng: random.Random | None = None
) -> SetWidget:
    """Returns the command that puts a port on the dashboard, where there is room. PatchError where the node has no such
    port, and where the port is there already."""
    if any((w.node, w.port) == (node, port) and w.kind == kind for w in patch.dashboard.values()):
        raise PatchError("it is on the dashboard already", node=node, port=port)
    declared = facts.port(patch.node(node).type, port)
    suits: FaceKind = "knob" if declared is None else kind_of(declared, patch.node(node).type)
    size = SIZES[suits if kind == "auto" else kind]
    at = free_place((rect_of(widget) for widget in patch.dashboard.values()), size)
    return SetWidget(ids.fresh(patch.dashboard, rng), Widget(node, port, at=at, size=size, kind=kind))


def moved(patch: Patch, id: str, at: Point) -> SetWidget | None:
    """Returns the command that moves a widget to the grid nearest a place; None where it lies there."""
    widget = patch.dashboard[id]
    new = structs.replace(widget, at=(snapped(at[0]), snapped(at[1])))
    return None if new == widget else SetWidget(id, new)


def resized(patch: Patch, id: str, size: Point) -> SetWidget | None:
    """Returns the command that gives a widget another size; None where it has it."""
    widget = patch.dashboard[id]
    new = structs.replace(widget, size=(snapped(size[0], LEAST), snapped(size[1], LEAST)))
    return None if new == widget else SetWidget(id, new)


def removed(id: str) -> SetWidget:
    """Returns the command that takes a widget off the dashboard."""
    return SetWidget(id)


def relabelled(patch: Patch, id: str, label: str) -> SetWidget:
    """Returns the command that names a widget; an empty label is the port's title."""
    return SetWidget(id, structs.replace(patch.dashboard[id], label=label.strip()))


def of_kind(patch: Patch, id: str, kind: WidgetKind) -> SetWidget:
    """Returns the command that makes a widget another kind, in that kind's usual size."""
    return SetWidget(id, structs.replace(patch.dashboard[id], kind=kind, size=SIZES[kind]))


def of_port(patch: Patch, node: str, port: str) -> str | None:
    """Returns the widget that turns a port; None for none."""
    return next((id for id, w in sorted(patch.dashboard.items()) if (w.node, w.port) == (node, port)), None)
