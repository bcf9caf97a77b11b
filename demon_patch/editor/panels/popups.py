"""The popups over the canvas: the palette, fields to type in, menus. They are drawn, and what is typed comes from the
window's keys, so that no letter is lost while a widget waits for the focus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.layout.box import Pin, Point, Rect
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade
from demon_patch.editor.panels import advice_list
from demon_patch.editor.panels.advice_list import AdviceList
from demon_patch.editor.panels.line_editor import LineEditor
from demon_patch.editor.panels.menu_list import LINE, PAD, SIZE, Column, MenuList, height
from demon_patch.editor.panels.notices import Notices
from demon_patch.editor.panels.offer_list import ROWS, OfferList, Shown
from demon_patch.editor.panels.protocol import Advisor, Item, Tone
from demon_patch.editor.panels.sheet import Paper, Sheet
from demon_patch.editor.panels.text_line import FIELD_LINE, draw_line

PALETTE_W, ROW, SEARCH = 356.0, 42.0, 40.0
FIELD_W, FIELD_H = 240.0, 34.0
EDGE = 12.0  # pixels around a popup for its shadow


@dataclass
class _Palette:
    list: OfferList
    line: LineEditor
    hint: str


@dataclass
class _Field:
    title: str
    line: LineEditor
    commit: Callable[[str], str]
    wrong: str = ""
    advice: AdviceList | None = None


class PopupWindows:
    """Popups in a window.

    offers: the palette's offers for a text and a pin. chosen: what is done with the one that is chosen.
    place: the pixel of the window at a point of the canvas. panel: opens or closes a panel by its name.
    clipboard: reads the clipboard, or writes to it.
    """

    def __init__(self, paper: Paper, notices: Notices) -> None:
        self.offers: Callable[[str, Pin | None], Sequence[Shown]] = lambda text, pin: ()
        self.chosen: Callable[[Any], object] = lambda choice: None
        self.place: Callable[[float, float], Point] = lambda x, y: (x, y)
        self.panel: Callable[[str], object] = lambda name: None
        self.clipboard: Callable[[str | None], str] = lambda text: ""
        self.size: Point = (1280.0, 800.0)
        self._notices = notices
        self._sheet = Sheet(paper, (0.0, 0.0, 10.0, 10.0))
        self._sheet.show(False)
        self._open: _Palette | _Field | MenuList | None = None
        self._rect: Rect = (0.0, 0.0, 0.0, 0.0)
        self._was = NOWHERE
        self._aim: Point | None = None
        self._face: object = None
        self._blink = 0.0

    # -- the face ------------------------------------------------------------------------------------------------
    @property
    def typing(self) -> bool:
        """Whether a text is being typed."""
        return isinstance(self._open, (_Palette, _Field))

    @property
    def open(self) -> bool:
        """Whether a popup is open."""
        return self._open is not None

    def palette(self, at: Point, pin: Pin | None, text: str = "") -> None:
        """Opens the list of nodes for a place of the canvas."""
        hint = "add a node: type to find, or lfo > strength" if pin is None else f"what fits {pin.title or pin.name}"
        found = OfferList(lambda typed: self.offers(typed, pin))
        found.look(text)
        tall = SEARCH + ROWS * ROW + 16
        self._put(_Palette(found, LineEditor.over(text, chosen=False), hint), self.place(*at), PALETTE_W, tall)

    def field(
        self, at: Point, title: str, text: str, commit: Callable[[str], str], lines: int = 1,
        advisor: Advisor | None = None,
    ) -> None:  # fmt: skip
        """Opens a field with a text."""
        wide = FIELD_W if lines == 1 and advisor is None else 2 * FIELD_W
        wide = min(max(wide, font.width(text.split("\n", 1)[0], 15.5) + 40, font.width(title, 13) + 30), 560.0)
        tall = FIELD_H + FIELD_LINE * (lines - 1) + 26 + 22
        made = _Field(title, LineEditor.over(text, chosen=lines == 1, lines=lines > 1), commit)
        if advisor is not None:
            made.line.anchor = made.line.caret
            made.advice = AdviceList(advisor, made.line)
            tall += advice_list.HEIGHT
        self._put(made, at, wide, tall)

    def menu(self, at: Point, items: Sequence[Item]) -> None:
        """Opens a menu."""
        if items:
            self._open = MenuList(items, at, self.size)
            self._rect = (0.0, 0.0, *self.size)
            self._face = None

    def tell(self, text: str, tone: Tone = "plain") -> None:
        """Shows a sentence for some seconds."""
        self._notices.tell(text, tone)

    def show(self, panel: str) -> None:
        """Opens a panel or closes it."""
        self.panel(panel)

    def close(self) -> None:
        """Closes what is open."""
        self._open = None
        self._face = None
        self._sheet.show(False)

    def _put(self, made: _Palette | _Field, at: Point, w: float, h: float) -> None:
        x = min(max(at[0], 6.0), max(self.size[0] - w - 6, 6.0))
        y = min(max(at[1], 52.0), max(self.size[1] - h - 6, 6.0))
        self._open, self._rect, self._face, self._aim = made, (x, y, x + w, y + h), None, None

    # -- input ---------------------------------------------------------------------------------------------------
    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel lies on what is open."""
        if isinstance(self._open, MenuList):
            return self._open.holds(x, y)
        left, top, right, bottom = self._rect
        return self._open is not None and left <= x < right and top <= y < bottom

    def key(self, press: KeyPress) -> bool:
        """Takes a key; returns whether it was for a popup."""
        if self._open is None:
            return False
        if not press.down:
            return self.typing
        if press.name == "escape":
            self.close()
        elif isinstance(self._open, MenuList):
            self._do(self._open.key(press.name))
            if press.name not in ("up", "down", "left", "right", "enter"):
                return False
        elif isinstance(self._open, _Palette):
            self._key_palette(self._open, press)
        else:
            self._key_field(self._open, press)
        self._face, self._blink = None, 0.0
        return True

    def _key_palette(self, palette: _Palette, press: KeyPress) -> None:
        steps = {"up": -1, "down": 1, "pageup": -ROWS, "pagedown": ROWS, "tab": -1 if press.shift else 1}
        if press.name in steps:
            palette.list.step(steps[press.name])
        elif press.name == "enter":
            self._choose(palette.list.chosen)
        else:
            self._type(palette.line, press)
            palette.list.look(palette.line.text)

    def _key_field(self, field: _Field, press: KeyPress) -> None:
        if field.advice is not None and field.advice.key(press):
            return
        if press.name == "enter" and not (field.line.lines and press.shift):
            field.wrong = field.commit(field.line.text)
            if not field.wrong and self._open is field:
                self.close()
        elif press.name == "enter":
            field.line.put("\n")
        else:
            field.wrong = ""
            self._type(field.line, press)

    def _type(self, line: LineEditor, press: KeyPress) -> None:
        if press.ctrl and press.name in ("c", "x"):
            self.clipboard(line.selected)
            if press.name == "x":
                line.put("")
        elif press.ctrl and press.name == "v":
            line.put(self.clipboard(None))
        elif not line.key(press.name, press.ctrl, press.shift) and press.char and not press.ctrl:
            line.put(press.char)

    def pointer(self, look: Pointer) -> bool:
        """Takes a look at the pointer, in pixels of the window; returns whether a popup has used it. A press beside a
        popup closes it, and is used."""
        before, self._was = self._was, look
        if self._open is None:
            return False
        pressed = (look.left and not before.left) or (look.right and not before.right)
        if pressed and not self.holds(look.x, look.y):
            field = self._open
            self.close()
            if isinstance(field, _Field) and field.line.lines:
                field.commit(field.line.text)  # a long text is not lost by a click beside it
            return True
        if isinstance(self._open, MenuList):
            self._open.hover(look.x, look.y)
            released = before.left and not look.left
            if pressed or (released and look.away(before) < 2):
                self._do(self._open.click(look.x, look.y) if pressed else None)
        elif isinstance(self._open, _Palette):
            self._point_palette(self._open, look, pressed)
        elif pressed:
            below = look.y - self._rect[3] + advice_list.HEIGHT
            if self._open.advice is not None and below > 0:
                self._open.advice.click(below)
                self._face = None
            else:
                self._point_line(self._open.line, look)
        return True

    def _point_palette(self, palette: _Palette, look: Pointer, pressed: bool) -> None:
        if look.wheel:
            palette.list.scroll(-round(look.wheel) * 2)
        row = int((look.y - self._rect[1] - SEARCH - 8) // ROW)
        rests = self._aim in (None, look.at) and not look.wheel  # under a pointer that rests, keys choose
        self._aim = look.at
        if 0 <= row < len(palette.list.shown) and look.y > self._rect[1] + SEARCH + 8:
            if not rests or pressed:
                palette.list.lit = palette.list.first + row
            if pressed:
                self._choose(palette.list.chosen)
        elif pressed:
            self._point_line(palette.line, look)

    def _point_line(self, line: LineEditor, look: Pointer) -> None:
        x = look.x - self._rect[0] - 20
        shown = line.text.split("\n")[0]
        line.press(next((n for n in range(len(shown)) if font.width(shown[: n + 1], 15.5) > x), len(shown)))
        self._face = None

    def _choose(self, offer: Shown | None) -> None:
        if offer is not None:
            self.close()
            self.chosen(offer)

    def _do(self, act: Callable[[], object] | None) -> None:
        if act is not None:
            self.close()
            act()

    # -- drawing -------------------------------------------------------------------------------------------------
    def draw(self, now: float) -> bool:
        """Draws what is open, if that is needed; returns whether it was."""
        if self._open is None:
            return False
        if self._blink == 0.0:
            self._blink = now
        caret = int((now - self._blink) / 0.53) % 2 == 0
        face = self._face_now(caret)
        if face == self._face:
            return False
        self._face = face
        left, top, right, bottom = self._rect
        self._sheet.place((left - EDGE, top - EDGE, right + EDGE, bottom + EDGE))
        self._sheet.clear()
        self._sheet.to_front()  # panels are made later than popups
        self._sheet.show(True)
        if isinstance(self._open, MenuList):
            for col in self._open.columns:
                self._draw_column(col)
        elif isinstance(self._open, _Palette):
            self._draw_palette(self._open, caret)
        else:
            self._draw_field(self._open, caret)
        return True

    def _face_now(self, caret: bool) -> object:
        if isinstance(self._open, MenuList):
            return tuple((col.rect, col.lit) for col in self._open.columns)
        if isinstance(self._open, _Palette):
            found, line = self._open.list, self._open.line
            return line.text, line.span, line.caret, found.first, found.lit, caret, id(found.offers)
        assert self._open is not None
        line, advice = self._open.line, self._open.advice
        if advice is not None:
            advice.look()
        return line.text, line.span, line.caret, self._open.wrong, caret, advice and advice.face

    def _ground(self, rect: Rect) -> None:
        """Draws a popup's body with a soft shadow; the rectangle is in pixels of the sheet."""
        t, s = self._sheet.theme, self._sheet
        left, top, right, bottom = rect
        for spread in range(8, 0, -2):
            s.box(
                (left - spread, top - spread + 3, right + spread, bottom + spread + 3),
                fill=fade(t.edge, 0.10 * t.shadow), rounding=9 + spread,
            )  # fmt: skip
        s.box(rect, fill=t.panel, edge=fade(t.accent, 0.35), rounding=9)

    def _draw_palette(self, palette: _Palette, caret: bool) -> None:
        t, s, found = self._sheet.theme, self._sheet, palette.list
        rows = max(len(found.shown), 1)
        self._ground((EDGE, EDGE, EDGE + PALETTE_W, EDGE + SEARCH + 16 + ROW * rows))
        draw_line(s, palette.line, (EDGE + 10, EDGE + 8, EDGE + PALETTE_W - 10, EDGE + SEARCH), palette.hint, caret)
        y = EDGE + SEARCH + 8
        if not found.offers:
            s.text(EDGE + 22, y + ROW / 2, "nothing has that name", 15, t.faint)
        for place, offer in enumerate(found.shown):
            lit = found.first + place == found.lit
            if lit:
                row = (EDGE + 8, y + 1, EDGE + PALETTE_W - 8, y + ROW - 1)
                s.box(row, fill=fade(t.accent, 0.13), edge=fade(t.accent, 0.35), rounding=6)
            s.box((EDGE + 16, y + 10, EDGE + 20, y + ROW - 10), fill=t.category(offer.category), rounding=2)
            port = str(getattr(offer, "port", "") or "")
            key = str(getattr(offer, "key", "") or "")
            right = EDGE + PALETTE_W - 18
            if port or key:
                right -= s.text(right, y + 13, port or key, 12.5, t.faint, wide=110, align=1) + 10
            s.text(EDGE + 30, y + 13, offer.title, 15.5, t.text, bold=True, wide=right - EDGE - 30)
            s.text(EDGE + 30, y + 29, offer.sentence, 13, t.label, wide=PALETTE_W - 50)
            y += ROW
        if len(found.offers) > ROWS:
            share = ROWS / len(found.offers)
            top = EDGE + SEARCH + 10 + (ROWS * ROW - 4) * found.first / len(found.offers)
            x = EDGE + PALETTE_W - 5
            s.box((x, top, x + 2.5, top + max((ROWS * ROW - 4) * share, 12)), fill=t.track, rounding=1)

    def _draw_field(self, field: _Field, caret: bool) -> None:
        t, s = self._sheet.theme, self._sheet
        left, top, right, bottom = self._rect
        w, h = right - left, bottom - top
        advice, wrong = field.advice, field.wrong
        if advice is not None:
            wrong = wrong or advice.advice.wrong
        self._ground((EDGE, EDGE, EDGE + w, EDGE + h - (0 if wrong or field.line.lines or advice else 20)))
        if advice is not None:
            h -= advice_list.HEIGHT
            advice.draw(s, EDGE + 8, EDGE + h, w - 16)
        s.text(EDGE + 12, EDGE + 14, field.title, 13, t.label, wide=w - 24)
        edge = t.fault if wrong else None
        marks = advice.advice.marks if advice is not None else ()
        draw_line(s, field.line, (EDGE + 10, EDGE + 26, EDGE + w - 10, EDGE + h - 22), "", caret, edge, marks)
        takes = "Tab: take the word" if advice is not None else ""
        said = wrong or ("Enter when done, Shift+Enter for a new line" if field.line.lines else "")
        s.text(EDGE + 12, EDGE + h - 11, said, 13, t.fault if wrong else t.faint, wide=w - 24)
        if takes and not wrong:
            s.text(EDGE + w - 12, EDGE + h - 11, takes, 13, t.faint, align=1)

    def _draw_column(self, col: Column) -> None:
        t, s = self._sheet.theme, self._sheet
        x, y = col.x - self._rect[0] + EDGE, col.y - self._rect[1] + EDGE
        self._ground((x, y, x + col.w, y + col.h))
        top = y + PAD
        for place, item in enumerate(col.items):
            if not item.title:
                s.line((x + 10, top + 4), (x + col.w - 10, top + 4), fade(t.text, 0.12))
                top += height(item)
                continue
            middle = top + LINE / 2
            if place == col.lit and item.enabled:
                s.box((x + 5, top + 1, x + col.w - 5, top + LINE - 1), fill=fade(t.accent, 0.18), rounding=5)
            if item.marked:
                s.path([(x + 11, middle), (x + 14, middle + 3.5), (x + 20, middle - 4)], t.accent, 2)
            s.text(x + 27, middle, item.title, SIZE, t.text if item.enabled else t.faint, wide=col.w - 44)
            if item.items:
                right = x + col.w - 16
                s.shape([(right, middle - 4), (right, middle + 4), (right + 5, middle)], t.label)
            elif item.key:
                s.text(x + col.w - 14, middle, item.key, 13, t.faint, align=1)
            top += LINE
