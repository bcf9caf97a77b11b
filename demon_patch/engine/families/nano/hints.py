"""Structure hints: rhythm, harmony and loudness of a clip for each latent frame, with little of its sound colour.

They are computed by signal processing alone, so any audio file can be covered. The clip is a loop: windows that reach
over one end read the other. Channels of a latent frame: chroma (12, 160 to 2200 Hz), bass chroma (12, 40 to 160 Hz),
onsets in three bands at four moments each (12), loudness (1).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from demon_patch.engine.families.nano.spec import HINT_CHANNELS, SPEC

CHROMA = slice(0, 24)
"""The channels of chroma and bass chroma, each from C on."""

_CHROMA_SECONDS, _ONSET_SECONDS = 0.256, 0.04
_ONSETS = 4
_ONSET_BANDS = ((30, 150), (180, 2500), (5000, 15500))
_CHUNK = 256  # frames transformed at a time, which bounds the memory


@cache
def _pitch_classes(low: float, high: float, rate: int) -> np.ndarray:
    """Returns weights [bins, 12] that sum the notes between two frequencies in Hz into pitch classes, C first."""
    window = round(_CHROMA_SECONDS * rate)
    frequency = np.arange(window // 2 + 1) * rate / window
    pitch = 69 + 12 * np.log2(np.maximum(frequency, 1e-3) / 440)
    weights = np.zeros((len(frequency), 12), np.float32)
    for note in range(20, 110):
        if low <= 440 * 2 ** ((note - 69) / 12) <= high:
            weights[:, note % 12] += np.exp(-0.5 * ((pitch - note) / 0.35) ** 2)
    return weights


def _windows(audio: np.ndarray, size: int, hop: int, before: int) -> np.ndarray:
    """Returns views [len(audio) / hop, size] of a loop; the first begins `before` samples ahead of the loop's start."""
    padded = np.pad(audio, (before, size), mode="wrap")
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][: len(audio) // hop]


def _chroma(audio: np.ndarray, rate: int) -> list[np.ndarray]:
    window, frame = round(_CHROMA_SECONDS * rate), rate // SPEC.frame_rate
    frames = _windows(audio, window, frame, (window - frame) // 2)
    hann = np.hanning(window).astype(np.float32)
    folds = [_pitch_classes(160, 2200, rate), _pitch_classes(40, 160, rate)]
    parts = []
    for start in range(0, len(frames), _CHUNK):
        spectrum = np.sqrt(np.abs(np.fft.rfft(frames[start : start + _CHUNK] * hann, axis=1)))
        parts.append([spectrum @ fold for fold in folds])
    found = []
    for part in zip(*parts, strict=True):
        chroma = np.concatenate(part)
        chroma = np.maximum(chroma - np.median(chroma, 1, keepdims=True), 0)
        found.append(chroma / (chroma.max(1, keepdims=True) + 0.03 * chroma.max() + 1e-6))
    return found


def _onsets(audio: np.ndarray, rate: int) -> list[np.ndarray]:
    window, hop = round(_ONSET_SECONDS * rate), rate // SPEC.frame_rate // _ONSETS
    frames = _windows(audio, window, hop, (window - hop) // 2)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(window).astype(np.float32), axis=1))
    frequency = np.arange(spectrum.shape[1]) * rate / window
    found = []
    for low, high in _ONSET_BANDS:
        level = np.log(spectrum[:, (frequency >= low) & (frequency <= high)].mean(1) + 0.02)
        rise = np.maximum(level - np.roll(level, 1), 0)
        rise = rise / (np.quantile(rise, 0.985) + 0.1)
        found.append(np.minimum(rise, 1.5).reshape(-1, _ONSETS))
    return found


def structure_hints(audio: np.ndarray, rate: int = SPEC.sample_rate) -> np.ndarray:
    """Returns the structure hints of a loop, float32 [T, 37], for mono samples [T * rate / 25].

    rate: samples a second.
    """
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    loudness = np.log10(np.square(audio.reshape(-1, rate // SPEC.frame_rate)).mean(1) + 1e-5)
    parts = [*_chroma(audio, rate), *_onsets(audio, rate), ((loudness + 2) / 1.5)[:, None]]
    hints = np.concatenate(parts, axis=1).astype(np.float32)
    assert hints.shape[1] == HINT_CHANNELS
    return hints
