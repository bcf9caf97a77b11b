"""What a folder of weights holds, told without loading a model: headers and sizes of files alone."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.engine.tensor_file import TensorFile
from demon_patch.errors import WeightsError

if TYPE_CHECKING:
    from demon_patch.engine.families import Inspection

CODEC, DENOISER = "codec.safetensors", "denoiser.safetensors"
"""The files of weights that a model cannot do without."""


def stored_bytes(folder: Path) -> int:
    """Returns the bytes of all files in a folder of weights; 0 where there is none."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def inspected(folder: Path) -> Inspection:
    """Looks at the headers of the files in a folder of weights. Raises WeightsError."""
    from demon_patch.engine.families import Inspection  # noqa: PLC0415 (which imports the packages of families)

    files = tuple(sorted(folder.glob("*.safetensors")))
    stored = [each for file in files for each in TensorFile(file).tensors.values()]
    return Inspection("of the package", files, len(stored), sum(prod(each.shape) for each in stored))


def layers_in(folder: Path) -> dict[str, tuple[int, ...]]:
    """Returns the shape of the weights of each layer that a LoRA can change, read from the header of the denoiser's
    file. Raises WeightsError."""
    tensors = TensorFile(folder / DENOISER).tensors
    weights = {name.removesuffix(".weight"): stored.shape for name, stored in tensors.items() if ".weight" in name}
    return {name: shape for name, shape in weights.items() if len(shape) > 1 and "embedding" not in name}


def baked_into(weights: Path, folder: Path) -> tuple[str, ...]:
    """Returns the LoRAs that were baked into the weights in a folder, each with its strength; none where there are no
    such weights of the model whose own lie in `weights`."""
    try:
        own, found = (TensorFile(each / DENOISER).metadata for each in (weights, folder))
        loras = json.loads(found.get("training", "{}")).get("baked", [])
    except (WeightsError, ValueError, AttributeError, RecursionError):
        return ()
    if own.get("name") != found.get("name") or not isinstance(loras, list):
        return ()
    return tuple(each for each in loras if isinstance(each, str))


def named_files(folder: Path) -> dict[str, Path]:
    """Returns the safetensors files in a folder by their names without suffix, in order; none where it is missing."""
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}
