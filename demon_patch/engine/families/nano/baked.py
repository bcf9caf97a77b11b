"""Writes the weights of nano with LoRAs in them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from demon_patch.engine.families.nano import WEIGHTS
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.weights import load_into, metadata, save
from demon_patch.engine.lora.merge import Loras, merge
from demon_patch.errors import DemonError

_NAME = "denoiser.safetensors"


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
