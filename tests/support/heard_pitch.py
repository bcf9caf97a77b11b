"""The pitch at which a steady sound repeats."""

from __future__ import annotations

import numpy as np

RATE = 48_000


def semitones_off(sound: np.ndarray, key: int) -> float:
    """Semitones from a MIDI key to the pitch of a sound ([n], 48 kHz): of its shortest period, within 28 semitones.

    The period is the first peak of the autocorrelation that reaches 88 % of its highest.
    """
    wanted = 440 * 2 ** ((key - 69) / 12)
    still = sound - sound.mean()
    count = len(still)
    power = np.square(np.abs(np.fft.rfft(still, 2 * count)))
    likeness = np.fft.irfft(power)[:count] / np.maximum(1 - np.arange(count) / count, 0.1)
    shortest, longest = int(RATE / (wanted * 5)), int(RATE / (wanted / 5))
    part = likeness[shortest:longest]
    high = 0.88 * part.max()
    peaks = [n for n in range(1, len(part) - 1) if part[n] > part[n - 1] and part[n] >= part[n + 1] and part[n] > high]
    return 12 * float(np.log2(RATE / (shortest + peaks[0]) / wanted))
