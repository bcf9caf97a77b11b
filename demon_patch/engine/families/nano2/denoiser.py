"""The denoiser of nano2: nano's transformer in other sizes."""

from __future__ import annotations

from demon_patch.engine.families.nano.denoiser import NanoDenoiser, Shape
from demon_patch.engine.families.nano.sound_tags import TOKENS, VOCABULARY
from demon_patch.engine.families.nano2.spec import SPEC, STEERING

SHAPE = Shape(
    SPEC.latent_channels,
    SPEC.context_channels,
    TOKENS,
    VOCABULARY,
    SPEC.max_frames,
    width=STEERING[1],
    depth=STEERING[0],
    heads=5,
)
"""The denoiser's sizes, 7.9 million parameters."""


def denoiser() -> NanoDenoiser:
    """Returns the denoiser with random weights."""
    return NanoDenoiser(SHAPE, SPEC.name)
