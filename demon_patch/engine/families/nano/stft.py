"""The codecs' time-frequency transform at 100 Hz, its inverse, and log-spaced bands.

Step i of the transform is centred on sample i * hop + hop / 2, so n steps are exactly n * hop samples. Every function
takes the `Grid` whose window, hop and bands it works with. Shapes: B batch, n steps of the transform (four to a latent
frame), bins and bands of the grid.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.grid import MONO, STEPS_PER_FRAME, Grid
from demon_patch.engine.sound.loudness import k_weight

__all__ = [
    "BANDS", "BINS", "HOP", "LOG_FLOOR", "LOG_MEAN", "LOG_SCALE", "STEPS_PER_FRAME", "WINDOW", "band_bank",
    "band_power", "band_to_bin", "from_log", "istft", "log_bands", "magnitudes", "real_and_imaginary", "stft", "to_log",
    "triangles", "windows",
]  # fmt: skip

HOP, WINDOW, BINS, BANDS = MONO.hop, MONO.window, MONO.bins, MONO.bands

LOG_FLOOR, LOG_MEAN, LOG_SCALE = 4e-4, -6.0, 1.8
"""Magnitudes are coded as (log(magnitude + LOG_FLOOR) - LOG_MEAN) / LOG_SCALE."""


def stft(audio: Tensor, grid: Grid = MONO, *, cyclic: bool = False) -> Tensor:
    """Returns the complex transform [B, n, bins] of samples [B, n * hop].

    Beyond the ends there is silence, or the other end of the sound if `cyclic`.
    """
    mode = "circular" if cyclic else "constant"
    padded = functional.pad(audio[:, None], (grid.edge, grid.edge), mode=mode)[:, 0]
    return torch.fft.rfft(padded.unfold(1, grid.window, grid.hop) * (_hann(grid.window) * _scale(grid)))


def windows(audio: Tensor, grid: Grid = MONO) -> Tensor:
    """Returns the windows [n, window] of samples [n * hop], which are taken as a loop."""
    padded = functional.pad(audio[None, None], (grid.edge, grid.edge), mode="circular")[0, 0]
    return padded.unfold(0, grid.window, grid.hop)


def magnitudes(cut: Tensor, grid: Grid = MONO) -> Tensor:
    """Returns the magnitudes [..., bins] of windows [..., window] (`real_and_imaginary`)."""
    real, imaginary = real_and_imaginary(cut, grid)
    return (real.square() + imaginary.square()).sqrt()


def real_and_imaginary(cut: Tensor, grid: Grid = MONO) -> tuple[Tensor, Tensor]:
    """Returns the real and the imaginary parts [..., bins] of windows [..., window]: those of `stft`, by one product
    with a matrix, which runs where there is no Fourier transform."""
    real, imaginary = (cut @ _fourier(grid)).chunk(2, -1)
    return real, imaginary


@cache
@torch.inference_mode(False)
def _fourier(grid: Grid) -> Tensor:
    """Returns the matrix [window, 2 * bins] of the transform: real parts, then imaginary parts."""
    shaped = torch.diag(_hann(grid.window).double() * _scale(grid))
    return torch.view_as_real(torch.fft.rfft(shaped)).permute(0, 2, 1).flatten(1).float().contiguous()


def istft(spectrum: Tensor, grid: Grid = MONO) -> Tensor:
    """Returns samples [B, n * hop] of a complex transform [B, n, bins]: the least-squares inverse of `stft` with
    silence beyond the ends."""
    steps = spectrum.shape[1]
    frames = torch.fft.irfft(spectrum, n=grid.window).mul_(_hann(grid.window) / _scale(grid))
    audio = _overlap_add(frames, grid).mul_(_inverse_envelope(steps, grid))
    return audio[:, grid.edge : grid.edge + steps * grid.hop]


def _overlap_add(frames: Tensor, grid: Grid) -> Tensor:
    batch, steps, _ = frames.shape
    overlap = grid.window // grid.hop
    parts = frames.view(batch, steps, overlap, grid.hop)
    total = frames.new_zeros(batch, steps + overlap - 1, grid.hop)
    for shift in range(overlap):
        total[:, shift : shift + steps] += parts[:, :, shift]
    return total.view(batch, -1)


def _scale(grid: Grid) -> float:
    return 2.0 / grid.window  # a full-scale sine reads about 0.5


@cache
@torch.inference_mode(False)
def _hann(window: int) -> Tensor:
    return torch.hann_window(window)


@cache
@torch.inference_mode(False)
def _inverse_envelope(steps: int, grid: Grid) -> Tensor:
    windows = (_hann(grid.window) ** 2).expand(1, steps, grid.window).contiguous()
    return 1.0 / _overlap_add(windows, grid).clamp_min(1e-3)


def to_log(magnitude: Tensor) -> Tensor:
    """Returns magnitudes (0 or more) on the coded logarithmic scale."""
    return ((magnitude + LOG_FLOOR).log() - LOG_MEAN) / LOG_SCALE


def from_log(coded: Tensor) -> Tensor:
    """Returns the magnitudes of numbers on the coded logarithmic scale, the inverse of `to_log`, never below 0."""
    return ((coded * LOG_SCALE + LOG_MEAN).exp() - LOG_FLOOR).clamp_min(0)


@cache
@torch.inference_mode(False)
def band_bank(grid: Grid = MONO) -> Tensor:
    """Returns the weights [bins, bands] of triangular bands, each of sum 1: the lower ones on single bins, then spaced
    by equal ratios."""
    spaced = np.geomspace(grid.linear_bands + 1, grid.highest_bin, grid.bands - grid.linear_bands + 1)[1:]
    return triangles(np.concatenate([np.arange(grid.linear_bands + 1), spaced])[: grid.bands], grid.bins)


def triangles(centres: np.ndarray, count: int) -> Tensor:
    """Returns the weights [count, bands] of bands that rise from one centre to the next and fall to the one after it,
    each of sum 1.

    centres: the bins, rising and not always whole, at which the bands are highest.
    """
    below = np.concatenate([[centres[0] - 1.0], centres[:-1]])
    above = np.concatenate([centres[1:], [count + 1.0]])
    bins = np.arange(count)[:, None]
    bank = np.clip(np.minimum((bins - below) / (centres - below), (above - bins) / (above - centres)), 0.0, 1.0)
    bank = bank.astype(np.float32)
    return torch.from_numpy(bank / np.maximum(bank.sum(0, keepdims=True), 1e-6))


@cache
@torch.inference_mode(False)
def band_to_bin(grid: Grid = MONO) -> Tensor:
    """Returns the weights [bands, bins] of linear interpolation between the bands' centres."""
    centres = (band_bank(grid) * torch.arange(grid.bins)[:, None]).sum(0).numpy()
    bins, unit = np.arange(grid.bins), np.eye(grid.bands)
    rows = [np.interp(bins, centres, unit[band]) for band in range(grid.bands)]
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def log_bands(audio: Tensor, grid: Grid = MONO, *, cyclic: bool = False) -> Tensor:
    """Returns the bands [B, n, bands] of samples [B, n * hop] on the coded logarithmic scale."""
    return to_log(stft(audio, grid, cyclic=cyclic).abs() @ band_bank(grid))


@cache
@torch.inference_mode(False)
def band_power(grid: Grid = MONO) -> Tensor:
    """Returns for each band [bands] the K-weighted power of a sound whose band has a magnitude of 1."""
    weight = torch.from_numpy(k_weight(np.arange(grid.bins) * grid.sample_rate / grid.window)).float()
    weight[0] = 0.0
    bins = weight * (2.0 / (grid.window * float(_hann(grid.window).square().sum()) * _scale(grid) ** 2))
    return band_to_bin(grid) @ bins
