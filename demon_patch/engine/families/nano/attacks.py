"""Finds attacks in coded magnitudes, and places each where it sounds within a window of the transform.

Where the energy of a band rises, the levels of the neighbouring steps tell at which moment within their windows it
rose. Around this moment the start phases are those of an impulse, and the sound before it is held down to its earlier
level. Shapes: n steps of 10 ms, bins and bands of the grid.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.grid import MONO, Grid
from demon_patch.engine.families.nano.short import joined, split

LEAST_DB = 6.0
"""The rise of a band's level within 80 ms, in dB, from which it counts as an attack."""

_FLOOR = 1e-9  # mean power of a band's bins below which nothing counts as a rise
_AUDIBLE = 1e-8
_NEAR_SECONDS = 0.019  # from a step's middle, within which an attack gives the step the phases of an impulse
_ROUND = (-1, 0, 1, 2)  # steps round an attack by which its moment is found
_DECAYS = (1 / 320, 1 / 160, 1 / 80, 1 / 40, 1 / 20, 31.25)  # seconds in which its energy falls to 1 / e
_BEFORE, _BEHIND = 4, 4  # steps over which the levels before and behind are taken

_HELD, _RAISED, _LOOK = (
    10,
    3,
    8,
)  # steps of the gate: held down before an attack, raised after it, searched for its top level
_LEAST_GAIN, _MOST_GAIN = 0.06, 2.0


class Attacks:
    """The attacks in magnitudes [n, bins], by band and step.

    flag: bool [bands, n], True at the step before the middle of an attack.
    at: time of that attack in samples from the start [bands, n].
    drop: the level before each step as a share of the level after it [bands, n].
    any: whether there is an attack.
    """

    def __init__(self, magnitude: Tensor, grid: Grid = MONO) -> None:
        self._grid = grid
        energy = (magnitude.square() @ _bank(grid)).T + _FLOOR
        behind = functional.max_pool1d(functional.pad(energy[None], (0, _BEHIND), mode="replicate"), _BEHIND + 1, 1)[0]
        before = -functional.max_pool1d(functional.pad(-energy[None], (_BEFORE, 0), mode="replicate"), _BEFORE + 1, 1)[
            0
        ]
        n = energy.shape[1]
        self.drop = (before / behind).sqrt()
        self.flag = torch.zeros_like(energy, dtype=torch.bool)
        here, there = energy[:, :-1], energy[:, 1:]
        crossing = (here < 0.5 * behind[:, :-1]) & (there >= 0.5 * behind[:, :-1])
        strong = (behind > before * 10 ** (LEAST_DB / 10)) & (behind > _AUDIBLE)
        self.flag[:, :-1] = crossing & strong[:, :-1]
        self.any = bool(self.flag.any())
        self._middle = torch.arange(n) * grid.hop + grid.hop / 2
        self.at = self._middle.expand_as(energy).clone()
        if self.any:
            band, step = torch.nonzero(self.flag, as_tuple=True)
            round_it = torch.stack([energy[band, (step + k).clamp(0, n - 1)] for k in _ROUND], 1)
            self.at[band, step] += _moment((round_it - before[band, step][:, None]).clamp_min(0.0), grid)

    def aligned(self, phase: Tensor) -> Tensor:
        """Returns phases in radians [n, bins] in which bins near an attack in their band have the phases of an impulse.

        Of several attacks near a step the latest counts.
        """
        if not self.any:
            return phase
        n = phase.shape[0]
        flag, at = functional.pad(self.flag, (2, 1)), functional.pad(self.at, (2, 1))
        near = torch.zeros_like(self.flag)
        moment = torch.zeros_like(self.at)
        for shift in range(4):  # attacks two steps before to one behind
            here = flag[:, shift : shift + n]
            moment = torch.where(here, at[:, shift : shift + n], moment)
            near = near | here
        late = (moment - self._middle) / self._grid.sample_rate
        near &= late.abs() < _NEAR_SECONDS
        which = _band_of_bin(self._grid)
        bins = torch.arange(self._grid.bins)
        impulse = -2 * torch.pi * _hertz(self._grid) * late.T[:, which] - torch.pi * bins
        return torch.where(near.T[:, which] & (which >= 0), impulse, phase)

    def gated(self, audio: Tensor) -> Tensor:
        """Returns sound [n * hop] in which each band keeps its earlier level until an attack, and has its later level
        right after."""
        if not self.any:
            return audio
        spectrum = split(audio, self._grid)
        return joined(spectrum * self.gains(spectrum), self._grid)

    def gains(self, spectrum: Tensor) -> Tensor:
        """Returns the gain of the gate for each step and bin of the short transform of the sound, of its shape (see
        `short.split`)."""
        power = torch.view_as_real(spectrum).square().sum(-1)
        gains = self._gains((power @ _gate_bank(self._grid)).T.sqrt())
        return 1 + (gains - 1).T @ _gate_spread(self._grid)

    def _gains(self, level: Tensor) -> Tensor:
        """Returns the gain of the gate for each of its bands and steps [bands, steps], for levels of the sound of that
        shape."""
        steps = level.shape[1]
        band, step = torch.nonzero(self.flag, as_tuple=True)
        gate = self._grid.gate
        place = ((self.at[band, step] - gate / 2) / gate).long().clamp(0, steps - 1)
        ratio = torch.zeros_like(level).index_put_((band, place), self.drop[band, step])
        attack = ratio > 0
        coming = functional.pad(level[:, 1:], (0, _LOOK))[None]
        top = functional.max_pool1d(coming, _LOOK, 1)[0, :, :steps]  # of the steps right behind each
        held = torch.where(attack, top * ratio, torch.inf)
        raised = torch.where(attack, 0.9 * top, 0.0)
        gains = torch.ones_like(level)
        for back in range(_HELD):
            want = functional.pad(held[:, back:], (0, back), value=torch.inf)
            gains = torch.minimum(gains, (want / (level + 1e-6)).clamp(_LEAST_GAIN, 1.0))
        for on in range(1, _RAISED + 1):
            want = functional.pad(raised[:, :-on], (on, 0))
            gains = torch.where(want > 0, (want / (level + 1e-6)).clamp(1.0, _MOST_GAIN), gains)
        return gains


def _moment(energy: Tensor, grid: Grid) -> Tensor:
    """Returns when the energy round each attack rose, in samples from the middle of the second of four steps [attacks].

    energy: [attacks, 4], of the steps round an attack. The result is the best entry of a table of moments and decays.
    """
    moments, caught = _table(grid)
    seen = (energy / energy.sum(1, keepdim=True).clamp_min(1e-20)).sqrt()
    return moments[(seen @ caught.T).argmax(1)]


@cache
@torch.inference_mode(False)
def _table(grid: Grid) -> tuple[Tensor, Tensor]:
    """Returns a table of moments and what steps catch of a sound that sets in at each moment and decays at one of six
    speeds.

    First the moments in samples [m], then the square roots of the shares of energy that four steps catch [m, 4].
    """
    power = torch.hann_window(grid.window).square()
    time = torch.arange(-grid.window // 2, grid.window // 2, dtype=torch.float32)
    moments, rows = [], []
    for moment in range(-grid.hop, grid.window // 2 + 1, grid.hop // 20):
        for decay in _DECAYS:
            row = []
            for k in _ROUND:
                since = time + k * grid.hop - moment
                fallen = torch.exp(-since.clamp(min=0) / (decay * grid.sample_rate))
                row.append(torch.where(since >= 0, power * fallen, 0.0).sum())
            moments.append(float(moment))
            rows.append(torch.stack(row))
    caught = torch.stack(rows)
    return torch.tensor(moments), (caught / caught.sum(1, keepdim=True)).sqrt()


@cache
@torch.inference_mode(False)
def _hertz(grid: Grid) -> Tensor:
    return torch.arange(grid.bins) * (grid.sample_rate / grid.window)


@cache
@torch.inference_mode(False)
def _band_of_bin(grid: Grid) -> Tensor:
    """Returns the number of the band of each bin [bins], -1 for none."""
    hertz, edges = _hertz(grid), grid.attack_edges
    band = torch.bucketize(hertz, torch.tensor(edges), right=True) - 1
    return torch.where(hertz < edges[-1], band, -1)


@cache
@torch.inference_mode(False)
def _bank(grid: Grid) -> Tensor:
    """Returns weights [bins, bands] of the mean over each band's bins."""
    return _means(_hertz(grid), grid)


@cache
@torch.inference_mode(False)
def _gate_bank(grid: Grid) -> Tensor:
    """Returns weights [bins of the short transform, bands] of the mean over each band's bins."""
    return _means(torch.arange(2 * grid.gate + 1) * (grid.sample_rate / (4 * grid.gate)), grid)


@cache
@torch.inference_mode(False)
def _gate_spread(grid: Grid) -> Tensor:
    """Returns 1 where a bin of the short transform belongs to a band, else 0, [bands, bins]."""
    return (_gate_bank(grid).T > 0).float()


def _means(hertz: Tensor, grid: Grid) -> Tensor:
    inside = [(hertz >= lo) & (hertz < hi) for lo, hi in pairwise(grid.attack_edges)]
    return torch.stack([which.float() / which.sum() for which in inside], 1)
