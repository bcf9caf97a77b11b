"""What lies round the canvas: bar, strip, minimap, hint line, popups, panels; who has the pointer, and who the keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas import minimap
from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.minimap import Minimap
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.layout.box import Rect
from demon_patch.editor.layout.space import Space
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.link.telemetry import Telemetry
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import Theme, fade
from demon_patch.editor.panels import bar_words, strip_hands
from demon_patch.editor.panels.bar import Bar
from demon_patch.editor.panels.guide_marks import GuideMarks
from demon_patch.editor.panels.notices import Notices
from demon_patch.editor.panels.popups import PopupWindows
from demon_patch.editor.panels.probe import ProbeView
from demon_patch.editor.panels.registry import Registry
from demon_patch.editor.panels.sheet import Paper, Sheet
from demon_patch.editor.panels.song_strip import SongStrip

TOP = bar_words.HEIGHT
SMALL = 520.0  # the height of the window below which there is no strip
GAP = 14.0
HINT = 14.5  # the size of the hint's letters


class HandsLike(Protocol):
    """What the chrome passes on to the hands."""

    def pointer(self, pointer: Pointer) -> object: ...

    def key(self, name: str, char: str, ctrl: bool, shift: bool, alt: bool, down: bool) -> object: ...


class Chrome:
    """Draws it, and passes on what is not for it.

    The scene must have been made before, so that the chrome lies over it.
    """

    def __init__(self, paper: Paper, link: Link, camera: Camera, space: Space, telemetry: Telemetry) -> None:
        self._paper, self._camera, self._telemetry = paper, camera, telemetry
        self._corner = dpg.add_group(parent=paper.parent, pos=(0, 0))
        self.minimap = Minimap(self._corner, paper.brush.theme, camera, space, paper.scale)
        self.guide = GuideMarks(paper, link, camera, space)
        self._hint = Sheet(paper, (0.0, 0.0, 10.0, 24.0))
        self._hint_face: object = None
        self.hint = ""
        self.strip = SongStrip(paper, link, telemetry.facts)
        self.notices = Notices(paper)
        self.probe = ProbeView(paper, telemetry)
        self.popups: PopupWindows
        self.registry = Registry()
        self._paper_for_panels = paper
        self.bar: Bar
        self._map_rect: Rect = (0.0, 0.0, 0.0, 0.0)
        self._captured = ""
        self._was = NOWHERE
        self.size = (1280.0, 800.0)
        self._make_popups(link)

    def _make_popups(self, link: Link) -> None:
        self.popups = PopupWindows(self._paper, self.notices)
        self.bar = Bar(self._paper, link, self.popups)

    # -- layout --------------------------------------------------------------------------------------------------
    @property
    def has_strip(self) -> bool:
        """Whether there is room for the strip."""
        return self.size[1] >= SMALL

    @property
    def bottom(self) -> float:
        """The lower edge of the canvas."""
        return self.size[1] - (strip_hands.HEIGHT if self.has_strip else 0.0)

    def resize(self, size: tuple[float, float]) -> None:
        """Lays everything out for a size of the window."""
        self.size = size
        w, _ = size
        bottom, k = self.bottom, self._paper.scale
        self.bar.resize(w)
        self.strip.place(bottom if self.has_strip else -strip_hands.HEIGHT - 10, w)
        left, top = w - minimap.WIDTH - GAP, bottom - minimap.HEIGHT - GAP
        self._map_rect = (left, top, left + minimap.WIDTH, top + minimap.HEIGHT)
        dpg.configure_item(self._corner, pos=(int(left * k), int(top * k)))
        self._hint.place((GAP, bottom - 30, max(left - GAP, 200.0), bottom - 6))
        self._hint_face = None
        self.guide.place((0.0, TOP, w, bottom))
        self.registry.resize((0.0, TOP, w, bottom))
        self.popups.size = size

    def restyle(self, theme: Theme) -> None:
        """Draws everything anew in another theme, which the paper has already."""
        self.popups.close()
        self.minimap.restyle(theme)
        self.notices.renew()
        self.resize(self.size)

    # -- input ---------------------------------------------------------------------------------------------------
    def under(self, x: float, y: float) -> str:
        """Returns what lies at a pixel: popup, bar, strip, panel, map, or canvas."""
        if self.popups.open and self.popups.holds(x, y):
            return "popup"
        if y < TOP:
            return "bar"
        if self.has_strip and y >= self.bottom:
            return "strip"
        if (panel := self.registry.panel) is not None and panel.holds(x, y):
            return "panel"
        left, top, right, bottom = self._map_rect
        return "map" if left <= x < right and top <= y < bottom else "canvas"

    def pointer(self, look: Pointer, hands: HandsLike) -> str:
        """Passes a look at the pointer, in pixels of the window, to what it is for; returns that."""
        before, self._was = self._was, look
        down = look.left or look.middle or look.right
        was_down = before.left or before.middle or before.right
        if not self._captured and self.popups.open:
            used = self.popups.pointer(look)
            if used and down and not was_down:
                self._captured = "popup"
            if used:
                self._to_hands(look, hands, over=False)
                return "popup"
        if self._captured == "popup":
            self.popups.pointer(look)
        under = self._captured or self.under(look.x, look.y)
        if down and not was_down and not self._captured:
            self._captured = under
        if under == "bar" or self.bar.hands.hot:
            self.bar.pointer(look if under == "bar" else replace(look, x=-1.0, left=False))
        if under == "strip":
            self.strip.pointer(look)
        else:
            self.strip.hands.leave()
        if under == "panel" and (panel := self.registry.panel) is not None:
            panel.pointer(look)
        if under == "map" and look.left:
            left, top, _, _ = self._map_rect
            k = self._paper.scale
            self._camera.look_at(*self.minimap.world((look.x - left) * k, (look.y - top) * k))
        self._to_hands(look, hands, over=under == "canvas")
        if not down:
            self._captured = ""
        return under

    def _to_hands(self, look: Pointer, hands: HandsLike, *, over: bool) -> None:
        made = replace(look, y=look.y - TOP, over=over)
        if not over:
            made = replace(made, wheel=0.0)
        hands.pointer(made)

    def key(self, press: KeyPress, hands: HandsLike) -> None:
        """Passes a key to what it is for."""
        if self.popups.key(press) or not press.name:  # without a name: a letter that is held, which is no command
            return
        if press.down and press.name == "escape" and (self.strip.hands.cancel() or self.registry.close()):
            return
        panel = self.registry.panel
        if panel is not None and panel.key(press):
            return
        if press.down and press.name == "escape":
            self.guide.guide.end()
        hands.key(press.name, press.char, press.ctrl, press.shift, press.alt, press.down)

    @property
    def held(self) -> bool:
        """Whether a button is down."""
        return self._was.left or self._was.middle or self._was.right

    # -- drawing -------------------------------------------------------------------------------------------------
    def draw(self, now: float, song: float) -> bool:
        """Draws what has changed; returns whether anything has. song: where the song stands, 0 to 1."""
        changed = self.bar.draw(now, song)
        if self.has_strip:
            changed |= self.strip.draw(now, song)
        changed |= self.guide.draw(now)
        changed |= self.popups.draw(now)
        changed |= self.probe.draw(now)
        changed |= self.notices.draw(now, self.size[0], self.bottom - 40)
        if (panel := self.registry.panel) is not None:
            changed |= panel.draw(now)
        face = self.hint, self._hint.w
        if face != self._hint_face:
            self._hint_face = face
            theme = self._paper.brush.theme
            self._hint.clear()
            if self.hint:
                wide = min(font.width(self.hint, HINT), self._hint.w)
                self._hint.box((-6, 0, wide + 6, 24), fade(theme.ground, 0.8), rounding=5)
            self._hint.text(0, 12, self.hint, HINT, theme.label, wide=self._hint.w)
            changed = True
        return changed
