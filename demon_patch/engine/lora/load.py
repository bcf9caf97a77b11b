"""Loads a LoRA for a model, with what the player should know of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from demon_patch.engine.contracts import Family
from demon_patch.engine.lora.effect import kept_effect
from demon_patch.engine.lora.known_effects import effect_note
from demon_patch.engine.lora.merge import Lora, read_lora
from demon_patch.errors import WeightsError
from demon_patch.nearest import chosen


def load_lora(family: Family, name: str | Path, stamp: str | None) -> Lora:
    """From any thread. Reads a LoRA: one of the family's own by its name, or any safetensors file by its path. Its
    notes say how far it moves the model. Raises WeightsError.

    stamp: of the family's weights (`known_effects.weights_stamp`); None where it is not known.
    """
    own = family.loras
    path = own.get(str(name), Path(name))
    try:
        lora = read_lora(path, family.denoiser)
    except WeightsError as error:
        if own and not Path(name).suffix:
            error.mend = f"{chosen(str(name), sorted(own))}, or name a .safetensors file"
        raise
    return replace(lora, notes=(*lora.notes, effect_note(kept_effect(family, lora, path, stamp))))
