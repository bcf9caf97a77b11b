"""What a score is: notes in seconds, by part, and what is said of the song as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

FRAME_RATE = 25
"""Frames a second, by which the length of a score is counted."""

PARTS: tuple[str, ...] = ("drums", "bass", "chords", "arp", "lead")
DRUM_CLASSES = ("kick", "snare", "hat", "open hat", "tom", "cymbal")
"""Classes of drums: claps and rims count as snares, shakers as hats, rides as open hats, other percussion as toms."""

_CLASSES = {
    **dict.fromkeys((35, 36), 0),
    **dict.fromkeys((37, 38, 39, 40), 1),
    **dict.fromkeys((42, 44, 54, 69, 70, 82), 2),
    **dict.fromkeys((46, 51, 53, 59), 3),
    **dict.fromkeys((49, 52, 55, 57), 5),
}


def drum_class(key: int) -> int:
    """The index in DRUM_CLASSES of a General MIDI drum key."""
    return _CLASSES.get(key, 4)


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a part.

    start, length: seconds; a note that reaches over the end of the loop sounds on at its start. pitch: MIDI key, of
    drums the General MIDI drum key. velocity: 1..127.
    """

    part: str
    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Score:
    """A song: its notes by start, and style, seed, length in frames (25 a second), whole bars, tempo, key (semitones
    above C) and mode."""

    style: str
    seed: int
    frames: int
    bars: int
    bpm: float
    key: int
    mode: str
    notes: tuple[Note, ...]

    @property
    def seconds(self) -> float:
        """The length of the loop."""
        return self.frames / FRAME_RATE

    def of(self, *parts: str) -> tuple[Note, ...]:
        """The notes of these parts."""
        return tuple(note for note in self.notes if note.part in parts)

    def only(self, parts: Iterable[str]) -> Score:
        """The same song with these parts alone."""
        return replace(self, notes=self.of(*parts))

    def played(self) -> dict[str, bool]:
        """Whether each part plays at all."""
        heard = {note.part for note in self.notes}
        return {part: part in heard for part in PARTS}

    def as_json(self) -> dict[str, Any]:
        """The score as plain values; times are kept to a microsecond."""
        rows = [
            [note.part, round(note.start, 6), round(note.length, 6), note.pitch, note.velocity] for note in self.notes
        ]
        return {**{name: value for name, value in asdict(self).items() if name != "notes"}, "notes": rows}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Score:
        """The score of which `as_json` made these values; raises ValueError where they are not such."""
        try:
            notes = tuple(Note(str(p), float(s), float(n), int(k), int(v)) for p, s, n, k, v in value["notes"])
            return cls(**{**value, "notes": notes})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is not a score: {error}") from error
