"""Writes a decoded window into the song that is playing, with a crossfade at each of its edges, so that none clicks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import click, dip, join


class Seam(NamedTuple):
    """Measures of the seam at the start of a window.

    alike: how alike its two sides are, 0 to 1.
    dip: by how many dB its level is below the weaker side, 0 or less.
    click: by how many dB it is more sudden than the more sudden side.
    """

    alike: float
    dip: float
    click: float


def set_ceilings(ceilings: Samples, held: int, stretch: range, decibels: float, lo: int, hi: int) -> None:
    """Sets the limiter's ceiling of the song samples in `stretch` to `decibels`, in dBFS.

    ceilings: changed in place; dBFS, one number for each `held` samples of the song.
    lo, hi: the region [lo, hi) of the song, in samples, in which `stretch` is cyclic. Both are multiples of `held`.
    """
    at = np.asarray(stretch[::held] if len(stretch) else stretch)
    ceilings[(lo + (np.append(at, stretch[-1:]) - lo) % (hi - lo)) // held] = decibels


def lay(song: Samples, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None) -> Seam:
    """Writes the window `block` over the song from sample `position - half` on; returns the measures of the seam at its
    start.

    song: [samples, channels], changed in place.
    block: [half + n + 3 * half, channels]: `half` samples before the window [position, position + n), the window, and 3
    * half samples after it.
    lo, hi: the region in which all is cyclic, by default the whole song. Samples past hi go on at lo; the seam of a
    window at lo begins before hi.

    The seam is centred on the window's start: over 2 * half samples the old sound fades into the block. For `half`
    samples past the window's end the block is heard alone, which is the left side of the next window's seam. Over the
    last 2 * half samples the block fades into the old sound.

    Raises ValueError for a position outside the region, and for a block that is too short for its edges or longer than
    the region.
    """
    hi = len(song) if hi is None else hi
    frames = len(block)
    if not 0 <= lo <= position < hi <= len(song):
        raise ValueError(f"position {position} is not in the region [{lo}, {hi}) of a song of {len(song)} samples")
    if not (half >= 1 and 4 * half < frames <= hi - lo):
        raise ValueError(f"a block of {frames} samples with edges of {half} does not fit a region of {hi - lo}")
    where = lo + (position - half - lo + np.arange(frames)) % (hi - lo)
    head, tail = slice(0, 2 * half), slice(frames - 2 * half, frames)
    new = block.astype(np.float32)
    before = song[where[head]]
    joined = join(before, block[head])
    new[head] = joined.sound
    new[tail] = join(block[tail], song[where[tail]]).sound
    song[where] = new
    return Seam(joined.alike, dip(before, block[head], joined.sound), click(before, block[head], joined.sound))
