"""The embedded family that plays where a patch names no model: 48 kHz stereo, from a score and from structure hints.

What it shares with nano lies in `families.nano`. Importing the package loads no torch; `load` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.engine.families.nano import stored
from demon_patch.errors import WeightsError

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Family, FamilySpec
    from demon_patch.engine.families import Inspection
    from demon_patch.engine.model_download import Download

MODELS: tuple[str, ...] = ("nano2",)
"""The models of the family."""

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights that ship with the package."""

LORAS = Path(__file__).parent / "loras"
"""The folder of the LoRAs that ship with the package."""

STEERING = Path(__file__).parent / "steering"
"""The folder of the steering vectors that ship with the package."""


def spec_for(name: str) -> FamilySpec:
    """Returns the geometry of the family."""
    from demon_patch.engine.families.nano2.spec import SPEC  # noqa: PLC0415

    return SPEC


def load_model(name: str) -> Family:
    """Loads the model that ships with the package, as `load` does."""
    return load()


def stored_bytes(name: str) -> int:
    """Returns the bytes of the model's files of weights; 0 where codec or denoiser are not here."""
    return 0 if _missing(WEIGHTS) else stored.stored_bytes(WEIGHTS)


def inspect(name: str) -> Inspection:
    """Looks at the headers of the model's files. Raises WeightsError."""
    _check(WEIGHTS)
    return stored.inspected(WEIGHTS)


def downloads(name: str) -> tuple[Download, ...]:
    """Returns nothing: the weights come with the package."""
    return ()


def steering_shape(name: str) -> tuple[int, int]:
    """Returns the number of blocks that can be steered and the width of their outputs."""
    from demon_patch.engine.families.nano2.spec import STEERING as SHAPE  # noqa: PLC0415

    return SHAPE


def layers(name: str = "nano2") -> dict[str, tuple[int, ...]]:
    """Returns the shape of the weights of each layer that a LoRA can change, read from the header of the denoiser's
    file. Raises WeightsError."""
    _check(WEIGHTS)
    return stored.layers_in(WEIGHTS)


def load(folder: Path | None = None) -> Family:
    """Loads codec, denoiser, conditioner and, where its weights are there, the transcriber from `folder` (by default
    the package's own) and returns the family. Raises WeightsError for files that are missing or damaged."""
    from demon_patch.engine.contracts import Family  # noqa: PLC0415
    from demon_patch.engine.families.nano.codecs import load_codec  # noqa: PLC0415 (keeps the import torch-free)
    from demon_patch.engine.families.nano.transcriber import load_transcriber  # noqa: PLC0415
    from demon_patch.engine.families.nano.weights import load_into  # noqa: PLC0415
    from demon_patch.engine.families.nano2.conditioner import Nano2Conditioner  # noqa: PLC0415
    from demon_patch.engine.families.nano2.denoiser import denoiser  # noqa: PLC0415
    from demon_patch.engine.families.nano2.spec import SPEC  # noqa: PLC0415

    folder = WEIGHTS if folder is None else folder
    _check(folder)
    codec = load_codec(folder / stored.CODEC, SPEC)
    net = load_into(denoiser(), folder / stored.DENOISER)
    loras, steering = (stored.named_files(kind) for kind in (LORAS, STEERING))
    return Family(SPEC, net, codec, Nano2Conditioner(codec, load_transcriber(folder)), loras, steering)


def _missing(folder: Path) -> list[str]:
    return [name for name in (stored.CODEC, stored.DENOISER) if not (folder / name).is_file()]


def _check(folder: Path) -> None:
    """Raises WeightsError where the weights of codec or denoiser are not in a folder."""
    if missing := _missing(folder):
        raise WeightsError(
            f"the weights of nano2 are not here: {' and '.join(missing)}",
            file=folder,
            mend="play the patch on nano, or use a version of the program that comes with them",
        )
