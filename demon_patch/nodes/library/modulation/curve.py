"""Curves over the song: drawn, and made of others.

What needs a frame's neighbours (shift, smooth) is a table made before it is played, from tables; what does not (mask,
blend) is computed frame by frame, so that all of it can be modulated.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import clamp, inf
from demon_patch.nodes.language.declare import node, refuse, resource
from demon_patch.nodes.language.ports import Out, curve, like, option, points, value

MOST = 4096
_LARGEST = float(np.finfo(np.float32).max)
LONGEST = 600.0
NARROW = 1e-6  # frames within which there is nothing to smooth
LARGEST = 1e100  # of a number in a point


def frames_in(length: float, unit: str, frames: int, rate: float, bpm: float) -> float:
    """A length in s, beats, or as a fraction of the song, in frames."""
    return length * {"s": rate, "beats": rate * 60.0 / bpm, "fraction": frames}[unit]


def draw(key: Any, frames: int, rate: float, bpm: float = 120.0, inputs: Sequence[Array] = ()) -> np.ndarray:
    """The curve [frames] float32 of a drawn curve's key at `rate` frames a second.

    Before the first and after the last point it stays level. smooth: cubic Hermite with level ends and monotone
    tangents (Fritsch and Carlson 1980), so that it never leaves the span of its points.
    """
    _, unit, interpolation, drawn = key
    where, heights = np.asarray(drawn, dtype=np.float64).T
    heights = np.clip(heights, -_LARGEST, _LARGEST)
    at = np.arange(frames) / frames_in(1.0, unit, frames, rate, bpm)
    if interpolation == "step":
        i = np.maximum(np.searchsorted(where, at, side="right") - 1, 0)
        return heights[i].astype(np.float32)
    if interpolation == "linear" or len(where) < 3:
        return np.interp(at, where, heights).astype(np.float32)
    return _smooth(at, where, heights).astype(np.float32)


def tangents_of(where: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """The slope at each of two or more points: level at the ends and turns, else the harmonic mean of both sides."""
    slopes = np.diff(heights) / np.diff(where)
    left, right = slopes[:-1], slopes[1:]
    same = left * right > 0
    harmonic = 2 * left * right / np.where(same, left + right, 1.0)
    return np.concatenate([[0.0], np.where(same, harmonic, 0.0), [0.0]])


def read_points(points: Any, least: int = 1, bends: bool = False) -> tuple[tuple[float, ...], ...]:
    """Drawn points as they were drawn, as floats; with `bends` a third number may stand in each.

    Raises PatchError for fewer than `least` points, or for one that is not of the form.
    """
    if not isinstance(points, (list, tuple)) or not least <= len(points) <= MOST:
        raise refuse("the curve has too few points, or too many", "points", f"draw {least} to {MOST} points")
    form, lengths = ("[where, value, bend]", (2, 3)) if bends else ("[where, value]", (2,))
    drawn: list[tuple[float, ...]] = []
    for number, point in enumerate(points, 1):
        if not isinstance(point, (list, tuple)) or len(point) not in lengths or not all(map(_finite, point)):
            raise refuse(f"point {number} is not {form}", "points", "write finite numbers")
        drawn.append(tuple(map(float, point)))
        if number > 1 and drawn[-1][0] <= drawn[-2][0]:
            raise refuse(f"point {number} does not lie after point {number - 1}", "points", "sort them by where")
    return tuple(drawn)


def _smooth(at: np.ndarray, where: np.ndarray, heights: np.ndarray) -> np.ndarray:
    widths, tangents = np.diff(where), tangents_of(where, heights)
    at = np.clip(at, where[0], where[-1])
    i = np.clip(np.searchsorted(where, at, side="right") - 1, 0, len(widths) - 1)
    u = (at - where[i]) / widths[i]
    rise = u * u * (3 - 2 * u)
    start, end = tangents[i] * widths[i], tangents[i + 1] * widths[i]
    bend = start * u * (1 - u) ** 2 - end * u * u * (1 - u)
    return heights[i] * (1 - rise) + heights[i + 1] * rise + bend


@resource(
    "drawn_curve",
    "Drawn Curve",
    "Draws a movement along the song.",
    out=Out("curve", "curve", 0.0, 1.0, doc="The curve; 1 moves a port by the whole depth of its cable."),
    category="modulation",
    display="curve",
    tags=("automation", "breakpoints", "draw", "line", "timeline"),
    table=draw,
)
def drawn_curve(
    points: list[list[float]] = points(
        [[0.0, 0.0], [1.0, 1.0]], doc="[where, value] pairs, where rising; where in the unit below."
    ),
    unit: str = option("fraction", "fraction", "s", doc="Whether where is a share of the song, or its seconds."),
    interpolation: str = option("linear", "linear", "step", "smooth", doc="How the points are joined."),
) -> Hashable:
    """("curve", unit, interpolation, points)."""
    return ("curve", unit, interpolation, read_points(points))


def _finite(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and -LARGEST <= x <= LARGEST


def shifted(key: Any, frames: int, rate: float, bpm: float, inputs: Sequence[Array]) -> Array:
    """The curve [frames] moved later by the key's length, between two frames in a straight line."""
    _, _, by, unit, ends = key
    x, at = inputs[0], np.arange(frames) - frames_in(by, unit, frames, rate, bpm)
    if ends == "cyclic":
        round_trip: Array = np.append(x, x[0])
        return np.interp(at % frames, np.arange(frames + 1), round_trip)
    return np.interp(at, np.arange(frames), x)


@resource(
    "curve_shift",
    "Curve Shift",
    "Lets a movement along the song come later, or earlier.",
    out=Out("curve", "curve", like="curve", doc="The curve, moved."),
    category="modulation",
    display="curve",
    tags=("delay", "offset", "rotate", "automation", "time"),
    table=shifted,
)
def curve_shift(
    curve: float = curve(0, -inf, inf, doc="The curve; a drawn one, or one made of such."),
    by: float = value(1, -LONGEST, LONGEST, doc="How much later, in the unit below; below 0 earlier."),
    unit: str = option("s", "s", "beats", "fraction", doc="Seconds, beats of the song's tempo, or shares of the song."),
    ends: str = option("cyclic", "cyclic", "level", doc="What comes in: the other end, or the end's level."),
) -> Hashable:
    """("curve", "shift", by, unit, ends)."""
    return ("curve", "shift", float(by), unit, ends)


def smoothed(key: Any, frames: int, rate: float, bpm: float, inputs: Sequence[Array]) -> Array:
    """The curve [frames] under a kernel that adds up to 1: a box as wide as the key's length, whose ends count by the
    part of a frame that they cover, or a Gaussian whose standard deviation is half of it, cut at 4."""
    _, _, width, unit, shape, ends = key
    half = frames_in(width, unit, frames, rate, bpm) / 2
    if half < NARROW:
        return inputs[0]
    reach = math.ceil(half if shape == "average" else 4 * half)
    at = np.arange(-reach, reach + 1)
    box = np.clip(half + 0.5 - np.abs(at), 0.0, min(1.0, 2 * half))
    kernel = box if shape == "average" else np.exp(-0.5 * (at / half) ** 2)
    wide = np.pad(inputs[0], reach, mode="wrap" if ends == "cyclic" else "edge")
    return np.asarray(np.convolve(wide, kernel / kernel.sum(), "valid"), dtype=np.float64)


@resource(
    "curve_smooth",
    "Curve Smooth",
    "Takes the corners and jumps off a movement along the song.",
    out=Out("curve", "curve", like="curve", doc="The curve, smoothed to both sides of each frame."),
    category="modulation",
    display="curve",
    tags=("blur", "average", "gaussian", "lag", "automation"),
    table=smoothed,
)
def curve_smooth(
    curve: float = curve(0, -inf, inf, doc="The curve; a drawn one, or one made of such."),
    width: float = value(0.5, 0, 60, doc="How far it is spread, in the unit below; 0 leaves it as it is."),
    unit: str = option("s", "s", "beats", "fraction", doc="Seconds, beats of the song's tempo, or shares of the song."),
    shape: str = option("gaussian", "gaussian", "average", doc="A bell, or an even mean."),
    ends: str = option(
        "cyclic", "cyclic", "level", doc="What lies beyond the song: its other end, or the end's level."
    ),
) -> Hashable:
    """("curve", "smooth", width, unit, shape, ends)."""
    return ("curve", "smooth", float(width), unit, shape, ends)


def bump(key: Any, frames: int, rate: float, bpm: float, inputs: Sequence[Array] = ()) -> Array:
    """The curve [frames] of a window's key: 0, then a rise to 1 and a fall within its length, round the song's seam if
    need be. smooth: 3 u^2 - 2 u^3 of the straight one."""
    _, _, *lengths, unit, shape = key
    start, length, rise, fall = (frames_in(x, unit, frames, rate, bpm) for x in lengths)
    into = (np.arange(frames) - start + 1e-9) % frames
    inside = into < min(length, frames)
    up = np.clip(into / rise, 0, 1) if rise > 0 else np.ones(frames)
    down = np.clip((length - into) / fall, 0, 1) if fall > 0 else np.ones(frames)
    u = np.minimum(up, down) * inside
    return u * u * (3 - 2 * u) if shape == "smooth" else u


@resource(
    "curve_window",
    "Curve Window",
    "Opens for one stretch of the song.",
    out=Out("curve", "curve", 0.0, 1.0, doc="1 within the stretch, 0 outside it."),
    category="modulation",
    display="curve",
    tags=("bump", "section", "stretch", "region", "fade", "automation"),
    table=bump,
)
def curve_window(
    start: float = value(0, 0, LONGEST, doc="Where it begins, in the unit below."),
    length: float = value(4, 0, LONGEST, doc="How long it is, rise and fall within it."),
    rise: float = value(0, 0, LONGEST, doc="How long it takes to open."),
    fall: float = value(0, 0, LONGEST, doc="How long it takes to close."),
    unit: str = option("s", "s", "beats", "fraction", doc="Seconds, beats of the song's tempo, or shares of the song."),
    shape: str = option("linear", "linear", "smooth", doc="How it opens and closes."),
) -> Hashable:
    """("curve", "window", start, length, rise, fall, unit, shape)."""
    return ("curve", "window", float(start), float(length), float(rise), float(fall), unit, shape)


@node(
    "curve_mask",
    "Curve Mask",
    "Lets a movement through only where another is high.",
    out=like("a", doc="The first signal where the second is above the threshold, else the level."),
    category="modulation",
    display="threshold",
    tags=("gate", "threshold", "where", "select", "region"),
)
def curve_mask(
    t: Frame,
    a: float = curve(0, -inf, inf, doc="The signal that is let through."),
    b: float = curve(1, -inf, inf, doc="The signal that decides."),
    threshold: float = value(0.5, -inf, inf, doc="Above it a is let through."),
    level: float = value(0, -inf, inf, doc="What is heard in its place."),
    soft: float = value(0, 0, 10, doc="Width of the fade round the threshold; at 0 it switches."),
):
    """level + (a - level) * w; w is 1 where b > threshold, else 0; soft: clamp((b - threshold) / soft + 1/2, 0, 1)."""
    past = b - threshold
    w = clamp(past / max(soft, 1e-9) + 0.5, 0, 1) if soft > 0 else (1 if past > 0 else 0)
    return level + (a - level) * w


@node(
    "curve_blend",
    "Curve Blend",
    "Fades from one movement to another.",
    out=like("a", doc="Between the two, in the range and unit of the first."),
    category="modulation",
    display="shares",
    tags=("crossfade", "mix", "morph", "automation"),
)
def curve_blend(
    t: Frame,
    a: float = curve(0, -inf, inf, doc="The signal at 0."),
    b: float = curve(0, -inf, inf, doc="The signal at 1."),
    amount: float = curve(0.5, 0, 1, doc="How far from the first to the second."),
):
    """a + (b - a) * amount."""
    return a + (b - a) * amount
