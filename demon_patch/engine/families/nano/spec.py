"""The geometry and the measured habits of the family `nano`; torch-free."""

from __future__ import annotations

from types import MappingProxyType

from demon_patch.engine.contracts import PLAIN, FamilySpec

HINT_CHANNELS = 37
"""Structure hints of a latent frame: 12 chroma, 12 bass chroma, 3 bands x 4 onsets, 1 loudness."""

PATCH = 2
"""Latent frames in one token of the denoiser."""

# Border: a stretch of 200 or 500 latent frames differs from the whole song most in its first 8 frames. In the next 4
# it differs a little more than in its middle, and from the twelfth frame on no more than there.
# Margins, taper and ticks are measured: the margins by tools/train_nano/measure.py (17 frames are the whole reach of a
# decode, which is then equal within 2e-7; 13 leave -119 dB in the worst of 8 windows, 12 leave -77 dB), the taper by
# `demon-patch model measure nano RECORDING...`.
# Ring depth: a row for each of two cores. More rows complete no more generations a second, and each answers later.
SPEC = FamilySpec(
    name="nano",
    title="nano, embedded",
    sample_rate=32000,
    channels=1,
    latent_channels=64,
    context_channels=64 + 1 + HINT_CHANNELS + 1,
    frame_rate=25,
    quantum=PATCH,
    min_frames=200,
    max_frames=1500,
    exact_margin=17,
    playing_margin=13,
    defaults=MappingProxyType({**PLAIN, "steps": 4, "shift": 2.0, "depth": 2}),
    tick_frames=MappingProxyType({1: 2, 2: 3, 3: 5, 4: 6, 5: 8, 6: 9, 7: 11, 8: 12}),
    strength_taper=(0.0, 0.054, 0.1212, 0.2034, 0.2867, 0.4016, 0.5397, 0.7052, 0.7953, 0.8833, 1.0),
    border=12,
    dry_reach=0.8,
)

STEERING = (6, 256)
"""The number of blocks of the denoiser that can be steered, and the width of their outputs."""
