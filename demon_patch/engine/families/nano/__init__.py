"""The embedded family: a small latent diffusion model whose weights come with the package.

Importing the package loads no torch; `load` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.engine.tensor_file import TensorFile

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Family

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights that ship with the package."""

LORAS = Path(__file__).parent / "loras"
"""The folder of the LoRAs that ship with the package."""


def layers() -> dict[str, tuple[int, ...]]:
    """Returns the shape of the weights of each layer that a LoRA can change, read from the header of the denoiser's
    file."""
    tensors = TensorFile(WEIGHTS / "denoiser.safetensors").tensors
    weights = {name.removesuffix(".weight"): stored.shape for name, stored in tensors.items() if ".weight" in name}
    return {name: shape for name, shape in weights.items() if len(shape) > 1 and "embedding" not in name}


def load(folder: Path = WEIGHTS) -> Family:
    """Loads codec, denoiser and conditioner from `folder` and returns the family; raises WeightsError for unusable
    files."""
    from demon_patch.engine.contracts import Family  # noqa: PLC0415
    from demon_patch.engine.families.nano.codecs import load_codec  # noqa: PLC0415 (keeps the import torch-free)
    from demon_patch.engine.families.nano.conditioner import NanoConditioner  # noqa: PLC0415
    from demon_patch.engine.families.nano.denoiser import NanoDenoiser  # noqa: PLC0415
    from demon_patch.engine.families.nano.spec import SPEC  # noqa: PLC0415
    from demon_patch.engine.families.nano.weights import load_into  # noqa: PLC0415

    codec = load_codec(folder / "codec.safetensors", SPEC)
    denoiser = load_into(NanoDenoiser(), folder / "denoiser.safetensors")
    loras = {path.stem: path for path in sorted(LORAS.glob("*.safetensors"))}
    return Family(SPEC, denoiser, codec, NanoConditioner(codec), loras)
