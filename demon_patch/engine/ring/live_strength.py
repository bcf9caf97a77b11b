"""Live strength: changes the strength of a generation in flight.

If only the times of the remaining steps changed, the sound would move by less than a twentieth of the way. For this
reason a lower strength also pulls the predicted clean latent to the source, and a higher strength adds fresh noise
while enough steps remain to shape the noise.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.ring.schedule import Schedule
from demon_patch.engine.ring.slot import Slot

LAST_RISE = 3 / 8
"""The stage (share of all steps, 0 to 1) after which a generation no longer takes fresh noise, since too few steps are
left to shape the noise. With noise added after 3 of 8 steps, nano moves a third of the way to the new strength; after 1
of 4, more than half; after half of the steps, a quarter."""

_STILL = 1e-6


def distance(spec: FamilySpec, strength: float) -> float:
    """Returns how far a strength (0 to 1) moves the sound from its source, 0 to 1. It is the knob position of that
    strength in the family's taper, since equal turns of the knob move the sound equally far."""
    return float(np.interp(strength, spec.strength_taper, np.linspace(0.0, 1.0, len(spec.strength_taper))))


def lower(x: Tensor, clean: Tensor, source: Tensor, s: float, after: float, pull: float) -> None:
    """Takes x from noise level s to the lower level `after`, and pulls its clean part to the source. Changes `x` and
    `clean` in place; both are [T, C], and noise levels are 0 (clean) to 1.

        e = (x - (1 - s) * clean) / s; clean += pull * (source - clean); x = after * e + (1 - after) * clean

    pull: the share of the way to the source, 0 to 1.
    """
    x.sub_(clean, alpha=1 - s).mul_(after / s)
    torch.lerp(clean, source, pull, out=clean)
    x.add_(clean, alpha=1 - after)


def higher(x: Tensor, noise: Tensor, s: float, after: float) -> None:
    """Takes x [T, C] from noise level s to the higher level `after` (0 to 1) by the flow's forward kernel, in place.

    x = a * x + sqrt(after^2 - (a * s)^2) * noise, with a = (1 - after) / (1 - s)
    """
    a = (1 - after) / (1 - s)
    x.mul_(a).add_(noise, alpha=sqrt(max(after * after - a * a * s * s, 0.0)))


def follow(slot: Slot, times: Schedule, spec: FamilySpec, noise: NoiseBank) -> bool:
    """Moves a generation that has done at least one step to another schedule. Returns whether it was moved.

    times: the schedule of the new strength, with the same number of steps.
    The generation is not moved if it has no source, if its noise level is 0 or 1, up after stage `LAST_RISE`, or down
    before its clean prediction is known.
    """
    request, step = slot.request, slot.step
    s, after = float(slot.times.t[step]), float(times.t[step])
    if request.source is None or not _STILL < s < 1 - _STILL:
        return False
    if after < s:
        if slot.clean is None:
            return False
        pull = 1 - distance(spec, times.plan.strength) / distance(spec, slot.strength)
        lower(slot.x, slot.clean, request.source, s, after, pull)
    elif after > s:
        if step > LAST_RISE * request.plan.steps or after > 1 - _STILL:
            return False
        fresh = request.noise(noise, Stream.LIVE, step)
        higher(slot.x, fresh, s, after)
    slot.times, slot.velocity = times, None
    return True
