"""Scales, progressions and the voicing of chords."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.engine.families.nano.score.draws import Draws

SCALES = {
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
}
MODES = tuple(SCALES)

SHAPES = {
    "triad": (0, 2, 4),
    "seventh": (0, 2, 4, 6),
    "ninth": (0, 2, 6, 8),
    "add nine": (0, 2, 4, 8),
    "sus two": (0, 1, 4),
    "sus four": (0, 3, 4),
    "power": (0, 4, 7),
}
"""Scale degrees above the root, for each kind of chord."""

PROGRESSIONS = (
    "0526", "0343", "0054", "0453", "0235", "0656", "0000", "0033", "0534", "5304", "0455", "3045", "0415", "1400",
    "0314", "5340", "0642", "0362", "0565", "0304", "0101", "0606", "2514", "0324", "0245", "0050",
    "04523034", "05361400", "00335500", "03040354", "36251400", "05423450", "00003304",
)  # fmt: skip
"""Scale degrees of the roots of a phrase's chords, one digit each."""

_FREE = (0.22, 0.11, 0.09, 0.2, 0.17, 0.15, 0.06)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: the scale degree of its root (0 is the tonic) and its kind."""

    degree: int
    shape: str


@dataclass(frozen=True, slots=True)
class Tonality:
    """A key, in semitones of the tonic above C, and a mode."""

    key: int
    mode: str

    def semitones(self, degree: int) -> int:
        """Returns the semitones above C of a scale degree; 7 is the octave of the tonic."""
        octave, step = divmod(degree, 7)
        return self.key + SCALES[self.mode][step] + 12 * octave

    def near(self, degree: int, low: int) -> int:
        """Returns the MIDI key of a scale degree within the octave from the MIDI key `low` up."""
        return low + (self.semitones(degree) - low) % 12

    def tones(self, chord: Chord) -> list[int]:
        """Returns the chord's tones in semitones above C, root first."""
        return [self.semitones(chord.degree + step) for step in SHAPES[chord.shape]]


def draw_chords(draws: Draws, shapes: dict[str, float], free: bool) -> list[Chord]:
    """Returns a progression: one of PROGRESSIONS or, where `free`, two to eight chords of any degrees."""
    if free:
        length = draws.pick((2, 3, 4, 8), (0.15, 0.1, 0.5, 0.25))
        degrees = [draws.pick(range(7), _FREE) for _ in range(length)]
        degrees[draws.pick((0, length - 1))] = 0
    else:
        degrees = [int(digit) for digit in draws.pick(PROGRESSIONS)]
    names = list(shapes)
    usual = draws.pick(names, [shapes[name] for name in names])
    strict = draws.chance(0.6)
    kinds = [usual if strict or draws.chance(0.6) else draws.pick(names, list(shapes.values())) for _ in degrees]
    return [Chord(degree, kind) for degree, kind in zip(degrees, kinds, strict=True)]


def voiced(tones: list[int], before: list[int] | None, low: int, inverted: bool) -> list[int]:
    """Returns the MIDI keys of a chord, lowest first.

    low: the lowest MIDI key of the octave in which the lowest tone lies; an inversion may begin up to 5 keys lower.
    inverted: the inversion that moves least from the chord `before` is taken; else the root is lowest.
    """
    rooted = _stacked(tones, low)
    if not inverted or not before:
        return rooted
    centre = sum(before) / len(before)
    turns = [_stacked([*tones[turn:], *tones[:turn]], low) for turn in range(len(tones))]
    choices = [[key + shift for key in keys] for keys in turns for shift in (-12, 0)]
    within = [keys for keys in choices if keys[0] >= low - 5]
    return min(within, key=lambda keys: (abs(sum(keys) / len(keys) - centre), keys))


def _stacked(tones: list[int], low: int) -> list[int]:
    """Returns MIDI keys that each lie above the one before and as near to it as they can, the first in the octave from
    `low`."""
    keys = [low + (tones[0] - low) % 12]
    for tone in tones[1:]:
        keys.append(keys[-1] + ((tone - keys[-1]) % 12 or 12))
    return keys
