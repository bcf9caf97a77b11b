"""Composed songs: a score, and its sound in its own style."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score import Score, Wishes, compose_score
from demon_patch.engine.families.nano.synth.render import Setup, render

_KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True, slots=True)
class Song:
    """A score and its sound.

    audio: float32 stereo [2, frames * 1920] at 48 kHz, a loop within -1 to 1.
    """

    score: Score
    audio: Samples

    @property
    def title(self) -> str:
        """Style, key and tempo in words."""
        return f"{self.score.style} in {_KEYS[self.score.key]} {self.score.mode}, {self.score.bpm:.0f} bpm"


def compose_song(style: str | None, seed: int, seconds: float, wishes: Wishes | None = None) -> Song:
    """Returns a composed and rendered song; equal arguments give equal samples. Raises ValueError for an unknown
    style."""
    return played(compose_score(style, seed, seconds, wishes))


def played(score: Score) -> Song:
    """Returns a score as a song in the sound of its own style, drawn from its seed."""
    return Song(score, render(score, Setup.draw(score.style, score.seed)))
