"""Bars over beats: where each metre begins, and from which bar on it counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

NEAR = 1e-9  # beats or bars that rounding may take from a line


@dataclass(frozen=True, slots=True)
class Metre:
    """From `beat` on, with which bar number `bar` begins: bars of `beats` beats."""

    beat: float
    bar: int
    beats: float

    def bars_at(self, beat: Any) -> Any:
        """Bars at a beat, with their fractions; a whole number where one begins."""
        return self.bar + (beat - self.beat) / self.beats


class GridStep(NamedTuple):
    """So many bars, or beats: the distance of the lines of a grid. Every number of beats above 0 is allowed."""

    every: float
    bars: bool = False


Metres = tuple[Metre, ...]
"""A bar map: metres in order of their beats, the first of which also counts before its beat."""


def one_metre(beats: float) -> Metres:
    """Bars of so many beats from beat 0 on, and before it."""
    return (Metre(0.0, 0, beats),)


def metre_at(metres: Metres, beat: float) -> Metre:
    """The metre that counts at a beat."""
    return next((metre for metre in reversed(metres) if metre.beat <= beat + NEAR), metres[0])


def with_metre(metres: Metres, beat: float, beats: float) -> Metres:
    """The map with bars of so many beats from a beat on, which begins a bar: one that is under way ends there. What was
    to begin later is forgotten; where bars are of so many beats already they go on as they are."""
    kept = tuple(metre for metre in metres if metre.beat < beat - NEAR)
    before = kept[-1] if kept else metres[0]
    if before.beats == beats:
        return kept or metres[:1]
    return (*kept, Metre(beat, math.ceil(before.bars_at(beat) - NEAR), beats))


def bars_and_beats(metres: Metres, beat: Any) -> tuple[Any, Any]:
    """Bars with their fractions at a beat, or at an array of them, and the beats of a bar there."""
    if not isinstance(beat, np.ndarray):
        metre = metre_at(metres, beat)
        return metre.bars_at(beat), metre.beats
    if metres[0] is metres[-1]:
        return metres[0].bars_at(beat), metres[0].beats
    which = np.searchsorted([metre.beat for metre in metres[1:]], beat + NEAR, side="right")
    begin, bar, beats = (
        np.array([getattr(metre, name) for metre in metres], dtype=np.float64)[which]
        for name in ("beat", "bar", "beats")
    )
    return bar + (beat - begin) / beats, beats


def next_line(metres: Metres, beat: float, grid: GridStep) -> float:
    """The first beat from `beat` on that is on a grid: of bars, one whose bar has a number that is a multiple of the
    grid's; of beats, one so many beats after its metre began."""
    here = metre_at(metres, beat)
    later = [metre for metre in metres if metre.beat > here.beat]
    for metre, following in pairwise([here, *later, None]):
        assert metre is not None
        at = max(beat, metre.beat) if metre is not here else beat
        if grid.bars:
            number = math.ceil(metre.bars_at(at) / grid.every - NEAR) * grid.every
            found = metre.beat + (number - metre.bar) * metre.beats
        else:
            found = metre.beat + math.ceil((at - metre.beat) / grid.every - NEAR) * grid.every
        if following is None or found < following.beat - NEAR:
            return found
    raise AssertionError("the last metre has no end")


def beats_since_line(metres: Metres, beat: Any, grid: GridStep) -> Any:
    """Beats, of an array of them, since the latest line of a grid."""
    bars, beats = bars_and_beats(metres, beat)
    if grid.bars:
        return (bars + NEAR) % grid.every * beats
    begins = np.array([metre.beat for metre in metres])
    which = np.maximum(np.searchsorted(begins, beat + NEAR, side="right") - 1, 0)
    return (beat - begins[which] + NEAR) % grid.every
