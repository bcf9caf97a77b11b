"""What a journey hears: passes of the song as pictures of their spectrum, that can be compared wherever they begin."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import correlate, stft

HOP = 0.05  # seconds
SHIFTS = 5
"""Pictures of one pass, each a part of a hop later: a recording begins anywhere, and two pictures of one sound that are
half a hop apart are .76 alike; a tenth of a hop apart, .98."""
BANDS = 24
PIECE = 10  # hops
REACH = 0.03  # seconds
LOWEST, HIGHEST = 60.0, 10_000.0


@dataclass(frozen=True)
class Pass:
    """One pass of the song. pictures: decibels [SHIFTS, bands, hops] over its quietest 60. level: dBFS."""

    pictures: NDArray[np.float64]
    level: float

    def like(self, other: Pass) -> float:
        """How alike two passes are, -1 to 1: each half second of one is held against every place of the other, and the
        mean of the best is told, the lesser one of both ways. So a stumble of the card, which shifts what follows,
        counts little."""
        return min(self._found_in(other), other._found_in(self))

    def _found_in(self, other: Pass) -> float:
        mine, theirs = (each.pictures - each.pictures.mean(axis=2, keepdims=True) for each in (self, other))
        theirs = np.concatenate([theirs, theirs[:, :, : PIECE - 1]], axis=2)
        places = np.lib.stride_tricks.sliding_window_view(theirs, PIECE, axis=2)
        found = places.transpose(0, 2, 1, 3).reshape(-1, BANDS * PIECE)
        found = found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-12)
        best = []
        for start in range(0, mine.shape[2] - PIECE + 1, PIECE):
            piece = mine[0, :, start : start + PIECE].ravel()
            best.append(float((found @ piece).max() / (np.linalg.norm(piece) + 1e-12)))
        return float(np.mean(best))


def passes(file: Path, seconds: float, count: int = 1) -> list[Pass]:
    """Returns the first passes of a recording."""
    sound, rate = soundfile.read(file, always_2d=True)
    mono, length = sound.mean(axis=1), round(seconds * rate)
    assert len(mono) >= count * length, f"{len(mono) / rate:.1f} s were recorded"
    return [made(mono[n * length : (n + 1) * length], rate) for n in range(count)]


def made(mono: NDArray[np.float64], rate: int) -> Pass:
    """Returns a pass from its samples. What is before a shift is heard at the end: a pass is a loop."""
    hop = round(HOP * rate)
    pictures = [_picture(np.roll(mono, -shift * hop // SHIFTS), rate, hop) for shift in range(SHIFTS)]
    level = 10 * np.log10(float(np.mean(mono**2)) + 1e-12)
    return Pass(np.stack(pictures), level)


def _picture(mono: NDArray[np.float64], rate: int, hop: int) -> NDArray[np.float64]:
    frequencies, _, found = stft(mono, rate, nperseg=2 * hop, noverlap=hop, padded=False)
    edges = np.geomspace(LOWEST, HIGHEST, BANDS + 1)
    power = np.abs(found) ** 2
    rows = [power[(frequencies >= lo) & (frequencies < hi)].sum(axis=0) for lo, hi in pairwise(edges)]
    decibels = 10 * np.log10(np.array(rows) + 1e-12)
    return np.maximum(decibels, decibels.max() - 60.0)


def longest_silence(file: Path) -> float:
    """Returns the longest stretch of a recording, in seconds, in which all samples are exactly zero."""
    sound, rate = soundfile.read(file, always_2d=True, dtype="int16")
    silent = np.concatenate([[False], (sound == 0).all(axis=1), [False]])
    edges = np.flatnonzero(np.diff(silent.astype(np.int8)))
    stretches = edges[1::2] - edges[::2]
    return float(stretches.max() / rate) if len(stretches) else 0.0


def repeats(file: Path, seconds: float) -> float:
    """Returns how far a recording equals itself some seconds later, -1 to 1: the mean over its half seconds, each held
    against all places within REACH of there. So a stumble of the card counts little."""
    sound, rate = soundfile.read(file, always_2d=True)
    mono, lag, reach, piece = sound.mean(axis=1), round(seconds * rate), round(REACH * rate), rate // 2
    found = []
    for start in range(reach, len(mono) - lag - piece - reach, piece):
        mine = mono[start : start + piece]
        later = mono[start + lag - reach : start + lag + piece + reach]
        sums = np.concatenate([[0.0], np.cumsum(later**2)])
        power = sums[piece:] - sums[:-piece]
        alike = correlate(later, mine, "valid") / np.sqrt(power * np.sum(mine**2) + 1e-12)
        found.append(float(alike.max()))
    return float(np.mean(found))
