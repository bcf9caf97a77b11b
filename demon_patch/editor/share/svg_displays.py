"""The pictures in nodes as they stand still: what the node does, from its values and from its signals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Box, Display, Point
from demon_patch.editor.layout.display_sizes import INNER, LINE, LINES, WORDED
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import LABEL, SMALL, Colour, Theme, fade, mix
from demon_patch.editor.share.signals import Signals
from demon_patch.editor.share.svg_pen import Pen
from demon_patch.patch.model.graph import Node

_TYPES = {
    "ring": "ring", "meter": "audio", "surface": "surface", "curve": "curve", "text": "prompt", "tape": "audio",
    "wave": "source", "lanes": "curve",
}  # fmt: skip
"""By kind of display, the port type in whose colour it is drawn; otherwise it is the category's."""
_SHOWN = 160  # points of a trace
_SIGNALS = 3  # traces in one display


@dataclass(frozen=True, slots=True)
class Still:
    """What a picture is made from. peaks: of the sound that the patch makes, 0 to 1; empty where it is not rendered."""

    pen: Pen
    theme: Theme
    facts: Facts
    box: Box
    node: Node
    at: Display
    colour: Colour
    signals: Signals
    peaks: Sequence[float]

    def number(self, port: str, otherwise: float = 0.0) -> float:
        """Returns the number at a knob; `otherwise` where there is none."""
        held = self.node.values.get(port)
        held = self.facts.default(self.node.type, port) if held is None else held
        return float(held) if isinstance(held, int | float) else otherwise

    def has(self, port: str) -> bool:
        """Whether the node's type has a port."""
        return self.facts.port(self.node.type, port) is not None

    def outs(self, type: str) -> list[Array]:
        """Returns the signals of the outputs of a type, in order."""
        kept = [self.signals.get((self.box.id, pin.name)) for pin in self.box.outs if pin.type == type]
        return [values for values in kept if values is not None and len(values) > 1]

    def place(self, x: float, y: float) -> Point:
        """Returns a point of the picture, both 0 to 1, y upward."""
        at = self.at
        return at.x + 6 + (at.w - 12) * x, at.y + at.h - 6 - (at.h - 12) * min(1.0, max(0.0, y))


def draw_display(still: Still) -> None:
    """Draws a node's display."""
    at, t, pen = still.at, still.theme, still.pen
    pen.rect((at.x, at.y, at.x + at.w, at.y + at.h), t.well, fade(t.edge, 0.9), 5)
    if at.kind in WORDED:
        _words(still, still.box.text)
    else:
        _KINDS.get(at.kind, _scope)(still)


def colour_of(kind: str, box: Box, theme: Theme) -> Colour:
    """Returns the colour in which a display is drawn."""
    return theme.port(_TYPES[kind]) if kind in _TYPES and not box.colour else theme.category(box.category, box.colour)


# -- signals -----------------------------------------------------------------------------------------------------
def _scope(still: Still) -> None:
    """Numbers as lines, gates as bars beneath."""
    values, gates = still.outs("value") + still.outs("curve"), still.outs("gate")
    t, pen = still.theme, still.pen
    pen.line([still.place(0, 0.5), still.place(1, 0.5)], fade(t.track, 0.5), 1)
    foot = 0.28 if values and gates else 0.0
    lo, hi = _span(values)
    for number, signal in enumerate(values[:_SIGNALS]):
        levels = foot + (1 - foot) * (_thinned(signal) - lo) / (hi - lo)
        points = [still.place(x, float(y)) for x, y in zip(np.linspace(0, 1, len(levels)), levels, strict=True)]
        colour = mix(still.colour, t.text, 0.28 * number)
        pen.line(points, fade(colour, 0.22), 4.5)
        pen.line(points, colour, 1.7)
    for signal in gates[:1]:
        _bars(still, signal, 0.2 if values else 0.8)


def _bars(still: Still, signal: Array, tall: float) -> None:
    on = signal > 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(int)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        left, top = still.place(start / len(signal), tall)
        right, low = still.place(stop / len(signal), 0)
        still.pen.rect((left, top, max(left + 2.5, right - 1), low), fade(still.colour, 0.85), None, 1.5)


def _span(signals: Sequence[Array]) -> tuple[float, float]:
    """Returns the range in which signals are drawn: 0 to 1 where they lie within, otherwise what they cover."""
    if not signals:
        return 0.0, 1.0
    lo, hi = min(float(s.min()) for s in signals), max(float(s.max()) for s in signals)
    if lo >= -1e-6 and hi <= 1 + 1e-6:
        return 0.0, 1.0
    if hi - lo < 1e-9:
        return lo - 1.0, hi + 1.0
    room = 0.06 * (hi - lo)
    return lo - room, hi + room


def _thinned(signal: Array) -> Array:
    keep = np.linspace(0, len(signal) - 1, min(len(signal), _SHOWN)).round().astype(int)
    return signal[keep]


def _number(still: Still) -> None:
    """A number, large, where it stands still; otherwise its trace."""
    values = still.outs("value")
    if len(values) != 1 or float(np.ptp(values[0])) > 1e-6:
        _scope(still)
        return
    at = still.at
    said = f"{float(values[0][-1]):.3g}".replace("-", "−")
    still.pen.text(at.x + at.w / 2, at.y + at.h / 2, said, min(22.0, at.h - 8), still.theme.text, True, 0.5)


# -- forms -------------------------------------------------------------------------------------------------------
def _envelope(still: Still) -> None:
    attack, decay = still.number("attack", 0.1), still.number("decay", 0.3)
    hold = still.number("hold") if still.has("hold") else 0.0
    sustains = still.has("sustain")
    stay, release = (still.number("sustain", 0.6), still.number("release", 0.5)) if sustains else (0.0, 0.0)
    widths = [math.sqrt(max(0.0, w)) for w in (attack, hold, decay)]
    widths += [0.28 * sum(widths) + 0.1, math.sqrt(max(0.0, release))] if sustains else []
    heights = [1.0, 1.0, stay, stay, 0.0]
    whole = sum(widths) or 1.0
    points, x = [still.place(0, 0)], 0.0
    for w, y in zip(widths, heights, strict=False):
        x += w / whole
        points.append(still.place(x, y))
    still.pen.shape([*points, still.place(x, 0)], fade(still.colour, 0.16))
    still.pen.line(points, still.colour, 1.8)


def _points(still: Still) -> None:
    """Points that are drawn, joined."""
    name = next((row.port for row in still.box.rows if row.kind == "points"), "points")
    held = still.node.values.get(name) or still.facts.default(still.node.type, name)
    pairs = [(float(p[0]), float(p[1])) for p in held if len(p) >= 2] if isinstance(held, list | tuple) else []
    if len(pairs) < 2:
        _scope(still)
        return
    pairs.sort()
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    lo, hi = min(0.0, *ys), max(1.0, *ys)
    wide = (xs[-1] - xs[0]) or 1.0
    points = [still.place((x - xs[0]) / wide, (y - lo) / (hi - lo)) for x, y in pairs]
    still.pen.shape([*points, still.place(1, 0), still.place(0, 0)], fade(still.colour, 0.14))
    still.pen.line(points, still.colour, 1.8)
    for point in points[:24]:
        still.pen.dot(point, 2.4, mix(still.colour, still.theme.text, 0.5))


def _polygon(still: Still) -> None:
    """The round of steps on a circle, the strokes joined."""
    steps = int(min(32, max(1, still.number("steps", 8))))
    strokes = int(min(steps, max(0, still.number("strokes", still.number("hits", 3)))))
    at, turn = still.at, int(still.number("rotation"))
    middle, radius = (at.x + at.w / 2, at.y + at.h / 2), at.h / 2 - 9
    hit = [step * strokes % steps < strokes for step in range(steps)]
    spots = []
    for step in range(steps):
        angle = math.tau * step / steps - math.pi / 2
        spots.append((middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)))
    lit = [spots[(step + turn) % steps] for step in range(steps) if hit[step]]
    if len(lit) > 1:
        still.pen.shape(lit, fade(still.colour, 0.14), fade(still.colour, 0.8), 1.4)
    for spot in spots:
        strong = spot in lit
        still.pen.dot(spot, 4.0 if strong else 2.2, still.colour if strong else still.theme.track)


def _ring(still: Still) -> None:
    """The generations in flight, spread evenly over the ring."""
    at, t = still.at, still.theme
    middle, radius = (at.x + at.w / 2, at.y + at.h / 2), at.h / 2 - 12
    still.pen.dot(middle, radius, None, t.track, 3)
    depth = int(min(8, max(1, still.number("depth", 4))))
    for bead in range(depth):
        share = (bead + 0.5) / depth
        angle = math.tau * share - math.pi / 2
        spot = (middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle))
        still.pen.dot(spot, 9.0, fade(still.colour, 0.14))
        still.pen.dot(spot, 4.6, mix(t.well, still.colour, 0.35 + 0.65 * share))
    still.pen.text(middle[0], middle[1], str(depth), 17, t.text, True, 0.5)


def _sound(still: Still) -> None:
    """The sound that is made, where it is rendered."""
    at, count = still.at, max(8, int(still.at.w / 3))
    peaks = np.asarray(still.peaks, float)
    if len(peaks) < 2:
        still.pen.line([still.place(0, 0.5), still.place(1, 0.5)], fade(still.colour, 0.5), 1.5)
        return
    edges = np.linspace(0, len(peaks), count, endpoint=False).astype(int)
    loud = np.maximum.reduceat(peaks, edges) if len(peaks) >= count else np.interp(
        np.linspace(0, len(peaks) - 1, count), np.arange(len(peaks)), peaks
    )  # fmt: skip
    strokes, middle = [], at.y + at.h / 2
    for n, level in enumerate(loud.tolist()):
        x, half = at.x + 6 + (at.w - 12) * (n + 0.5) / count, 0.6 + (at.h / 2 - 5) * min(1.0, level) ** 0.8
        strokes.append(f"M{x:.1f} {middle - half:.1f}V{middle + half:.1f}")
    still.pen.path("".join(strokes), still.colour, 1.5)


def _named(still: Still) -> None:
    """The words or the file that a source comes from."""
    said = ""
    for row in still.box.rows:
        if row.kind in ("path", "text") and row.text not in ("", "—"):
            said = row.text
            break
    _words(still, said) if said else _scope(still)


def _words(still: Still, said: str) -> None:
    at = still.at
    lines = font.wrapped(said, LABEL, at.w - 2 * INNER, max(1, min(LINES, int((at.h - 6) / LINE))))
    first = at.y + (at.h - LINE * len(lines)) / 2 + LINE / 2
    for place, line in enumerate(lines):
        still.pen.text(at.x + INNER, first + LINE * place, line, LABEL, mix(still.colour, still.theme.text, 0.55))


def _surface(still: Still) -> None:
    at, t = still.at, still.theme
    for n in range(8):
        left, top = still.place((n + 0.15) / 8, 0.5 + 0.32 * math.sin(n * 0.9 + 0.5))
        right, low = still.place((n + 0.85) / 8, 0.5)
        still.pen.rect((left, min(top, low), right, max(top, low) + 1), fade(still.colour, 0.7), None, 1.5)
    still.pen.line([(at.x + 6, at.y + at.h / 2), (at.x + at.w - 6, at.y + at.h / 2)], t.track, 1)


def _lamp(still: Still) -> None:
    if still.outs("gate") or still.outs("value"):
        _scope(still)
        return
    at = still.at
    still.pen.dot((at.x + at.w / 2, at.y + at.h / 2), min(7.0, at.h / 2 - 4), still.theme.track, still.colour, 1.4)


def _tape(still: Still) -> None:
    at = still.at
    still.pen.dot((at.x + 16, at.y + at.h / 2), 5.5, still.theme.fault)
    still.pen.text(at.x + 30, at.y + at.h / 2, "records", SMALL, still.theme.label)


_KINDS: dict[str, Callable[[Still], None]] = {
    "envelope": _envelope, "line": _points, "curve": _points, "polygon": _polygon, "euclid": _polygon, "ring": _ring,
    "meter": _sound, "wave": _named, "surface": _surface, "number": _number, "dial": _number, "lamp": _lamp,
    "tape": _tape,
}  # fmt: skip
