"""Bakes LoRAs into a model: adds them to its weights for good. `families.write_baked` writes those to a folder."""

from __future__ import annotations

from demon_patch.engine.lora.merge import Loras, merge
from demon_patch.engine.session import Session


def bake(session: Session, loras: Loras) -> None:
    """Between ticks. Adds LoRAs to the weights of a session's model, each with a strength of 0 to 2. Generations in
    flight go on with the new weights. Raises DemonError, and then changes nothing, for LoRAs that do not fit."""
    merge(session.family.denoiser, loras)
    session.executor.weights_changed()
