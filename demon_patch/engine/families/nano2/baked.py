"""Writes the weights of nano2 with LoRAs in them, and loads them."""

from __future__ import annotations

from pathlib import Path

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.nano.baked import bake, baked_family
from demon_patch.engine.families.nano2 import WEIGHTS, load
from demon_patch.engine.families.nano2.denoiser import denoiser
from demon_patch.engine.lora.merge import Loras


def load_baked(folder: Path) -> Family:
    """Loads nano2 with the weights that `write_baked` wrote to a folder. Raises WeightsError for a folder that holds
    none, and for weights that do not fit or are damaged."""
    return baked_family("nano2", load, WEIGHTS, folder)


def write_baked(loras: Loras, folder: Path) -> Path:
    """Writes the weights of nano2 with LoRAs in them to a new folder, which `nano2.load` reads, and returns it.

    Weights are stored in float16. Raises DemonError for LoRAs that do not fit, and if the folder exists.
    """
    return bake(denoiser(), WEIGHTS, loras, folder)
