"""What the transcriber sees of a sound: pitch bands of a long and of a middling window, and log bands of a short one.

Pitch bands lie a third of a semitone apart. Shapes: B batch, n latent frames of 40 ms.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

RATE, FRAME = 48_000, 1920
LOWEST, KEYS, THIRDS = 16, 112, 3
"""MIDI key of the lowest pitch bands, keys that have any, and bands of a key."""

WINDOWS = (16_384, 6144)
"""Samples of the windows of pitch bands: 341 ms, which tells bass notes apart, and 128 ms."""

SHORT, SHORT_HOP, SHORT_BANDS = 1024, 480, 48
"""Samples of the window and the step of the log bands, and how many they are."""

MOMENTS = FRAME // SHORT_HOP
_LEVEL = 0.1  # rms that every sound is brought to
_QUIET = 1e-4
_CHUNK = 256  # frames transformed at a time, which bounds the memory


def features(audio: Tensor, *, cyclic: bool = False) -> tuple[Tensor, Tensor]:
    """Returns pitch bands [B, 2, n, KEYS * THIRDS] of both windows, and log bands [B, n * MOMENTS, SHORT_BANDS], of
    mono sound [B, n * FRAME] at 48 kHz.

    Beyond the ends there is silence, or the other end of the sound if `cyclic`. The loudness of the whole is taken out.
    """
    level = audio.square().mean(1, keepdim=True).sqrt()
    audio = audio * (_LEVEL / level.clamp_min(_QUIET))
    pitches = [
        torch.cat([_scaled(part @ _pitch_bank(size)) for part in _magnitudes(audio, size, FRAME, cyclic)], 1)
        for size in WINDOWS
    ]
    short = [_scaled(part @ _short_bank()) for part in _magnitudes(audio, SHORT, SHORT_HOP, cyclic)]
    return torch.stack(pitches, 1), torch.cat(short, 1)


def _scaled(magnitude: Tensor) -> Tensor:
    return ((magnitude + 2e-5).log() + 8.0) * 0.4


def _magnitudes(audio: Tensor, size: int, hop: int, cyclic: bool) -> list[Tensor]:
    """Returns the magnitudes [B, up to _CHUNK, bins] of windows round the middle of each step."""
    before = (size - hop) // 2
    if cyclic and before < audio.shape[1]:
        padded = functional.pad(audio[:, None], (before, size - hop - before), mode="circular")[:, 0]
    else:
        padded = functional.pad(audio, (before, size - hop - before))
    frames = padded.unfold(1, size, hop)
    window = torch.hann_window(size) * (2 / size)
    return [torch.fft.rfft(part * window).abs() for part in frames.split(_CHUNK, 1)]


@cache
@torch.inference_mode(False)
def _pitch_bank(size: int) -> Tensor:
    """Returns weights [bins, KEYS * THIRDS] of bands a third of a semitone wide, or two bins where these are wider."""
    key = LOWEST + (np.arange(KEYS * THIRDS) - 1) / THIRDS
    hertz = 440 * 2 ** ((key - 69) / 12)
    bins = np.arange(size // 2 + 1) * RATE / size
    width = np.maximum(hertz * (2 ** (0.6 / 36) - 1), 0.5 * RATE / size)
    bank = np.exp(-0.5 * ((bins[:, None] - hertz) / width) ** 2)
    return torch.from_numpy((bank / np.maximum(bank.sum(0), 1e-6)).astype(np.float32))


@cache
@torch.inference_mode(False)
def _short_bank() -> Tensor:
    """Returns weights [bins, SHORT_BANDS] of bands by equal ratios from 30 Hz to 20 kHz."""
    edges = np.geomspace(30.0, 20_000.0, SHORT_BANDS + 2)
    bins = np.arange(SHORT // 2 + 1) * RATE / SHORT
    width = np.maximum(np.diff(edges)[1:], RATE / SHORT)
    bank = np.clip(1 - np.abs(bins[:, None] - edges[1:-1]) / width, 0, 1)
    return torch.from_numpy((bank / np.maximum(bank.sum(0), 1e-6)).astype(np.float32))
