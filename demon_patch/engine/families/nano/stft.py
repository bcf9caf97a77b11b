"""The codec's time-frequency grid: a 100 Hz short-time Fourier transform, its inverse, and log-spaced bands.

Step i of the transform is centred on sample i * HOP + HOP / 2, so n steps are exactly n * HOP samples. Shapes: B batch,
n steps of the transform (four to a latent frame), BINS frequency bins, BANDS bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.sound.loudness import k_weight

HOP = 320
WINDOW = 1280
BINS = WINDOW // 2 + 1
BANDS = 160
STEPS_PER_FRAME = 4
"""Steps of the transform in one latent frame."""

_LINEAR_BANDS = 64
_OVERLAP = WINDOW // HOP
_EDGE = (WINDOW - HOP) // 2
_SCALE = 2.0 / WINDOW  # a full-scale sine reads about 0.5

LOG_FLOOR, LOG_MEAN, LOG_SCALE = 4e-4, -6.0, 1.8
"""Magnitudes are coded as (log(magnitude + LOG_FLOOR) - LOG_MEAN) / LOG_SCALE."""

_HANN = torch.hann_window(WINDOW)


def stft(audio: Tensor, *, cyclic: bool = False) -> Tensor:
    """Returns the complex transform [B, n, BINS] of samples [B, n * HOP].

    Beyond the ends there is silence, or the other end of the sound if `cyclic`.
    """
    mode = "circular" if cyclic else "constant"
    padded = functional.pad(audio[:, None], (_EDGE, _EDGE), mode=mode)[:, 0]
    return torch.fft.rfft(padded.unfold(1, WINDOW, HOP) * (_HANN * _SCALE))


def istft(spectrum: Tensor) -> Tensor:
    """Returns samples [B, n * HOP] of a complex transform [B, n, BINS]: the least-squares inverse of `stft` with
    silence beyond the ends."""
    steps = spectrum.shape[1]
    audio = _overlap_add(torch.fft.irfft(spectrum, n=WINDOW).mul_(_HANN / _SCALE)).mul_(_inverse_envelope(steps))
    return audio[:, _EDGE : _EDGE + steps * HOP]


def _overlap_add(frames: Tensor) -> Tensor:
    batch, steps, _ = frames.shape
    parts = frames.view(batch, steps, _OVERLAP, HOP)
    total = frames.new_zeros(batch, steps + _OVERLAP - 1, HOP)
    for shift in range(_OVERLAP):
        total[:, shift : shift + steps] += parts[:, :, shift]
    return total.view(batch, -1)


@cache
@torch.inference_mode(False)
def _inverse_envelope(steps: int) -> Tensor:
    windows = (_HANN**2).expand(1, steps, WINDOW).contiguous()
    return 1.0 / _overlap_add(windows).clamp_min(1e-3)


def to_log(magnitude: Tensor) -> Tensor:
    """Returns magnitudes (0 or more) on the coded logarithmic scale."""
    return ((magnitude + LOG_FLOOR).log() - LOG_MEAN) / LOG_SCALE


def from_log(coded: Tensor) -> Tensor:
    """Returns the magnitudes of numbers on the coded logarithmic scale, the inverse of `to_log`, never below 0."""
    return ((coded * LOG_SCALE + LOG_MEAN).exp() - LOG_FLOOR).clamp_min(0)


@cache
@torch.inference_mode(False)
def band_bank() -> Tensor:
    """Returns the weights [BINS, BANDS] of triangular bands, each of sum 1: 64 on single bins, then spaced by equal
    ratios."""
    spaced = np.geomspace(_LINEAR_BANDS + 1, BINS - 1, BANDS - _LINEAR_BANDS + 1)[1:]
    centres = np.concatenate([np.arange(_LINEAR_BANDS + 1), spaced])[:BANDS]
    below = np.concatenate([[-1.0], centres[:-1]])
    above = np.concatenate([centres[1:], [BINS + 1.0]])
    bins = np.arange(BINS)[:, None]
    bank = np.clip(np.minimum((bins - below) / (centres - below), (above - bins) / (above - centres)), 0.0, 1.0)
    bank = bank.astype(np.float32)
    return torch.from_numpy(bank / np.maximum(bank.sum(0, keepdims=True), 1e-6))


@cache
@torch.inference_mode(False)
def band_to_bin() -> Tensor:
    """Returns the weights [BANDS, BINS] of linear interpolation between the bands' centres."""
    bank = band_bank()
    centres = (bank * torch.arange(BINS)[:, None]).sum(0).numpy()
    bins, unit = np.arange(BINS), np.eye(BANDS)
    rows = [np.interp(bins, centres, unit[band]) for band in range(BANDS)]
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def log_bands(audio: Tensor, *, cyclic: bool = False) -> Tensor:
    """Returns the bands [B, n, BANDS] of samples [B, n * HOP] on the coded logarithmic scale."""
    return to_log(stft(audio, cyclic=cyclic).abs() @ band_bank())


@cache
@torch.inference_mode(False)
def band_power() -> Tensor:
    """Returns for each band [BANDS] the K-weighted power of a sound whose band has a magnitude of 1."""
    weight = torch.from_numpy(k_weight(np.arange(BINS) * SPEC.sample_rate / WINDOW)).float()
    weight[0] = 0.0
    bins = weight * (2.0 / (WINDOW * float(_HANN.square().sum()) * _SCALE**2))
    return band_to_bin() @ bins
