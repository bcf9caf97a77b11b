"""What renders are like beside recordings: peaks, width, brightness, and how many recordings a set covers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.signal import stft

from demon_patch.arrays import Array, Samples
from demon_patch.engine.families.nano.synth import RATE

_BANDS, _LOWEST, _HIGHEST = 40, 40.0, 10_000.0
_AXES = 16
_NEAR = 1.5
_QUIET = 1e-9


def crest(audio: Samples) -> float:
    """dB of the highest peak over the rms."""
    return 20 * float(np.log10(np.abs(audio).max() / np.sqrt(np.square(audio).mean() + _QUIET) + _QUIET))


def side_to_mid(audio: Samples) -> float:
    """dB of half the difference of the channels, of half their sum."""
    mid, side = audio[0] + audio[1], audio[0] - audio[1]
    return 10 * float(np.log10((np.square(side).mean() + _QUIET) / (np.square(mid).mean() + _QUIET)))


def above(audio: Samples, hertz: float) -> float:
    """dB of the energy above a frequency, of the whole."""
    power = np.square(np.abs(np.fft.rfft(audio.mean(0))))
    edge = int(hertz * audio.shape[1] / RATE)
    return 10 * float(np.log10(power[edge:].sum() / (power.sum() + _QUIET) + _QUIET))


def statistics(audio: Samples) -> Array:
    """[120] of a clip at equal loudness: mean, spread and restlessness of 40 bands from 40 Hz to 10 kHz, in dB."""
    _, _, bins = stft(audio.mean(0), RATE, nperseg=4096, noverlap=2048, padded=False)
    power = np.square(np.abs(bins))
    edges = np.geomspace(_LOWEST, _HIGHEST, _BANDS + 1) * 4096 / RATE
    rows = np.maximum(np.round(edges).astype(int), 1)
    bands = np.stack([power[a : max(b, a + 1)].mean(0) for a, b in pairwise(rows)])
    level = 10 * np.log10(bands / (bands.sum(0).mean() + 1e-20) + 1e-6)
    return np.concatenate([level.mean(1), level.std(1), np.abs(np.diff(level, axis=1)).mean(1)])


def coverage(recordings: Array, renders: Array) -> tuple[float, float]:
    """The share of recordings with a render near them, and how far the nearest render of a recording is on the median.

    recordings, renders: [clips, 120], `statistics` of each. Statistics are scaled by their spread among the recordings
    and seen on their 16 principal axes; the unit is the median distance of a recording to its nearest neighbour among
    the recordings, and near is within 1.5 of it.
    """
    centre, scale = recordings.mean(0), recordings.std(0) + 1e-3
    real, made = (recordings - centre) / scale, (renders - centre) / scale
    axes = np.linalg.svd(real, full_matrices=False)[2][:_AXES].T
    real, made = real @ axes, made @ axes
    between = np.linalg.norm(real[:, None] - real[None], axis=-1)
    np.fill_diagonal(between, np.inf)
    nearest = np.linalg.norm(real[:, None] - made[None], axis=-1).min(1) / float(np.median(between.min(1)))
    return float((nearest <= _NEAR).mean()), float(np.median(nearest))
