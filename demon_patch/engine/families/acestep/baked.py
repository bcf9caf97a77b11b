"""Writes the files of a model with LoRAs in its denoiser, in the layout that they have, and says what is in such a
folder.

The folder holds the model's own files; codec and text encoder are taken from the folder of models where they lie there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from demon_patch.engine.check_controls import checked_number
from demon_patch.engine.families.acestep.checkpoint import SILENCE, Checkpoint, find, located
from demon_patch.engine.families.acestep.json_file import BAKED
from demon_patch.engine.lora.merge import LayerChange, Loras
from demon_patch.engine.model_folder import model_folder
from demon_patch.errors import DemonError

_TRANSFORMER = "transformer."


def write_model(name: str, loras: Loras, folder: Path) -> Path:
    """Writes a model with LoRAs in its denoiser to a new folder, and returns it. Each tensor keeps its type.

    Raises DemonError for a folder that exists and for a strength outside 0 to 2, and WeightsError for a model whose
    files are missing or damaged.
    """
    for _, strength in loras:
        checked_number("lora_strength", strength)
    if folder.exists():
        raise DemonError("this exists already", file=folder, mend="name a new folder")
    checkpoint, place = find(name, model_folder()), located(name, model_folder())
    assert place is not None
    changed = _changed(checkpoint, loras)
    folder.mkdir(parents=True)
    if place.is_dir():
        shutil.copytree(place, folder / place.name)
    else:
        shutil.copy2(place, folder / place.name)
    if checkpoint.silence is not None:
        home = folder / place.name if place.is_dir() else folder
        shutil.copy2(checkpoint.silence, home / SILENCE)
    for file, tensors in changed.items():
        _rewrite(file, folder / file.relative_to(place.parent), tensors)
    told = {"model": name, "baked": [f"{lora.title} at {strength:g}" for lora, strength in loras]}
    (folder / BAKED).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return folder


def _changed(checkpoint: Checkpoint, loras: Loras) -> Mapping[Path, Mapping[str, list[tuple[LayerChange, float]]]]:
    """Returns by file, and by the name of a tensor in it, what LoRAs add to it, each with its strength."""
    found: dict[Path, dict[str, list[tuple[LayerChange, float]]]] = {}
    for lora, strength in loras:
        for layer, change in lora.changes.items():
            where = checkpoint.tensors["transformer"].get(f"{layer.removeprefix(_TRANSFORMER)}.weight")
            if where is None:
                raise DemonError(f"the model has no layer {layer} for the LoRA {lora.title}", mend="name another LoRA")
            if strength:
                found.setdefault(where.file, {}).setdefault(where.name, []).append((change, strength))
    return found


def _rewrite(file: Path, to: Path, changes: Mapping[str, list[tuple[LayerChange, float]]]) -> None:
    """Writes a file of tensors with what is added to some: W + sum of strength * scale * up down, in float32."""
    tensors: dict[str, Tensor] = {}
    with safe_open(file, framework="pt") as stream:
        about = stream.metadata()
        for name in stream.keys():  # noqa: SIM118 (it is no mapping)
            tensor = stream.get_tensor(name)
            if name in changes:
                total = tensor.float().flatten(1)
                for change, strength in changes[name]:
                    total = torch.addmm(total, change.up.cpu() * (strength * change.scale), change.down.cpu())
                tensor = total.view_as(tensor).to(tensor.dtype)
            tensors[name] = tensor.contiguous()
    to.unlink()
    save_file(tensors, to, about)
