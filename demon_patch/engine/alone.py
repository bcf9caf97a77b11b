"""A song that is made from its prompt alone, without a source: how long it is, what stands in the source's place, and
which controls have no effect then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from demon_patch.engine.contracts import Family, FamilySpec, Source
from demon_patch.engine.controls import TABLE
from demon_patch.engine.prompt_contracts import PlaysAlone
from demon_patch.engine.sound.whole_bars import BEATS_PER_BAR, EPSILON
from demon_patch.errors import DemonError

OF_SOURCE: frozenset[str] = frozenset(row.name for row in TABLE if row.of_source)
"""The controls that have no effect where a song has no source."""


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a song without a source.

    wanted: the seconds that were asked for. seconds: those that it lasts, a whole number of the family's quanta.
    bars: how many bars that is, as nearly as the quantum allows; None without a tempo.
    bpm: its tempo in beats a minute; None for none.
    """

    wanted: float
    seconds: float
    bars: int | None
    bpm: float | None

    def __str__(self) -> str:
        """As in "60 s (30 bars at 120 bpm, in place of 59.5 s)"."""
        if self.bars is None:
            return f"{self.seconds:g} s"
        bars = f"{self.bars} bar{'s' if self.bars > 1 else ''} at {self.bpm:g} bpm"
        return f"{self.seconds:g} s ({bars}{f', in place of {self.wanted:g} s' if self.is_rounded else ''})"

    @property
    def is_rounded(self) -> bool:
        """Returns whether the bars make it another length than was asked for."""
        return self.bars is not None and abs(self.seconds - self.wanted) > EPSILON


def length_alone(spec: FamilySpec, seconds: float, bpm: float | None) -> Length:
    """Returns how long a song without a source is: with a tempo the whole number of bars that is nearest to `seconds`
    and that the family can play, where it can play one; else the nearest length that the family can play."""
    rate = spec.frame_rate
    bar = None if bpm is None else BEATS_PER_BAR * 60.0 / bpm
    least, most = (0, 0) if bar is None else (
        ceil(spec.min_frames / rate / bar - EPSILON), int(spec.max_frames / rate / bar + EPSILON)
    )  # fmt: skip
    if bar is None or least > most:
        return Length(seconds, spec.frames(seconds) / rate, None, bpm)
    bars = min(max(round(seconds / bar), least, 1), most)
    return Length(seconds, spec.frames(bars * bar) / rate, bars, bpm)


def alone(family: Family, seconds: float, bpm: float | None) -> Source:
    """Returns what stands in place of a source, as long as `length_alone` says; its notes tell of another length than
    `seconds`. bpm: its tempo in beats a minute, None for none.

    Raises DemonError for a family that needs a source.
    """
    conditioner = family.conditioner
    if family.spec.needs_source or not isinstance(conditioner, PlaysAlone):
        raise DemonError(
            f"the model {family.spec.name} makes no music from a prompt alone",
            port="source",
            mend="give it a source, or play the patch on a model that needs none",
        )
    length = length_alone(family.spec, seconds, bpm)
    made = conditioner.alone(length.seconds, bpm)
    return replace(made, notes=(*made.notes, f"the song lasts {length}")) if length.is_rounded else made
