"""What moves on cables: what they carried lately, the beads of gates and of generations. Pure, without a window."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.layout.box import Rect, Wire
from demon_patch.editor.link.ranges import Range, swing
from demon_patch.editor.link.signal_memory import SignalMemory
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.base import Point

TRACE_SECONDS, TRACE_POINTS, TRACE_HEIGHT = 3.0, 48, 7.0
BEAD_SECONDS = 0.8  # that a gate's bead needs from end to end
PIXELS = 0.5  # the least move of a trace that is drawn
_AGES = np.linspace(TRACE_SECONDS, 0.0, TRACE_POINTS)


class CableMotion:
    """Draws what moves on the cables that are seen. Owned by the window's thread."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._others: list[tuple[Wire, Point]] = []  # gates, audio and rings
        self._areas: dict[CableKey, Rect] = {}
        self._places = np.zeros((0, 4))  # left, top, right, bottom of those that carry numbers
        self._keys: list[CableKey] = []  # of the cables that carry numbers, as the rows of `_drawn`
        self._points: list[Point] = []
        self._ranges: list[Range] = []
        self._drawn = np.full((0, TRACE_POINTS), np.nan)  # NaN where nothing is drawn yet
        self._waves: dict[CableKey, Array] = {}
        self._beads: dict[CableKey, bool] = {}

    def follow(self, wires: Mapping[Wire, Rect], path: str, range_of: Callable[[str, str], Range]) -> None:
        """Takes the cables that are seen, or soon may be, each with its rectangle.

        path: of the subpatch that they are in, ending in a slash. range_of: returns the range of a node's output.
        """
        before = dict(zip(self._keys, self._drawn, strict=True))
        points: dict[CableKey, tuple[Wire, Point]] = {
            wire.key: (wire, (path + wire.key.src, wire.key.out, "out")) for wire in wires
        }
        values = [key for key, (wire, _) in points.items() if wire.type == "value"]
        self._keys, self._points = values, [points[key][1] for key in values]
        self._ranges = [range_of(key.src, key.out) for key in values]
        unknown = np.full(TRACE_POINTS, np.nan)
        self._drawn = np.array([before.get(key, unknown) for key in values]).reshape(-1, TRACE_POINTS)
        self._others = [each for key, each in points.items() if each[0].type != "value"]
        self._areas = {wire.key: area for wire, area in wires.items()}
        self._places = np.array([self._areas[key] for key in values]).reshape(-1, 4)
        self._waves = {key: wave for key, wave in self._waves.items() if key in points}
        self._beads = {key: lit for key, lit in self._beads.items() if key in points}

    def show(
        self,
        memory: SignalMemory,
        frame: float,
        now: float,
        rate: float,
        zoom: float,
        loud: float,
        moving: bool,
        rect: Rect,
    ) -> bool:
        """Draws what has moved; returns whether anything has.

        frame: the control frame that is heard. now: seconds. rate: control frames a second. loud: the level of the
        sound, 0 to 1. moving: whether the transport runs. rect: the part of the canvas that the window shows; a cable
        outside moves again when it comes into sight.
        """
        drew = self._show_values(memory, frame - rate * _AGES, zoom, rect)
        left, top, right, bottom = rect
        for wire, point in self._others:
            a, b, c, d = self._areas[wire.key]
            if a > right or c < left or b > bottom or d < top:
                continue
            if wire.type == "audio":
                drew |= self._show_audio(wire.key, now, loud if moving else 0.0, zoom)
            elif wire.type == "gate":
                span = math.ceil(BEAD_SECONDS * rate) + 1
                first = math.floor(frame) - span
                high = np.nan_to_num(memory.frames(point, first, span + 1)) > 0.5
                rises = np.flatnonzero(high[1:] & ~high[:-1]) + 1 + first
                places = [(frame - rise) / rate / BEAD_SECONDS for rise in rises]
                drew |= self._put_beads(wire.key, [place for place in places if 0.0 <= place <= 1.0])
            elif wire.type == "ring" and (moving or wire.key not in self._beads):
                speed = 0.35 * now if moving else 0.0
                drew |= self._put_beads(wire.key, [(speed + number / 4) % 1.0 for number in range(4)])
        return drew

    def _show_values(self, memory: SignalMemory, frames: Array, zoom: float, rect: Rect) -> bool:
        if not self._keys:
            return False
        found = memory.table(self._points, frames)[:, ::-1]
        traces = swing(found, self._ranges)
        moved = np.abs(traces - self._drawn).max(axis=1) * TRACE_HEIGHT * zoom
        left, top, right, bottom = rect
        a, b, c, d = self._places.T
        in_sight = (a <= right) & (c >= left) & (b <= bottom) & (d >= top)
        rows = np.flatnonzero(in_sight & ((moved >= PIXELS) | (np.isnan(moved) & np.isfinite(found).any(axis=1))))
        self._drawn[rows] = traces[rows]
        for row in rows.tolist():
            self._canvas.trace(self._keys[row], traces[row])
        return len(rows) > 0

    def _show_audio(self, key: CableKey, now: float, loud: float, zoom: float) -> bool:
        at = np.arange(TRACE_POINTS)
        wave = (loud * np.sin(at * 1.9 - now * 23.0) * np.sin(at * 0.47 + now * 5.0)).astype(np.float64)
        before = self._waves.get(key)
        if before is not None and float(np.abs(before - wave).max()) * TRACE_HEIGHT * zoom < PIXELS:
            return False
        self._waves[key] = wave
        self._canvas.trace(key, wave)
        return True

    def _put_beads(self, key: CableKey, places: list[float]) -> bool:
        if not places and not self._beads.get(key, True):
            return False
        self._beads[key] = bool(places)
        self._canvas.beads(key, places)
        return True
