"""The timeline sample at the loudspeaker, smoothed from the device's reports.

The filter is the delay-locked loop of F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference 2005), for
reports at any distance: the loop's coefficients depend on the time between two reports.
"""

from __future__ import annotations

import math

BANDWIDTH = 0.5  # Hz: slow against the jitter of callbacks, fast against the drift of clocks
RESYNC_SECONDS = 0.05  # a larger error is a jump and is corrected at once


class Playhead:
    """Turns reports (timeline sample, time heard, speed) into one steady, monotone playhead. Used by the host.

    rate: nominal timeline samples a second.
    resyncs: how often an error of more than 50 ms was corrected at once.
    """

    def __init__(self, rate: float) -> None:
        self._nominal = 1.0 / rate
        self.resyncs = 0
        # The timeline sample _position is heard at _time (s); a sample takes _period (s).
        self._position, self._time, self._period = 0.0, 0.0, self._nominal
        self._end: float | None = 0.0  # timeline sample at which it has stopped; None while it runs
        self._last = 0.0

    def report(self, position: float, heard: float, speed: float) -> None:
        """Takes a report: the timeline sample `position` is heard at the time `heard`, in seconds of CLOCK. Speed 0
        means that the timeline stops at `position`."""
        if speed <= 0.0:
            self._end = position
            return
        if self._end is not None:
            self._end = None
            self._lock(position, heard)
            return
        step = position - self._position
        error = heard - (self._time + step * self._period)
        if abs(error) > RESYNC_SECONDS:
            self.resyncs += 1
            self._lock(position, heard)
        elif step > 0.0:
            omega = min(2.0 * math.pi * BANDWIDTH * step * self._nominal, 0.5)
            self._time += step * self._period + math.sqrt(2.0) * omega * error
            self._period += omega * omega * error / step
            self._position = position

    def position_at(self, now: float) -> float:
        """Returns the timeline sample at the loudspeaker at the time `now`, in seconds; never less than the last one
        returned."""
        here = self._position + (now - self._time) / self._period
        self._last = max(self._last, here if self._end is None else min(here, self._end))
        return self._last

    def _lock(self, position: float, heard: float) -> None:
        self._position, self._time, self._period = position, heard, self._nominal
