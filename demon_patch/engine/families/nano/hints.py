"""Structure hints: rhythm, harmony and loudness of a clip for each latent frame, with little of its sound colour.

They are computed by signal processing alone, so any audio file can be covered. The clip is a loop: windows that reach
over one end read the other. Channels of a latent frame: chroma (12, 160 to 2200 Hz), bass chroma (12, 40 to 160 Hz),
onsets in three bands at four moments each (12), loudness (1).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from demon_patch.engine.families.nano.spec import HINT_CHANNELS, SPEC

_FRAME = SPEC.samples_per_frame
_CHROMA_WINDOW = 8192
_ONSET_WINDOW, _ONSET_HOP = 1280, 320
_ONSETS = _FRAME // _ONSET_HOP
_ONSET_BANDS = ((30, 150), (180, 2500), (5000, 15500))
_CHUNK = 256  # frames transformed at a time, which bounds the memory


@cache
def _pitch_classes(low: float, high: float) -> np.ndarray:
    """Returns weights [bins, 12] that sum the notes between two frequencies in Hz into pitch classes, C first."""
    frequency = np.arange(_CHROMA_WINDOW // 2 + 1) * SPEC.sample_rate / _CHROMA_WINDOW
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


def _chroma(audio: np.ndarray) -> list[np.ndarray]:
    frames = _windows(audio, _CHROMA_WINDOW, _FRAME, (_CHROMA_WINDOW - _FRAME) // 2)
    hann = np.hanning(_CHROMA_WINDOW).astype(np.float32)
    folds = [_pitch_classes(160, 2200), _pitch_classes(40, 160)]
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


def _onsets(audio: np.ndarray) -> list[np.ndarray]:
    frames = _windows(audio, _ONSET_WINDOW, _ONSET_HOP, (_ONSET_WINDOW - _ONSET_HOP) // 2)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(_ONSET_WINDOW).astype(np.float32), axis=1))
    frequency = np.arange(spectrum.shape[1]) * SPEC.sample_rate / _ONSET_WINDOW
    found = []
    for low, high in _ONSET_BANDS:
        level = np.log(spectrum[:, (frequency >= low) & (frequency <= high)].mean(1) + 0.02)
        rise = np.maximum(level - np.roll(level, 1), 0)
        rise = rise / (np.quantile(rise, 0.985) + 0.1)
        found.append(np.minimum(rise, 1.5).reshape(-1, _ONSETS))
    return found


def structure_hints(audio: np.ndarray) -> np.ndarray:
    """Returns the structure hints of a loop, float32 [T, 37], for mono samples [T * 1280] at 32 kHz."""
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    loudness = np.log10(np.square(audio.reshape(-1, _FRAME)).mean(1) + 1e-5)
    parts = [*_chroma(audio), *_onsets(audio), ((loudness + 2) / 1.5)[:, None]]
    hints = np.concatenate(parts, axis=1).astype(np.float32)
    assert hints.shape[1] == HINT_CHANNELS
    return hints
