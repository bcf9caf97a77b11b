"""The embedded family: a small latent diffusion model whose weights come with the package.

Importing the package loads no torch; `load` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.engine.families.nano import stored

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Family, FamilySpec
    from demon_patch.engine.families import Inspection
    from demon_patch.engine.model_download import Download

MODELS: tuple[str, ...] = ("nano",)
"""The models of the family."""

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights that ship with the package."""

LORAS = Path(__file__).parent / "loras"
"""The folder of the LoRAs that ship with the package."""

STEERING = Path(__file__).parent / "steering"
"""The folder of the steering vectors that ship with the package."""


def spec_for(name: str) -> FamilySpec:
    """Returns the geometry of the family."""
    from demon_patch.engine.families.nano.spec import SPEC  # noqa: PLC0415

    return SPEC


def load_model(name: str) -> Family:
    """Loads the model that ships with the package, as `load` does."""
    return load()


def stored_bytes(name: str) -> int:
    """Returns the bytes of the model's files of weights."""
    return stored.stored_bytes(WEIGHTS)


def inspect(name: str) -> Inspection:
    """Looks at the headers of the model's files. Raises WeightsError."""
    return stored.inspected(WEIGHTS)


def downloads(name: str) -> tuple[Download, ...]:
    """Returns nothing: the weights come with the package."""
    return ()


def steering_shape(name: str) -> tuple[int, int]:
    """Returns the number of blocks that can be steered and the width of their outputs."""
    from demon_patch.engine.families.nano.spec import STEERING as SHAPE  # noqa: PLC0415

    return SHAPE


def layers(name: str = "nano") -> dict[str, tuple[int, ...]]:
    """Returns the shape of the weights of each layer that a LoRA can change, read from the header of the denoiser's
    file."""
    return stored.layers_in(WEIGHTS)


def load(folder: Path = WEIGHTS) -> Family:
    """Loads codec, denoiser and conditioner from `folder` and returns the family; raises WeightsError for unusable
    files."""
    from demon_patch.engine.contracts import Family  # noqa: PLC0415
    from demon_patch.engine.families.nano.codecs import load_codec  # noqa: PLC0415 (keeps the import torch-free)
    from demon_patch.engine.families.nano.conditioner import NanoConditioner  # noqa: PLC0415
    from demon_patch.engine.families.nano.denoiser import NanoDenoiser  # noqa: PLC0415
    from demon_patch.engine.families.nano.spec import SPEC  # noqa: PLC0415
    from demon_patch.engine.families.nano.weights import load_into  # noqa: PLC0415

    codec = load_codec(folder / stored.CODEC, SPEC)
    denoiser = load_into(NanoDenoiser(), folder / stored.DENOISER)
    loras, steering = (stored.named_files(kind) for kind in (LORAS, STEERING))
    return Family(SPEC, denoiser, codec, NanoConditioner(codec), loras, steering)
