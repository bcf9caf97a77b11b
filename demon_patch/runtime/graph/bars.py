"""Counts bars over beats, for songs whose metre changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

NEAR = 1e-9
"""Rounding error, in beats or bars, up to which a place still counts as on a line."""


@dataclass(frozen=True, slots=True)
class Metre:
    """A metre: bars of `beats` beats, from `beat` on, where bar number `bar` begins."""

    beat: float
    bar: int
    beats: float

    def bars_at(self, beat: Any) -> Any:
        """Returns the bars at a beat, with their fractions; a whole number where a bar begins."""
        return self.bar + (beat - self.beat) / self.beats


class GridStep(NamedTuple):
    """The distance between the lines of a grid."""

    every: float
    """Bars or beats from one line to the next, above 0."""
    bars: bool = False
    """Whether `every` counts bars."""


Metres = tuple[Metre, ...]
"""Metres in the order of their beats. The first one also counts before its beat."""


def one_metre(beats: float) -> Metres:
    """Returns bars of `beats` beats everywhere, counted from beat 0."""
    return (Metre(0.0, 0, beats),)


def metre_at(metres: Metres, beat: float) -> Metre:
    """Returns the metre that counts at a beat."""
    return next((metre for metre in reversed(metres) if metre.beat <= beat + NEAR), metres[0])


def with_metre(metres: Metres, beat: float, beats: float) -> Metres:
    """Returns the metres with bars of `beats` beats from `beat` on. A bar begins there, and an unfinished bar ends.
    Later metres are dropped. Where bars have `beats` beats already, they go on."""
    kept = tuple(metre for metre in metres if metre.beat < beat - NEAR)
    before = kept[-1] if kept else metres[0]
    if before.beats == beats:
        return kept or metres[:1]
    return (*kept, Metre(beat, math.ceil(before.bars_at(beat) - NEAR), beats))


def bars_and_beats(metres: Metres, beat: Any) -> tuple[Any, Any]:
    """Returns (bars with their fractions, beats in a bar) at a beat, in the metre that counts there; for an array of
    beats, two arrays."""
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
    """Returns the first beat from `beat` on that is on a line of a grid. A grid of bars has lines at bars whose number
    is a multiple of `every`; a grid of beats counts from the beginning of its metre."""
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
    """Returns the beats since the latest line of a grid, for an array of beats."""
    bars, beats = bars_and_beats(metres, beat)
    if grid.bars:
        return (bars + NEAR) % grid.every * beats
    begins = np.array([metre.beat for metre in metres])
    which = np.maximum(np.searchsorted(begins, beat + NEAR, side="right") - 1, 0)
    return (beat - begins[which] + NEAR) % grid.every
