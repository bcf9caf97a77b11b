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
    """Returns the highest peak relative to the rms, in dB."""
    return 20 * float(np.log10(np.abs(audio).max() / np.sqrt(np.square(audio).mean() + _QUIET) + _QUIET))


def side_to_mid(audio: Samples) -> float:
    """Returns the power of the difference of the channels relative to that of their sum, in dB. audio: [2, samples]."""
    mid, side = audio[0] + audio[1], audio[0] - audio[1]
    return 10 * float(np.log10((np.square(side).mean() + _QUIET) / (np.square(mid).mean() + _QUIET)))


def above(audio: Samples, hertz: float) -> float:
    """Returns the energy above a frequency relative to all energy, in dB."""
    power = np.square(np.abs(np.fft.rfft(audio.mean(0))))
    edge = int(hertz * audio.shape[1] / RATE)
    return 10 * float(np.log10(power[edge:].sum() / (power.sum() + _QUIET) + _QUIET))


def statistics(audio: Samples) -> Array:
    """Returns statistics [120] of a clip at equal loudness: mean, spread and mean change over time of 40 bands from 40
    Hz to 10 kHz, in dB."""
    _, _, bins = stft(audio.mean(0), RATE, nperseg=4096, noverlap=2048, padded=False)
    power = np.square(np.abs(bins))
    edges = np.geomspace(_LOWEST, _HIGHEST, _BANDS + 1) * 4096 / RATE
    rows = np.maximum(np.round(edges).astype(int), 1)
    bands = np.stack([power[a : max(b, a + 1)].mean(0) for a, b in pairwise(rows)])
    level = 10 * np.log10(bands / (bands.sum(0).mean() + 1e-20) + 1e-6)
    return np.concatenate([level.mean(1), level.std(1), np.abs(np.diff(level, axis=1)).mean(1)])


def coverage(recordings: Array, renders: Array) -> tuple[float, float]:
    """Returns the share of recordings (0 to 1) that have a render near them, and the median distance of a recording to
    its nearest render.

    recordings, renders: `statistics` of each, [clips, 120]. They are scaled by their spread among the recordings and
        reduced to 16 principal axes. The unit of distance is the median distance of a recording to its nearest
        recording; near means within 1.5.
    """
    centre, scale = recordings.mean(0), recordings.std(0) + 1e-3
    real, made = (recordings - centre) / scale, (renders - centre) / scale
    axes = np.linalg.svd(real, full_matrices=False)[2][:_AXES].T
    real, made = real @ axes, made @ axes
    between = np.linalg.norm(real[:, None] - real[None], axis=-1)
    np.fill_diagonal(between, np.inf)
    nearest = np.linalg.norm(real[:, None] - made[None], axis=-1).min(1) / float(np.median(between.min(1)))
    return float((nearest <= _NEAR).mean()), float(np.median(nearest))
