"""Writes the weights of nano with LoRAs in them, and loads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.nano import WEIGHTS, load
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.weights import load_into, metadata, save
from demon_patch.engine.lora.merge import Loras, merge
from demon_patch.errors import DemonError, WeightsError

_NAME = "denoiser.safetensors"
_MEND = "name a folder that demon-patch lora bake wrote with this version"


def load_baked(folder: Path) -> Family:
    """Loads nano with the weights that `write_baked` wrote to a folder. Raises WeightsError for a folder that holds
    none, and for weights that do not fit or are damaged."""
    if not (folder / _NAME).is_file():
        raise WeightsError("this is no folder of weights of nano", file=folder, mend=_MEND)
    try:
        about, own = metadata(folder / _NAME), metadata(WEIGHTS / _NAME)
        if about.get("name") != own.get("name"):
            found = f"these are weights of {about.get('name')!r}, and nano's are {own.get('name')!r}"
            raise WeightsError(found, file=folder, mend=_MEND)
        return load(folder)
    except WeightsError as error:
        error.mend = _MEND
        raise


def write_baked(loras: Loras, folder: Path) -> Path:
    """Writes the weights of nano with LoRAs in them to a new folder, which `nano.load` reads, and returns it.

    Weights are stored in float16. Raises DemonError for LoRAs that do not fit, and if the folder exists.
    """
    if folder.exists():
        raise DemonError("this exists already", file=folder, mend="name a new folder")
    net = load_into(NanoDenoiser(), WEIGHTS / _NAME)
    merge(net, loras)
    shutil.copytree(WEIGHTS, folder)
    about = metadata(WEIGHTS / _NAME)
    baked = [f"{lora.title} at {strength:g}" for lora, strength in loras]
    training = {**json.loads(about.get("training", "{}")), "baked": baked}
    save(net, folder / _NAME, about.get("name", "nano"), training)
    return folder
