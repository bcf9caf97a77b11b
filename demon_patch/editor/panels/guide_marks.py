"""The notes of the guide, drawn over the canvas."""

from __future__ import annotations

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.guide import Guide, Placed
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.space import Space
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade, mix
from demon_patch.editor.panels.sheet import Paper, Sheet

BADGE = 11.0
TITLE, TEXT = 14.5, 13.0
LEAST = 0.5  # the zoom below which nothing can be read, and only the badges are drawn
FORGET = "Esc: no more notes"


class GuideMarks:
    """Draws the notes when they, the camera or the nodes have changed.

    guide: what is shown. It begins with the first patch that the link has.
    """

    def __init__(self, paper: Paper, link: Link, camera: Camera, space: Space, guide: Guide | None = None) -> None:
        self.guide = guide or Guide()
        self._sheet = Sheet(paper, (0.0, 0.0, 100.0, 100.0))
        self._sheet.show(False)
        self._link, self._camera, self._space = link, camera, space
        self._epoch: int | None = None
        self._places: list[Placed] = []
        self._made_of: object = None
        self._face: object = None

    def place(self, rect: Rect) -> None:
        """Lays it over the canvas."""
        self._sheet.place(rect)
        self._face = None

    def draw(self, now: float) -> bool:
        """Draws it if that is needed; returns whether it was."""
        link = self._link
        revision = link.revision
        if revision.epoch >= 0 and self._epoch != revision.epoch:
            self._epoch = revision.epoch
            if not revision.counter:
                self.guide.begin(link.patch)
        self.guide.look(link.patch, link.live_values, now)
        boxes = self._space.boxes
        made_of = (self.guide.shown, self.guide.things, tuple((id, *box.rect) for id, box in boxes.items()))
        if made_of != self._made_of:
            self._made_of = made_of
            self._places = self.guide.placed(boxes)
        self._places = [Placed(p.thing, p.rect, p.point, p.thing.number in self.guide.done) for p in self._places]
        camera = self._camera
        face = tuple(self._places), camera.x, camera.y, camera.zoom, camera.width, camera.height, self.guide.shown
        if face == self._face:
            return False
        was, self._face = self._face, face
        self._sheet.show(self.guide.shown)
        if not self.guide.shown:
            return was is not None and bool(was[-1])  # type: ignore[index]
        self._sheet.clear()
        for placed in self._places:
            self._note(placed)
        return True

    def _note(self, placed: Placed) -> None:
        s, t, zoom = self._sheet, self._sheet.theme, self._camera.zoom
        left, top = self._camera.screen(placed.rect[0], placed.rect[1])
        right, low = self._camera.screen(placed.rect[2], placed.rect[3])
        aim = None if placed.point is None else self._camera.screen(*placed.point)
        colour = t.good if placed.done else t.accent
        if zoom >= LEAST:
            s.box((left, top, right, low), fill=mix(t.panel, colour, 0.10), edge=fade(colour, 0.7), rounding=8)
            k = min(zoom, 1.25)
            x, wide = left + 34 * k, right - left - 42 * k
            s.text(x, top + 15 * k, placed.thing.title, TITLE * k, t.text, bold=True, wide=wide)
            said = font.wrapped("Done." if placed.done else placed.thing.text, TEXT * k, wide, 2)
            for row, line in enumerate(said):
                s.text(x, top + (33 + 16 * row) * k, line, TEXT * k, t.label)
            if placed.thing.number == 3:
                s.text(left + 4, low + 10, FORGET, 12.0, t.faint)
            self._badge((left + 18 * k, top + 17 * k), placed, colour)
        if not placed.done and aim is not None:
            self._ring(aim, placed, colour)

    def _ring(self, aim: Point, placed: Placed, colour: tuple[int, int, int, int]) -> None:
        """Marks what a note is about, with the note's number."""
        s, zoom = self._sheet, min(self._camera.zoom, 1.25)
        radius = (15.0 if placed.thing.about == "knob" else 9.0) * zoom
        s.dot(aim, radius, edge=fade(colour, 0.85), line=1.8)
        side = -1 if placed.thing.about == "pin" else 1
        at = aim[0] + side * 0.8 * radius, aim[1] - 0.8 * radius
        s.dot(at, 7.0 * zoom, fill=colour)
        ink = s.theme.ground if s.theme.name == "dark" else s.theme.body
        s.text(at[0], at[1], str(placed.thing.number), 10.5 * zoom, ink, bold=True, align=0.5)

    def _badge(self, at: Point, placed: Placed, colour: tuple[int, int, int, int]) -> None:
        s, t = self._sheet, self._sheet.theme
        x, y = at
        s.dot(at, BADGE, fill=colour)
        ink = t.ground if t.name == "dark" else t.body
        if placed.done:
            s.path([(x - 5, y), (x - 1.5, y + 4), (x + 5, y - 4)], ink, 2.2)
        else:
            s.text(x, y, str(placed.thing.number), 14.0, ink, bold=True, align=0.5)
