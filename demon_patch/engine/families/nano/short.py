"""A short transform of 2.5 ms steps, in which a sound is shaped over time with little smear.

Shapes: steps of 2.5 ms (`Grid.gate` samples), bins of 100 Hz.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.grid import Grid


def split(audio: Tensor, grid: Grid) -> Tensor:
    """Returns the complex transform [steps, bins] of samples [steps * gate]: windows of two steps, padded to four."""
    gate = grid.gate
    frames = functional.pad(audio, (gate // 2, gate // 2)).unfold(0, 2 * gate, gate)
    return torch.fft.rfft(frames * _window(2 * gate), n=4 * gate)


def joined(spectrum: Tensor, grid: Grid) -> Tensor:
    """Returns samples [steps * gate] of a transform [steps, bins] whose windows were scaled, the inverse of `split`."""
    gate, steps = grid.gate, len(spectrum)
    shaped = torch.fft.irfft(spectrum, n=4 * gate)[:, : 2 * gate]
    total = shaped.new_zeros(steps + 1, gate)
    total[:-1] += shaped[:, :gate]
    total[1:] += shaped[:, gate:]
    return total.flatten()[gate // 2 : gate // 2 + steps * gate]


def spread(spectrum: Tensor, grid: Grid) -> Tensor:
    """Returns samples [steps * gate] as `joined` does, with what filters have moved out of a window, up to one step
    before and one step after it."""
    gate, steps = grid.gate, len(spectrum)
    shaped = torch.fft.irfft(spectrum, n=4 * gate).view(steps, 4, gate)
    total = shaped.new_zeros(steps + 3, gate)
    for part, place in enumerate((1, 2, 3, 0)):  # what is before the window stands at the end of the circle
        total[place : place + steps] += shaped[:, part]
    return total.flatten()[gate + gate // 2 : gate + gate // 2 + steps * gate]


@cache
@torch.inference_mode(False)
def _window(samples: int) -> Tensor:
    return torch.hann_window(samples)
