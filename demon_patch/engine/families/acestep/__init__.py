"""The family of ACE-Step 1.5: published checkpoints, played by model classes of diffusers and transformers.

The libraries are the extra `acestep`; the weights are not part of the package (`engine.model_folder`). Importing the
package loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from demon_patch.engine.families.acestep.models import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from demon_patch.engine.contracts import Family, FamilySpec
    from demon_patch.engine.families import Inspection
    from demon_patch.engine.lora.merge import Loras
    from demon_patch.engine.model_download import Download

MODELS: tuple[str, ...] = NAMES
"""The models of the family."""


def spec_for(name: str) -> FamilySpec:
    """Returns the geometry of a model."""
    from demon_patch.engine.families.acestep.spec import spec  # noqa: PLC0415

    return spec(name)


def load_model(name: str) -> Family:
    """Loads a model from the folder of models, in float32 on the processor. Raises WeightsError for files that are
    missing or damaged, and DemonError where a library is missing."""
    from demon_patch.engine.families.acestep.load import load  # noqa: PLC0415 (keeps the import torch-free)

    return load(name)


def load_on(name: str, device: torch.device, dtype: torch.dtype, weights: Path | None = None) -> Family:
    """Loads a model onto a device, in a type of numbers; its codec stays float32. Raises the errors of `load_model`.

    weights: a folder of baked weights, in place of the folder of models.
    """
    from demon_patch.engine.families.acestep.load import load  # noqa: PLC0415 (keeps the import torch-free)
    from demon_patch.engine.model_folder import model_folder  # noqa: PLC0415
    from demon_patch.errors import WeightsError  # noqa: PLC0415

    if weights is None:
        return load(name, device=str(device), dtype=dtype)
    if not loras_in(name, weights):
        mend = "name a folder that demon-patch lora bake wrote with this version"
        raise WeightsError(f"this is no folder of weights of {name}", file=weights, mend=mend)
    return load(name, weights, str(device), dtype, model_folder())


def loras_in(name: str, folder: Path) -> tuple[str, ...]:
    """Returns the LoRAs that were baked into a model in a folder, each with its strength; none where there are none."""
    from demon_patch.engine.families.acestep.json_file import baked_in  # noqa: PLC0415

    return baked_in(name, folder)


def write_baked(name: str, loras: Loras, folder: Path) -> Path:
    """Writes a model with LoRAs in its denoiser to a new folder (`baked.write_model`)."""
    from demon_patch.engine.families.acestep.baked import write_model  # noqa: PLC0415 (keeps the import torch-free)

    return write_model(name, loras, folder)


def stored_bytes(name: str) -> int:
    """Returns the bytes of a model's files of weights; 0 where they are not on this machine, or not whole."""
    from demon_patch.engine.families.acestep.checkpoint import find  # noqa: PLC0415
    from demon_patch.engine.model_folder import model_folder  # noqa: PLC0415
    from demon_patch.errors import WeightsError  # noqa: PLC0415

    try:
        return sum(file.stat().st_size for file in find(name, model_folder()).files())
    except WeightsError:
        return 0


def inspect(name: str) -> Inspection:
    """Looks at a model's files and at the shape of each tensor, without reading a number. Raises WeightsError, and
    DemonError where a library is missing."""
    from demon_patch.engine.families import Inspection  # noqa: PLC0415 (which imports this package)
    from demon_patch.engine.families.acestep.build import check  # noqa: PLC0415
    from demon_patch.engine.families.acestep.checkpoint import find  # noqa: PLC0415
    from demon_patch.engine.model_folder import model_folder  # noqa: PLC0415

    found = find(name, model_folder())
    check(found)
    return Inspection(found.layout, tuple(found.files()), sum(map(len, found.tensors.values())), found.numbers())


def downloads(name: str) -> tuple[Download, ...]:
    """Returns what a model takes of which repositories: its own files, and the codec and the text encoder, which all
    models of the family share."""
    from demon_patch.engine.families.acestep.models import MODELS as published  # noqa: PLC0415
    from demon_patch.engine.families.acestep.models import SHARED  # noqa: PLC0415
    from demon_patch.engine.model_download import Download  # noqa: PLC0415

    model = published[name]
    shared = Download(SHARED, ("vae", "Qwen3-Embedding-0.6B"))
    return Download(model.repository, (model.folder,), "" if model.folder else name), shared


def steering_shape(name: str) -> tuple[int, int]:
    """Returns the number of blocks that can be steered and the width of their outputs, as the configuration of the
    model's files says. Raises WeightsError."""
    from demon_patch.engine.families.acestep.checkpoint import find  # noqa: PLC0415
    from demon_patch.engine.families.acestep.sizes import sizes_of  # noqa: PLC0415
    from demon_patch.engine.model_folder import model_folder  # noqa: PLC0415

    sizes = sizes_of(find(name, model_folder()))["transformer"]
    return sizes["num_hidden_layers"], sizes["hidden_size"]


def layers(name: str) -> dict[str, tuple[int, ...]]:
    """Returns the shape of the weights of each layer of the denoiser that a LoRA can change, read from the headers of
    its files. Raises WeightsError."""
    from demon_patch.engine.families.acestep.checkpoint import find  # noqa: PLC0415
    from demon_patch.engine.model_folder import model_folder  # noqa: PLC0415

    found = find(name, model_folder()).tensors["transformer"]
    weights = {key.removesuffix(".weight"): where.stored.shape for key, where in found.items() if ".weight" in key}
    return {f"transformer.{key}": shape for key, shape in weights.items() if len(shape) > 1 and "proj_out" not in key}
