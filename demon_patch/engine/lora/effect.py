"""Measures how far a LoRA moves what a model predicts, so that a LoRA without effect is seen before it is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from demon_patch.engine.contracts import Family
from demon_patch.engine.lora.side_paths import SidePaths

if TYPE_CHECKING:
    from demon_patch.engine.lora.merge import Lora

FAINT = 0.01
"""Below this distance to off a LoRA is called faint: less than a hundredth of what the model predicts."""

_TIMES = (0.9, 0.6, 0.3)
_SECONDS = 4.0


@torch.inference_mode()
def effect_of(family: Family, lora: Lora) -> float:
    """From any thread. Returns the distance to off of a LoRA at strength 1: the rms of what it adds to the velocity, as
    a share of the velocity's own rms.

    The mean over three timesteps, on seeded noise, a silent context and the null prompt.
    """
    spec, denoiser = family.spec, family.denoiser
    frames, draw = spec.frames(_SECONDS), torch.Generator().manual_seed(1)
    x = torch.randn(1, frames, spec.latent_channels, generator=draw)
    context = torch.zeros(1, frames, spec.context_channels)
    sides, on = SidePaths(denoiser, [lora]), torch.ones(1, 1)
    plain, added = sides.condition(family.conditioner.prompt("").tokens)
    changed = [part + more for part, more in zip(plain, added[0], strict=True)] if added else plain
    found = 0.0
    for moment in _TIMES:
        t = torch.tensor([moment])
        off = denoiser.velocity(x, denoiser.embed_time(t), context, tuple(part[None] for part in plain))
        with sides.at(on):
            far = denoiser.velocity(x, denoiser.embed_time(t), context, tuple(part[None] for part in changed)) - off
        found += float(far.square().mean().sqrt() / off.square().mean().sqrt())
    return found / len(_TIMES)


def effect_note(effect: float) -> str:
    """Returns a sentence for the player about a distance to off."""
    if effect < FAINT:
        return f"at strength 1 it moves the model by {effect:.2%} only, which is hardly heard: is it for this model?"
    return f"at strength 1 it moves the model by {effect:.0%}"
