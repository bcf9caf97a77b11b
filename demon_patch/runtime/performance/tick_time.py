"""How long the coming ticks take, as it is known when a generation is admitted."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class TickTime:
    """The time of one tick, in transport frames.

    now: the frame at the loudspeaker.
    tick: the length of a tick.
    lead: the lead.
    sure: whether ticks have their nominal length; False where they are measured.
    coming: the length of each of the next ticks, where these differ from `tick`.
    """

    now: int
    tick: float
    lead: int
    sure: bool
    coming: tuple[float, ...] = ()

    def after(self, ticks: int) -> int:
        """Returns the transport frame at which a generation can be heard that is finished after a number of ticks."""
        return ceil(self.now + self.span(0, ticks)) + self.lead

    def span(self, first: int, stop: int) -> float:
        """Returns the length in transport frames of the coming ticks [first, stop); 0 is the next one."""
        known = self.coming[first:stop]
        return sum(known) + (stop - first - len(known)) * self.tick
