"""Measures how alike and how loud two sounds are, by algorithms that the engine does not use."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import lfilter

from demon_patch.arrays import Array

Sound = NDArray[np.floating]

CHROMA_RATE = 11_025
CHROMA_LOW, OCTAVES = 55.0, 6  # Hz of the lowest tone
CYCLES = 17.0  # of a tone under a filter: a semitone wide
CHROMA_HOP = 441  # 40 ms


def chroma(audio: Sound, rate: int) -> Array:
    """Returns the constant-Q chroma [frames, 12] of a loop [samples, channels], 25 frames a second, each frame of unit
    length."""
    mono = soxr.resample(np.asarray(audio, np.float64).mean(axis=1), rate, CHROMA_RATE)
    n = len(mono)
    spectrum, hertz = np.fft.rfft(mono), np.fft.rfftfreq(n, 1.0 / CHROMA_RATE)
    found = np.zeros((len(mono[::CHROMA_HOP]), 12))
    for tone in range(12 * OCTAVES):
        centre = CHROMA_LOW * 2.0 ** (tone / 12.0)
        width = centre / CYCLES  # a Gaussian filter of positive frequencies alone: its output is the envelope
        lo, hi = np.searchsorted(hertz, [centre - 4 * width, centre + 4 * width])
        analytic = np.zeros(n, complex)
        analytic[lo:hi] = 2.0 * spectrum[lo:hi] * np.exp(-0.5 * ((hertz[lo:hi] - centre) / width) ** 2)
        found[:, tone % 12] += np.abs(np.fft.ifft(analytic))[::CHROMA_HOP]
    return found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-9)


def chroma_correlation(a: Sound, b: Sound, rate: int) -> float:
    """Returns the correlation of the chroma of two loops of equal length: 1 for equal ones, near 0 for unrelated
    ones."""
    return float(np.corrcoef(chroma(a, rate).ravel(), chroma(b, rate).ravel())[0, 1])


def integrated(audio: Sound, rate: int) -> float:
    """Returns the integrated loudness in LUFS, gated as in ITU-R BS.1770-5, of sound [samples, channels] at any sample
    rate."""
    power = _blocks(audio, rate, 0.4, 0.1)
    loud = power[power > 10 ** ((-70.0 + 0.691) / 10)]
    if not len(loud):
        return -70.0
    loud = loud[loud > 0.1 * loud.mean()]
    return -0.691 + 10.0 * float(np.log10(loud.mean()))


def short_term(audio: Sound, rate: int) -> Array:
    """Returns the short-term loudness in LUFS, over 3 s, ten numbers a second."""
    return -0.691 + 10.0 * np.log10(_blocks(audio, rate, 3.0, 0.1) + 1e-7)


def _blocks(audio: Sound, rate: int, seconds: float, step: float) -> Array:
    """Returns the K-weighted power of blocks of `seconds` that begin every `step` seconds, by the two filters that the
    recommendation gives for 48 kHz."""
    sound = np.asarray(audio, np.float64)
    sound = sound if rate == 48_000 else soxr.resample(sound, rate, 48_000)
    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
    high_pass = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
    for numerator, denominator in (shelf, high_pass):
        sound = np.asarray(lfilter(numerator, denominator, sound, axis=0))
    sums = np.concatenate([[0.0], np.cumsum((sound**2).sum(axis=1))])
    size = min(round(seconds * 48_000), len(sound))
    starts = np.arange(0, len(sound) - size + 1, round(step * 48_000))
    return (sums[starts + size] - sums[starts]) / size
