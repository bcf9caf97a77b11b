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
    """Returns waves on each other, the first at the back, symmetrical about the middle; clear elsewhere. It is as wide
    as the whole strokes that `width` has room for."""
    every = max((wave.every for wave in waves), default=1)
    count, half = max(width // every, 1), (height + 1) // 2
    drawn = [wave for wave in waves if len(wave.peaks)]
    alphas = [_half(sampled(wave.peaks, count), half, height) for wave in drawn]
    made = np.zeros((height, count * every, 4), np.float32)
    columns: dict[tuple[int, ...], Pixels] = {}  # what lies on each other in them; most columns have the same
    for phase in range(every):
        shown = tuple(place for place, wave in enumerate(drawn) if phase % wave.every < wave.wide)
        if shown not in columns:
            columns[shown] = under = np.zeros((half, count, 4), np.float32)
            for place in shown:
                lay(under, alphas[place], drawn[place].colour)
        made[:half, phase::every] = columns[shown]
    made[half:] = made[: height - half][::-1]
    return made


def _half(loud: Array, rows: int, height: int) -> Array:
    """Returns how much the upper half of a wave covers of each pixel, [rows, columns]."""
    away = np.abs(np.arange(rows, dtype=np.float64) + 0.5 - height / 2)[:, None]
    reach = 0.5 + (height / 2 - 2.0) * np.clip(loud, 0.0, 1.0) ** 1.5
    return np.clip(reach[None, :] - away + 0.5, 0.0, 1.0)


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
