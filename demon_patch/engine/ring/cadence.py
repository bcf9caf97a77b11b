"""`Cadence`, which spaces admissions evenly in ticks, so that completions are evenly spaced too."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True)
class Cadence:
    """The exact moment at which the next admission is due, in ticks.

    Admitting a generation of S steps in a ring of depth D moves `due` on by S / D ticks. With constant S, generations
    are admitted on the ticks floor(k * S / D). After a late admission (the ring was idle, or no slot was free) the
    cadence starts again from that tick.

    due: the moment of the next admission, in ticks; it may lie between two ticks.
    last: the number of the tick of the latest admission.
    steps: the number of denoising steps of the generation admitted then.
    """

    due: Fraction = Fraction(0)
    last: int = 0
    steps: int = 0

    @property
    def tick(self) -> int:
        """Returns the number of the tick on which the next admission is due."""
        return floor(self.due)

    def after(self, tick: int, steps: int, depth: int) -> Cadence:
        """Returns the cadence after a generation of `steps` steps is admitted on `tick` to a ring of `depth` slots."""
        anchor = self.due if self.tick == tick else Fraction(tick)
        return Cadence(anchor + Fraction(steps, depth), tick, steps)

    def resized(self, depth: int) -> Cadence:
        """Returns the cadence for a new ring depth. It counts from the latest admission, so that new slots are spread
        evenly."""
        return Cadence(self.last + Fraction(self.steps, depth), self.last, self.steps)

    def due_on(self, tick: int) -> Cadence:
        """Returns the cadence whose next admission is due on `tick`."""
        return Cadence(Fraction(tick), self.last, self.steps)
