"""The geometry and the measured habits of the family `nano2`; torch-free."""

from __future__ import annotations

from types import MappingProxyType

from demon_patch.engine.contracts import PLAIN, FamilySpec
from demon_patch.engine.families.nano.score.roll import SCORE_CHANNELS
from demon_patch.engine.families.nano.spec import HINT_CHANNELS, PATCH

LATENT = 64
"""Channels of a latent frame."""

KNOWN = slice(0, LATENT)
KNOWN_MASK = slice(KNOWN.stop, KNOWN.stop + 1)
HINTS = slice(KNOWN_MASK.stop, KNOWN_MASK.stop + HINT_CHANNELS)
HINTS_WEIGHT = slice(HINTS.stop, HINTS.stop + 1)
SCORE = slice(HINTS_WEIGHT.stop, HINTS_WEIGHT.stop + SCORE_CHANNELS)
SCORE_WEIGHT = slice(SCORE.stop, SCORE.stop + 1)
"""The channels of the context: a latent that is kept and where it is, structure hints and their weight, the score and
its weight."""

# Margins: 13 frames are the whole reach of a decode, which is then equal within 2.6e-7 of the peak; 10 leave -125 dB in
# the worst of 64 windows, 9 leave -69 dB (`python -m tools.train_nano.measure --model nano2`).
# Border: a stretch of 200 latent frames differs from the whole song most in its first 6 frames, one of 500 in its first
# 10, and from there on no more than in its middle.
# Dry reach: `demon-patch model measure nano2`. Taper: the one whose tenths are nearest to a tenth of the whole distance
# to the clip, both over 16 covers of composed clips (.081 to .114) and over 32 files as in `bench nano-quality`
# (.084 to .113).
# Ticks: as nominal as those of nano, longer than real ones.
SPEC = FamilySpec(
    name="nano2",
    title="nano 2, embedded, stereo",
    sample_rate=48000,
    channels=2,
    latent_channels=LATENT,
    context_channels=SCORE_WEIGHT.stop,
    frame_rate=25,
    quantum=PATCH,
    min_frames=200,
    max_frames=1500,
    exact_margin=13,
    playing_margin=10,
    defaults=MappingProxyType({**PLAIN, "steps": 4, "shift": 1.0, "solver": "ab2", "depth": 2}),
    tick_frames=MappingProxyType({1: 2, 2: 3, 3: 5, 4: 6, 5: 8, 6: 9, 7: 11, 8: 12}),
    strength_taper=(0.0, 0.0641, 0.1222, 0.1878, 0.2526, 0.3203, 0.4036, 0.5402, 0.6755, 0.8375, 1.0),
    border=12,
    score=True,
    dry_reach=0.35,
)

STEERING = (5, 320)
"""The number of blocks of the denoiser that can be steered, and the width of their outputs."""
