"""What is heard in a mono sound: its pitch classes and its tempo."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter

from demon_patch.arrays import Array, Samples

_SIZE = 2048
_TEMPI = np.arange(60.0, 190.0, 0.5)
_BEATS = (0.5, 1, 2, 4)  # of a tempo, after which onsets have to agree
_TONAL_SECONDS = 0.34
_IN_TUNE = 0.35  # semitones
MIDDLE_C = 261.6256  # Hz


def _magnitudes(sound: Samples, hop: int) -> Array:
    """Magnitudes [frames, bins] under a Hann window; a full-scale sine has about 0.5."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(np.asarray(sound, np.float32), _SIZE // 2), _SIZE)[::hop]
    window = np.hanning(_SIZE).astype(np.float32)
    found = [np.abs(np.fft.rfft(frames[at : at + 512] * window, axis=1)) for at in range(0, len(frames), 512)]
    return np.concatenate(found) * (2.0 / _SIZE)


def pitch_classes(sound: Samples, rate: int) -> Array:
    """Returns how much of each pitch class, from C on, is heard among the partials of a mono sound: [12], its sum is 1
    (0 for a sound without partials)."""
    size, hop = round(_TONAL_SECONDS * rate), round(_TONAL_SECONDS * rate / 4)
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(sound, np.float32), size)[::hop]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1))[:, : round(1600 * size / rate)]
    level = 20 * np.log10(spectrum + 1e-6)
    stands_out = level > median_filter(level, (1, 61)) + 12
    frame, place = np.nonzero((level == maximum_filter1d(level, 5, axis=1)) & stands_out)
    inside = (place > 60 * size / rate) & (place < level.shape[1] - 2)
    frame, place = frame[inside], place[inside]
    before, at, after = (level[frame, place + by] for by in (-1, 0, 1))
    pitch = 12 * np.log2((place + 0.5 * (before - after) / (before - 2 * at + after)) * rate / size / MIDDLE_C)
    near = np.abs(pitch - np.round(pitch)) < _IN_TUNE
    classes = np.zeros(12)
    np.add.at(classes, np.round(pitch[near]).astype(int) % 12, np.sqrt(spectrum[frame, place])[near])
    return classes / (classes.sum() + 1e-9)


def tempo_heard(sound: Samples, rate: int) -> float:
    """Returns the tempo of a mono sound in beats a minute, 60 to 190: that at which onsets agree best with themselves
    half a beat and one, two and four beats later."""
    hop = rate // 100
    level = np.log(_magnitudes(sound, hop)[:, 2:] + 1e-4)
    onsets = np.maximum(np.diff(level, axis=0), 0).mean(1)
    onsets -= onsets.mean()
    spectrum = np.fft.rfft(onsets, 2 * len(onsets))
    alike = np.fft.irfft(np.square(np.abs(spectrum)))[: len(onsets)]
    periods = 6000.0 / _TEMPI
    lags = np.arange(len(alike))
    found = sum(np.interp(periods * beat, lags, alike) for beat in _BEATS)
    return float(_TEMPI[int(np.argmax(found))])
