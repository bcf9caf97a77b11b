"""LoRA: low-rank changes of a denoiser's weights (Hu et al. 2021, section 4.1), read from a file.

W = W0 + sum over LoRAs of strength * scale * B A, with scale = alpha / rank. While they play they lie beside the
weights (`side_paths`); `merge` adds them to the weights for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from demon_patch.engine.check_controls import checked_number
from demon_patch.engine.controls import MOST_LORAS
from demon_patch.engine.lora.file import read
from demon_patch.engine.lora.names import OTHER
from demon_patch.errors import DemonError

Layer: TypeAlias = nn.Linear | nn.Conv1d


@dataclass(frozen=True, slots=True, eq=False)
class LayerChange:
    """The change of a layer's weight in float32: scale * (up [out, rank] @ down [rank, in * kernel])."""

    down: Tensor
    up: Tensor
    scale: float


@dataclass(frozen=True, eq=False)
class Lora:
    """A LoRA, read for one denoiser.

    title: the file's name without its suffix.
    changes: by path of the layer in the denoiser.
    notes: sentences for the player; the first one states the scale.
    triggers: the words that bring it out in a prompt.
    """

    title: str
    changes: Mapping[str, LayerChange] = field(repr=False)
    notes: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


Loras: TypeAlias = Sequence[tuple[Lora, float]]
"""LoRAs, each with its strength, 0 to 2."""


def layers_of(denoiser: object) -> dict[str, Layer]:
    """Returns the layers of a denoiser that a LoRA can change, by path; none if the denoiser is no torch module."""
    if not isinstance(denoiser, nn.Module):
        return {}
    return {
        name: layer
        for name, layer in denoiser.named_modules()
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv1d) and layer.groups == 1)
    }


def read_lora(path: str | Path, denoiser: object) -> Lora:
    """Reads a LoRA for a denoiser from a safetensors file, or from its folder, in any trainer's spelling (`lora.file`).

    Its tensors are on the device of the layers. The file is not trusted. Raises WeightsError for a file that is
    missing, too large or damaged, for layers that the denoiser does not have, for statements of scale that contradict
    each other, and for shapes, ranks and numbers that cannot be used.
    """
    layers = layers_of(denoiser)
    found = read(Path(path), {name: tuple(layer.weight.shape) for name, layer in layers.items()})
    changes = {}
    for name, change in found.changes.items():
        device = layers[name].weight.device
        down, up = (torch.tensor(half, device=device) for half in (change.down, change.up))
        changes[name] = LayerChange(down, up, change.scale)
    return Lora(Path(path).stem, changes, (f"scale {found.scales}", *found.notes), found.triggers)


def checked_loras(loras: Sequence[Lora], layers: Mapping[str, Layer]) -> None:
    """Raises DemonError for more than `MOST_LORAS` LoRAs, or for a LoRA with a layer that is not among `layers`."""
    if len(loras) > MOST_LORAS:
        raise DemonError(f"{len(loras)} LoRAs", port="lora_strength", mend=f"use at most {MOST_LORAS}")
    for lora in loras:
        for name in lora.changes:
            if name not in layers:
                raise DemonError(f"the model has no layer {name} for the LoRA {lora.title}", mend=OTHER)


@torch.no_grad()
def merge(denoiser: object, loras: Loras) -> None:
    """Adds LoRAs to the weights of a denoiser for good: W + sum over LoRAs of strength * scale * up down, in float32.

    Between forwards. Raises DemonError, and then changes nothing, for too many LoRAs, a LoRA of another model, or a
    strength outside 0 to 2.
    """
    layers = layers_of(denoiser)
    checked_loras([lora for lora, _ in loras], layers)
    for _, strength in loras:
        checked_number("lora_strength", strength)
    for name in sorted({name for lora, _ in loras for name in lora.changes}):
        weight = layers[name].weight
        total = weight.float().flatten(1).clone()
        for lora, strength in loras:
            if strength and (change := lora.changes.get(name)) is not None:
                total.addmm_(change.up * (strength * change.scale), change.down)
        weight.copy_(total.view_as(weight))
