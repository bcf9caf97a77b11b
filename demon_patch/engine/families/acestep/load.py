"""Loads a model of the family."""

from __future__ import annotations

from pathlib import Path

import torch

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.acestep.build import read_parts
from demon_patch.engine.families.acestep.checkpoint import find
from demon_patch.engine.families.acestep.codec import AceStepCodec
from demon_patch.engine.families.acestep.conditioner import AceStepConditioner
from demon_patch.engine.families.acestep.denoiser import AceStepDenoiser
from demon_patch.engine.families.acestep.spec import spec
from demon_patch.engine.model_folder import model_folder


def load(
    name: str, models: Path | None = None, device: str = "cpu", dtype: torch.dtype = torch.float32,
    shared: Path | None = None,
) -> Family:  # fmt: skip
    """Returns a model of the family, read from the folder of all models; by default that of `engine.model_folder`.

    shared: another folder in which codec and text encoder may lie.

    Raises WeightsError for files that are missing or damaged, and DemonError where a library is missing.
    """
    parts = read_parts(find(name, models or model_folder(), shared), device, dtype)
    codec = AceStepCodec(parts.vae, name)
    return Family(
        spec(name), AceStepDenoiser(parts.transformer, name), codec, AceStepConditioner(parts, codec, spec(name))
    )
