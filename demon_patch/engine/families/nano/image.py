"""The stereo image of a sound: how its side (half the difference of the channels) comes from its mid (half their sum).

In each of 16 bands and each latent frame, `follow` is the signed share of the mid that the side repeats (1: all on the
left, -1: all on the right), and `rest` is the level of what else the side has, as a share of the mid's. Both are coded
as numbers of about unit size, 32 of them in a latent frame. Shapes: n latent frames, steps of the short transform.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.grid import STEPS_PER_FRAME, STEREO, Grid
from demon_patch.engine.families.nano.stft import triangles

BANDS = 16
NUMBERS = 2 * BANDS
"""Numbers of the stereo image of a latent frame."""

_QUIET = 4e-8  # mean power of a band below which its image fades to the middle
_MOST_FOLLOW, _MOST_REST = 1.5, 2.0
_FLOOR, _MEAN, _SCALE = 0.03, -2.0, 0.8  # `rest` is coded as (log(rest + floor) - mean) / scale
_FOLLOW_SCALE = 0.5
_MONO, _WIDE = 0.045, 0.11  # shares of the mid up to which, and from which on, the side is silent, and whole
_TURN_HZ = 400.0  # bins within so many Hz turn the same way


def encoded(mid: Tensor, side: Tensor, grid: Grid = STEREO) -> Tensor:
    """Returns the coded image [B, n, 32] of the transforms of mid and side [B, 4n, bins]."""
    return of_powers(mid.abs().square(), side.abs().square(), (side * mid.conj()).real, grid)


def of_powers(mid: Tensor, side: Tensor, both: Tensor, grid: Grid = STEREO) -> Tensor:
    """Returns the coded image [B, n, 32] of the powers of mid and side, and of the real part of the side times the
    conjugate of the mid, each [B, 4n, bins]."""
    bank = _bank(grid.bins, grid.bin_hz)

    def power(product: Tensor) -> Tensor:
        return (product @ bank).unflatten(1, (-1, STEPS_PER_FRAME)).mean(2)

    middle = power(mid) + _QUIET
    follow = (power(both) / middle).clamp(-_MOST_FOLLOW, _MOST_FOLLOW)
    beside = power(side) - follow.square() * middle
    rest = (beside.clamp_min(0.0) / middle).sqrt().clamp_max(_MOST_REST)
    return torch.cat([follow / _FOLLOW_SCALE, ((rest + _FLOOR).log() - _MEAN) / _SCALE], -1)


def audible(mid: Tensor, grid: Grid = STEREO) -> Tensor:
    """Returns how much each band's image matters [B, n, 16], 0.05 to 1, for magnitudes of the mid [B, 4n, bins]."""
    power = (mid.square() @ _bank(grid.bins, grid.bin_hz)).unflatten(1, (-1, STEPS_PER_FRAME)).mean(2)
    return (power / (power + _QUIET)).clamp_min(0.05)


def shares(coded: Tensor) -> tuple[Tensor, Tensor]:
    """Returns `follow` and `rest` [..., 16] of a coded image [..., 32]; what is nearly mono is mono."""
    follow, rest = coded.split(BANDS, -1)
    follow = (follow * _FOLLOW_SCALE).clamp(-_MOST_FOLLOW, _MOST_FOLLOW)
    rest = ((rest * _SCALE + _MEAN).exp() - _FLOOR).clamp(0.0, _MOST_REST)
    share = (follow.square() + rest.square()).sqrt()
    kept = ((share - _MONO) / (_WIDE - _MONO)).clamp(0.0, 1.0)
    return follow * kept, rest * kept


def power_share(coded: Tensor, grid: Grid = STEREO) -> Tensor:
    """Returns the power of the side as a share of the mid's, for each band of the grid [..., bands], of a coded image
    [..., 32]."""
    follow, rest = shares(coded)
    return (follow.square() + rest.square()) @ _to_bands(grid)


def filters(coded: Tensor, grid: Grid = STEREO) -> Tensor:
    """Returns the complex gains [steps, bins of the short transform] that make the side from the mid, of a coded image
    [n, 32].

    What the side has beside the mid is the mid turned by a quarter, this way or that by frequency: so the channels stay
    as loud as each other.
    """
    follow, rest = shares(coded)
    steps = STEPS_PER_FRAME * grid.hop // grid.gate
    both = functional.interpolate(
        torch.stack([follow, rest]).transpose(1, 2), scale_factor=float(steps), mode="linear"
    ).transpose(1, 2)
    straight, turned = both @ _to_short(grid)
    return torch.complex(straight, turned * _turns(grid))


@cache
@torch.inference_mode(False)
def _bank(bins: int, hertz: float) -> Tensor:
    """Returns the weights [bins, 16] of the image's bands, equal ratios apart from 100 Hz to 20 kHz."""
    return triangles(np.geomspace(100.0, 20_000.0, BANDS) / hertz, bins)


def _interpolation(places: np.ndarray) -> Tensor:
    """Returns the weights [16, places] with which bands give their numbers to places in Hz."""
    centres, unit = np.log(np.geomspace(100.0, 20_000.0, BANDS)), np.eye(BANDS)
    rows = [np.interp(np.log(np.maximum(places, 1.0)), centres, row) for row in unit]
    return torch.from_numpy(np.stack(rows).astype(np.float32))


@cache
@torch.inference_mode(False)
def _to_short(grid: Grid) -> Tensor:
    return _interpolation(np.arange(2 * grid.gate + 1) * grid.sample_rate / (4 * grid.gate))


@cache
@torch.inference_mode(False)
def _to_bands(grid: Grid) -> Tensor:
    spaced = np.geomspace(grid.linear_bands + 1, grid.highest_bin, grid.bands - grid.linear_bands + 1)[1:]
    places = np.concatenate([np.arange(grid.linear_bands + 1), spaced])[: grid.bands]
    return _interpolation(places * grid.bin_hz)


@cache
@torch.inference_mode(False)
def _turns(grid: Grid) -> Tensor:
    """Returns 1 or -1 for each bin of the short transform: the way in which it is turned."""
    group = (np.arange(2 * grid.gate + 1) * grid.sample_rate / (4 * grid.gate) / _TURN_HZ).astype(np.int64)
    word = (group * 0x9E3779B1 + 0x7F4A7C15) & 0xFFFFFFFF
    word = ((word ^ (word >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    return torch.from_numpy(np.where((word >> 15) & 1, 1.0, -1.0).astype(np.float32))
