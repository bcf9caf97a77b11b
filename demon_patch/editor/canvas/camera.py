"""Where the window looks: a point of the canvas is `origin + pixel / zoom`."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.editor.layout.box import Point, Rect

LEAST, MOST = 0.25, 4.0
"""The least and the greatest zoom."""
NOTCH = 1.1
"""What one notch of the wheel multiplies the zoom by."""
SNAP = 0.035
"""How near to a zoom of 1 the zoom becomes 1."""


@dataclass(slots=True)
class Camera:
    """The view of the canvas.

    x, y: the point of the canvas in the window's upper left corner. zoom: pixels per canvas unit, 0.25 to 4.
    width, height: of the window, in pixels.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    width: float = 1280.0
    height: float = 800.0

    def world(self, sx: float, sy: float) -> Point:
        """Returns the point of the canvas at a pixel."""
        return self.x + sx / self.zoom, self.y + sy / self.zoom

    def screen(self, wx: float, wy: float) -> Point:
        """Returns the pixel at a point of the canvas."""
        return (wx - self.x) * self.zoom, (wy - self.y) * self.zoom

    @property
    def rect(self) -> Rect:
        """The part of the canvas that is seen."""
        return self.x, self.y, self.x + self.width / self.zoom, self.y + self.height / self.zoom

    @property
    def centre(self) -> Point:
        """The point of the canvas in the middle of the window."""
        return self.world(self.width / 2, self.height / 2)

    def pan(self, dx: float, dy: float) -> None:
        """Moves the canvas by pixels: what lies under the pointer stays under it."""
        self.x -= dx / self.zoom
        self.y -= dy / self.zoom

    def zoom_at(self, sx: float, sy: float, factor: float) -> None:
        """Multiplies the zoom; the point of the canvas at the pixel stays there. Near 1 the zoom becomes 1, unless it
        was 1 before or the step is smaller than that."""
        zoom = min(MOST, max(LEAST, self.zoom * factor))
        if abs(zoom - 1.0) < SNAP and abs(factor - 1.0) > SNAP and self.zoom != 1.0:
            zoom = 1.0
        self._set(zoom, sx, sy)

    def zoom_to(self, zoom: float) -> None:
        """Sets the zoom; the middle of the window stays."""
        self._set(min(MOST, max(LEAST, zoom)), self.width / 2, self.height / 2)

    def _set(self, zoom: float, sx: float, sy: float) -> None:
        wx, wy = self.world(sx, sy)
        self.zoom = zoom
        self.x, self.y = wx - sx / zoom, wy - sy / zoom

    def look_at(self, x: float, y: float, zoom: float | None = None) -> None:
        """Puts a point of the canvas in the middle of the window."""
        if zoom is not None:
            self.zoom = min(MOST, max(LEAST, zoom))
        self.x, self.y = x - self.width / self.zoom / 2, y - self.height / self.zoom / 2

    def fit(self, rect: Rect, margin: float = 60.0, most: float = 1.0) -> None:
        """Looks at a whole rectangle of the canvas. margin: pixels around it. most: the greatest zoom."""
        left, top, right, bottom = rect
        room_x, room_y = max(self.width - 2 * margin, 1.0), max(self.height - 2 * margin, 1.0)
        zoom = min(most, room_x / max(right - left, 1.0), room_y / max(bottom - top, 1.0))
        self.look_at((left + right) / 2, (top + bottom) / 2, zoom)

    def resize(self, width: float, height: float) -> None:
        """Follows the window's size; the upper left corner stays."""
        self.width, self.height = max(width, 1.0), max(height, 1.0)

    def keep_near(self, rect: Rect, margin: float = 80.0) -> None:
        """Moves the view as little as needed for a part of a rectangle to be seen. margin: how many pixels of it."""
        left, top, right, bottom = rect
        inside = margin / self.zoom
        self.x = min(max(self.x, left + min(inside, right - left) - self.width / self.zoom), max(right - inside, left))
        self.y = min(max(self.y, top + min(inside, bottom - top) - self.height / self.zoom), max(bottom - inside, top))
