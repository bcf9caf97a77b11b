"""One look at the mouse."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.editor.layout.box import Point


@dataclass(frozen=True, slots=True)
class Pointer:
    """One look at the mouse. The window makes one a frame, and one for each press and release between two frames.

    x, y: its place, in pixels of the canvas. left, middle, right: the buttons that are down.
    wheel: notches since the last look, up counts as positive. shift, ctrl, alt: the keys that are down.
    over: whether nothing else (a popup, a panel) lies between pointer and canvas.
    time: in seconds, never falling.
    """

    x: float
    y: float
    left: bool = False
    middle: bool = False
    right: bool = False
    wheel: float = 0.0
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    over: bool = True
    time: float = 0.0

    @property
    def at(self) -> Point:
        """Its place, in pixels."""
        return self.x, self.y

    def down(self, button: str) -> bool:
        """Whether a button (left, middle, right) is down."""
        return bool(getattr(self, button))

    def away(self, other: Pointer) -> float:
        """How far it is from another look, in pixels."""
        return abs(self.x - other.x) + abs(self.y - other.y)


BUTTONS = ("left", "middle", "right")
NOWHERE = Pointer(0.0, 0.0, over=False)
