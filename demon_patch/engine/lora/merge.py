"""LoRA: low-rank changes of a denoiser's weights (Hu et al. 2021, section 4.1), read from a file and merged in place.

W = W0 + sum over LoRAs of strength * scale * B A, with scale = alpha / rank. The sum always starts from the original
weights W0, which are kept. For this reason no error accumulates, and strength 0 restores W0 bit for bit.
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
    """

    title: str
    changes: Mapping[str, LayerChange] = field(repr=False)
    notes: tuple[str, ...] = ()


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
    return Lora(Path(path).stem, changes, (f"scale {found.scales}", *found.notes))


class Merged:
    """Merges LoRAs into the layers of a denoiser. Used from one thread, between forwards.

    The original weights W0 are kept only of the layers that the present LoRAs change.
    """

    def __init__(self, denoiser: object) -> None:
        self._layers = layers_of(denoiser)
        self._first: dict[str, Tensor] = {}
        self._sums: dict[str, tuple[tuple[LayerChange, float], ...]] = {}
        self.loras: tuple[tuple[Lora, float], ...] = ()

    @torch.no_grad()
    def set(self, loras: Loras) -> bool:
        """Makes these the only LoRAs in the weights, added in this order. Returns whether any layer was merged again.

        Raises DemonError for more than 4 LoRAs, a strength outside 0 to 2, or a LoRA of another model.
        """
        if len(loras) > MOST_LORAS:
            raise DemonError(f"{len(loras)} LoRAs", port="lora_strength", mend=f"use at most {MOST_LORAS}")
        sums: dict[str, list[tuple[LayerChange, float]]] = {}
        for lora, strength in loras:
            checked_number("lora_strength", strength)
            for name, change in lora.changes.items():
                if name not in self._layers:
                    raise DemonError(f"the model has no layer {name} for the LoRA {lora.title}", mend=OTHER)
                sums.setdefault(name, [])
                if strength:
                    sums[name].append((change, float(strength)))
        changed = False
        for name in sorted(self._first.keys() | sums.keys()):
            terms = tuple(sums.get(name, ()))
            if terms != self._sums.get(name, ()):
                self._merge(name, terms)
                changed = True
            if name not in sums:
                self._first.pop(name, None)
        self.loras = tuple((lora, float(strength)) for lora, strength in loras)
        return changed

    def _merge(self, name: str, terms: tuple[tuple[LayerChange, float], ...]) -> None:
        weight = self._layers[name].weight
        first = self._first.get(name)
        if first is None:
            first = self._first[name] = weight.detach().clone()
        weight.copy_(first)
        if terms:  # summed in float32, in the weight's own memory where it is float32
            total = weight.float().flatten(1)
            for change, strength in terms:
                total.addmm_(change.up * (strength * change.scale), change.down)
            weight.copy_(total.view_as(weight))
        self._sums[name] = terms
