"""What all live displays share: their data, and items that change only where the change can be seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Colour, Item
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade

P = TypeVar("P")
_PLACES = frozenset({"pos", "center", "pmin", "pmax", "p1", "p2"})
_NONE = np.zeros((0, 0))


class Picture:
    """A live display.

    plain: the parent of what is drawn at middle zoom and above. fine: that of small texts, which need more.
    x, y, w, h: where it lies within its parent. colour: of its lines.
    """

    def __init__(
        self, brush: Brush, plain: Item, fine: Item, rect: tuple[float, float, float, float], colour: Colour
    ) -> None:
        self.brush = brush
        self.theme = brush.theme
        self.plain = plain
        self.fine = fine
        self.x, self.y, self.w, self.h = rect
        self.colour = colour
        self.data: dict[str, Any] = {}
        self._was: dict[Item, dict[str, Any]] = {}
        self._lines: dict[Item, Array] = {}
        self.draw()

    def draw(self) -> None:
        """Draws it before any data has come."""

    def refresh(self) -> None:
        """Shows `self.data`."""

    def show(self, data: Mapping[str, object]) -> None:
        """Takes new data, and changes the picture where the change can be seen."""
        self.data.update(data)
        self.refresh()

    def close(self) -> None:
        """Frees what does not go with its parents."""

    # -- data ----------------------------------------------------------------------------------------------------
    def history(self, key: str) -> Array:
        """Returns signals as an array [signals, frames]; empty where none have come."""
        given = self.data.get(key)
        if given is None:
            return _NONE
        values = np.asarray(given, float)
        return values.reshape(-1, 1) if values.ndim < 2 else values

    def now(self, key: str) -> Array:
        """Returns the newest number of each signal; 0 where it is unknown."""
        values = self.history(key)
        if not values.size:
            return np.zeros(0)
        newest = values[:, -1]
        return np.where(np.isfinite(newest), newest, 0.0)

    def names(self, key: str) -> Sequence[str]:
        """Returns the names of signals, as many as were given."""
        return self.data.get("names", {}).get(key, ())

    def named(self, key: str, name: str, otherwise: float) -> float:
        """Returns the newest number of the signal with a name."""
        names = self.names(key)
        values = self.now(key)
        place = names.index(name) if name in names else -1
        return float(values[place]) if 0 <= place < len(values) else otherwise

    def span(self, key: str, place: int = 0) -> tuple[float, float]:
        """Returns the range in which a signal is drawn: its declared one, or that of what it does."""
        ranges = self.data.get("ranges", {}).get(key, ())
        if place < len(ranges):
            lo, hi = ranges[place]
            if math.isfinite(lo) and math.isfinite(hi) and hi > lo:
                return float(lo), float(hi)
        values = self.history(key)
        row = values[place] if place < len(values) else values
        known = row[np.isfinite(row)]
        lo, hi = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        lo, hi = min(lo, 0.0), max(hi, lo + 1e-6, 1.0 if hi <= 1 else hi)
        held = self.data.setdefault("_spans", {}).get((key, place), (lo, hi))
        wide = min(lo, held[0] + 0.02 * (lo - held[0])), max(hi, held[1] + 0.02 * (hi - held[1]))
        self.data["_spans"][key, place] = wide
        return wide

    def share(self, key: str, place: int = 0) -> float:
        """Returns where a signal stands in its range now, 0 to 1."""
        values = self.now(key)
        if place >= len(values):
            return 0.0
        lo, hi = self.span(key, place)
        return min(1.0, max(0.0, (float(values[place]) - lo) / (hi - lo)))

    def shares(self, key: str) -> list[float]:
        """Returns where each signal stands in its range now, 0 to 1."""
        made = []
        for place, value in enumerate(self.now(key).tolist()):
            lo, hi = self.span(key, place)
            made.append(min(1.0, max(0.0, (value - lo) / (hi - lo))))
        return made

    def glow_of(self, key: str, place: int, fall: float = 0.28) -> float:
        """Returns how brightly a gate's lamp shines, 0 to 1: full while it is high, then falling for some tenths."""
        values = self.history(key)
        if place >= len(values):
            return 0.0
        high = np.flatnonzero(values[place] > 0.5)
        if not high.size:
            return 0.0
        age = (values.shape[1] - 1 - int(high[-1])) * float(self.data.get("dt", 0.04))
        return math.exp(-age / fall)

    # -- drawing -------------------------------------------------------------------------------------------------
    def put(self, item: Item, **now: Any) -> None:
        """Configures an item if that can be seen."""
        if not _same(self._was.get(item), now, self.brush.eye.least):
            dpg.configure_item(item, **now)
            self._was[item] = now

    def text(
        self, x: float, y: float, said: str, size: float, colour: Colour, bold: bool = False, wide: float = 0.0,
        parent: Item | None = None,
    ) -> Item:  # fmt: skip
        """Draws a text with its middle at the height y; cut where it is wider than `wide`."""
        said = font.fitted(said, size, wide, bold) if wide else said
        return self.brush.text((x, y - size / 2), said, size, colour, self.fine if parent is None else parent, bold)

    def say(
        self, item: Item, said: str, size: float, right: float | None = None, y: float = 0.0, bold: bool = False
    ) -> None:
        """Changes a text; keeps it flush right at `right`, with its middle at the height y."""
        if right is None:
            self.put(item, text=said)
        else:
            self.put(item, text=said, pos=(right - font.width(said, size, bold), y - size / 2))

    def line(
        self, points: Any, colour: Colour, thickness: float = 1.8, parent: Item | None = None, closed: bool = False
    ) -> Item:
        """Draws a line through points."""
        at = self.plain if parent is None else parent
        return dpg.draw_polyline(points, color=colour, thickness=thickness, closed=closed, parent=at)

    def bar(self, a: tuple[float, float], b: tuple[float, float], fill: Colour, rounding: float = 2.0) -> Item:
        """Draws a filled rectangle."""
        return dpg.draw_rectangle(a, b, fill=fill, color=CLEAR, rounding=rounding, parent=self.plain)

    def dot(
        self, at: tuple[float, float], radius: float, fill: Colour, edge: Colour = CLEAR, thickness: float = 1.0
    ) -> Item:
        """Draws a disc."""
        return dpg.draw_circle(at, radius, fill=fill, color=edge, thickness=thickness, parent=self.plain)

    def tag(self, size: float, colour: Colour) -> tuple[Item, Item]:
        """Draws a small text on a plate that hides the lines behind it; `put_tag` places it."""
        plate = dpg.draw_rectangle(
            (0, 0), (0, 0), fill=fade(self.theme.well, 0.8), color=CLEAR, rounding=4, show=False, parent=self.fine
        )
        return plate, self.text(0, 0, "", size, colour)

    def put_tag(self, tag: tuple[Item, Item], said: str, x: float, y: float, size: float) -> None:
        """Says a text on a plate, with its left edge at x and its middle at the height y."""
        plate, item = tag
        wide = font.width(said, size)
        self.put(plate, pmin=(x - 3, y - size / 2), pmax=(x + wide + 3, y + size / 2), show=bool(said))
        self.put(item, text=said, pos=(x, y - size / 2))

    def shine(self, at: tuple[float, float], radius: float, colour: Colour) -> Item:
        """Draws a soft round glow."""
        (x, y), r = at, radius
        return dpg.draw_image(self.brush.glow, (x - r, y - r), (x + r, y + r), color=colour, parent=self.plain)

    def soft_line(self, points: Any, colour: Colour, thickness: float = 1.8) -> tuple[Item, Item]:
        """Draws a line with a faint wide one beneath it."""
        return self.line(points, fade(colour, 0.16), thickness + 4), self.line(points, colour, thickness)

    def put_line(self, items: tuple[Item, ...], points: Array) -> None:
        """Moves lines."""
        was = self._lines.get(items[0])
        if was is not None and was.shape == points.shape and float(np.abs(was - points).max()) < self.brush.eye.least:
            return
        self._lines[items[0]] = points
        smooth = bevelled(points).tolist()
        for item in items:
            self._was.pop(item, None)
            dpg.configure_item(item, points=smooth, show=True)

    def hide(self, *items: Item) -> None:
        """Hides items."""
        for item in items:
            self._lines.pop(item, None)
            self.put(item, show=False)

    def grow(self, pool: list[P], count: int, make: Callable[[], P]) -> list[P]:
        """Makes items until a pool has as many as are needed; returns the pool."""
        while len(pool) < count:
            pool.append(make())
        return pool

    def trail(self, key: str, place: int, top: float, low: float, left: float, right: float, most: int = 96) -> Array:
        """Returns a signal's past as points between two heights."""
        values = self.history(key)[place]
        lo, hi = self.span(key, place)
        filled = values
        if not np.isfinite(values).all():
            last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
            filled = np.where(np.isfinite(values[last]), values[last], lo)
        y = low - (low - top) * np.clip((resampled(filled, most) - lo) / (hi - lo), 0, 1)
        if len(y) < 2:
            y = np.repeat(y, 2) if len(y) else np.array([low, low])
        return np.stack([np.linspace(left, right, len(y)), y], 1)


def _same(was: dict[str, Any] | None, now: dict[str, Any], least: float) -> bool:
    """Returns whether two configurations look the same."""
    if was is None or was.keys() != now.keys():
        return False
    for key, b in now.items():
        a = was[key]
        if a is b or a == b:
            continue
        if key not in _PLACES or any(abs(x - y) >= least for x, y in zip(a, b, strict=True)):
            return False
    return True


def bevelled(points: Array, reach: float = 0.7) -> Array:
    """Returns a line without points that coincide, and with its sharp corners cut, which would be drawn as spikes."""
    steps = np.diff(points, axis=0)
    apart = np.hypot(steps[:, 0], steps[:, 1])
    if (apart < 0.05).any():
        points = points[np.concatenate([[True], apart >= 0.05])]
        if len(points) < 2:
            return np.array([points[0], points[0] + (0.1, 0.0)])
        steps = np.diff(points, axis=0)
        apart = np.hypot(steps[:, 0], steps[:, 1])
    ways = steps / apart[:, None]
    sharp = np.flatnonzero((ways[:-1] * ways[1:]).sum(1) < 0.2) + 1
    if not sharp.size:
        return points
    near = np.minimum(reach, 0.4 * np.minimum(apart[sharp - 1], apart[sharp]))[:, None]
    before, after = points[sharp] - ways[sharp - 1] * near, points[sharp] + ways[sharp] * near
    hairpin = np.abs(after - before).max(axis=1) < 0.05  # it turns back on itself
    after = after + hairpin[:, None] * 0.2 * np.stack([-ways[sharp - 1][:, 1], ways[sharp - 1][:, 0]], 1)
    made = np.insert(points, sharp, before, axis=0)
    made[sharp + np.arange(len(sharp)) + 1] = after
    return made


def said(value: float) -> str:
    """Returns a number in at most five characters, with a true minus."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    text = f"{value:.0f}" if size >= 99.95 else f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"
    return ("0.00" if text == "-0.00" else text).replace("-", "−")


def circle(x: float, y: float, radius: float, share: float) -> tuple[float, float]:
    """Returns a point of a circle; shares count clockwise from the top."""
    turn = math.tau * share
    return x + radius * math.sin(turn), y - radius * math.cos(turn)


def arc(x: float, y: float, radius: float, start: float, stop: float, points: int = 40) -> list[list[float]]:
    """Returns an arc clockwise from one share of the circle to another."""
    turns = math.tau * np.linspace(start, stop, max(2, points))
    return cast("list[list[float]]", np.stack([x + radius * np.sin(turns), y - radius * np.cos(turns)], 1).tolist())


def resampled(values: Array, most: int) -> Array:
    """Returns numbers as no more than `most`, evenly spaced over the same stretch."""
    if len(values) <= most:
        return values
    return np.interp(np.linspace(0, len(values) - 1, most), np.arange(len(values)), values)


def edges(values: Array, top: float, low: float, left: float, right: float) -> list[list[float]]:
    """Returns a gate's past as a line with upright edges."""
    high = values > 0.5
    turns = np.flatnonzero(np.diff(high.astype(int)))
    scale = (right - left) / max(1, len(high) - 1)
    points = [[left, top if len(high) and high[0] else low]]
    for turn in turns:
        at = left + (turn + 1) * scale
        points += [[at, points[-1][1]], [at, top if high[turn + 1] else low]]
    points.append([right, points[-1][1]])
    return points
