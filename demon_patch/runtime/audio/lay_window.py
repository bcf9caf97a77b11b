"""Lays a decoded window into the song that is playing, so that no edge in it ever clicks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import click, dip, join


class Seam(NamedTuple):
    """The join at which a window begins: how `alike` its sides are, 0 to 1; by how many dB its level dips below the
    weaker side (0 or less), and how much more sudden it is than the more sudden one."""

    alike: float
    dip: float
    click: float


def hold(ceilings: Samples, held: int, stretch: range, decibels: float, lo: int, hi: int) -> None:
    """Sets the limiter's ceiling of the song samples `stretch`, cyclic in the region [lo, hi), where each value of
    `ceilings` counts for `held` samples."""
    at = np.asarray(stretch[::held] if len(stretch) else stretch)
    ceilings[(lo + (np.append(at, stretch[-1:]) - lo) % (hi - lo)) // held] = decibels


def lay(song: Samples, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None) -> Seam:
    """Writes `block` over the song from `position - half` on; returns what its join is like.

    song: [samples, channels], changed in place. block: [half + n + 3 * half, channels], the new sound of the window
    [position, position + n), `half` samples before it and three halves after it. The join is centred on the window's
    start: over 2 * half samples what is there fades into the block. `half` samples past the window's end the block
    still stands alone, which is the left side of the next window's join; over the 2 * half after that it fades into
    what is there. All is cyclic in the region [lo, hi), by default the whole song: what runs past hi goes on at lo, and
    the join of a window at lo begins before hi. Raises ValueError for a position outside the region or a block that is
    too short for its edges or longer than the region.
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
