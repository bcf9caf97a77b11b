"""Reads a prompt in free text into the slots of `sound_tags`, and into what the composer is asked for. Pure Python."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from demon_patch.engine.families.nano import sound_tags
from demon_patch.engine.families.nano.grammar import Meaning, read
from demon_patch.engine.families.nano.score import PARTS, Wishes
from demon_patch.engine.families.nano.sound_tags import ABSENT
from demon_patch.engine.families.nano2.words import ANY_PART, LEXICON, PLAYERS, PLAYS


@dataclass(frozen=True, slots=True)
class Tags:
    """What a prompt says; a slot is missing where it says nothing.

    said: values by slot of `sound_tags.SLOTS`; tempo in bpm, key in semitones above C; of a part, what plays it or
        `ABSENT`.
    parts: True where a part is wanted, False where it is excluded.
    """

    said: Mapping[str, str | float] = field(default_factory=lambda: MappingProxyType({}))
    parts: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def style(self) -> str | None:
        """Returns the style that is asked for."""
        style = self.said.get("style")
        return None if style is None else str(style)

    def tokens(self, parts: Collection[str] = PARTS) -> tuple[int, ...]:
        """Returns a token for each slot, 0 where nothing is said; only zeros are the null condition.

        A style also says the instruments that usually play it, where the prompt names no others: without them it is
        hardly heard. parts: those that the score plays; of the others it is said that they are absent.
        """
        usual = dict(sound_tags.USUAL.get(str(self.style), {}))
        if "drums" in self.said or "drums" not in parts:
            usual.pop("kit", None)
        absent = {part: ABSENT for part in PARTS if part not in parts}
        return sound_tags.tokens({**usual, **absent, **self.said})

    def wishes(self) -> Wishes:
        """Returns what the composer is asked for."""
        mode, key, bpm = (self.said.get(slot) for slot in ("mode", "key", "tempo"))
        return Wishes(
            None if mode is None else str(mode),
            None if key is None else int(key),
            None if bpm is None else float(bpm),
            self.parts,
        )


class _Said:
    """The tags that a prompt is read into (`grammar.Takes`). Of a part the last word counts, of all else the first."""

    def __init__(self) -> None:
        self.said: dict[str, str | float] = {}
        self.parts: dict[str, bool] = {}
        self.implied: dict[str, str] = {}

    def tempo(self, bpm: float) -> bool:
        return self._first("tempo", bpm)

    def key(self, semitone: int, mode: str | None) -> bool:
        if mode is not None:
            self.said.setdefault("mode", mode)
        return self._first("key", float(semitone))

    def word(self, meaning: Meaning, negated: bool) -> bool:
        if negated:
            return self._excluded(meaning)
        used = [self._take(slot, value) for slot, value in meaning.says]
        for slot, value in meaning.implies:
            self.implied.setdefault(slot, value)
        return any(used) or bool(meaning.implies)

    def tags(self) -> Tags:
        """Returns what was said, and what is implied where nothing was."""
        implied = {slot: value for slot, value in self.implied.items() if slot not in self.said}
        return Tags(MappingProxyType({**implied, **self.said}), MappingProxyType(dict(self.parts)))

    def _first(self, slot: str, value: str | float) -> bool:
        return self.said.setdefault(slot, value) == value

    def _take(self, slot: str, value: str) -> bool:
        if slot == "tempo":
            return self.tempo(float(value))
        if slot == ANY_PART:
            return self._play(value)
        if slot not in PARTS:
            return self._first(slot, value)
        self.parts[slot] = value != ABSENT
        if value != PLAYS:
            self.said[slot] = value
        elif self.said.get(slot) == ABSENT:
            del self.said[slot]
        return True

    def _play(self, player: str) -> bool:
        """Gives a player the first part in which it is usual and that has none yet."""
        usual, _ = PLAYERS[player]
        if any(self.said.get(part) == player for part in usual):
            return True
        free = [part for part in usual if part not in self.said]
        return bool(free) and self._take(free[0], player)

    def _excluded(self, meaning: Meaning) -> bool:
        """Excludes the parts of a meaning; of a player without its part, the first part in which it is usual."""
        parts = [slot for slot, _ in meaning.says if slot in PARTS]
        parts += [PLAYERS[value][0][0] for slot, value in meaning.says if slot == ANY_PART]
        for part in parts:
            self._take(part, ABSENT)
        return bool(parts)


def parse(text: str) -> tuple[Tags, tuple[str, ...]]:
    """Returns the tags of a prompt in free text, and the words that could not be read, in their order.

    A word is read whole or not: no part of it means anything alone.
    """
    said = _Said()
    unknown = read(text, LEXICON, said)
    return said.tags(), unknown


def unread(text: str) -> list[tuple[str, str]]:
    """Returns the words of a prompt that cannot be read, each with advice on what to do about it."""
    return [(word, LEXICON.advice(word)) for word in parse(text)[1]]
