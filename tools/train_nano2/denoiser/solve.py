"""Draws latents with a denoiser, as the ring does: few steps, a solver of second order, guidance by the score."""

from __future__ import annotations

from collections.abc import Callable
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


def solved(
    velocity: Callable[[Tensor, Tensor], Tensor], way: Way, noise: Tensor, start: Tensor | None, strength: Tensor
) -> Tensor:
    """Returns latents [B, T, 64] at the end of the steps of a way.

    velocity: of x_t [B, T, 64] at timesteps [B]. noise: [B, T, 64]. start: the latents of what is covered; None where
    only noise is. strength: the first timestep before the shift, [B]; `way.strength` does not count.
    """
    even = strength[None] * torch.linspace(1, 0, way.steps + 1)[:, None]
    times = way.shift * even / (1 + (way.shift - 1) * even)
    first = times[0, :, None, None]
    x = noise if start is None else first * noise + (1 - first) * start
    last: Tensor | None = None
    for k in range(way.steps):
        v = velocity(x, times[k])
        step = (times[k + 1] - times[k])[:, None, None]
        slope = v
        if way.second_order and last is not None:
            slope = v + step / (2 * (times[k] - times[k - 1])[:, None, None]) * (v - last)
        x, last = x + step * slope, v
    return x


@torch.no_grad()
def drawn(net: NanoDenoiser, way: Way, tokens: Tensor, context: Tensor, noise: Tensor, start: Tensor | None) -> Tensor:
    """Returns latents [B, T, 64] for tag tokens [B, 14], context [B, T, 248], noise [B, T, 64] and, below strength 1,
    the latents of what is covered."""
    condition = net.condition(tokens)
    without = context.clone()
    without[..., _SCORE] = 0

    def velocity(x: Tensor, times: Tensor) -> Tensor:
        time = net.embed_time(times)
        v = net.velocity(x, time, context, condition)
        if way.guidance != 1:
            v = v + (way.guidance - 1) * (v - net.velocity(x, time, without, condition))
        return v

    return solved(velocity, way, noise, start, torch.full((len(noise),), way.strength))
