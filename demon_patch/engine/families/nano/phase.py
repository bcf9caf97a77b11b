"""Phase for coded magnitudes: a fixed number of fast Griffin-Lim steps from a start that depends on the frame alone.

Because the start phase is a function of the absolute frame number and every step reaches only a few frames far, a
window decoded with enough margin has the same samples as the same stretch of a whole decode.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from demon_patch.engine.families.nano.stft import BINS, HOP, STEPS_PER_FRAME, WINDOW, istft, stft

ITERATIONS = 8
"""Measured on composed sources: 8 iterations leave 1.64 dB of error in log bands (4: 1.74, 16: 1.55, 32: 1.49; most of
it is in the coded magnitudes) and reach 7 latent frames; 16 would double their cost and their reach."""

MOMENTUM = 0.99
"""Fast Griffin-Lim (Perraudin, Balazs and Sondergaard 2013, algorithm 2)."""

_WORD = 0xFFFFFFFF
_JITTER = 0.25  # turns


@cache
@torch.inference_mode(False)
def _advance() -> Tensor:
    """[STEPS_PER_FRAME, BINS] turns by which a bin's centre frequency has advanced within a latent frame."""
    step = torch.arange(STEPS_PER_FRAME)[:, None]
    return (step * torch.arange(BINS) * HOP % WINDOW).float() / WINDOW


def _hash(step: Tensor, bins: Tensor) -> Tensor:
    """A 32-bit integer hash of both numbers, as int64 in 0 .. 2**32 - 1 (the finaliser is of the murmur kind)."""
    x = (step * 0x9E3779B1 + bins * 0x85EBCA6B) & _WORD
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & _WORD
    x = ((x ^ (x >> 15)) * 0x846CA68B) & _WORD
    return x ^ (x >> 16)


def start_phase(frames: Tensor) -> Tensor:
    """Absolute latent frame numbers [n] (int64) -> radians [n * STEPS_PER_FRAME, BINS].

    Each bin advances at its centre frequency, scattered by up to a quarter turn per step and bin.
    """
    step = frames[:, None] * STEPS_PER_FRAME + torch.arange(STEPS_PER_FRAME)
    scatter = _hash(step[..., None], torch.arange(BINS)).float() / (_WORD + 1.0)
    turns = _advance() + _JITTER * scatter
    return (2 * torch.pi * turns).view(-1, BINS)


def griffin_lim(magnitude: Tensor, start: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """Magnitudes and start phase [n, BINS] -> samples [n * HOP] whose transform has about those magnitudes."""
    magnitude = magnitude[None]
    spectrum = torch.polar(magnitude, start[None])
    previous: Tensor | None = None
    for _ in range(iterations):
        consistent = stft(istft(spectrum))
        leap = consistent
        if previous is not None:
            leap = torch.sub(consistent, previous, out=previous).mul_(MOMENTUM).add_(consistent)
        spectrum = leap * (magnitude / _length(leap).add_(1e-9))
        previous = consistent
    return istft(spectrum)[0]


def _length(spectrum: Tensor) -> Tensor:
    """The absolute values of complex numbers of ordinary size, several times faster than by a guarded hypotenuse."""
    squares = torch.view_as_real(spectrum).square()
    return torch.add(squares[..., 0], squares[..., 1]).sqrt_()
