"""What all gestures and commands work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.hands.edits import Edits
from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.hands.places import around, others
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.hands.selection import Selection
from demon_patch.editor.layout.box import GROUND, Hit, Point, Rect
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Popups
from demon_patch.patch.model.graph import CableKey

if TYPE_CHECKING:
    from demon_patch.editor.canvas.view import View


Clipboard = Callable[[str | None], str]
"""The system's clipboard: puts a text there, or with None leaves it; returns the text that is there."""


class OwnClipboard:
    """A clipboard that nothing else sees."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, text: str | None) -> str:
        """Puts a text there, or leaves it; returns the text that is there."""
        if text is not None:
            self.text = text
        return self.text


@dataclass(slots=True)
class Views:
    """Where the window looked before, and where it came back from: x, y and zoom of the camera."""

    before: list[tuple[float, float, float]] = field(default_factory=list)
    after: list[tuple[float, float, float]] = field(default_factory=list)

    def leave(self, camera: Camera) -> None:
        """Remembers a view that is left by a jump."""
        self.before = [*self.before[-30:], (camera.x, camera.y, camera.zoom)]
        self.after.clear()

    def back(self, camera: Camera) -> bool:
        """Looks where it looked before; returns whether there was such a place."""
        return self._go(camera, self.before, self.after)

    def forward(self, camera: Camera) -> bool:
        """Looks where it was when it went back; returns whether there was such a place."""
        return self._go(camera, self.after, self.before)

    @staticmethod
    def _go(camera: Camera, where: list[tuple[float, float, float]], other: list[tuple[float, float, float]]) -> bool:
        if not where:
            return False
        other.append((camera.x, camera.y, camera.zoom))
        camera.x, camera.y, camera.zoom = where.pop()
        return True


@dataclass(slots=True)
class Tools:
    """The view and the parts around it.

    clock: the time in seconds. clipboard: the system's. hover: what lies under the pointer, which is at `pointer`.
    held: the names of the keys that are down. focus: node and port of the knob that the wheel turns.
    views: where the window looked before. origin: the pixel of the window in the canvas's upper left corner.
    """

    view: View
    camera: Camera
    canvas: Canvas
    link: Link
    popups: Popups
    clock: Callable[[], float]
    selection: Selection
    edits: Edits
    keys: Keys
    clipboard: Clipboard = field(default_factory=OwnClipboard)
    hover: Hit = GROUND
    held: set[str] = field(default_factory=set)
    focus: tuple[str, str] | None = None
    pointer: Pointer = NOWHERE
    views: Views = field(default_factory=Views)
    origin: Point = (0.0, 0.0)

    def reach(self, pixels: float) -> float:
        """Returns pixels as canvas units."""
        return pixels / self.camera.zoom

    def bounds(self) -> Rect | None:
        """The rectangle around all that is on the canvas; None where nothing is."""
        boxes = [box.rect for box in self.view.boxes.values()]
        return around([*boxes, *(rect for _, rect in others(self.edits.graph))])

    def looked(self) -> None:
        """Follows a movement of the camera; a part of the graph always stays in sight."""
        bounds = self.bounds()
        if bounds is not None:
            self.camera.keep_near(bounds)
        self.canvas.look()

    def look_at(self, rect: Rect | None, most: float = 1.0) -> None:
        """Looks at a rectangle of the canvas, and remembers where it looked before."""
        if rect is not None:
            self.views.leave(self.camera)
            self.camera.fit(rect, most=most)
            self.looked()

    @property
    def world(self) -> Point:
        """The point of the canvas under the pointer; the middle of the window where the pointer is elsewhere."""
        return self.camera.world(*self.pointer.at) if self.pointer.over else self.camera.centre

    @property
    def on_screen(self) -> Point:
        """The pixel of the window at the pointer, or in the middle of the canvas: where a popup opens."""
        return self.pixel(self.screen(self.world))

    def pixel(self, at: Point) -> Point:
        """Returns a pixel of the canvas as one of the window."""
        return at[0] + self.origin[0], at[1] + self.origin[1]

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes that a command is for: those that are selected, else the one under the pointer."""
        if self.selection.nodes:
            return self.selection.nodes
        return frozenset([self.hover.id]) if self.hover.id in self.view.boxes else frozenset()

    @property
    def wires(self) -> frozenset[CableKey]:
        """The cables that a command is for: the one under the pointer, else those that are selected."""
        wire = self.hover.wire
        return frozenset([wire]) if wire is not None else self.selection.wires

    @property
    def bpm(self) -> float:
        """The tempo, in beats a minute; 120 where it is not known."""
        bpm = self.link.status.get("bpm")
        return float(bpm) if isinstance(bpm, int | float) and bpm > 0 else 120.0

    def screen(self, at: Point) -> Point:
        """Returns the pixel at a point of the canvas."""
        return self.camera.screen(*at)
