"""A random mastering chain, which brings rendered clips near to recordings. Loops stay loops."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.synth import RATE
from demon_patch.engine.families.nano.synth.effects import bins, filtered

_HOP = RATE // 100
_PEAK = 0.98
_SILENCE = 1e-5


def mastered(loop: Samples, draws: Draws, levels_only: bool) -> Samples:
    """Returns a loop [2, samples] at the level of a finished record, float32 within -1..1: an rms of 0.1 to 0.18 if the
    peaks allow it. Silence stays silent.

    levels_only: changes only the level. Otherwise a tilt, a low shelf, a compressor and a soft clipper are drawn at
        random, and for a third of the loops a low-pass.
    """
    if _rms(loop) < _SILENCE:
        return np.zeros_like(loop)
    if not levels_only:
        loop = _compressed(_coloured(loop, draws), draws)
        drive = draws.ratio(0.4, 2.5)
        loop = np.tanh(loop * np.float32(0.14 * drive / _rms(loop)))
    gain = min(draws.between(0.1, 0.18) / _rms(loop), _PEAK / float(np.abs(loop).max()))
    return (loop * np.float32(gain)).astype(np.float32)


def _rms(loop: Samples) -> float:
    return float(np.sqrt(np.square(loop, dtype=np.float64).mean()))


def _coloured(loop: Samples, draws: Draws) -> Samples:
    """Returns the loop [2, samples] with random filters: a tilt of -4.5 to 0.5 dB an octave above 300 Hz, a shelf of -3
    to 4 dB below 120 Hz, and for a third of the loops a low-pass."""
    octave = np.log2(np.maximum(bins(loop.shape[1]), 20.0))
    gain = draws.between(-4.5, 0.5) * draws.between(0.4, 1) * np.maximum(octave - np.log2(300), 0)
    gain = gain + draws.between(-3, 4) / (1 + np.exp(-2 * (np.log2(120) - octave)))
    if draws.chance(0.35):
        gain = gain - 24 * np.maximum(octave - np.log2(draws.ratio(5000, 14000)), 0)
    return filtered(loop, 10 ** (gain / 20))


def _compressed(loop: Samples, draws: Draws) -> Samples:
    """Returns the loop [2, samples] with its level over 110 ms pulled towards the mean level, by a random power of 0 to
    0.5."""
    power = np.square(loop).mean(0)
    power = power[: len(power) // _HOP * _HOP].reshape(-1, _HOP).mean(1)
    around = np.convolve(np.concatenate([power[-5:], power, power[:5]]), np.ones(11) / 11, "valid")
    level = np.sqrt(around) + 1e-3
    gain = (level.mean() / level) ** draws.between(0, 0.5)
    at = np.arange(loop.shape[1], dtype=np.float32) / _HOP - np.float32(0.5)
    return loop * np.interp(at, np.arange(len(gain)), gain, period=len(gain)).astype(np.float32)
