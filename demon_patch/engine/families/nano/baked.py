"""Writes the weights of nano with LoRAs in them, and loads them, as other models do that share its denoiser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.nano import WEIGHTS, load
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.stored import DENOISER
from demon_patch.engine.families.nano.weights import load_into, metadata, save
from demon_patch.engine.lora.merge import Loras, merge
from demon_patch.errors import DemonError, WeightsError

_MEND = "name a folder that demon-patch lora bake wrote with this version"


def load_baked(folder: Path) -> Family:
    """Loads nano with the weights that `write_baked` wrote to a folder. Raises WeightsError for a folder that holds
    none, and for weights that do not fit or are damaged."""
    return baked_family("nano", load, WEIGHTS, folder)


def write_baked(loras: Loras, folder: Path) -> Path:
    """Writes the weights of nano with LoRAs in them to a new folder, which `nano.load` reads, and returns it.

    Weights are stored in float16. Raises DemonError for LoRAs that do not fit, and if the folder exists.
    """
    return bake(NanoDenoiser(), WEIGHTS, loras, folder)


def baked_family(model: str, load: Callable[[Path], Family], weights: Path, folder: Path) -> Family:
    """Loads a model from a folder that `bake` wrote, as `load_baked` does. weights: the folder of its own."""
    if not (folder / DENOISER).is_file():
        raise WeightsError(f"this is no folder of weights of {model}", file=folder, mend=_MEND)
    try:
        about, own = metadata(folder / DENOISER), metadata(weights / DENOISER)
        if about.get("name") != own.get("name"):
            found = f"these are weights of {about.get('name')!r}, and {model}'s are {own.get('name')!r}"
            raise WeightsError(found, file=folder, mend=_MEND)
        return load(folder)
    except WeightsError as error:
        error.mend = _MEND
        raise


def bake(net: NanoDenoiser, weights: Path, loras: Loras, folder: Path) -> Path:
    """Writes a folder of weights with LoRAs in its denoiser's to a new folder, as `write_baked` does.

    net: a denoiser of the right sizes, which is filled.
    """
    if folder.exists():
        raise DemonError("this exists already", file=folder, mend="name a new folder")
    load_into(net, weights / DENOISER)
    merge(net, loras)
    shutil.copytree(weights, folder)
    about = metadata(weights / DENOISER)
    baked = [f"{lora.title} at {strength:g}" for lora, strength in loras]
    training = {**json.loads(about.get("training", "{}")), "baked": baked}
    save(net, folder / DENOISER, about.get("name", "nano"), training)
    return folder
