"""The formulas of a denoising step, as pure functions of tensors.

In all of them, latents are [R, T, C]; times, amounts and curves broadcast to them ([R | 1, T | 1, 1]); any floating
type is taken. Each returns its result in `out` (which may be the first latent), or in a new tensor if `out` is None.
Time t runs from 1 (noise) to 0 (clean): x_t = t * noise + (1 - t) * x0, and the velocity is v = noise - x0 (Lipman et
al. 2023; Liu et al. 2023). t' is the next, lower timestep.
"""

from __future__ import annotations

import torch
from torch import Tensor


def initial(noise: Tensor, source: Tensor, share: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns a generation's first latent, share * noise + (1 - share) * source.

    share: the first timestep of the schedule, or the initial noise curve; 1 is noise, 0 is the source.
    """
    return torch.lerp(source, noise, share, out=out)


def x0_of(x: Tensor, v: Tensor, t: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns the clean latent that the velocity predicts, x - t * v. With a velocity scale vs, pass t * vs for t."""
    return torch.addcmul(x, t, v, value=-1, out=out)


def euler(x: Tensor, v: Tensor, change: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns the latent after an Euler step along the flow, x + change * v.

    change: t' - t, times the velocity scale if one is set.
    """
    return torch.addcmul(x, change, v, out=out)


def step(x0: Tensor, kept: Tensor, share: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns the latent at the next timestep, x0 + share * (kept - x0); exactly x0 at share 0, the last step.

    For a step along the flow, pass x as `kept` and t' / t as `share`: this is Euler's x + (t' - t) * v for the v that
    predicts x0. For a re-noised step, pass fresh noise as `kept` and t' as `share`.
    """
    return torch.lerp(x0, kept, share, out=out)


def pull(x0: Tensor, target: Tensor, a: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns the clean latent pulled to a target, (1 - a) * x0 + a * target; exactly x0 at a = 0."""
    return torch.lerp(x0, target, a, out=out)


def late(position: int, steps: int) -> float:
    """Returns the factor of target strength at a step: 1 in the second half of the steps, else 0.

    position: the index of the step, 0 to steps - 1. With an odd number of steps the middle one belongs to the second
    half, so that a single step pulls too.
    """
    return float(position >= steps // 2)


def ramp(position: int, steps: int, gate: float) -> float:
    """Returns the factor of the target curve at a step: 0 up to the gate, then rising evenly to 1 at the last step.

    position: the index of the step, 0 to steps - 1. gate: a share of the steps, 0 to 1.
    """
    progress = position / (steps - 1) if steps > 1 else 1.0
    return max(0.0, progress - gate) / max(1.0 - gate, 1e-6)


def opening(position: int, steps: int, growth: float) -> float:
    """Returns the factor of a mask at a step, rising evenly from 1 - growth at the first step to 1 at the last.

    position: the index of the step, 0 to steps - 1. growth: 0 to 1.
    """
    return 1.0 - growth + growth * (position / (steps - 1) if steps > 1 else 1.0)


def masked(x: Tensor, kept: Tensor, mask: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns mask * x + (1 - mask) * kept. Mask 1 generates, 0 keeps; both are exact."""
    return torch.lerp(kept, x, mask, out=out)


def source_blend(x0: Tensor, source: Tensor, w: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns the clean latent to re-noise, w * x0 + (1 - w) * source; exact at w = 1 and w = 0.

    It is applied on the last step too, so that the source is heard where the curve is 0 (DEMON, arXiv 2605.28657,
    source blending).
    """
    return torch.lerp(source, x0, w, out=out)


def ode_noise(x: Tensor, noise: Tensor, amount: Tensor, out: Tensor | None = None) -> Tensor:
    """Returns the latent after an Euler step with fresh noise, x + amount * noise.

    amount: the curve ode_noise times t', so that the noise fades out towards the last step.
    """
    return torch.addcmul(x, amount, noise, out=out)
