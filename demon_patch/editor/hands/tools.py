"""What all gestures and commands work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.hands.edits import Edits
from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.hands.places import around, others
from demon_patch.editor.hands.selection import Selection
from demon_patch.editor.layout.box import GROUND, Hit, Point, Rect
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Popups

if TYPE_CHECKING:
    from demon_patch.editor.canvas.view import View


class Clipboard(Protocol):
    """The system's clipboard, which holds a text."""

    def get(self) -> str:
        """Returns its text."""
        ...

    def set(self, text: str) -> None:
        """Puts a text there."""
        ...


@dataclass(slots=True)
class OwnClipboard:
    """A clipboard that nothing else sees."""

    text: str = ""

    def get(self) -> str:
        """Returns its text."""
        return self.text

    def set(self, text: str) -> None:
        """Puts a text there."""
        self.text = text


@dataclass(slots=True)
class Tools:
    """The view and the parts around it.

    clock: the time in seconds. hover: what lies under the pointer. held: the names of the keys that are down.
    focus: node and port of the knob that the wheel turns.
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

    @property
    def bpm(self) -> float:
        """The tempo, in beats a minute; 120 where it is not known."""
        bpm = self.link.status.get("bpm")
        return float(bpm) if isinstance(bpm, int | float) and bpm > 0 else 120.0

    def screen(self, at: Point) -> Point:
        """Returns the pixel at a point of the canvas."""
        return self.camera.screen(*at)
