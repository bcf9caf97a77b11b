"""What one client may ask of the host, so that no client can hold up the others or the sound."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

MESSAGE = 16 * 2**20  # bytes of a message
RATE, BURST = 5000.0, 5000  # messages a second, and at once
PAUSE = 0.1  # seconds for which a client that sends faster is not listened to
CLIENTS = 16
UPLOAD = 2**30  # bytes of one upload
UPLOADS = 4  # of one client at once
OUTBOX = 64 * 2**20  # bytes that wait for a client before the connection ends
HELLO_SECONDS = 5.0  # within which a client says hello


class Bucket:
    """Counts messages against a rate: `burst` at once, `rate` a second on average. Owned by one thread."""

    def __init__(self, rate: float = RATE, burst: int = BURST, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._left, self._at = float(burst), clock()

    def take(self) -> bool:
        """Counts one message; returns whether it is within the rate."""
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._rate, self._burst)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
