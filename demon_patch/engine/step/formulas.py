"""The formulas of a denoising step, as pure functions of tensors.

One style: latents [R, T, C]; times, amounts and curves broadcastable to them ([R | 1, T | 1, 1]); any floating
type; `out` receives the result (it may be the first latent) or a new tensor is made. Time runs from 1 (noise) to 0,
x_t = t * noise + (1 - t) * x0 and v = noise - x0 (Lipman et al. 2023; Liu et al. 2023); t' is the next, lower time.
"""

from __future__ import annotations

import torch
from torch import Tensor


def initial(noise: Tensor, source: Tensor, share: Tensor, out: Tensor | None = None) -> Tensor:
    """Where a generation begins: share * noise + (1 - share) * source.

    `share` is the first time of the schedule, or the initial noise curve (1 noise, 0 source).
    """
    return torch.lerp(source, noise, share, out=out)


def x0_of(x: Tensor, v: Tensor, t: Tensor, out: Tensor | None = None) -> Tensor:
    """The clean latent that the velocity predicts: x - t * v. With a velocity scale vs, pass t * vs for t."""
    return torch.addcmul(x, t, v, value=-1, out=out)


def euler(x: Tensor, v: Tensor, change: Tensor, out: Tensor | None = None) -> Tensor:
    """One step along the flow: x + (t' - t) * v, with change = t' - t (times vs, where a velocity scale is set)."""
    return torch.addcmul(x, change, v, out=out)


def step(x0: Tensor, kept: Tensor, share: Tensor, out: Tensor | None = None) -> Tensor:
    """One step, x0 + share * (kept - x0); x0 itself at share 0, the last step.

    Along the flow: kept is x and share t'/t, which is Euler's x + (t' - t) * v for the v that predicts x0. Re-noised:
    kept is fresh noise and share t'.
    """
    return torch.lerp(x0, kept, share, out=out)


def pull(x0: Tensor, target: Tensor, a: Tensor, out: Tensor | None = None) -> Tensor:
    """The clean latent pulled to a target: (1 - a) * x0 + a * target; exact at a = 0."""
    return torch.lerp(x0, target, a, out=out)


def late(position: int, steps: int) -> float:
    """1 in the second half of the steps, where target strength pulls, else 0; position: 0 to steps - 1. Of an odd
    number of steps the one in the middle is in it, so that a single step pulls too."""
    return float(position >= steps // 2)


def ramp(position: int, steps: int, gate: float) -> float:
    """How far target curve pulls at a step: 0 up to the gate (a share of the steps), then rising to 1 at the last."""
    progress = position / (steps - 1) if steps > 1 else 1.0
    return max(0.0, progress - gate) / max(1.0 - gate, 1e-6)


def opening(position: int, steps: int, growth: float) -> float:
    """The factor of a mask at a step: 1 without growth; with growth 1 it opens evenly from 0 to 1 at the last step."""
    return 1.0 - growth + growth * (position / (steps - 1) if steps > 1 else 1.0)


def masked(x: Tensor, kept: Tensor, mask: Tensor, out: Tensor | None = None) -> Tensor:
    """mask * x + (1 - mask) * kept: 1 generates, 0 keeps; exact at both."""
    return torch.lerp(kept, x, mask, out=out)


def source_blend(x0: Tensor, source: Tensor, w: Tensor, out: Tensor | None = None) -> Tensor:
    """The clean latent to re-noise: w * x0 + (1 - w) * source; exact at w = 1 and w = 0.

    Applied on the last step too, so that a curve's 0 plays the source (DEMON, arXiv 2605.28657, source blending).
    """
    return torch.lerp(source, x0, w, out=out)


def ode_noise(x: Tensor, noise: Tensor, amount: Tensor, out: Tensor | None = None) -> Tensor:
    """Fresh noise after an Euler step: x + amount * noise, with amount = curve * t', so that it fades by itself."""
    return torch.addcmul(x, amount, noise, out=out)
