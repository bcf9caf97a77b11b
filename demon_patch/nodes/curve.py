"""Curves drawn over the song."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from demon_patch.nodes.declare import refuse, resource
from demon_patch.nodes.ports import Out, option, points

MOST = 4096
LARGEST = 1e100  # of a number in a point


def draw(key: Any, frames: int, rate: float) -> np.ndarray:
    """The curve [frames] float32 of a drawn curve's key at `rate` frames a second.

    Before the first and after the last point it stays level. smooth: cubic Hermite with level ends and monotone
    tangents (Fritsch and Carlson 1980), so that it never leaves the span of its points.
    """
    _, unit, interpolation, drawn = key
    where, heights = np.asarray(drawn, dtype=np.float64).T
    at = np.arange(frames) / (frames if unit == "fraction" else rate)
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
