"""Timesteps of a generation: evenly spaced from its strength to 0, then warped by the shift.

Time runs from 1 (pure noise) to 0 (clean) with x_t = t * noise + (1 - t) * x0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import overload

import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked_number, checked_option
from demon_patch.engine.contracts import Executor
from demon_patch.engine.ring.request_controls import RequestControls
from demon_patch.small_cache import SmallCache

SOURCE_ONLY = 1e-6
"""The strength up to which a generation delivers its source unchanged: no noise is added and no forward is run."""


@overload
def warp(t: float, shift: float) -> float: ...


@overload
def warp(t: Tensor, shift: float) -> Tensor: ...


def warp(t: float | Tensor, shift: float) -> float | Tensor:
    """Returns the timestep shift * t / (1 + (shift - 1) * t) for a time t from 0 to 1: the shift warp of flow matching.

    It keeps 0 and 1. A shift above 1 puts more of the steps at high noise (Esser et al. 2024, section 5.3.2).
    """
    return shift * t / (1 + (shift - 1) * t)


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """The five controls that fix a generation's timesteps, under the names of the controls. `times` checks them.

    strength: 0 to 1. steps: the number of steps at full strength.
    steps_mode: `fixed` runs all steps at any strength; `proportional` runs the share `start` of them, rounded up.
    timesteps: `continuous` begins exactly at `strength`. `trained` begins at the nearest timestep of the schedule of
        strength 1 and follows that schedule. `staircase` has only the few starting points of DEMON as published.
    """

    strength: float
    steps: int
    shift: float
    steps_mode: str
    timesteps: str

    @classmethod
    def from_controls(cls, controls: RequestControls) -> SchedulePlan:
        """Returns the plan with the numbers and options of a request's controls."""
        return cls(
            strength=controls.number("strength"),
            steps=controls.whole("steps"),
            shift=controls.number("shift"),
            steps_mode=controls.option("steps_mode"),
            timesteps=controls.option("timesteps"),
        )

    def check(self) -> None:
        """Raises DemonError for a number that is NaN or out of its control's range, and for an unknown option."""
        for name in ("strength", "steps", "shift"):
            checked_number(name, getattr(self, name))
        for name in ("steps_mode", "timesteps"):
            checked_option(name, getattr(self, name))

    @property
    def moves(self) -> bool:
        """Returns whether the number of steps is the same at any strength. Only then can a generation in flight change
        its strength."""
        return self.steps_mode == "fixed" and self.timesteps != "trained"

    @property
    def count(self) -> int:
        """Returns the number of denoising steps that the generation runs, 1 to `steps`."""
        if self.timesteps == "trained":
            goal = warp(self.strength, self.shift)
            nearest = min(range(self.steps + 1), key=lambda k: abs(warp(k / self.steps, self.shift) - goal))
            return max(nearest, 1)
        return self.steps if self.steps_mode == "fixed" else max(ceil(self.steps * self.start - 1e-9), 1)

    @property
    def start(self) -> float:
        """Returns the first time before the shift warp, 0 to 1."""
        if self.timesteps == "trained" and self.strength > SOURCE_ONLY:
            return self.count / self.steps
        if self.timesteps == "staircase" and SOURCE_ONLY < self.strength < 1:
            return self.steps / int(self.steps / self.strength)
        return self.strength

    def times(self) -> Tensor:
        """Returns the `count + 1` timesteps, float64, falling from warp(start) to 0. Raises DemonError as `check`
        does."""
        self.check()
        if self.moves:
            line = torch.linspace(self.start, 0.0, self.steps + 1, dtype=torch.float64)
        else:
            rest = torch.arange(self.count - 1, -1, -1, dtype=torch.float64) / self.steps
            line = torch.cat((torch.tensor([self.start], dtype=torch.float64), rest))
        return warp(line, self.shift)


def timesteps(strength: float, steps: int, shift: float) -> Tensor:
    """Returns the `steps + 1` timesteps of a generation, float64, falling from warp(strength) to 0.

    They are continuous in strength: warp(linspace(strength, 0, steps + 1)). Raises DemonError for a strength, number of
    steps or shift that is NaN or out of its control's range.
    """
    return SchedulePlan(strength, steps, shift, "fixed", "continuous").times()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A generation's S + 1 timesteps, in the shapes that a denoising step reads. Computed once and shared between
    slots.

    plan: the controls from which they were computed.
    t: the timesteps, float64 [S+1].
    at: the timesteps, float32 [S+1, 1, 1] on the ring's device.
    embedded: [S+1, E], the executor's time tensors.
    """

    plan: SchedulePlan
    t: Tensor
    at: Tensor
    embedded: Tensor


class Schedules:
    """Computes schedules and keeps the recent ones, so that an admission with unchanged controls computes none."""

    def __init__(self, executor: Executor, device: torch.device) -> None:
        self._executor, self._device = executor, device
        self._kept: SmallCache[Schedule] = SmallCache(64)

    def get(self, plan: SchedulePlan) -> Schedule:
        """Returns the schedule of a plan under the executor's present weights."""
        return self._kept.get((self._executor.weights_epoch, plan), lambda: self._made(plan))

    def _made(self, plan: SchedulePlan) -> Schedule:
        t = plan.times()
        single = t.float().to(self._device, non_blocking=True)
        embedded = self._executor.prepare_schedule(single)
        return Schedule(plan, t, single.view(-1, 1, 1), embedded)
