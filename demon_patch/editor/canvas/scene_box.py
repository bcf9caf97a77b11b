"""A node as draw items: body, title, display, rows, pins, and the marks of its state."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.displays import KINDS, Picture
from demon_patch.editor.canvas.scene_brush import CLEAR, HOLLOW, Brush, Colour, Item
from demon_patch.editor.canvas.scene_far import BAR_LOW, INSET, draw_from_afar
from demon_patch.editor.canvas.scene_knob import SLICES, KnobItems
from demon_patch.editor.canvas.scene_pin import PinItems, draw_pin
from demon_patch.editor.layout.box import Box, Point, Row
from demon_patch.editor.look import skin
from demon_patch.editor.look import text as font
from demon_patch.editor.look.shades import weaker
from demon_patch.editor.look.theme import FOLD, HEAD, LABEL, PAD, ROUND, SHADOW, SHADOW_DOWN, SMALL, TITLE, fade, mix
from demon_patch.patch.model.graph import REROUTE

FINE, PLAIN = 0.55, 0.38
"""The zooms from which small texts, and titles, knobs and displays, are drawn."""
_TYPES = {"ring": "ring", "meter": "audio", "surface": "surface", "curve": "curve", "text": "prompt", "tape": "audio"}
_TYPES |= {"wave": "source", "lanes": "curve", "keys": "value"}
"""By kind of display, the port type in whose colour it is drawn; otherwise it is the category's."""


class BoxItems:
    """The items of one node. Its place is one matrix."""

    def __init__(self, brush: Brush, box: Box, parent: Item) -> None:
        quiet = box.muted or box.bypass
        self.brush = (
            brush.with_theme(weaker(brush.theme, 0.42 if box.muted else 0.34, grey=box.muted)) if quiet else brush
        )
        self.theme, self.bright = self.brush.theme, brush.theme
        self.box = box
        self.root = dpg.add_draw_node(parent=parent)
        self.category = self.theme.category(box.category, box.colour)
        self.knobs: dict[str, KnobItems] = {}
        self.numbers: dict[str, tuple[Item, float]] = {}
        self.pins: dict[tuple[str, bool], PinItems] = {}
        self.picture: Picture | None = None
        self.level = -1
        self.selected = False
        self._problem: Item | None = None
        self._stale, self._filled = False, -1
        self._unseen: dict[str, tuple[float | None, float | None]] = {}
        if box.type == REROUTE:
            self._dot()
        else:
            self._node()
        if self._pill() and box.type != REROUTE:
            self._state()
        for pin in box.pins:
            if not pin.folded or pin.wired:
                self.pins[pin.name, pin.out] = draw_pin(self.brush, pin, self.root)
        self.set_problem(box.problem)
        self.move(box.x, box.y)

    # -- drawing -------------------------------------------------------------------------------------------------
    def _dot(self) -> None:
        """Draws a reroute: a small pill that joins its pins."""
        t, box = self.theme, self.box
        colour = t.port(box.pins[0].type) if box.pins else t.label
        r = box.h / 2 - 1
        self.halo = dpg.draw_rectangle(
            (-4, -4),
            (box.w + 4, box.h + 4),
            fill=fade(t.accent, 0.3),
            color=CLEAR,
            rounding=r + 4,
            show=False,
            parent=self.root,
        )
        self.outline = dpg.draw_rectangle(
            (0, 1), (box.w, box.h - 1), fill=t.body, color=t.edge, rounding=r, thickness=1.2, parent=self.root
        )
        dpg.draw_line((8, box.h / 2), (box.w - 8, box.h / 2), color=fade(colour, 0.8), thickness=2, parent=self.root)
        self.fine = self.plain = self.far = dpg.add_draw_node(parent=self.root)

    def _node(self) -> None:
        box, t, root = self.box, self.theme, self.root
        w, h, spread = box.w, box.h, SHADOW
        shade = self.brush.texture(("shadow", w, round(h)), skin.shadow, w, round(h), spread, ROUND)
        self.halo = dpg.draw_image(
            shade,
            (-spread, -spread),
            (w + spread, h + spread),
            color=fade(t.accent, 0.6 if t.name == "dark" else 0.4),
            show=False,
            parent=root,
        )
        down = SHADOW_DOWN
        dpg.draw_image(
            shade,
            (-spread, -spread + down),
            (w + spread, h + spread + down),
            color=(0, 0, 0, round(255 * t.shadow)),
            parent=root,
        )
        self._rect((0, 0), (w, h), t.body, ROUND, root)
        head = mix(t.body, self.category, t.head)
        self._rect((0, 0), (w, min(h, HEAD + ROUND)), head, ROUND, root)
        if h > HEAD + ROUND:
            self._rect((0, HEAD), (w, HEAD + ROUND + 1), t.body, 0, root)
        sheen = self.brush.texture(("sheen", w), skin.sheen, w, HEAD, ROUND)
        dpg.draw_image(sheen, (0, 0), (w, HEAD), color=t.rim, parent=root)
        if h > HEAD + 4:
            dpg.draw_line(
                (0, HEAD), (w, HEAD), color=fade(mix(t.edge, self.category, 0.25), 0.8), thickness=1, parent=root
            )
        rim = fade(t.rim, 0.055 if t.name == "dark" else 0.7)
        dpg.draw_rectangle(
            (1.1, 1.1), (w - 1.1, h - 1.1), fill=HOLLOW, color=rim, rounding=ROUND - 1, thickness=1, parent=root
        )
        edge = t.edge if box.known else t.unknown
        self.outline = dpg.draw_rectangle(
            (0, 0), (w, h), fill=HOLLOW, color=edge, rounding=ROUND, thickness=1.2, parent=root
        )
        self.far = dpg.add_draw_node(show=False, parent=root)
        self.bar = draw_from_afar(self.brush, box, self.category, self.far)
        self.plain = dpg.add_draw_node(parent=root)
        self.fine = dpg.add_draw_node(parent=root)
        self._rect((PAD, HEAD / 2 - 5.5), (PAD + 3, HEAD / 2 + 5.5), self.category, 1.5, self.plain)
        room = w - PAD - 30 - (self._pill_width() + 6 if self._pill() else 0)
        title = font.fitted(box.title, TITLE, room, True)
        self.brush.text((PAD + 10, HEAD / 2 - TITLE / 2 - 0.5), title, TITLE, t.text, self.plain, True)
        self._display()
        for pin in box.outs:
            if pin.y != HEAD / 2 and not pin.folded:
                # beside a display, names are small
                size = SMALL
                x = w - 11 - font.width(pin.title, size)
                self.brush.text((x, pin.y - size / 2), pin.title, size, t.label, self.fine)
        for row in box.rows:
            self._row(row)
        if box.folded or box.unfolded:
            self._fold()

    def _rect(self, a: Point, b: Point, fill: Colour, rounding: float, parent: Item) -> Item:
        return dpg.draw_rectangle(a, b, fill=fill, color=CLEAR, rounding=rounding, parent=parent)

    def _display(self) -> None:
        shown, t = self.box.display, self.theme
        if shown is None:
            return
        x, y, w, h = shown.x, shown.y, shown.w, shown.h
        self._rect((x, y), (x + w, y + h), t.well, 5, self.plain)
        if shown.kind in KINDS:
            colour = t.port(_TYPES[shown.kind]) if shown.kind in _TYPES and not self.box.colour else self.category
            plain, fine = (dpg.add_draw_node(parent=parent) for parent in (self.plain, self.fine))
            self.picture = KINDS[shown.kind](self.brush, plain, fine, (x, y, w, h), colour)
        basin = self.brush.texture(("basin", round(w), round(h)), skin.basin, round(w), round(h), 5.0)
        dpg.draw_image(
            basin, (x, y), (x + w, y + h), color=(0, 0, 0, 150 if t.name == "dark" else 34), parent=self.plain
        )
        dpg.draw_rectangle(
            (x, y), (x + w, y + h), fill=HOLLOW, color=fade(t.edge, 0.9), rounding=5, thickness=1, parent=self.plain
        )
        if self.picture is not None and self.box.text:
            self.picture.show({"text": self.box.text})

    def _row(self, row: Row) -> None:
        t, box = self.theme, self.box
        x, right, y = PAD + 4.0, box.w - PAD - 2, row.y
        if row.knob is not None:
            self.knobs[row.port] = KnobItems(self.brush, row.knob, self.plain)
            x = PAD + 32.0
        pill = row.kind not in ("plain", "knob")
        wide = font.width(row.text, LABEL)
        said = row.text
        if pill:
            said = font.fitted(row.text, LABEL, box.w * 0.48)
            wide = font.width(said, LABEL)
            left = right - wide - (24 if row.kind == "option" else 14)
            dpg.draw_rectangle(
                (left, y - 9.5), (right, y + 9.5), fill=t.well, color=fade(t.track, 0.7), rounding=5, parent=self.fine
            )
            if row.kind == "option":
                for sign in (-1, 1):
                    tip, foot = y + sign * 4.5, y + sign * 1.4
                    dpg.draw_triangle(
                        (right - 10.5, foot),
                        (right - 5.5, foot),
                        (right - 8, tip),
                        fill=t.label,
                        color=CLEAR,
                        parent=self.fine,
                    )
            self.brush.text((left + 7, y - LABEL / 2), said, LABEL, t.text, self.fine)
            room = left - 6 - x
        else:
            room = right - wide - 8 - x
        self.brush.text((x, y - LABEL / 2), font.fitted(row.title, LABEL, room), LABEL, t.label, self.fine)
        if said and not pill:
            live = row.knob is not None and row.knob.live is not None
            item = self.brush.text((right - wide, y - LABEL / 2), said, LABEL, t.snap if live else t.text, self.fine)
            self.numbers[row.port] = item, y

    def _fold(self) -> None:
        t, box = self.theme, self.box
        said = f"{box.folded} more" if box.folded else "fewer"
        wide = font.width(said, SMALL)
        x, y = (box.w - wide - 14) / 2, box.h - FOLD / 2 - 2
        sign = 1 if box.folded else -1
        dpg.draw_triangle(
            (x, y - 2 * sign),
            (x + 7, y - 2 * sign),
            (x + 3.5, y + 2.6 * sign),
            fill=t.faint,
            color=CLEAR,
            parent=self.fine,
        )
        self.brush.text((x + 14, y - SMALL / 2), said, SMALL, t.faint, self.fine)

    def _pill(self) -> str:
        return "muted" if self.box.muted else "bypassed" if self.box.bypass else "" if self.box.known else "unknown"

    def _pill_width(self) -> float:
        return font.width(self._pill(), SMALL) + 12

    def _state(self) -> None:
        """Says that it is muted, bypassed or unknown, and shows it: by a strike, or by a line that passes through."""
        t, box = self.theme, self.box
        wide, right = self._pill_width(), box.w - 15
        bright = self.bright
        colour = bright.fault if box.muted else bright.snap if box.bypass else bright.unknown
        self._rect((right - wide, HEAD / 2 - 8), (right, HEAD / 2 + 8), fade(colour, 0.22), 8, self.plain)
        ink = mix(colour, t.text, 0.35)
        self.brush.text((right - wide + 6, HEAD / 2 - SMALL / 2), self._pill(), SMALL, ink, self.plain)
        if box.muted:
            a, b = (PAD + 8, HEAD / 2 + 0.5), (right - wide - 6, HEAD / 2 + 0.5)
            dpg.draw_line(a, b, color=fade(colour, 0.85), thickness=1.8, parent=self.plain)
            a, b = (4, box.h - 4), (box.w - 4, HEAD + 4)
            dpg.draw_line(a, b, color=fade(colour, 0.55), thickness=2.4, parent=self.root)
        elif box.bypass:
            self._pass_through()

    def _pass_through(self) -> None:
        """Draws the line of a bypassed node, from the input that goes on to the output."""
        box, w = self.box, self.box.w
        out = next((p for p in box.outs if p.wired), next(iter(box.outs), None))
        into = next((p for p in box.pins if out is not None and not p.out and p.wired and p.type == out.type), None)
        if out is None or into is None:
            return
        a, b = (into.x, into.y), (out.x, out.y)
        p, q = (a[0] + 0.45 * w, a[1]), (b[0] - 0.45 * w, b[1])
        for colour, thick in ((fade(self.theme.body, 0.8), 6.0), (self.bright.port(out.type), 2.4)):
            dpg.draw_bezier_cubic(a, p, q, b, color=colour, thickness=thick, parent=self.root)

    # -- changes -------------------------------------------------------------------------------------------------
    def move(self, x: float, y: float) -> None:
        """Puts it somewhere else."""
        self.box.x, self.box.y = x, y
        dpg.apply_transform(self.root, dpg.create_translation_matrix([x, y, 0]))

    def show(self, on: bool) -> None:
        """Shows or hides it."""
        dpg.configure_item(self.root, show=on)

    def detail(self, level: int) -> None:
        """Sets how much is drawn: 0 from afar, 1 without small texts, 2 everything."""
        if level != self.level:
            self.level = level
            if self.box.type != REROUTE:
                dpg.configure_item(self.fine, show=level >= 2)
                dpg.configure_item(self.plain, show=level >= 1)
                dpg.configure_item(self.far, show=level == 0)
            if not level:
                return
            if self.picture is not None and self._stale:
                self._stale = False
                self.picture.refresh()
            for port, (now, live) in self._unseen.items():
                self.modulate(port, now, live)
            self._unseen.clear()

    def select(self, on: bool) -> None:
        """Marks it as selected, or not."""
        self.selected = on
        self._edge()

    def _edge(self) -> None:
        t = self.theme
        wrong = bool(self.box.problem)
        colour = t.accent if self.selected else t.fault if wrong else t.edge if self.box.known else t.unknown
        dpg.configure_item(self.outline, color=colour, thickness=2.2 if self.selected else 1.8 if wrong else 1.2)
        dpg.configure_item(self.halo, show=self.selected)

    def set_problem(self, problem: str) -> None:
        """Marks it as faulty by a red badge at its corner, or as well where the text is empty."""
        self.box.problem = problem
        if problem and self._problem is None:
            t = self.brush.theme
            self._problem = dpg.add_draw_node(parent=self.root)
            x, y = self.box.w - 3, 3
            dpg.draw_image(
                self.brush.glow, (x - 20, y - 20), (x + 20, y + 20), color=fade(t.fault, 0.7), parent=self._problem
            )
            dpg.draw_circle(
                (x, y), 8.5, fill=t.fault, color=mix(t.fault, (0, 0, 0, 255), 0.35), thickness=1.2, parent=self._problem
            )
            white = (255, 255, 255, 255)
            dpg.draw_line((x, y - 4.6), (x, y + 1), color=white, thickness=2.2, parent=self._problem)
            dpg.draw_circle((x, y + 4), 1.3, fill=white, color=CLEAR, parent=self._problem)
        elif not problem and self._problem is not None:
            dpg.delete_item(self._problem)
            self._problem = None
        self._edge()

    def turn(self, port: str, position: float, said: str) -> None:
        """Shows where a knob's base stands, and its number."""
        if port in self.knobs:
            self.knobs[port].turn(position)
        if port in self.numbers:
            item, y = self.numbers[port]
            x = self.box.w - PAD - 2 - font.width(said, LABEL)
            dpg.configure_item(item, text=said, pos=(x, y - LABEL / 2))

    def modulate(self, port: str, now: float | None, live: float | None) -> None:
        """Shows modulation and live value of a knob."""
        knob = self.knobs.get(port)
        if self.level == 0:
            self._unseen[port] = now, live
        elif knob is not None:
            was = knob.live is not None
            knob.modulate(now, live)
            if (live is not None) != was and port in self.numbers:
                colour = self.theme.text if live is None else self.theme.snap
                dpg.configure_item(self.numbers[port][0], color=colour)

    def modulated(self) -> dict[str, tuple[float | None, float | None]]:
        """Returns what modulation and live value each knob shows, or will once it is seen."""
        return {name: (_position(k.now), _position(k.live)) for name, k in self.knobs.items()} | self._unseen

    def display(self, data: Mapping[str, object]) -> None:
        """Gives its display data."""
        picture = self.picture
        if picture is None:
            return
        if self.level == 2 or (self.level == 1 and not self._stale):
            picture.show(data)
            self._stale = self.level == 1  # where it is small, every second call is enough
            return
        if self.level == 1:
            picture.data.update(data)
            self._stale = False
            return
        picture.data.update(data)
        self._stale = True
        key = next((key for key in ("value", "level") if key in picture.data), None)
        if key is not None:
            filled = round((self.box.w - 2 * INSET) * picture.share(key))
            if filled != self._filled:
                self._filled = filled
                dpg.configure_item(self.bar, pmax=(INSET + max(2, filled), BAR_LOW), show=True)

    def fade_pins(self, keep: Collection[tuple[str, bool]] | None) -> None:
        """Draws all pins faintly but some, by name and side; None ends it."""
        for key, pin in self.pins.items():
            pin.fade(1.0 if keep is None or key in keep else 0.3)

    def close(self) -> None:
        """Deletes it."""
        if self.picture is not None:
            self.picture.close()
        dpg.delete_item(self.root)


def _position(place: int | None) -> float | None:
    """Returns the position of a slice of a knob's track."""
    return None if place is None else place / SLICES
