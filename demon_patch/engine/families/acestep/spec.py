"""The geometry of the family `acestep`, one `FamilySpec` for each published checkpoint; torch-free."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.families.acestep.models import MODELS

LATENT, CONTEXT, PATCH = 64, 128, 2
"""Channels of a latent frame, channels of the context (source and mask), latent frames in a token of the denoiser."""

GROUP = 5
"""Latent frames that share one structure code."""

MARGIN = 9
"""Latent frames on each side that reach into the sound of a latent frame: a decode with them is exact."""


@cache
def spec(name: str) -> FamilySpec:
    """Returns the geometry of a model by its name in `models.MODELS`.

    `tick_frames` are computed, not measured: from the arithmetic of a forward on an RTX 5090 at 60 % of its rate, for
    songs of 60 s. `strength_taper` is a straight line until a checkpoint is measured.
    """
    model = MODELS[name]
    row = 1.2 if model.xl else 0.45  # control frames (40 ms) of a row
    return FamilySpec(
        name=name,
        title=model.title,
        sample_rate=48000,
        channels=2,
        latent_channels=LATENT,
        context_channels=CONTEXT,
        frame_rate=25,
        quantum=PATCH,
        min_frames=200,
        max_frames=6000,
        exact_margin=MARGIN,
        playing_margin=MARGIN,
        defaults=model.defaults,
        tick_frames=MappingProxyType({depth: max(round(row * depth + 0.5), 1) for depth in range(1, 9)}),
        strength_taper=tuple(k / 10 for k in range(11)),
        tick_song=1500,
        timbre=True,
        lyrics=True,
        needs_source=False,
    )
