"""Songs that a model is judged by: scores that are drawn anew, each in the sound of two styles, as stereo at 48 kHz."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from demon_patch.arrays import Samples
from demon_patch.bench.notes import Note
from demon_patch.engine.families.nano.grammar import KEYS
from demon_patch.engine.families.nano.score import STYLES, Score, compose_score
from demon_patch.engine.families.nano.synth import RATE, Setup, render

TONAL = ("bass", "chords", "arp", "lead")
SECONDS = 9.6
_SEED = 70_000  # far from what models learn from
_KEYS_SEED = 990_000  # of songs that a judge of keys learns from


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A score in the sound of a style and in that of another one. Sounds are [samples, 2] at 48 kHz."""

    score: Score
    style: str
    other_style: str
    sound: Samples
    other: Samples

    @property
    def prompt(self) -> str:
        """What to say for the sound of `style`."""
        return f"{self.style}, {self.facts}"

    @property
    def facts(self) -> str:
        """Key and tempo in words."""
        return f"{KEYS[self.score.key]} {self.score.mode}, {self.score.bpm:.0f} bpm"

    def notes(self, parts: Sequence[str] = TONAL) -> list[Note]:
        """The notes of some parts."""
        return [Note(note.start, note.pitch) for note in self.score.of(*parts)]


def sounding(score: Score, style: str, seed: int) -> Samples:
    """Returns a score in the sound of a style, float32 [samples, 2]."""
    return render(score, Setup.draw(style, seed)).T


@cache
def songs(styles: tuple[str, ...], count: int, drums: bool) -> tuple[Song, ...]:
    """Returns songs in the sounds of styles, in turn. drums: whether drums play."""
    found = []
    for number in range(count):
        seed = _SEED + number
        style, other = styles[number % len(styles)], styles[(number + 1 + number // len(styles)) % len(styles)]
        score = compose_score(style, seed, SECONDS)
        score = score if drums else score.only(TONAL)
        found.append(Song(score, style, other, sounding(score, style, seed), sounding(score, other, seed + 1)))
    return tuple(found)


def sounds_of(style: str, count: int, first: int) -> list[Samples]:
    """Returns drawn songs in the sound of a style, for judges to learn from or to be judged by.

    The scores are of any style, so that the sound alone tells. first: the number of the first one.
    """
    found = []
    for number in range(first, first + count):
        score = compose_score(STYLES[number * 7 % len(STYLES)], _SEED * 2 + number, SECONDS)
        found.append(sounding(score, style, _SEED * 3 + number))
    return found


def tonal_songs(styles: Sequence[str], count: int) -> list[tuple[Score, Samples]]:
    """Returns drawn songs without drums in the sounds of styles, in turn, for a judge of keys to learn from."""
    found = []
    for number in range(_KEYS_SEED, _KEYS_SEED + count):
        style = styles[(number - _KEYS_SEED) % len(styles)]
        score = compose_score(style, number, SECONDS)
        found.append((score, sounding(score.only(TONAL), style, number)))
    return found


__all__ = ["RATE", "SECONDS", "Song", "songs", "sounding", "sounds_of", "tonal_songs"]
