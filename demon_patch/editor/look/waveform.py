"""A song's waveforms as one picture, which costs a hundredth of what drawing their strokes does. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.look.skin import Pixels

Colour = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Wave:
    """Peaks, 0 to 1 over the song, in a colour. every: pixels from one stroke to the next. wide: pixels of a stroke."""

    peaks: Array
    colour: Colour
    every: int = 1
    wide: int = 1


def picture(waves: Sequence[Wave], width: int, height: int) -> Pixels:
    """Returns waves on each other, the first at the back, symmetrical about the middle; clear elsewhere."""
    made = np.zeros((height, width, 4), np.float32)
    away = np.abs(np.arange(height) + 0.5 - height / 2)[:, None]
    columns = np.arange(width)
    for wave in waves:
        if not len(wave.peaks):
            continue
        count = max(width // wave.every, 1)
        loud = sampled(wave.peaks, count)
        half = 0.5 + (height / 2 - 2.0) * np.clip(loud, 0.0, 1.0) ** 1.5
        place = np.minimum(columns // wave.every, count - 1)
        alpha = np.clip(half[place][None, :] - away + 0.5, 0.0, 1.0) * (columns % wave.every < wave.wide)
        lay(made, alpha, wave.colour)
    return made


def sampled(values: Array, count: int) -> Array:
    """Returns so many numbers over the same stretch: the largest of each part, or those between where there are too
    few."""
    if len(values) < count:
        return np.interp(np.linspace(0, len(values) - 1, count), np.arange(len(values)), values)
    return np.maximum.reduceat(values, np.linspace(0, len(values), count, endpoint=False).astype(int))


def lay(under: Pixels, alpha: Array, colour: Colour) -> None:
    """Lays a colour over a picture, as much of it as `alpha` says, 0 to 1 by pixel."""
    over = (alpha * (colour[3] / 255.0)).astype(np.float32)[..., None]
    ink = np.array(colour[:3], np.float32) / 255.0
    kept = under[..., 3:] * (1.0 - over)
    total = over + kept
    under[..., :3] = (ink * over + under[..., :3] * kept) / np.maximum(total, 1e-6)
    under[..., 3:] = total
