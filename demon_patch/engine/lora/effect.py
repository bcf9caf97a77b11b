"""Measures how far a LoRA or a steering vector moves what a model predicts, so that one without effect is seen before
it is heard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from demon_patch.engine.contracts import Family
from demon_patch.engine.device import device_of
from demon_patch.engine.lora.known_effects import effect_key, keep, known
from demon_patch.engine.lora.side_paths import SidePaths
from demon_patch.engine.steering.vector import BlockHooks

if TYPE_CHECKING:
    from demon_patch.engine.lora.merge import Lora

_TIMES = (0.9, 0.6, 0.3)
_SECONDS = 4.0


@torch.inference_mode()
def effect_of(family: Family, lora: Lora) -> float:
    """From any thread. Returns the distance to off of a LoRA at strength 1: the rms of what it adds to the velocity, as
    a share of the velocity's own rms.

    The mean over three timesteps, on seeded noise, a silent context and the null prompt.
    """
    device = device_of(family.denoiser)
    sides, on = SidePaths(family.denoiser, [lora]), torch.ones(1, 1, device=device)
    tokens = family.conditioner.prompt("").tokens.to(device)
    plain, added = sides.condition(lambda: family.denoiser.condition(tokens))
    changed = plain
    for more in added.values():
        changed = tuple(part + each for part, each in zip(changed, more, strict=True))
    return _distance(family, plain, changed, lambda: sides.at(on))


@torch.inference_mode()
def effect_of_steering(family: Family, added: Tensor) -> float:
    """From any thread. Returns the distance to off, as `effect_of`, of what steering adds to the outputs of the blocks.

    added: [blocks, hidden].
    """
    hooks, device = BlockHooks(family.denoiser), device_of(family.denoiser)
    condition = family.denoiser.condition(family.conditioner.prompt("").tokens.to(device))
    return _distance(family, condition, condition, lambda: hooks.at(added[None].to(device)))


def _distance(
    family: Family,
    plain: tuple[Tensor, ...],
    changed: tuple[Tensor, ...],
    on: Callable[[], AbstractContextManager[None]],
) -> float:
    """plain, changed: the condition without and with the change. on: within it the denoiser is changed."""
    spec, denoiser = family.spec, family.denoiser
    frames, draw = spec.frames(_SECONDS), torch.Generator().manual_seed(1)
    device = device_of(denoiser)
    x = torch.randn(1, frames, spec.latent_channels, generator=draw).to(device)
    context = torch.zeros(1, frames, spec.context_channels, device=device)

    def velocity(moment: float, condition: tuple[Tensor, ...], changes: bool) -> Tensor:
        with ExitStack() as stack:
            if changes:
                stack.enter_context(on())
            time = denoiser.embed_time(torch.tensor([moment], device=device))
            return denoiser.velocity(x, time, context, tuple(part[None] for part in condition))

    found = 0.0
    for moment in _TIMES:
        off = velocity(moment, plain, changes=False)
        far = velocity(moment, changed, changes=True) - off
        found += float(far.square().mean().sqrt() / off.square().mean().sqrt())
    return found / len(_TIMES)


def kept_effect(family: Family, lora: Lora, path: Path, stamp: str | None) -> float:
    """From any thread. As `effect_of`, and keeps what it has measured (`known_effects`).

    path: of the LoRA. stamp: of the family's weights; None where it is not known, and nothing is kept.
    """
    if stamp is None:
        return effect_of(family, lora)
    key = effect_key(path, stamp)
    effect = known(key)
    if effect is None:
        effect = effect_of(family, lora)
        keep(key, effect)
    return effect
