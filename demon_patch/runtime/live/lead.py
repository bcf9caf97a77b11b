"""The lead: how far ahead of the loudspeaker windows are decoded, from the measured time of waiting and decoding."""

from __future__ import annotations

from collections import deque
from math import ceil

RECENT = 480  # ticks whose longest waits are kept, and decodes: those of some 40 seconds
CALM = 24  # updates in a row that need less, before the lead shortens by a frame
LONGEST = 2.0  # seconds
SPARE = 0.25  # of the longest wait and decode that were, for those that will be longer


class Lead:
    """Computes the lead in latent frames: the device's latency, plus the longest wait for a decode, plus the longest
    decode, plus a share of these two (`SPARE`).

    The lead grows at once and shrinks a frame at a time. An expected wait (`expect_waits`) changes it at once; then
    only the part of a wait beyond that is measured. Owned by one thread.

    rate: latent frames a second.
    frames: the lead in latent frames, at first and later.
    """

    def __init__(self, rate: float, frames: int) -> None:
        self.frames = frames
        self._rate = rate
        self._wait = 0.0  # the longest since the last update
        self._waits: deque[float] = deque(maxlen=RECENT)  # the longest between two updates
        self._decodes: deque[float] = deque(maxlen=RECENT)
        self._calm = 0
        self._expected = self._company = 0.0

    def expect_waits(self, seconds: float) -> None:
        """Sets the wait in seconds that is expected, at least, between two chances to decode; 0 where nothing is
        known."""
        less = self._expected - seconds
        if seconds == 0.0 < self._expected:  # waits count as a whole again
            self._waits = deque((wait + self._expected for wait in self._waits), maxlen=RECENT)
        elif less > 0.0:
            self.frames = max(self.frames - int((1 + SPARE) * less * self._rate), 1)
        self._expected = seconds

    def expect_company(self, seconds: float) -> None:
        """Adds some seconds to the lead at once, while other work takes a share of the processor. 0 ends that: the lead
        shrinks a frame at a time, as always, since such work leaves something to be cleared away."""
        more, self._company = max(seconds - self._company, 0.0), seconds
        self.frames = min(self.frames + ceil(more * self._rate), ceil(LONGEST * self._rate))

    def note_wait(self, seconds: float) -> None:
        """Notes the seconds between two chances to decode, of which the longest counts until the next update."""
        self._wait = max(self._wait, seconds - self._expected)

    def note_decode(self, seconds: float) -> None:
        """Notes the seconds that decoding and laying a window took."""
        self._decodes.append(seconds)

    @property
    def decode_seconds(self) -> float:
        """The median of the latest decodes in seconds; 0 before the first."""
        return sorted(self._decodes)[len(self._decodes) // 2] if self._decodes else 0.0

    def lengthened(self, latency: float) -> int:
        """Returns the lead in latent frames, never shorter than before; called before a wait that is expected.
        `latency`: as for `updated`."""
        self.frames = max(self.frames, self._wanted(latency))
        return self.frames

    def updated(self, latency: float) -> int:
        """Returns the lead in latent frames; called once a tick.

        latency: the seconds between the reading of a sample of the song and its being heard.
        """
        self._waits.append(self._wait)
        self._wait = 0.0
        frames = self._wanted(latency)
        if frames >= self.frames:
            self.frames, self._calm = frames, 0
        else:
            self._calm += 1
            if self._calm >= CALM:
                self.frames, self._calm = self.frames - 1, 0
        return self.frames

    def _wanted(self, latency: float) -> int:
        measured = _nearly_longest(self._waits) + _nearly_longest(self._decodes)
        seconds = latency + self._company + (1 + SPARE) * (self._expected + measured)
        return min(ceil(seconds * self._rate), ceil(LONGEST * self._rate))


def _nearly_longest(times: deque[float]) -> float:
    """Returns the longest of some times in seconds, without one of every 240, so that one accident does not stay for
    long; 0 for none."""
    return sorted(times)[-1 - len(times) // 240] if times else 0.0
