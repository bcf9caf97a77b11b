"""LoRA: low-rank changes of a denoiser's weights (Hu et al. 2021, section 4.1), read from a file and merged in place.

W = W0 + sum over adapters of strength * scale * B A, with scale = alpha / rank. The sum always starts from the kept W0,
so nothing accumulates, and strength 0 gives W0 back bit for bit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from demon_patch.engine.controls import MOST_LORAS
from demon_patch.engine.limits import checked
from demon_patch.errors import DemonError, WeightsError

Layer: TypeAlias = nn.Linear | nn.Conv1d

MAX_RANK = 256
MAX_BYTES = 2**30
MAX_TENSORS = 20_000
MAX_NORM = 1e4
"""The largest norm of a layer's change: beyond it there is no music, only overflow."""

_PREFIXES = frozenset({"base_model", "model", "diffusion_model", "transformer", "denoiser"})
_HALF = re.compile(r"(.+)\.(?:(lora_A|lora_down|lora\.down)|lora_B|lora_up|lora\.up)(?:\.default)?\.weight")
_ALPHA = re.compile(r"(.+)\.alpha")
_KINDS = frozenset({"F16", "BF16", "F32", "F64"})
_OTHER = "use a LoRA that was trained on this model"
_AGAIN = "get the file again, or save it again"


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A layer's change: down [rank, in * kernel] times up [out, rank] times scale, float32."""

    down: Tensor
    up: Tensor
    scale: float


@dataclass(frozen=True, eq=False)
class Lora:
    """An adapter: its changes by the path of the layer in the denoiser. title: the file's name without its ending."""

    title: str
    changes: Mapping[str, Change] = field(repr=False)

    @property
    def rank(self) -> int:
        """The highest rank of its changes."""
        return max(change.down.shape[0] for change in self.changes.values())


Loras: TypeAlias = Sequence[tuple[Lora, float]]
"""Adapters with their strengths, 0 to 2."""


def layers_of(denoiser: object) -> dict[str, Layer]:
    """The layers of a denoiser that a LoRA can change, by path; none where it is no torch module."""
    if not isinstance(denoiser, nn.Module):
        return {}
    return {
        name: layer
        for name, layer in denoiser.named_modules()
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv1d) and layer.groups == 1)
    }


def read_lora(path: str | Path, denoiser: object) -> Lora:
    """Reads a safetensors file of `lora_A` and `lora_B` (PEFT) or `lora_down` and `lora_up` weights by layer.

    alpha: a layer's `.alpha` tensor, else `lora_alpha` of the file's metadata, else the rank (a scale of 1). The file
    is not trusted: raises WeightsError for one that is missing, too large or damaged, for layers that the denoiser
    has not, and for shapes, ranks and numbers that cannot serve.
    """
    path, layers = Path(path), layers_of(denoiser)
    try:
        return _read(path, layers)
    except WeightsError as error:
        raise error.at(file=path) from None
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"no LoRA can be read from it: {error}", file=path, mend=_AGAIN) from error


def _read(path: Path, layers: Mapping[str, Layer]) -> Lora:
    if not path.is_file():
        raise WeightsError("there is no such file", mend="name a LoRA of the model, or a .safetensors file")
    if path.stat().st_size > MAX_BYTES:
        raise WeightsError(f"a LoRA of {path.stat().st_size / 2**20:.0f} MiB", mend=f"use one below {MAX_BYTES >> 20}")
    with safe_open(path, framework="pt") as file:
        keys = list(file.keys())
        if len(keys) > MAX_TENSORS:
            raise WeightsError(f"{len(keys)} tensors", mend=f"use a LoRA of at most {MAX_TENSORS}")
        halves, alphas = _sorted_out(keys, layers)
        if not halves:
            raise WeightsError("it holds no LoRA weights", mend="use a file with lora_A and lora_B weights")
        whole = _alpha(dict(file.metadata() or {}))
        changes = {}
        for name, pair in sorted(halves.items()):
            alpha = whole
            if name in alphas:
                given = file.get_tensor(alphas[name])
                if given.numel() != 1:
                    raise WeightsError(f"{alphas[name]} is no single number", mend=_AGAIN)
                alpha = float(given)
            down, up = (_tensor(file, key) for key in _pair(name, pair))
            changes[name] = _change(name, layers[name], down, up, alpha)
    return Lora(path.stem, changes)


def _sorted_out(keys: Sequence[str], layers: Mapping[str, Layer]) -> tuple[dict[str, dict[bool, str]], dict[str, str]]:
    """The keys of the halves (True: the lower one) and of the alphas, by layer."""
    halves: dict[str, dict[bool, str]] = {}
    alphas: dict[str, str] = {}
    for key in keys:
        if (half := _HALF.fullmatch(key)) is not None:
            name, lower = _layer(half[1], layers), half[2] is not None
            if lower in halves.setdefault(name, {}):
                raise WeightsError(f"{key} and {halves[name][lower]} are the same half", mend=_AGAIN)
            halves[name][lower] = key
        elif (alpha := _ALPHA.fullmatch(key)) is not None:
            alphas[_layer(alpha[1], layers)] = key
        else:
            raise WeightsError(f"{_shown(key)} is no LoRA weight", mend="use a file with lora_A and lora_B weights")
    return halves, alphas


def _layer(given: str, layers: Mapping[str, Layer]) -> str:
    """The layer that a file calls `given`, perhaps behind the prefix of the program that wrote it."""
    name = given
    while name not in layers:
        prefix, _, name = name.partition(".")
        if prefix not in _PREFIXES or not name:
            raise WeightsError(f"the model has no layer {_shown(given)}", mend=_OTHER)
    return name


def _pair(name: str, pair: Mapping[bool, str]) -> tuple[str, str]:
    if len(pair) < 2:
        raise WeightsError(f"layer {name} has only one half of its change", mend=_AGAIN)
    return pair[True], pair[False]


def _tensor(file: Any, key: str) -> Tensor:
    """A half as float32; its kind and size are looked at before it is loaded."""
    part = file.get_slice(key)
    if part.get_dtype() not in _KINDS:
        raise WeightsError(f"{_shown(key)} holds {part.get_dtype()}, no floating-point numbers", mend=_AGAIN)
    if not 2 <= len(part.get_shape()) <= 3:
        raise WeightsError(f"{_shown(key)} has shape {part.get_shape()}", mend=_OTHER)
    return file.get_tensor(key).float()


def _change(name: str, layer: Layer, down: Tensor, up: Tensor, alpha: float | None) -> Change:
    weight = layer.weight
    rank = down.shape[0]
    if not 1 <= rank <= MAX_RANK:
        raise WeightsError(f"layer {name} has rank {rank}", mend=f"use a LoRA of rank 1 to {MAX_RANK}")
    wanted = (rank, *weight.shape[1:]), (len(weight), rank, *[1] * (weight.ndim - 2))
    if (tuple(down.shape), tuple(up.shape)) != wanted:
        raise WeightsError(
            f"layer {name} has halves {list(down.shape)} and {list(up.shape)}, wanted {list(wanted[0])} and"
            f" {list(wanted[1])}",
            mend=_OTHER,
        )
    scale = 1.0 if alpha is None else alpha / rank
    norm = float(down.norm()) * float(up.norm()) * abs(scale)
    if not isfinite(norm):
        raise WeightsError(f"layer {name} holds numbers that are not finite", mend=_AGAIN)
    if norm > MAX_NORM:
        raise WeightsError(f"layer {name} is changed by a norm of {norm:.3g}", mend=f"keep it below {MAX_NORM:g}")
    return Change(down.flatten(1).to(weight.device), up.flatten(1).to(weight.device), scale)


def _alpha(metadata: Mapping[str, str]) -> float | None:
    """The alpha of all layers that a file's metadata gives, plainly or as JSON by name."""
    facts: dict[str, Any] = dict(metadata)
    try:
        inner = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        raise WeightsError("its metadata is no JSON", mend=_AGAIN) from None
    facts |= inner if isinstance(inner, dict) else {}
    given = {key.rpartition(".")[2]: value for key, value in facts.items()}
    found = given.get("lora_alpha", given.get("alpha"))
    try:
        return None if found is None else float(found)
    except (TypeError, ValueError):
        raise WeightsError(f"its alpha is {_shown(str(found))}, not a number", mend=_AGAIN) from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


class Merged:
    """The layers of a denoiser with LoRAs merged into them. Used from one thread, between forwards.

    W0 is kept of the layers that the present LoRAs touch, and only of those.
    """

    def __init__(self, denoiser: object) -> None:
        self._layers = layers_of(denoiser)
        self._first: dict[str, Tensor] = {}
        self._sums: dict[str, tuple[tuple[Change, float], ...]] = {}
        self.loras: tuple[tuple[Lora, float], ...] = ()

    @torch.no_grad()
    def set(self, loras: Loras) -> bool:
        """Merges exactly these, in this order; whether any weight was changed. Raises DemonError for more than 4, a
        strength out of range, or a LoRA of another model."""
        if len(loras) > MOST_LORAS:
            raise DemonError(f"{len(loras)} LoRAs", port="lora_strength", mend=f"use at most {MOST_LORAS}")
        sums: dict[str, list[tuple[Change, float]]] = {}
        for lora, strength in loras:
            checked("lora_strength", strength)
            for name, change in lora.changes.items():
                if name not in self._layers:
                    raise DemonError(f"the model has no layer {name} for the LoRA {lora.title}", mend=_OTHER)
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

    def _merge(self, name: str, terms: tuple[tuple[Change, float], ...]) -> None:
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
