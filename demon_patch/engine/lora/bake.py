"""Bakes LoRAs into a model: adds them to its weights for good and writes those to a folder."""

from __future__ import annotations

from pathlib import Path

from demon_patch.engine.lora.merge import Loras, merge
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError


def bake(session: Session, loras: Loras) -> None:
    """Between ticks. Adds LoRAs to the weights of a session's model, each with a strength of 0 to 2. Generations in
    flight go on with the new weights. Raises DemonError, and then changes nothing, for LoRAs that do not fit."""
    merge(session.family.denoiser, loras)
    session.executor.weights_changed()


def write_baked(loras: Loras, folder: Path) -> Path:
    """Writes the weights of nano with LoRAs in them to a new folder, which `families.nano.load` reads, and returns it.

    Weights are stored in float16. Raises DemonError for LoRAs that do not fit, and if the folder exists.
    """
    import json  # noqa: PLC0415
    import shutil  # noqa: PLC0415

    from demon_patch.engine.families.nano import WEIGHTS  # noqa: PLC0415
    from demon_patch.engine.families.nano.denoiser import NanoDenoiser  # noqa: PLC0415
    from demon_patch.engine.families.nano.weights import load_into, metadata, save  # noqa: PLC0415

    if folder.exists():
        raise DemonError("this exists already", file=folder, mend="name a new folder")
    name = "denoiser.safetensors"
    net = load_into(NanoDenoiser(), WEIGHTS / name)
    merge(net, loras)
    shutil.copytree(WEIGHTS, folder)
    about = metadata(WEIGHTS / name)
    baked = [f"{lora.title} at {strength:g}" for lora, strength in loras]
    save(net, folder / name, about.get("name", "nano"), {**json.loads(about.get("training", "{}")), "baked": baked})
    return folder
