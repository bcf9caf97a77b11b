"""The control frame at the loudspeaker between two telemetry messages."""

from __future__ import annotations

AHEAD = 15.0  # frames by which the clock runs on without a message
JUMP = 12.0  # frames of difference from which on it is a seek or a restart, not a late message
PULL = 0.15  # of a difference, that one message takes away


class HeardClock:
    """Runs on at the rate of the control frames, and follows the stamps of messages without a jerk.

    rate: control frames a second. Times are in seconds of one clock of the caller.
    """

    def __init__(self, rate: float = 25.0) -> None:
        self.rate = rate
        self._frame, self._at, self._playing = 0.0, 0.0, False

    def stamp(self, frame: int, now: float, playing: bool) -> None:
        """Takes the stamp of a message that has come now."""
        shown = self.frame(now)
        gap = frame - shown
        if playing and self._playing and abs(gap) < JUMP:
            self._frame = max(shown, shown + PULL * gap)  # it never runs back by a late message
        else:
            self._frame = float(frame)
        self._at, self._playing = now, playing

    def frame(self, now: float) -> float:
        """Returns the control frame that is heard now, with its fraction."""
        if not self._playing:
            return self._frame
        return self._frame + min(max(now - self._at, 0.0) * self.rate, AHEAD)
