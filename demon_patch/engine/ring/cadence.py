"""When slots are admitted, so that completions come evenly spaced."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True)
class Cadence:
    """The exact moment at which the next slot is due, in ticks.

    A generation of S steps in a ring of depth D moves `due` by S/D, so for constant S generations are admitted on the
    ticks floor(k * S / D). After a late admission (the ring was idle, or no slot was free) the cadence starts from that
    tick.

    due: the tick, as a fraction, at which the next one is due.
    last, steps: tick and number of steps of the latest admission.
    """

    due: Fraction = Fraction(0)
    last: int = 0
    steps: int = 0

    @property
    def tick(self) -> int:
        """The tick on which the next slot is due."""
        return floor(self.due)

    def after(self, tick: int, steps: int, depth: int) -> Cadence:
        """The cadence after a generation of `steps` steps is admitted on `tick`."""
        anchor = self.due if self.tick == tick else Fraction(tick)
        return Cadence(anchor + Fraction(steps, depth), tick, steps)

    def resized(self, depth: int) -> Cadence:
        """The cadence at a new depth. It starts from the latest admission, so that new slots are spread evenly."""
        return Cadence(self.last + Fraction(self.steps, depth), self.last, self.steps)
