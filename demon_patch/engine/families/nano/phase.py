"""Finds phases for coded magnitudes and turns them into sound.

Partials stay steady, attacks sound at the moment when they rise, and two Griffin-Lim steps find the rest. Frequencies
are the peaks of the magnitudes. At every anchor, each `Grid.anchor`-th step of the transform, counted from the song's
start, the phase of a frequency depends on time alone; in between it follows the frequency. Nothing jumps, and a steady
tone is exactly steady. Every result depends on a few neighbouring steps and on step numbers of the song only. A window
decoded with enough margin therefore has the same samples as the same stretch of a whole decode. Shapes: n steps, bins
of the grid; a step is 10 ms.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.attacks import Attacks
from demon_patch.engine.families.nano.grid import MONO, Grid
from demon_patch.engine.families.nano.stft import istft, stft

ITERATIONS = 2
"""Griffin-Lim steps. Measured: with a good start, fewer steps are better for tone and attack, because each step pulls
the sound toward what the coded magnitudes blur (`demon-patch bench codec`)."""

MOMENTUM = 0.99
"""Momentum of fast Griffin-Lim (Perraudin, Balazs and Sondergaard 2013, algorithm 2)."""

ANCHOR = MONO.anchor

_BIN_HZ = 25.0  # of every grid
_STEP_SECONDS = 0.01
_QUANTUM = 0.5  # Hz, to which frequencies are rounded: a small error leaves the phase at an anchor unchanged
_SPREAD = 2e-4  # turns per Hz squared: gives each frequency its own origin of time, else all were in phase at time 0
_LOBE = 3  # bins on either side of a peak that move with it
_STILL_HZ, _PIN_TOP = 9.0, 6000.0


def sound(magnitude: Tensor, steps: Tensor, grid: Grid = MONO) -> Tensor:
    """Returns samples [n * hop] for magnitudes [n, bins].

    steps: int64 [n], the number of each step of the transform, counted from the song's start (see `anchored`).
    """
    audio, attacks = ungated(magnitude, steps, grid)
    return attacks.gated(audio)


def ungated(magnitude: Tensor, steps: Tensor, grid: Grid = MONO) -> tuple[Tensor, Attacks]:
    """Returns samples [n * hop] as `sound` does, before attacks are gated, and the attacks."""
    hertz = frequencies(magnitude)
    attacks = Attacks(magnitude, grid)
    phase = attacks.aligned(anchored(hertz, steps, grid.anchor))
    return griffin_lim(magnitude, phase, steady(magnitude, hertz, grid), ITERATIONS, grid), attacks


def frequencies(magnitude: Tensor) -> Tensor:
    """Returns the frequency of each bin in Hz [n, bins], for magnitudes [n, bins].

    It is the frequency of the nearest peak at most 3 bins away, read from a parabola through the log magnitudes. A bin
    without such a peak has its own centre frequency.
    """
    level = (magnitude + 1e-5).log()
    left, mid, right = level[:, :-2], level[:, 1:-1], level[:, 2:]
    peak = (mid >= left) & (mid > right)
    offset = (0.5 * (left - right) / (left - 2 * mid + right).clamp(max=-1e-4)).clamp(-0.5, 0.5)
    bins = _bins(magnitude.shape[1])
    found = functional.pad(bins[1:-1] + offset, (1, 1))
    marks = functional.pad(peak, (1, 1))
    # A peak's frequency travels outward bin by bin, so that the nearest peak wins, the lower of two equally near ones.
    taken, own = marks.clone(), torch.where(marks, found, bins)
    for _ in range(_LOBE):
        up, down = functional.pad(taken[:, :-1], (1, 0)), functional.pad(taken[:, 1:], (0, 1))
        below, above = functional.pad(own[:, :-1], (1, 0)), functional.pad(own[:, 1:], (0, 1))
        own = torch.where(taken, own, torch.where(up, below, torch.where(down, above, own)))
        taken = taken | up | down
    return own * _BIN_HZ


def anchored(hertz: Tensor, steps: Tensor, spacing: int = ANCHOR) -> Tensor:
    """Returns the phase of each bin in radians [n, bins], as the transform sees it, for frequencies in Hz [n, bins].

    steps: int64 [n], the number of each step, counted from the song's start. They rise by one; only at the song's seam
    they begin again at 0.

    At an anchor, a step whose number is a multiple of `spacing`, the phase is that of a tone that has always sounded.
    Between two anchors the frequencies are summed, and the phase that the sum lacks at the second anchor is spread
    evenly.
    """
    n, first, last = len(hertz), int(steps[0]), int(steps[-1])
    before, after = first % spacing, spacing - last % spacing
    hertz = torch.cat([hertz[:1].expand(before, -1), hertz, hertz[-1:].expand(after, -1)])
    steps = torch.cat([torch.arange(first - before, first), steps, torch.arange(last + 1, last + 1 + after)])
    anchors = torch.nonzero(steps % spacing == 0)[:, 0]
    base = _absolute(hertz[anchors], steps[anchors])
    sums = functional.pad((0.5 * _STEP_SECONDS) * (hertz[1:] + hertz[:-1]).double(), (0, 0, 1, 0)).cumsum(0)  # turns
    at = torch.arange(before, before + n)
    left = torch.searchsorted(anchors, at, right=True) - 1
    start, stop = anchors[:-1], anchors[1:]
    missing = base[1:] - base[:-1] - (sums[stop] - sums[start])
    slope = (missing - missing.round()) / (stop - start)[:, None]
    turns = base[left] + (sums[at] - sums[start][left]) + slope[left] * (at - start[left])[:, None]
    return (2 * torch.pi) * (turns - turns.floor()).float() - torch.pi * (_bins(hertz.shape[1]) % 2)


def _absolute(hertz: Tensor, steps: Tensor) -> Tensor:
    """Returns the phase in turns [m, bins] that tones of frequencies in Hz [m, bins] have at steps [m] of the song."""
    tone = (hertz.double() / _QUANTUM).round() * _QUANTUM
    return tone * ((steps.double() + 0.5) * _STEP_SECONDS)[:, None] + 0.5 * _SPREAD * tone * tone


def steady(magnitude: Tensor, hertz: Tensor, grid: Grid = MONO) -> Tensor:
    """Returns whether each bin belongs to a partial that stands out and hardly moves, bool [n, bins]."""
    top = int(_PIN_TOP / _BIN_HZ)
    near = (hertz[:, :top] - _bins(top) * _BIN_HZ).abs() <= grid.pin_hz
    level = 20 * (magnitude[:, : top + 7] + 1e-5).log10()
    around = functional.avg_pool1d(level[None], 13, 1, 6, count_include_pad=False)[0, :, :top]
    peak = functional.max_pool1d(level[None], 5, 1, 2)[0, :, :top]
    still = (hertz[1:, :top] - hertz[:-1, :top]).abs() <= _STILL_HZ
    both = functional.pad(still, (0, 0, 1, 0), value=True) & functional.pad(still, (0, 0, 0, 1), value=True)
    return functional.pad(near & both & (peak - around > grid.pin_db), (0, magnitude.shape[1] - top))


def griffin_lim(magnitude: Tensor, phase: Tensor, keep: Tensor, iterations: int, grid: Grid) -> Tensor:
    """Returns samples [n * hop] whose transform has about these magnitudes [n, bins].

    phase: where the search starts, in radians [n, bins].
    keep: bool [n, bins], the bins that hold their start phase.
    """
    magnitude, keep = magnitude[None], keep[None]
    fixed = torch.polar(magnitude, phase[None])
    spectrum, previous = fixed, None
    for _ in range(iterations):
        consistent = stft(istft(spectrum, grid), grid)
        leap = consistent
        if previous is not None:
            leap = torch.sub(consistent, previous, out=previous).mul_(MOMENTUM).add_(consistent)
        spectrum = torch.where(keep, fixed, leap * (magnitude / _length(leap).add_(1e-9)))
        previous = consistent
    return istft(spectrum, grid)[0]


def _length(spectrum: Tensor) -> Tensor:
    """Returns the absolute values of complex numbers of ordinary size, much faster than a guarded hypotenuse."""
    squares = torch.view_as_real(spectrum).square()
    return torch.add(squares[..., 0], squares[..., 1]).sqrt_()


@cache
@torch.inference_mode(False)
def _bins(count: int) -> Tensor:
    return torch.arange(count, dtype=torch.float32)
