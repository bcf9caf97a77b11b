"""What draws the canvas: the scene in a window, and in tests a fake that records the calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Box, Pin, Point, Rect, Wire
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.graph import CableKey


class Canvas(Protocol):
    """The canvas. All calls come from the window's thread; ids and keys are those of the document."""

    # -- what the document has -----------------------------------------------------------------------------------
    def add_box(self, box: Box) -> None:
        """Draws a node; one with that id is drawn anew in place, its cables stay."""
        ...

    def remove_box(self, id: str) -> None:
        """Takes a node away. Its cables must have gone."""
        ...

    def move_box(self, id: str, x: float, y: float) -> None:
        """Moves a node; its cables follow."""
        ...

    def raise_boxes(self, ids: Collection[str]) -> None:
        """Draws nodes on top of the others."""
        ...

    def add_wire(self, wire: Wire) -> None:
        """Draws a cable; one with that key is drawn anew."""
        ...

    def remove_wire(self, key: CableKey) -> None:
        """Takes a cable away."""
        ...

    def set_frame(self, id: str, frame: CanvasFrame | None) -> None:
        """Draws a frame, or takes it away."""
        ...

    def set_note(self, id: str, note: CanvasNote | None) -> None:
        """Draws a note, or takes it away."""
        ...

    def set_probe(self, id: str, probe: Probe | None) -> None:
        """Draws a pinned probe, or takes it away."""
        ...

    def turn(self, node: str, port: str, position: float, text: str) -> None:
        """Shows where a knob's base stands, 0 to 1, and its number."""
        ...

    # -- selection and gestures ----------------------------------------------------------------------------------
    def select(self, boxes: Collection[str], wires: Collection[CableKey], others: Collection[str]) -> None:
        """Marks nodes, cables, and frames, notes or probes as selected; all others are not."""
        ...

    def hover(self, wire: CableKey | None, pin: Pin | None) -> None:
        """Lights a cable and its ends, or a pin; None for none."""
        ...

    def dim(self, keep: Collection[CableKey] | None) -> None:
        """Draws all cables faintly but these; None ends it."""
        ...

    def hold_cable(self, start: Point | None, end: Point = (0.0, 0.0), type: str = "value") -> None:
        """Draws the cable in the hand between two points, from output to port; None takes it away."""
        ...

    def mark(self, at: Point | None) -> None:
        """Marks the pin on which the cable in the hand would land."""
        ...

    def offer(self, pins: Sequence[tuple[Point, str]] | None) -> None:
        """Rings the pins that fit, as place and type, and fades all others; None ends it."""
        ...

    def show_band(self, rect: Rect | None) -> None:
        """Draws the rectangle of a selection."""
        ...

    def show_knife(self, line: Sequence[Point] | None, cut: Collection[CableKey] = ()) -> None:
        """Draws the knife's line, and the cables that it crosses in red."""
        ...

    def show_target(self, wire: CableKey | None) -> None:
        """Lights the cable into which the node in the hand would be inserted."""
        ...

    def show_guides(self, lines: Sequence[tuple[Point, Point]]) -> None:
        """Draws the lines to which a moved node snaps."""
        ...

    # -- what moves ----------------------------------------------------------------------------------------------
    def look(self) -> None:
        """Follows the camera: limits, grid, what is on screen, and how much detail it has."""
        ...

    def modulate(self, node: str, port: str, now: float | None, live: float | None) -> None:
        """Shows where modulation has a knob now and where its live value stands, 0 to 1; None for none."""
        ...

    def trace(self, key: CableKey, values: Array) -> None:
        """Shows what a cable carried lately: -1 to 1, newest first."""
        ...

    def beads(self, key: CableKey, places: Sequence[float]) -> None:
        """Shows beads on a cable, each 0 to 1 of its length."""
        ...

    def display(self, node: str, data: Mapping[str, object]) -> None:
        """Gives the display of a node what it shows (`canvas.displays` lists the keys of each kind)."""
        ...

    def heard(self, node: str, port: str, share: float | None) -> None:
        """Shows a ring at a knob that closes as its change comes to be heard: 0 to 1; None takes it away."""
        ...

    def ghost(self, node: str, port: str, position: float | None) -> None:
        """Shows at a knob where a controller stands that does not have it yet, 0 to 1; None takes that away."""
        ...

    def set_remark(self, key: CableKey, on: bool) -> None:
        """Marks a cable as one of which something odd is said, or no longer."""
        ...

    def set_problem(self, node: str, problem: str) -> None:
        """Marks a node as faulty, or as well where the text is empty."""
        ...
