"""How the camera moves while a canvas is measured: the same on both."""

from __future__ import annotations

from collections.abc import Collection

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.layout.box import Box, Point
from demon_patch.editor.layout.boxes import boxes_rect


def camera(boxes: Collection[Box], size: tuple[float, float], close_up: bool) -> Camera:
    """Returns a camera that sees all boxes, or the middle of them at 100 %."""
    made, rect = Camera(), boxes_rect(boxes)
    made.resize(*size)
    assert rect is not None
    if close_up:
        made.look_at((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2, 1.0)
    else:
        made.fit(rect)
    return made


def panned(camera: Camera, step: int) -> None:
    """Moves it by some pixels, to and fro."""
    camera.pan(12.0 if step % 8 < 4 else -12.0, 5.0 if step % 4 < 2 else -5.0)


def zoomed(camera: Camera, began: tuple[Point, float], step: int) -> None:
    """Zooms by a notch, and after five notches back. began: its middle and zoom at first."""
    (x, y), zoom = began
    camera.look_at(x, y, zoom * (1.0 + 0.04 * (1 + step % 5)))
