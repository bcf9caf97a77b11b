"""Measures what a codec does to attacks and partials: compares a decoded sound with its original, both mono at one
sample rate.

onset: steepness of the rise of levels over 6 ms at the original's attacks, decoded / original (1: as sharp).
contrast: by how many dB less steady partials stand out of their surroundings.
warble: by how many dB more the level of steady partials fluctuates.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from demon_patch.arrays import Array

ATTACK_BANDS = ((200.0, 1500.0), (1500.0, 6000.0), (6000.0, 15_000.0))
LEAST_RISE, DEEPEST = 9.0, 35.0  # dB of a rise, and below the loudest moment
TONES = (80.0, 5000.0)  # Hz
STANDS_OUT, LOUD = 15.0, 40.0  # dB above the surroundings, and below the loudest partial


def texture(original: NDArray[np.floating], decoded: NDArray[np.floating], rate: int) -> dict[str, float]:
    """Returns the three measures of this module by name.

    original, decoded: mono sound [samples] at `rate` Hz.
    """
    contrast, warble = _partials(original, decoded, rate)
    return {"onset": _onsets(original, decoded, rate), "contrast": contrast, "warble": warble}


def _spectra(sound: NDArray[np.floating], size: int, hop: int) -> Array:
    """Returns magnitudes [frames, bins] under a Hann window; a full-scale sine has about 0.5."""
    frames = sliding_window_view(np.pad(np.asarray(sound, np.float64), size // 2), size)[::hop]
    return np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) * (2.0 / size)


def _onsets(original: NDArray[np.floating], decoded: NDArray[np.floating], rate: int) -> float:
    size, hop = round(0.008 * rate), round(0.002 * rate)
    hertz = np.fft.rfftfreq(size, 1.0 / rate)
    powers = [_spectra(sound, size, hop) ** 2 for sound in (original, decoded)]
    ratios = []
    for lo, hi in ATTACK_BANDS:
        own, ours = (10 * np.log10(power[:, (hertz >= lo) & (hertz < hi)].sum(axis=1) + 1e-7) for power in powers)
        rise, rise_ours = own[3:] - own[:-3], ours[3:] - ours[:-3]
        found = (rise == maximum_filter1d(rise, 51)) & (rise > LEAST_RISE) & (own[3:] > own.max() - DEEPEST)
        best = maximum_filter1d(rise_ours, 17)
        ratios += [best[at] / rise[at] for at in np.flatnonzero(found) if 20 <= at < len(rise) - 20]
    return float(np.mean(ratios)) if ratios else float("nan")


def _partials(original: NDArray[np.floating], decoded: NDArray[np.floating], rate: int) -> tuple[float, float]:
    size, hop = round(0.17 * rate), round(0.02 * rate)
    own, ours = (20 * np.log10(_spectra(sound, size, hop) + 1e-6) for sound in (original, decoded))
    lo, hi = (int(hertz * size / rate) for hertz in TONES)
    beside = [*range(-12, -5), *range(6, 13)]

    def around(level: Array) -> Array:
        return np.median([level[:, lo + offset : hi + offset] for offset in beside], axis=0)

    level = own[:, lo:hi]
    peak = (level == maximum_filter1d(own, 9, axis=1)[:, lo:hi]) & (level - around(own) > STANDS_OUT)
    peak &= level > own[:, lo:hi].max(axis=1, keepdims=True) - LOUD
    near = maximum_filter1d(peak.astype(np.uint8), 3, axis=1).astype(bool)
    steady = peak.copy()
    for back in (1, 2):
        steady[back:] &= near[:-back]
    steady[:2] = False
    at, bins = np.nonzero(steady)
    if len(at) < 10:
        return float("nan"), float("nan")
    best = maximum_filter1d(ours, 3, axis=1)[at, bins + lo]
    lost = (level - around(own))[at, bins] - (best - around(ours)[at, bins])
    weight = 10 ** (level[at, bins] / 40)

    def wobble(sound: Array) -> Array:
        return np.std([sound[at - back, bins + lo] for back in (0, 1, 2)], axis=0, ddof=1)

    return float(lost.mean()), float(np.average(wobble(ours) - wobble(own), weights=weight))
