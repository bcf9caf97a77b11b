"""Reads a prompt in free text into nine tokens, with which the denoiser was trained.

A token is 0 ("not said") or one of the vocabulary: 8 styles, 4 modes, 13 tempo buckets, 12 keys, and for each of 5
instruments present or absent. Words that mean nothing to the model are returned, so that the player can be shown them.
Pure Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from demon_patch.engine.families.nano.grammar import KEYS, Meaning, read
from demon_patch.engine.families.nano.words import INSTRUMENTS, LEXICON, MODES, STYLES

__all__ = ["INSTRUMENTS", "KEYS", "MODES", "STYLES", "TOKENS", "VOCABULARY_SIZE", "Tags", "parse", "unread"]

TOKENS = 9
"""Tokens of a prompt: style, mode, tempo, key, then the five instruments."""

VOCABULARY_SIZE = 64
_MODE, _ABSENT, _PRESENT, _TEMPO, _KEY = 9, 13, 18, 23, 36
_TEMPO_BUCKETS, _SLOWEST, _BUCKET = 13, 65, 10


@dataclass(frozen=True, slots=True)
class Tags:
    """What a prompt says. A field is None, and an instrument is missing, where the prompt does not say it.

    key: semitones of the tonic above C, 0 to 11.
    instruments: True where an instrument is wanted, False where it is excluded.
    """

    style: str | None = None
    mode: str | None = None
    bpm: float | None = None
    key: int | None = None
    instruments: dict[str, bool] = field(default_factory=dict)

    def tokens(self) -> tuple[int, ...]:
        """Returns the nine tokens, 0 where nothing is said; nine zeros are the null condition."""
        bucket = 0 if self.bpm is None else min(max(int((self.bpm - _SLOWEST) // _BUCKET), 0), _TEMPO_BUCKETS - 1)
        played = [self.instruments.get(name) for name in INSTRUMENTS]
        return (
            0 if self.style is None else 1 + STYLES.index(self.style),
            0 if self.mode is None else _MODE + MODES.index(self.mode),
            0 if self.bpm is None else _TEMPO + bucket,
            0 if self.key is None else _KEY + self.key,
            *(0 if on is None else (_PRESENT if on else _ABSENT) + i for i, on in enumerate(played)),
        )


class _Said:
    """The tags that a prompt is read into (`grammar.Takes`): the first style, mode, tempo and key count."""

    def __init__(self) -> None:
        self.tags = Tags()

    def tempo(self, bpm: float) -> bool:
        free = self.tags.bpm is None
        if free:
            self.tags = replace(self.tags, bpm=bpm)
        return free

    def key(self, semitone: int, mode: str | None) -> bool:
        used = self.tags.key in (None, semitone)
        if self.tags.key is None:
            self.tags = replace(self.tags, key=semitone)
        if mode and self.tags.mode is None:
            self.tags = replace(self.tags, mode=mode)
        return used

    def word(self, meaning: Meaning, negated: bool) -> bool:
        tags = self.tags
        for kind, value in meaning.says:
            if kind in ("instrument", "absent"):
                wanted = kind == "instrument" and not negated
                self.tags = replace(tags, instruments={**tags.instruments, value: wanted})
                return True
            if negated:
                return False
            if kind == "bpm":
                return self.tempo(float(value))
            if getattr(tags, kind) in (None, value):
                self.tags = replace(tags, **{kind: value})
                return True
        return False


def parse(text: str) -> tuple[Tags, tuple[str, ...]]:
    """Returns the tags of a prompt in free text, and the words that could not be read, in their order.

    The first style, mode, tempo and key count; a second style is one of the unread words. A word is read whole or not:
    no part of it means anything alone.
    """
    said = _Said()
    unknown = read(text, LEXICON, said)
    return said.tags, unknown


def unread(text: str) -> list[tuple[str, str]]:
    """Returns the words of a prompt that cannot be read, each with advice on what to do about it."""
    return [(word, LEXICON.advice(word)) for word in parse(text)[1]]
