"""Delay lines: states that store one number for each control frame of a stretch of time."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any


class DelayLine:
    """The latest numbers that were pushed, one for each control frame; 0 before the first.

    `push` returns a new line that shares the memory of the old one. The old line can still be read, but not pushed to.
    For two different futures, use `copy`. As a number (where states are checked to be finite), a line is its newest
    number.
    """

    __slots__ = ("at", "ring")

    def __init__(self, ring: list[float], at: int = 0) -> None:
        self.ring, self.at = ring, at

    def copy(self) -> DelayLine:
        """Returns an equal line with a memory of its own."""
        return DelayLine(self.ring[:], self.at)

    def __float__(self) -> float:
        return float(self.ring[(self.at - 1) % len(self.ring)])

    def __radd__(self, other: float) -> float:
        return other + float(self)


USUAL = 100.0
"""Control frames a second of a line that no program has sized yet: more than any model family has."""


@lru_cache(maxsize=64)
def sized_delay_line(seconds: float, rate: float) -> DelayLine:
    """Returns an empty line that reaches `seconds` back. rate: control frames a second."""
    return DelayLine([0.0] * (math.ceil(seconds * rate) + 3))


class LineReach(DelayLine):
    """The reach of a declared line, in seconds: above 0, up to 600. For plain Python calls it is itself an empty line.
    Raises ValueError for another reach."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        if not 0 < seconds <= 600:
            raise ValueError(f"a line reaches back 0 to 600 seconds, not {seconds}")
        super().__init__(sized_delay_line(seconds, USUAL).ring)
        self.seconds = seconds


def line(seconds: float) -> Any:
    """Declares a state that is a delay line, which reaches `seconds` back (above 0, up to 600). The body reads it by
    `past` and returns `push` of it as the next state."""
    return LineReach(float(seconds))


def past(memory: DelayLine, frames: float) -> float:
    """Returns the number that was pushed `frames` control frames ago. 1 is the newest; fewer count as 1, more than the
    line stores as its oldest. Interpolates linearly between frames."""
    ring = memory.ring
    size = len(ring)
    back = 1.0 if frames < 1.0 else (frames if frames < size - 2 else size - 2.0)
    whole = int(back)
    near = ring[(memory.at - whole) % size]
    part = back - whole
    return near if part == 0.0 else near + part * (ring[(memory.at - whole - 1) % size] - near)


def push(memory: DelayLine, x: float) -> DelayLine:
    """Returns the line of the next control frame, with x as its newest number."""
    ring = memory.ring if memory.at else memory.ring[:]  # an empty line is the first state of many nodes
    ring[memory.at % len(ring)] = x
    return DelayLine(ring, memory.at + 1)
