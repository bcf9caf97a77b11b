"""Records of the canvas other than nodes and cables: frames, notes, probes and bookmarks."""

from __future__ import annotations

from collections.abc import Set

from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.record import Record, area, colour

ZOOMS = (0.01, 100.0)
SPANS = (0.1, 60.0)


class CanvasFrame(Record, frozen=True, omit_defaults=True):
    """A titled rectangle behind the nodes that it groups. Moving it on the canvas moves the nodes on it, too.

    at: its upper left corner on the canvas.
    size: its width and height.
    colour: #rrggbb, or nothing for the theme's.
    """

    at: tuple[float, float]
    size: tuple[float, float] = (320.0, 240.0)
    title: str = ""
    colour: str = ""

    def __post_init__(self) -> None:
        json_values.text(self.title, "title")
        colour(self.colour)
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"))


class CanvasNote(Record, frozen=True, omit_defaults=True):
    """A text on the canvas, for people.

    at: its upper left corner.
    size: its width and height.
    """

    text: str
    at: tuple[float, float]
    size: tuple[float, float] = (200.0, 100.0)

    def __post_init__(self) -> None:
        json_values.text(self.text, "text", 20_000)
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"))


class CanvasBookmark(Record, frozen=True, omit_defaults=True):
    """A view of the canvas to come back to.

    at: the point of the canvas in the middle of the view.
    zoom: 1 is the usual size, 2 is twice as large; 0.01 to 100.
    title: the name that people see.
    """

    at: tuple[float, float]
    zoom: float = 1.0
    title: str = ""

    def __post_init__(self) -> None:
        json_values.text(self.title, "title")
        zoom = json_values.number(self.zoom, "zoom", *ZOOMS)
        self._settle(at=json_values.position(self.at, "at"), zoom=zoom)


class Probe(Record, frozen=True, omit_defaults=True):
    """A pinned display of one output: its last seconds, drawn on the canvas.

    node, out: the output that it shows; the node is in the same graph.
    at: its upper left corner on the canvas.
    size: its width and height.
    span: how many seconds it shows, 0.1 to 60.
    """

    node: str
    out: str
    at: tuple[float, float]
    size: tuple[float, float] = (160.0, 80.0)
    span: float = 4.0

    def __post_init__(self) -> None:
        ids.valid_id(self.node)
        json_values.name(self.out, "name of an output")
        span = json_values.number(self.span, "span", *SPANS)
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"), span=span)

    def without(self, gone: Set[str]) -> Probe | None:
        """Returns the probe; None if its node is in `gone`."""
        return None if self.node in gone else self
