"""Textures: soft shadows, sheen, knob caps and glows, as arrays [height, width, 4] of 0 to 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]


def _distance(height: int, width: int, rect: tuple[float, float, float, float], rounding: float) -> NDArray[np.float64]:
    """Returns each pixel's distance to a rounded rectangle, negative inside."""
    left, top, right, bottom = rect
    y, x = np.mgrid[0:height, 0:width] + 0.5
    dx = np.abs(x - (left + right) / 2) - ((right - left) / 2 - rounding)
    dy = np.abs(y - (top + bottom) / 2) - ((bottom - top) / 2 - rounding)
    return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - rounding


def _white(alpha: NDArray[np.floating]) -> Pixels:
    """Returns white pixels, to be tinted where they are drawn."""
    pixels = np.ones((*alpha.shape, 4), np.float32)
    pixels[..., 3] = np.clip(alpha, 0, 1)
    return pixels


def shadow(width: float, height: float, spread: float, rounding: float, scale: float = 0.25) -> Pixels:
    """Returns a soft shadow that reaches `spread` beyond a rounded rectangle, to be tinted. scale: pixels per unit."""
    columns, rows = (max(4, round((side + 2 * spread) * scale)) for side in (width, height))
    s = spread * scale
    d = _distance(rows, columns, (s, s, columns - s, rows - s), min(rounding * scale, (rows - 2 * s) / 2))
    wide = np.clip(1 - d / s, 0, 1)
    return _white(0.86 * wide**2.4 + 0.14 * np.clip(1 - d / (0.5 * s), 0, 1))


def sheen(width: float, height: float, rounding: float) -> Pixels:
    """Returns light that falls on the upper part of a box, brightest along its upper edge; to be tinted."""
    columns, rows = max(2, round(width)), max(2, round(height))
    inside = np.clip(0.5 - _distance(4 * rows, columns, (0, 0, columns, 4 * rows), rounding)[:rows], 0, 1)
    fall = np.linspace(1, 0, rows)[:, None] ** 1.6
    edge = np.zeros((rows, 1))
    edge[:2, 0] = 0.9, 0.3
    return _white(inside * (0.8 * fall + edge))


def basin(width: float, height: float, rounding: float) -> Pixels:
    """Returns the inner shadow of a sunk display: dark along its upper edge; to be tinted."""
    columns, rows = max(2, round(width)), max(2, round(height))
    d = -_distance(rows, columns, (0, 0, columns, rows), rounding)
    top = np.linspace(1, 0, rows)[:, None]
    return _white(np.clip(d + 0.5, 0, 1) * (np.exp(-np.maximum(d, 0) / 3.5) * (0.35 + 0.65 * top)))


def cap(size: int = 96) -> Pixels:
    """Returns the cap of a knob, lit from above, with a bright rim at its upper edge."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size * 2 - 1
    r = np.hypot(x, y)
    dome = 0.70 - 0.26 * y
    face = 0.80 - 0.20 * y
    light = np.where(r < 0.74, face, dome)
    light = light - 0.16 * np.exp(-(((r - 0.76) / 0.05) ** 2))
    rim = np.exp(-(((r - 0.92) / 0.06) ** 2)) * np.clip(0.3 - 0.7 * y, 0, 1)
    pixels = np.empty((size, size, 4), np.float32)
    pixels[..., :3] = np.clip(light + 0.45 * rim, 0, 1)[..., None]
    pixels[..., 3] = np.clip((0.97 - r) * size / 2 + 0.5, 0, 1)
    return pixels


def glow(size: int = 64) -> Pixels:
    """Returns a round glow, to be tinted: beads, gates and lamps."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size * 2 - 1
    return _white(np.clip(1 - np.hypot(x, y), 0, 1) ** 2)
