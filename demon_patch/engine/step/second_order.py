"""`SecondOrder`, the solver `ab2`: it moves a generation by its velocity now and the velocity of its step before.

This is the two-step method of Adams and Bashforth for steps of unequal length (Hairer, Norsett, Wanner: "Solving
Ordinary Differential Equations I", section III.5). It needs no further forward. Where steps are halved, the error of
the flow falls to a quarter, with Euler's method to a half.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from demon_patch.engine.ring.pool import LatentPool
from demon_patch.engine.ring.slot import Slot
from demon_patch.engine.step.chunk_rows import ChunkRows

SOLVER = "ab2"
"""The option of the control `solver`."""
LONGEST = 4.0
"""How many times longer than the step before a step may be. The change of the velocity counts half as many times; over
a longer step it would mostly be error, and the step is Euler's."""


def ahead(before: float, t: float, after: float) -> float:
    """Returns the factor of the velocity's change since the step before, (t' - t) / (2 * (t - t_before)); 0, which is
    Euler's step, where the step before does not lead down or is too short (`LONGEST`).

    before, t, after: the timesteps of the step before, of this one and of the next, 1 (noise) to 0 (clean).
    """
    last, now = before - t, t - after
    return now / (2 * last) if 0 < now <= LONGEST * last else 0.0


class SecondOrder:
    """Makes and keeps the velocities that the solver `ab2` needs. Owned by a `ChunkStep`.

    A generation takes Euler's step where it has no velocity of the step before: at its first step, at the first with
    this solver, after fresh noise, after a move of its strength and after a change of weights.
    """

    def __init__(self, chunk: ChunkRows) -> None:
        self._chunk, self._pool = chunk, LatentPool()

    def velocity(self, v: Tensor, renoised: Sequence[bool]) -> Tensor:
        """Returns the velocity [R, T, C] that leads each row to its next timestep: v + ahead * (v - the last one).

        v: [R, T, C], the predicted velocity; it is returned itself with another solver.
        renoised: for each row, whether its next latent is re-noised, which takes the prediction as it is.
        """
        chunk = self._chunk
        if chunk.option("solver") != SOLVER:
            return v
        pairs = list(zip(chunk.slots, renoised, strict=True))
        factors = [0.0 if fresh or slot.velocity is None else _ahead(slot) for slot, fresh in pairs]
        if not any(factors):
            return v
        lasts = [
            v[at : at + 1] if factor == 0 or slot.velocity is None else slot.velocity[None]
            for at, (slot, factor) in enumerate(zip(chunk.slots, factors, strict=True))
        ]
        last = chunk.collect("last velocity", lasts)
        weight = chunk.scalars("ahead", [1 + factor for factor in factors])
        return torch.lerp(last, v, weight, out=chunk.buffers.like("second order", v))

    def keep(self, v: Tensor, live: int, noised: Sequence[bool]) -> None:
        """Stores each slot's velocity for its next step, or drops it where it is of no use there.

        v: [R, T, C], as predicted. live: the number of rows that belong to slots.
        noised: for each row, whether this step added noise to its latent.
        """
        keeps = self._chunk.option("solver") == SOLVER
        for at, slot in enumerate(self._chunk.slots[:live]):
            if not keeps or noised[at] or slot.remaining == 1:
                slot.velocity = None
                continue
            if slot.velocity is None:
                slot.velocity = self._pool.take(v.shape[1], v.shape[2], v.device)
            slot.velocity.copy_(v[at])


def _ahead(slot: Slot) -> float:
    before, t, after = slot.times.t[slot.step - 1 : slot.step + 2].tolist()
    return ahead(before, t, after)
