"""The picture of a pinned probe: what a signal was, what it will be, and the moment that is heard now between them."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.displays.base import Picture, edges, resampled, said
from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import SMALL, fade, mix

_HELD = 1e-9  # how little a number changes that is held


class Trail(Picture):
    """A signal's past at the left and its forecast at the right of a line that is now.

    What only holds its last number is grey. A gate has upright edges."""

    def draw(self) -> None:
        t, x, y, w, h = self.theme, self.x, self.y, self.w, self.h
        for share in (0.25, 0.5, 0.75):
            self.line([[x + 4, y + h * share], [x + w - 4, y + h * share]], fade(t.track, 0.3), 1)
        self.room = self.bar((x, y), (x, y + h), fade(self.colour, 0.07), 0)
        flat = [[x + 4, y + h / 2], [x + 4, y + h / 2]]
        self.past = self.soft_line(flat, self.colour)
        self.coming: Item = self.line(flat, fade(self.colour, 0.6), 1.6)
        self.held: Item = self.line(flat, t.faint, 1.6)
        self.heard = self.line(flat, fade(t.text, 0.6), 1.2)
        self.head = self.dot((x, y), 2.8, mix(self.colour, t.text, 0.5))
        self.hide(self.room, *self.past, self.coming, self.held, self.heard, self.head)
        tint = mix(self.colour, t.label, 0.35)
        self.tags = [self.tag(SMALL, tint), self.tag(SMALL, t.label), self.tag(SMALL, t.label)]

    def refresh(self) -> None:
        gate = not len(self.history("value"))
        key = "gate" if gate else "value"
        past = self.history(key)
        if not len(past):
            return
        ahead = self.history("forecast")
        coming = ahead[0] if len(ahead) else np.zeros(0)
        lo, hi = (0.0, 1.0) if gate else self.span("value")
        if not gate and len(coming):
            known = coming[np.isfinite(coming)]
            lo, hi = min(lo, *known.tolist(), hi), max(hi, *known.tolist(), lo)
        left, right, top, low = self.x + 4, self.x + self.w - 5, self.y + 6, self.y + self.h - 7
        now = left + (right - left) * past.shape[1] / max(1, past.shape[1] + len(coming))
        if gate:
            for item in self.past:
                self.put(item, points=edges(past[0], top + 12, low, left, now), show=True)
        else:
            self.put_line(self.past, self._points(past[0], lo, hi, left, now))
        on = len(coming) > 1
        moving = np.flatnonzero(np.abs(np.diff(coming)) > _HELD) if on else np.zeros(0, int)
        until = int(moving[-1]) + 2 if moving.size else 0
        self._future(
            self.coming, coming[:until], gate, (lo, hi), now, now + (right - now) * until / max(1, len(coming))
        )
        self._future(
            self.held,
            coming[max(0, until - 1) :],
            gate,
            (lo, hi),
            now + (right - now) * max(0, until - 1) / max(1, len(coming)),
            right,
        )
        self.put(self.room, pmin=(now, self.y + 2), pmax=(right, self.y + self.h - 2), show=on)
        self.put(self.heard, points=[[now, self.y + 2], [now, self.y + self.h - 2]], show=on)
        newest = float(self.now(key)[0])
        height = low - (low - top) * min(1.0, max(0.0, (newest - lo) / max(hi - lo, 1e-9)))
        self.put(self.head, center=(now, height), show=not gate)
        self._say(newest, past[0][np.isfinite(past[0])], gate)

    def _points(self, values: Array, lo: float, hi: float, left: float, right: float) -> Array:
        top, low = self.y + 6, self.y + self.h - 7
        shares = np.clip((resampled(np.where(np.isfinite(values), values, lo), 120) - lo) / max(hi - lo, 1e-9), 0, 1)
        return np.stack([np.linspace(left, right, len(shares)), low - (low - top) * shares], 1)

    def _future(
        self, item: Item, values: Array, gate: bool, span: tuple[float, float], left: float, right: float
    ) -> None:
        if len(values) < 2 or right - left < 1:
            self.hide(item)
        elif gate:
            self.put(item, points=edges(values, self.y + 18, self.y + self.h - 7, left, right), show=True)
        else:
            self.put_line((item,), self._points(values, *span, left, right))

    def _say(self, newest: float, known: Array, gate: bool) -> None:
        """Says the newest number, and the least and the greatest of late."""
        units = self.data.get("units", {}).get("value", ())
        unit = f" {units[0]}" if units and units[0] and len(units[0]) < 6 else ""
        words = ("high" if newest > 0.5 else "low") if gate else said(newest) + unit
        self.put_tag(self.tags[0], words, self.x + self.w - 8 - font.width(words, SMALL), self.y + 9, SMALL)
        if gate:
            return
        if len(known) and self.h > 56:
            for tag, value, y in (
                (self.tags[1], known.max(), self.y + 9),
                (self.tags[2], known.min(), self.y + self.h - 11),
            ):
                self.put_tag(tag, said(float(value)), self.x + 8, y, SMALL)
