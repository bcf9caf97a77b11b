"""Joins decoded windows into one continuous stream, without clicks and without dips in level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Samples

HALF_FADE_SECONDS = 0.01  # on either side of a seam: long enough not to click, short enough to be on the beat
GRAIN = 1 / 4  # share of a crossfade over which its level is measured
SMOOTH = 1 / 16  # share of a crossfade over which the correcting gain is averaged, twice
MOST = 3.0  # the greatest correcting gain; the least is its inverse
ROUNDS = 8  # passes that compute the correcting gain


def correlation(left: Samples, right: Samples) -> float:
    """Returns how alike two overlapping stretches are: 0 for unrelated or opposite sound, 1 for equal sound.

    left, right: samples [n, channels]. The result is the normalised cross-correlation at lag zero, limited to 0..1.
    """
    energy = float(np.sqrt(np.vdot(left, left) * np.vdot(right, right)))
    return min(max(float(np.vdot(left, right)) / energy, 0.0), 1.0) if energy > 1e-12 else 1.0


def fade_gains(samples: int, alike: float) -> tuple[Samples, Samples]:
    """Returns the gains [n] of the leaving and of the entering side of a crossfade, whose sum has a constant level.

    alike: how alike the sides are, 0 to 1 (`correlation`).

    The power of a*left + b*right is a^2 + b^2 + 2*alike*a*b for sides of power 1. The linear fade is divided by the
    root of it, which keeps the power at 1 (equal gain for alike = 1, equal power for alike = 0, and all between).
    """
    entering = (np.arange(samples, dtype=np.float64) + 0.5) / samples
    leaving = 1.0 - entering
    level = np.sqrt(leaving**2 + entering**2 + 2.0 * alike * leaving * entering)
    return (leaving / level).astype(np.float32), (entering / level).astype(np.float32)


class JoinedSound(NamedTuple):
    """A crossfade.

    sound: its samples [n, channels].
    alike: how alike its two sides are, 0 to 1 (`correlation`).
    """

    sound: Samples
    alike: float


def join(left: Samples, right: Samples) -> JoinedSound:
    """Returns the crossfade from `left` to `right`, each samples [n, channels], at a level between theirs.

    `fade_gains` keep the level on average. The sides may cancel or add up for a quarter of the fade, so that the sum
    would be weaker than the weaker side or louder than the louder one. A gain of 1/3 to 3 corrects this.
    """
    n, alike = len(left), correlation(left, right)
    leaving, entering = (gain[:, None] for gain in fade_gains(n, alike))
    mixed = left * leaving + right * entering
    sides = level(left), level(right)
    weaker, stronger = np.minimum(*sides), np.maximum(*sides)
    gain = np.ones(n)
    for _ in range(ROUNDS):
        found = level(mixed * gain[:, None])
        wanted = np.clip(found, weaker, stronger)
        if np.array_equal(wanted, found):
            break
        gain = np.clip(gain * np.sqrt((wanted + 1e-12) / (found + 1e-12)), 1.0 / MOST, MOST)
        gain = _mean(_mean(gain, SMOOTH), SMOOTH)
    return JoinedSound((mixed * gain[:, None]).astype(np.float32), alike)


def level(sound: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the power [n] of a crossfade [n, channels] around each of its samples, averaged over a quarter of its
    length."""
    return _mean((sound.astype(np.float64) ** 2).mean(axis=1), GRAIN)


def _mean(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Returns the mean [n] round each value, over a share of all n values; beyond the ends the first and last value
    repeat."""
    n, grain = len(values), max(round(len(values) * share), 1)
    sums = np.cumsum(np.pad(values, (grain // 2 + 1, grain - grain // 2), mode="edge"))
    return (sums[grain : grain + n] - sums[:n]) / grain


def dip(left: Samples, right: Samples, joined: Samples) -> float:
    """Returns by how many dB the level of a crossfade falls below the weaker of its sides at the worst place: 0 or
    less.

    All three are samples [n, channels].
    """
    weaker = np.minimum(level(left), level(right))
    heard = weaker > 1e-4 * max(float(np.max(weaker)), 1e-8)
    ratio = (level(joined)[heard] + 1e-12) / (weaker[heard] + 1e-12)
    return min(10.0 * float(np.log10(ratio.min())), 0.0) if heard.any() else 0.0


def click(left: Samples, right: Samples, joined: Samples) -> float:
    """Returns by how many dB a crossfade is more sudden than both of its sides, in peaks of the second difference.

    All three are samples [n, channels].
    """
    sides = max(float(np.abs(np.diff(side, 2, axis=0)).max(initial=0.0)) for side in (left, right))
    return 20.0 * float(np.log10((np.abs(np.diff(joined, 2, axis=0)).max(initial=0.0) + 1e-6) / (sides + 1e-6)))


def half_fade(rate: int) -> int:
    """Returns the number of samples at `rate` Hz over which a crossfade extends on either side of its seam."""
    return round(HALF_FADE_SECONDS * rate)


class SeamStream:
    """Joins windows that overlap by a crossfade at each seam into one continuous stream.

    Every block but the first begins `half` samples before its window, and every block ends `half` samples after its
    window. The crossfade is centred on the seam, so a change is heard where it was asked for.
    """

    def __init__(self, half: int) -> None:
        self.half = half
        self._tail: Samples | None = None

    def push(self, block: Samples) -> Samples:
        """Takes a block [half + n + half, channels] and returns the next n samples; n - half samples for the first
        block.

        The leading half of the first block is dropped: the stream begins where its window begins.
        """
        half = self.half
        if self._tail is None:
            out = block[half : len(block) - 2 * half]
        else:
            joined = join(self._tail, block[: 2 * half]).sound
            out = np.concatenate([joined, block[2 * half : len(block) - 2 * half]])
        self._tail = block[len(block) - 2 * half :]
        return out
