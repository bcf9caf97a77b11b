"""Timesteps of a generation: evenly spaced from its strength to 0, then warped by the shift.

Time runs from 1 (pure noise) to 0 (clean) with x_t = t * noise + (1 - t) * x0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import overload

import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked, checked_option
from demon_patch.engine.contracts import Executor
from demon_patch.engine.ring.request_controls import RequestControls
from demon_patch.small_cache import SmallCache

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


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """What a generation's times are made from: the controls of these names. Checked when the times are made.

    steps_mode: `fixed` takes all the steps at any strength, `proportional` the share that strength leaves.
    timesteps: `continuous`; `trained` begins at the nearest time of full strength's schedule and follows it;
        `staircase` has the few starting points of DEMON as published.
    """

    strength: float
    steps: int
    shift: float
    steps_mode: str
    timesteps: str

    @classmethod
    def from_controls(cls, controls: RequestControls) -> SchedulePlan:
        """The plan of a generation that is made with these controls."""
        return cls(
            strength=controls.number("strength"),
            steps=controls.whole("steps"),
            shift=controls.number("shift"),
            steps_mode=controls.option("steps_mode"),
            timesteps=controls.option("timesteps"),
        )

    def check(self) -> None:
        """Raises DemonError for a number that is NaN or out of its control's range, or a choice that there is not."""
        for name in ("strength", "steps", "shift"):
            checked(name, getattr(self, name))
        for name in ("steps_mode", "timesteps"):
            checked_option(name, getattr(self, name))

    @property
    def moves(self) -> bool:
        """Whether its number of steps is the same at any strength, so that a generation in flight can change it."""
        return self.steps_mode == "fixed" and self.timesteps != "trained"

    @property
    def count(self) -> int:
        """The steps that it really takes, 1 to `steps`."""
        if self.timesteps == "trained":
            goal = warp(self.strength, self.shift)
            nearest = min(range(self.steps + 1), key=lambda k: abs(warp(k / self.steps, self.shift) - goal))
            return max(nearest, 1)
        return self.steps if self.steps_mode == "fixed" else max(ceil(self.steps * self.start - 1e-9), 1)

    @property
    def start(self) -> float:
        """Where it begins before the warp, 0 to 1."""
        if self.timesteps == "trained" and self.strength > SOURCE_ONLY:
            return self.count / self.steps
        if self.timesteps == "staircase" and SOURCE_ONLY < self.strength < 1:
            return self.steps / int(self.steps / self.strength)
        return self.strength

    def times(self) -> Tensor:
        """The `count + 1` times, float64, falling from warp(start) to 0."""
        self.check()
        if self.moves:
            line = torch.linspace(self.start, 0.0, self.steps + 1, dtype=torch.float64)
        else:
            rest = torch.arange(self.count - 1, -1, -1, dtype=torch.float64) / self.steps
            line = torch.cat((torch.tensor([self.start], dtype=torch.float64), rest))
        return warp(line, self.shift)


def timesteps(strength: float, steps: int, shift: float) -> Tensor:
    """The `steps + 1` times of a generation, float64, falling from warp(strength) to 0.

    Continuous in strength: warp(linspace(strength, 0, steps + 1)). Raises DemonError for a strength, number of
    steps or shift that is NaN or out of its control's range.
    """
    return SchedulePlan(strength, steps, shift, "fixed", "continuous").times()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A generation's times in the shapes that a step takes, computed once and shared between slots.

    plan: what they are made from.
    t: float64 [S+1].
    at: float32 [S+1, 1, 1].
    embedded: [S+1, E], the executor's time tensors.
    """

    plan: SchedulePlan
    t: Tensor
    at: Tensor
    embedded: Tensor


class Schedules:
    """Keeps recent schedules, so that an unchanged setting costs nothing at admission."""

    def __init__(self, executor: Executor, device: torch.device) -> None:
        self._executor, self._device = executor, device
        self._kept: SmallCache[Schedule] = SmallCache(64)

    def get(self, plan: SchedulePlan) -> Schedule:
        """The schedule of a plan under the executor's present weights."""
        return self._kept.get((self._executor.weights_epoch, plan), lambda: self._made(plan))

    def _made(self, plan: SchedulePlan) -> Schedule:
        t = plan.times()
        single = t.float().to(self._device)
        embedded = self._executor.prepare_schedule(single)
        return Schedule(plan, t, single.view(-1, 1, 1), embedded)
