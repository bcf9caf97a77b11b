"""A cable as SVG: shadow, glow, core, what it carries, its depth, and whether it is muted, solo or converted."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Point, Rect, Wire
from demon_patch.editor.layout.cable_curve import Curve
from demon_patch.editor.look.theme import CORE, CORE_RING, GLOW, HALO, SMALL, Theme, fade, mix
from demon_patch.editor.share.svg_pen import Pen, bezier

_REACH = 7.0  # how far a trace swings to each side
_HEAVY = {"ring": CORE_RING, "source": 2.6, "audio": 2.6, "prompt": 2.6}
_SPAN = 75  # control frames of a signal that lie on a cable


def draw_wire(pen: Pen, wire: Wire, curve: Curve, theme: Theme, signal: Array | None = None) -> None:
    """Draws a cable as one group of the class `wire`, in which its core is one path of the class `cable`.

    signal: what its output sends from the beginning on.
    """
    colour, heavy = theme.port(wire.type), _HEAVY.get(wire.type, CORE)
    d = bezier(curve)
    swings = signal is not None and wire.type in ("value", "curve") and not wire.muted and float(np.ptp(signal)) > 1e-6
    with pen.group("wire", title=f"{wire.key.src}.{wire.key.out} to {wire.key.dst}.{wire.key.port}"):
        low: Curve = tuple((x, y + 2.5) for x, y in curve)  # type: ignore[assignment]
        pen.path(bezier(low), (0, 0, 0, round(140 * theme.shadow * (0.4 if wire.muted else 1))), heavy + 3.5)
        if wire.muted:
            quiet = fade(mix(colour, theme.label, 0.35), 0.8)
            pen.path(d, quiet, heavy, kind="cable", dashes="6.5 6.5")
        else:
            pen.path(d, fade(colour, theme.glow * 0.40), heavy + HALO - CORE)
            pen.path(d, fade(colour, theme.glow * 0.70), heavy + GLOW - CORE)
            pen.path(d, fade(colour, 0.5 if swings else 0.92), heavy, kind="cable")
        if swings and signal is not None:
            pen.line(swung(curve, signal), mix(colour, theme.text, 0.12), 1.8)
        elif signal is not None and wire.type == "gate" and not wire.muted:
            for spot in beads(curve, signal):
                pen.dot(spot, 6.5, fade(colour, 0.22))
                pen.dot(spot, 3.3, mix(colour, theme.text, 0.5))
        elif wire.type == "ring" and not wire.muted:
            for share in (0.14, 0.38, 0.62, 0.86):
                spot = point(curve, share)
                pen.dot(spot, 7.5, fade(colour, 0.16))
                pen.dot(spot, 3.3, mix(colour, theme.text, 0.5))
        _mark(pen, wire, curve, theme)


def draw_chip(pen: Pen, wire: Wire, rect: Rect, theme: Theme) -> None:
    """Draws the depth of a cable beside the port at its end."""
    if wire.depth is None:
        return
    colour, depth = theme.port(wire.type), wire.depth
    said = f"{depth:+.2f}" if abs(depth) < 9.995 else f"{depth:+.1f}" if abs(depth) < 99.95 else f"{depth:+.0f}"
    left, top, right, bottom = rect
    pen.rect(rect, fade(mix(theme.ground, colour, 0.13), 0.94), fade(colour, 0.75), (bottom - top) / 2, 1.1)
    ink = mix(colour, theme.text, 0.45)
    pen.text((left + right) / 2, (top + bottom) / 2, said.replace("-", "−"), SMALL, ink, align=0.5)


def point(curve: Curve, u: float) -> Point:
    """Returns a point of a curve, at 0 to 1 of its way."""
    v = 1 - u
    a, b, c, d = v**3, 3 * v * v * u, 3 * v * u * u, u**3
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def swung(curve: Curve, signal: Array) -> list[Point]:
    """Returns a cable's line with what it carries: the newest number at the source, so that the wave travels to the
    end."""
    known = np.asarray(signal[:_SPAN], float)[::-1]
    lo, hi = float(known.min()), float(known.max())
    if lo < 0.0 or hi > 1.0:
        known = (known - lo) / max(hi - lo, 1e-9)
    m = np.array(curve)
    length = float(np.hypot(*np.diff(m, axis=0).T).sum())
    u = np.linspace(0, 1, int(min(96, max(24, length / 4))))
    v = 1 - u
    line = np.stack([v**3, 3 * v * v * u, 3 * v * u * u, u**3], 1) @ m
    d = np.stack([-(v**2), v * v - 2 * v * u, 2 * v * u - u * u, u * u], 1) @ m
    long = np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-6)
    swing = min(_REACH, length / 12) * np.clip(np.minimum(u, v) * length / 26.0, 0, 1) / long
    level = 2 * np.interp(u * (len(known) - 1), np.arange(len(known)), known) - 1
    points = line - np.stack([-d[:, 1], d[:, 0]], 1) * (swing * np.clip(level, -1, 1))[:, None]
    return [(float(x), float(y)) for x, y in points]


def beads(curve: Curve, signal: Array, most: int = 12) -> list[Point]:
    """Returns where the strokes of a gate are on its cable."""
    known = np.asarray(signal[:_SPAN], float)[::-1] > 0.5
    rises = np.flatnonzero(known & ~np.concatenate([known[1:], [False]]))[:most]
    return [point(curve, float(k) / max(1, len(known) - 1)) for k in rises]


def _mark(pen: Pen, wire: Wire, curve: Curve, theme: Theme) -> None:
    """Draws what the middle of a cable says: solo, muted, or converted on its way."""
    sign = "S" if wire.solo else "M" if wire.muted else "⇄" if wire.adapter else ""
    if not sign:
        return
    colour = theme.accent if wire.solo else mix(theme.port(wire.type), theme.label, 0.5 if wire.muted else 0.0)
    x, y = point(curve, 0.5)
    pen.dot((x, y), 8, mix(theme.ground, colour, 0.16), colour, 1.3)
    pen.text(x, y, sign, SMALL, colour, True, 0.5)
