"""A ring with one global schedule, for comparison: what a moving strength costs where slots have no schedule of their
own.

It follows the rules of StreamDiffusion (Kodaira et al. 2023, section 3.1): row i of the batch is always at step i of
one schedule, so that the ring depth equals the number of steps, and a new schedule empties the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import sin
from typing import Any

import torch
from torch import Tensor

from demon_patch.bench.stub import SPEC, StubExecutor, StubHandle
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.request_controls import RequestControls
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.ring.schedule import timesteps
from demon_patch.engine.step import formulas as step

FRAMES, STEPS, SHIFT = 100, 8, 3.0


class GlobalRing:
    """A ring with one schedule for all rows: S latents [T, C], row i at step i. A tick admits one generation and
    completes at most one."""

    def __init__(self, source: Tensor, noise: Tensor, velocity: Tensor, steps: int = STEPS) -> None:
        self._source, self._noise, self._velocity, self._steps = source, noise, velocity, steps
        self._strength: float | None = None
        self._rows: list[Tensor] = []
        self._t = torch.empty(0)

    def tick(self, strength: float) -> list[Tensor]:
        """Admits one generation at `strength`, moves all on by one step, and returns the finished latents. A changed
        strength first discards the generations in flight."""
        if strength != self._strength:
            self._strength, self._rows = strength, []
            self._t = timesteps(strength, self._steps, SHIFT).float()
        self._rows.insert(0, step.initial(self._noise, self._source, self._t[0]))
        self._rows = [
            step.euler(x, self._velocity, self._t[row + 1] - self._t[row]) for row, x in enumerate(self._rows)
        ]
        return [self._rows.pop()] if len(self._rows) == self._steps else []


def moving_strength() -> Iterator[float]:
    """Yields strengths from 0.25 to 0.95, no two successive ones equal."""
    tick = 0
    while True:
        yield 0.6 + 0.35 * sin(0.7 * tick)
        tick += 1


def compare(ticks: int = 60) -> dict[str, Any]:
    """Returns the completions of both rings in `ticks` ticks, at ring depth 8 and 8 steps from a full ring on, while
    the strength changes with every tick."""
    source, noise = torch.zeros(FRAMES, SPEC.latent_channels), NoiseBank(SPEC.latent_channels, FRAMES)
    ring = Ring(StubExecutor(FRAMES), SPEC, noise, depth=STEPS)
    velocity = torch.full_like(source, 0.01)
    globally = GlobalRing(source, noise.get(1, Stream.INIT, 0), velocity)
    context = torch.zeros(FRAMES, SPEC.context_channels)

    def own(strength: float) -> int:
        controls = RequestControls({"seed": 1, "strength": strength, "steps": STEPS, "shift": SHIFT}, SPEC)
        ring.submit(Request(StubHandle(), context, source, controls))
        return len(ring.tick())

    for _ in range(2 * STEPS):
        own(0.6)
        globally.tick(0.6)
    own_done = global_done = 0
    for strength in islice(moving_strength(), 1, 1 + ticks):
        own_done += own(strength)
        global_done += len(globally.tick(strength))
    return {"ticks": ticks, "depth": STEPS, "steps": STEPS, "per_slot": own_done, "global": global_done}
