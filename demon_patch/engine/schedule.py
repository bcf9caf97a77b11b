"""Timesteps of a generation: evenly spaced from its strength to 0, then warped by the shift.

Time runs from 1 (pure noise) to 0 (clean) with x_t = t * noise + (1 - t) * x0.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from demon_patch.engine.family import Executor
from demon_patch.engine.limits import checked

SOURCE_ONLY = 1e-6
"""At or below this strength a generation is its source: no noise is added and no forward is run."""


@overload
def warp(t: float, shift: float) -> float: ...


@overload
def warp(t: Tensor, shift: float) -> Tensor: ...


def warp(t: float | Tensor, shift: float) -> float | Tensor:
    """The shift warp of flow matching, shift * t / (1 + (shift - 1) * t): keeps 0 and 1, and for shift above 1
    spends more of the steps at high noise (Esser et al. 2024, section 5.3.2)."""
    return shift * t / (1 + (shift - 1) * t)


def timesteps(strength: float, steps: int, shift: float) -> Tensor:
    """The `steps + 1` times of a generation, float64, falling from warp(strength) to 0.

    Continuous in strength: warp(linspace(strength, 0, steps + 1)). Raises DemonError for a strength, number of
    steps or shift that is NaN or out of its control's range.
    """
    strength, shift = checked("strength", strength), checked("shift", shift)
    count = int(checked("steps", steps))
    return warp(torch.linspace(strength, 0.0, count + 1, dtype=torch.float64), shift)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A generation's times in the shapes that a step takes, computed once and shared between slots.

    t: float64 [S+1]. at: float32 [S+1, 1, 1]. change: float32 [S, 1, 1], t' - t of each step, subtracted in
    float64. embedded: [S+1, E], the executor's time tensors.
    """

    t: Tensor
    at: Tensor
    change: Tensor
    embedded: Tensor


class Schedules:
    """The schedules used lately, so that a setting that stands still costs nothing at admission."""

    def __init__(self, executor: Executor, device: torch.device, size: int = 64) -> None:
        self._executor, self._device, self._size = executor, device, size
        self._kept: OrderedDict[tuple[float, int, float, int], Schedule] = OrderedDict()

    def get(self, strength: float, steps: int, shift: float) -> Schedule:
        """The schedule of these settings under the executor's present weights."""
        key = (strength, steps, shift, self._executor.weights_epoch)
        kept = self._kept.get(key)
        if kept is None:
            t = timesteps(strength, steps, shift)
            single = t.float().to(self._device)
            change = (t[1:] - t[:-1]).float().to(self._device)
            embedded = self._executor.prepare_schedule(single)
            kept = Schedule(t, single.view(-1, 1, 1), change.view(-1, 1, 1), embedded)
            self._kept[key] = kept
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return kept
