"""The oscillator reads wavetables by cutoff and phase, so a moving resonant low-pass filter costs one table lookup."""

from __future__ import annotations

from functools import cache

import numpy as np

from demon_patch.engine.families.nano.spec import SPEC

SAMPLE_RATE = SPEC.sample_rate
_PHASES, _LEVELS, _HARMONICS = 2048, 48, 160
_LOWEST, _HIGHEST = -1.0, 7.2  # octaves of the cutoff above the fundamental


def _spectrum(wave: str) -> np.ndarray:
    """Returns the amplitudes [160] of the harmonics 1 to 160 of a waveform before the filter."""
    h = np.arange(1, _HARMONICS + 1)
    odd = h % 2 == 1
    waves = {
        "saw": 1.0 / h,
        "square": np.where(odd, 1.0 / h, 0.0),
        "triangle": np.where(odd, 1.0 / h**2, 0.0),
        "pulse": np.abs(np.sin(np.pi * h * 0.25)) / h,
        "organ": np.where(np.isin(h, (1, 2, 3, 4, 6, 8)), 0.6 / np.sqrt(h), 0.0),
        "electric piano": np.where(np.isin(h, (1, 2, 4, 7)), 1.0 / h**1.3, 0.0),
        "bell": np.where(np.isin(h, (1, 3, 6, 10, 15)), 1.0 / h**0.9, 0.0),
    }
    return waves[wave]


@cache
def wavetable(wave: str, resonance: float) -> np.ndarray:
    """Returns one turn of a waveform behind a four-pole low-pass, for each cutoff: [48 cutoff levels, 2048 phases].

    The levels are spaced evenly from 1 octave below the fundamental to 7.2 above. The filter has a resonant peak at its
    cutoff, whose height is `resonance`.
    """
    harmonic = np.arange(1, _HARMONICS + 1)[None]
    level = np.linspace(_LOWEST, _HIGHEST, _LEVELS)[:, None]
    gain = 1.0 / np.sqrt(1 + (harmonic / 2.0**level) ** 8)
    gain = gain * (1 + resonance * np.exp(-0.5 * ((np.log2(harmonic) - level) / 0.25) ** 2))
    phase = 2 * np.pi * np.arange(_PHASES) / _PHASES
    sines = np.sin(harmonic.T * phase).astype(np.float32)
    return (_spectrum(wave) * gain).astype(np.float32) @ sines


def phases(frequency: np.ndarray) -> np.ndarray:
    """Returns the phase in turns after each sample of a frequency in Hz [samples].

    The phase is scaled a little, so that the loop ends on a whole number of turns, at least one.
    """
    phase = np.cumsum(frequency, dtype=np.float64) / SAMPLE_RATE
    total = phase[-1]
    return phase * (max(round(total), 1) / total)


def oscillator(table: np.ndarray, frequency: np.ndarray, cutoff: np.ndarray, phase: float = 0.0) -> np.ndarray:
    """Returns the samples of a wavetable that is played as a loop.

    frequency, cutoff: in Hz for every sample [samples]. phase: at the start, in turns.
    """
    at = phases(frequency) + phase
    column = ((at - np.floor(at)) * _PHASES).astype(np.int32) & (_PHASES - 1)
    octaves = np.log2(np.minimum(cutoff, SAMPLE_RATE * 0.47) / frequency)
    level = np.clip((octaves - _LOWEST) * ((_LEVELS - 1) / (_HIGHEST - _LOWEST)), 0, _LEVELS - 1.001)
    row = level.astype(np.int32)
    fraction = (level - row).astype(np.float32)
    flat, index = table.ravel(), row * _PHASES + column
    low = flat.take(index)
    return low + fraction * (flat.take(index + _PHASES) - low)
