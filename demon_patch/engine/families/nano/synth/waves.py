"""Wavetables by cutoff and phase, at 48 kHz: a moving resonant low-pass filter costs one table lookup."""

from __future__ import annotations

from functools import cache

import numpy as np

from demon_patch.arrays import Samples

RATE = 48_000
_PHASES, _LEVELS, _HARMONICS = 2048, 48, 160
_LOWEST, _HIGHEST = -1.0, 7.2  # octaves of the cutoff above the fundamental


def _spectrum(wave: str) -> np.ndarray:
    """Returns the amplitudes [160] of the harmonics 1 to 160 of a waveform before the filter."""
    h = np.arange(1, _HARMONICS + 1)
    odd = h % 2 == 1

    def drawbars(*wanted: tuple[int, float]) -> np.ndarray:
        amplitudes = dict(wanted)
        return np.array([amplitudes.get(int(n), 0.0) for n in h])

    waves = {
        "sine": drawbars((1, 1.0)),
        "saw": 1.0 / h,
        "square": np.where(odd, 1.0 / h, 0.0),
        "triangle": np.where(odd, 1.0 / h**2, 0.0),
        "pulse": np.abs(np.sin(np.pi * h * 0.25)) / h,
        "thin": np.abs(np.sin(np.pi * h * 0.1)) / h,
        "organ": drawbars((1, 0.6), (2, 0.5), (3, 0.4), (4, 0.3), (6, 0.15), (8, 0.2)),
        "piano": np.exp(-h / 7.0) / np.sqrt(h) + 0.02 / h,
        "guitar": np.abs(np.sin(np.pi * h / 5.3)) / h**1.1,
        "nylon": np.abs(np.sin(np.pi * h / 3.4)) / h**1.6,
        "reed": np.where(odd, 1.0, 0.25) / h**1.1,
        "brass": np.exp(-(((np.log2(h) - 1.2) / 1.6) ** 2)),
        "strings": 1.0 / h**1.1 * (1 + 0.6 * np.cos(h * 1.7)),
        "voice": 1.0 / h * (np.exp(-(((h - 3) / 1.5) ** 2)) + 0.35 * np.exp(-(((h - 9) / 3) ** 2)) + 0.1),
        "flute": drawbars((1, 1.0), (2, 0.35), (3, 0.12), (4, 0.05), (5, 0.02)),
    }
    return waves[wave]


@cache
def wavetable(wave: str, resonance: float) -> Samples:
    """Returns one turn of a waveform behind a four-pole low-pass, for each cutoff: [48 cutoff levels, 2048 phases].

    The levels are spaced evenly from 1 octave below the fundamental to 7.2 above. The filter has a resonant peak at its
    cutoff, whose height is `resonance`.
    """
    harmonic = np.arange(1, _HARMONICS + 1)[None]
    level = np.linspace(_LOWEST, _HIGHEST, _LEVELS)[:, None]
    gain = 1.0 / np.sqrt(1 + (harmonic / 2.0**level) ** 8)
    gain = gain * (1 + resonance * np.exp(-0.5 * ((np.log2(harmonic) - level) / 0.25) ** 2))
    turns = (np.arange(_PHASES) / _PHASES)[None] * harmonic.T + _offsets(wave)
    return (_spectrum(wave) * gain).astype(np.float32) @ np.sin(2 * np.pi * turns).astype(np.float32)


def _offsets(wave: str) -> np.ndarray:
    """Returns the start phases of the harmonics, in turns [160, 1]: spread for strings, voice, brass, piano and organ,
    else 0."""
    spread = wave in ("strings", "voice", "brass", "piano", "organ")
    h = np.arange(_HARMONICS)[:, None]
    return (h * h * 0.381966) % 1.0 if spread else np.zeros((_HARMONICS, 1))


def turns_of(frequency: np.ndarray) -> np.ndarray:
    """Returns the phase in turns [n], from 0 at the first sample, for a frequency in Hz at every sample [n]."""
    phase = np.cumsum(frequency, dtype=np.float64)
    return (phase - phase[0]) / RATE


def read_wave(table: Samples, turns: np.ndarray, octaves: np.ndarray) -> Samples:
    """Returns the samples [n] of a wavetable at phases in turns [n].

    octaves: the cutoff in octaves above the fundamental [n].
    """
    column = ((turns - np.floor(turns)) * _PHASES).astype(np.int32) & (_PHASES - 1)
    level = np.clip((octaves - _LOWEST) * ((_LEVELS - 1) / (_HIGHEST - _LOWEST)), 0, _LEVELS - 1.001)
    level = level.astype(np.float32)
    row = level.astype(np.int32)
    flat, index = table.ravel(), row * _PHASES + column
    low = flat.take(index)
    sound = low + (level - row).astype(np.float32) * (flat.take(index + _PHASES) - low)
    return sound.astype(np.float32, copy=False)
