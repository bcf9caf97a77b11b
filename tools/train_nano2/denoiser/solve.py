"""Draws latents with a denoiser, as the ring does: few steps, a solver of second order, guidance by the score."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano2.spec import SCORE

_SCORE = slice(SCORE.start, None)  # and its weight


@dataclass(frozen=True, slots=True)
class Way:
    """How latents are drawn.

    second_order: Adams-Bashforth 2 in place of Euler. guidance: by how much the velocity with the score is gone beyond
    the one without it; 1 costs one forward a step, others two.
    strength: share of the noise in the start; below 1 a start is needed.
    """

    steps: int = 4
    shift: float = 2.0
    second_order: bool = False
    guidance: float = 1.0
    strength: float = 1.0


@torch.no_grad()
def drawn(net: NanoDenoiser, way: Way, tokens: Tensor, context: Tensor, noise: Tensor, start: Tensor | None) -> Tensor:
    """Returns latents [B, T, 64] for tag tokens [B, 14], context [B, T, 248], noise [B, T, 64] and, below strength 1,
    the latents of what is covered."""
    even = torch.linspace(way.strength, 0, way.steps + 1)
    times = way.shift * even / (1 + (way.shift - 1) * even)
    x = noise if start is None else times[0] * noise + (1 - times[0]) * start
    condition = net.condition(tokens)
    without = context.clone()
    without[..., _SCORE] = 0
    last: Tensor | None = None
    for k in range(way.steps):
        time = net.embed_time(times[k].expand(len(x)))
        v = net.velocity(x, time, context, condition)
        if way.guidance != 1:
            v = v + (way.guidance - 1) * (v - net.velocity(x, time, without, condition))
        step = times[k + 1] - times[k]
        slope = v
        if way.second_order and last is not None:
            slope = v + step / (2 * (times[k] - times[k - 1])) * (v - last)
        x, last = x + step * slope, v
    return x
