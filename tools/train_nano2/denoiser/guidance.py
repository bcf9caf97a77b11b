"""Guidance by the score, learnt into the weights: one forward then goes as far as two with guidance.

With guidance the velocity is v + (weight - 1) * (v - v0), v with the score and v0 without it. Both come from a teacher,
the weights as they were before, so the network learns the true velocity and that step beyond it (guidance distillation,
Meng et al. 2023, here as a term of the target).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from demon_patch.engine.families.nano2.spec import SCORE, SCORE_WEIGHT
from tools.train_nano2.denoiser.batches import Batch

_SCORE = slice(SCORE.start, SCORE_WEIGHT.stop)


@dataclass(frozen=True, slots=True)
class Guidance:
    """What is added to the target of the velocity.

    teacher: returns velocities [B, T, 64] for x_t, timesteps, tag tokens and context. weight: 1 for no guidance.
    """

    teacher: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    weight: float

    @torch.no_grad()
    def __call__(self, x: Tensor, t: Tensor, batch: Batch) -> Tensor:
        """Returns the step beyond the target [B, T, 64] for x_t [B, T, 64] at timesteps t [B]; 0 in rows whose score is
        absent or counts in part."""
        without = batch.context.clone()
        without[..., _SCORE] = 0
        step = self.teacher(x, t, batch.tokens, batch.context) - self.teacher(x, t, batch.tokens, without)
        return (self.weight - 1) * (batch.context[..., SCORE_WEIGHT] == 1) * step
