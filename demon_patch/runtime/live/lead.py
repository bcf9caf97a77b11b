"""The lead: how far ahead of the loudspeaker windows are decoded, from what waiting and decoding really take."""

from __future__ import annotations

from collections import deque
from math import ceil

RECENT = 96  # measurements that count
CALM = 24  # looks in a row that ask for less, before the lead shortens by a frame
LONGEST = 2.0  # seconds


class Lead:
    """The lead in latent frames: the device's latency, the longest wait for a decode, and the longest decode.

    It lengthens at once and shortens a frame at a time. An expected wait (`expect_waits`) changes it at once; then only
    what waits take beyond that is measured. Owned by one thread.

    rate: latent frames a second.
    frames: the lead to begin with.
    """

    def __init__(self, rate: float, frames: int) -> None:
        self.frames = frames
        self._rate = rate
        self._waits: deque[float] = deque(maxlen=RECENT)
        self._decodes: deque[float] = deque(maxlen=RECENT)
        self._calm = 0
        self._expected = 0.0

    def expect_waits(self, seconds: float) -> None:
        """Expects at least so long a wait, in seconds, between two chances to decode; 0: nothing is known."""
        less = self._expected - seconds
        if seconds == 0.0 < self._expected:  # waits count as a whole again
            self._waits = deque((wait + self._expected for wait in self._waits), maxlen=RECENT)
        elif less > 0.0:
            self.frames = max(self.frames - int(less * self._rate), 1)
        self._expected = seconds

    def note_wait(self, seconds: float) -> None:
        """Notes the time between two chances to decode."""
        self._waits.append(max(seconds - self._expected, 0.0))

    def note_decode(self, seconds: float) -> None:
        """Notes the time that a window took, its laying included."""
        self._decodes.append(seconds)

    @property
    def decode_seconds(self) -> float:
        """The middle of the latest decodes; 0 before the first."""
        return sorted(self._decodes)[len(self._decodes) // 2] if self._decodes else 0.0

    def lengthened(self, latency: float) -> int:
        """The lead in frames, no shorter than it was: before a wait that is expected. latency: as for `updated`."""
        self.frames = max(self.frames, self._wanted(latency))
        return self.frames

    def updated(self, latency: float) -> int:
        """The lead in frames, `latency` seconds lying between what is read from the song and the loudspeaker."""
        frames = self._wanted(latency)
        if frames >= self.frames:
            self.frames, self._calm = frames, 0
        else:
            self._calm += 1
            if self._calm >= CALM:
                self.frames, self._calm = self.frames - 1, 0
        return self.frames

    def _wanted(self, latency: float) -> int:
        seconds = latency + self._expected + _nearly_longest(self._waits) + _nearly_longest(self._decodes)
        return min(ceil(seconds * self._rate), ceil(LONGEST * self._rate))


def _nearly_longest(times: deque[float]) -> float:
    """The longest but one in 48, so that one accident does not stay for long; 0 of none."""
    return sorted(times)[-1 - len(times) // 48] if times else 0.0
