"""Scores: notes in seconds, by part, and facts of the song as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

FRAME_RATE = 25
"""Frames a second in which the length of a score is counted."""

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
    """Returns the index in DRUM_CLASSES of a General MIDI drum key."""
    return _CLASSES.get(key, 4)


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a part.

    start, length: in seconds; a note that reaches over the end of the loop sounds on at its start.
    pitch: MIDI key; for drums, the General MIDI drum key. velocity: 1 to 127.
    """

    part: str
    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Score:
    """A song as notes.

    frames: length, 25 frames a second; bars: length in whole bars.
    bpm: beats a minute. key: semitones of the tonic above C. notes: in order of their start.
    """

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
        """The length of the loop in seconds."""
        return self.frames / FRAME_RATE

    def of(self, *parts: str) -> tuple[Note, ...]:
        """Returns the notes of these parts."""
        return tuple(note for note in self.notes if note.part in parts)

    def only(self, parts: Iterable[str]) -> Score:
        """Returns the same song with these parts alone."""
        return replace(self, notes=self.of(*parts))

    def played(self) -> dict[str, bool]:
        """Returns for each part whether it plays at all."""
        heard = {note.part for note in self.notes}
        return {part: part in heard for part in PARTS}

    def as_json(self) -> dict[str, Any]:
        """Returns the score as plain values for JSON; times are rounded to a microsecond."""
        rows = [
            [note.part, round(note.start, 6), round(note.length, 6), note.pitch, note.velocity] for note in self.notes
        ]
        return {**{name: value for name, value in asdict(self).items() if name != "notes"}, "notes": rows}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Score:
        """Returns the score of values that `as_json` returned; raises ValueError for other values."""
        try:
            notes = tuple(Note(str(p), float(s), float(n), int(k), int(v)) for p, s, n, k, v in value["notes"])
            return cls(**{**value, "notes": notes})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is not a score: {error}") from error
