"""The last training: the denoiser is judged by the latents that it plays, at the end of its few steps.

Each row is drawn twice, from two noises. The loss is the energy score (Gneiting and Raftery 2007): how far both are
from the true latent, less a share of how far they are from each other. With half of that distance what is drawn is as
diverse as true renders. Less of it draws a timbre from the middle of what would fit, nearer to the true one; the amount
of change over time and the spread of the numbers are held to the true ones by terms of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from numpy.random import Generator
from torch import Tensor

from tools.train_nano2.denoiser.batches import Batch
from tools.train_nano2.denoiser.solve import Way, solved

WAYS = (Way(second_order=True, shift=1.0), Way(second_order=True, shift=1.0, steps=6), Way(shift=1.0, steps=8))
"""How the ring draws: mostly as it is by default."""
SHARES = (0.8, 0.1, 0.1)
"""How often each way is taken."""
APART = 0.25
"""The share of the distance of two drawn latents that is taken off; .5 for the energy score."""
TEXTURE = 1.0
"""The weight of the amount of change over time, and of the spread of the numbers."""
_WEAKEST = 0.3  # strength of a cover


def played_loss(
    net: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor], batch: Batch, rng: Generator, gain: Tensor
) -> Tensor:
    """Returns the loss of a batch, each row drawn from two noises.

    net: returns velocities for x_t, timesteps, tag tokens and context. gain: how much of a sound a number of each
    channel is, [64]. Rows that start from another render have a random strength.
    """
    way = WAYS[int(rng.choice(len(WAYS), p=SHARES))]
    twice = Batch(*(torch.cat((part, part)) for part in batch))
    strength = torch.from_numpy(rng.uniform(_WEAKEST, 1.0, len(batch.starts)).astype("float32"))
    strength = torch.where(batch.starts, strength, 1.0).repeat(2)
    noise = torch.randn_like(twice.latent)

    def velocity(x: Tensor, times: Tensor) -> Tensor:
        return net(x, times.clamp(min=1e-3), twice.tokens, twice.context)

    found = solved(velocity, way, noise, twice.base, strength)
    one, other = found.chunk(2)
    weight = gain / gain.square().mean().sqrt()
    near = (_distance(one, batch.latent, weight) + _distance(other, batch.latent, weight)) / 2
    score = near - APART * _distance(one, other, weight)
    return score + TEXTURE * (_apart(_change, found, twice.latent) + _apart(_spread, found, twice.latent))


def _change(latent: Tensor) -> Tensor:
    return latent.diff(dim=1).abs().mean(1)


def _spread(latent: Tensor) -> Tensor:
    return latent.flatten(1).std(1, keepdim=True)


def _apart(of: Callable[[Tensor], Tensor], one: Tensor, other: Tensor) -> Tensor:
    """How far two latents are apart in a positive measure, as the mean square of a natural logarithm."""
    return ((of(one) + 1e-3) / (of(other) + 1e-3)).log().square().mean()


def _distance(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """The mean distance of two latents' frames, as lengths of vectors, in units of an rms of 1."""
    return ((one - other) * weight).square().mean(2).add(1e-6).sqrt().mean()
