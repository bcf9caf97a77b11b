"""What may be asked of a score, and how adventurous scores are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a prompt asks for; None, or a part not named, where it does not say.

    key: semitones above C. parts: True where a part must play, False where it must not.
    """

    mode: str | None = None
    key: int | None = None
    bpm: float | None = None
    parts: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Odds:
    """Chances of what makes a score unusual.

    free: of a free progression, melody and rhythms, each by itself. thin: one or two parts only. silent: of a thin
    score, nothing at all. drumless: no drums. any_tempo: a tempo from 60 to 190 whatever the style. odd_bars: any
    number of bars instead of a multiple of four or two.
    """

    free: float = 0.0
    thin: float = 0.0
    silent: float = 0.0
    drumless: float = 0.0
    any_tempo: float = 0.0
    odd_bars: float = 0.0


SONG = Odds(free=0.15)
"""For songs that a player asks for."""

TRAINING = Odds(free=0.4, thin=0.08, silent=0.08, drumless=0.02, any_tempo=0.25, odd_bars=0.6)
"""For what a model learns from."""
