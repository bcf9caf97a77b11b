"""The key of a clip, by its chroma: the strength of the twelve pitch classes is compared with the profiles of all keys.

The profiles are the ratings of Krumhansl and Kessler (1982).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_WINDOW, _LOW, _HIGH = 8192, 55.0, 2000.0
_SURE = 0.5  # correlation below which no key is named


def key_of(audio: NDArray[np.float32], rate: int) -> str | None:
    """Returns the key of sound [samples, channels], as in "A minor"; None where none stands out.

    rate: samples per second.
    """
    mono = audio.mean(1)
    if len(mono) < _WINDOW:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[:: _WINDOW // 2]
    power = np.zeros(_WINDOW // 2 + 1)
    for at in range(0, len(frames), 64):
        power += np.sqrt(np.abs(np.fft.rfft(frames[at : at + 64] * np.hanning(_WINDOW), axis=1))).sum(0)
    frequency = np.arange(len(power)) * rate / _WINDOW
    heard = (frequency > _LOW) & (frequency < _HIGH)
    note = np.round(12 * np.log2(frequency[heard] / 440)).astype(int) + 9
    power = np.maximum(power[heard] - np.median(power[heard]), 0)
    chroma = np.bincount(note % 12, power, 12)
    if not chroma.any() or np.ptp(chroma) == 0:
        return None
    fits = [
        (float(np.corrcoef(np.roll(profile, root), chroma)[0, 1]), f"{NAMES[root]} {scale}")
        for profile, scale in ((_MAJOR, "major"), (_MINOR, "minor"))
        for root in range(12)
    ]
    best, name = max(fits)
    return name if best >= _SURE else None
