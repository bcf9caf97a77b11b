"""What may be asked of a score, and how likely unusual scores are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a prompt asks of a score; a field is None, and a part is missing, where it asks nothing.

    key: semitones of the tonic above C. bpm: beats a minute. parts: True where a part must play, False where it must
    not.
    """

    mode: str | None = None
    key: int | None = None
    bpm: float | None = None
    parts: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Odds:
    """The chances, 0 to 1, of what makes a score unusual.

    free: a free progression, a free melody and free rhythms, each drawn by itself.
    thin: one or two parts only. silent: of thin scores, those in which nothing plays.
    drumless: no drums. any_tempo: a tempo from 60 to 190 bpm whatever the style.
    odd_bars: any number of bars instead of a multiple of four or two.
    """

    free: float = 0.0
    thin: float = 0.0
    silent: float = 0.0
    drumless: float = 0.0
    any_tempo: float = 0.0
    odd_bars: float = 0.0


SONG = Odds(free=0.15)
"""Odds for songs that a player asks for."""

TRAINING = Odds(free=0.4, thin=0.08, silent=0.08, drumless=0.02, any_tempo=0.25, odd_bars=0.6)
"""Odds for scores that a model learns from."""
