"""When a long run works: it waits while a pause file is there, and says how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def hold(
    pause: Path | None, report: Callable[[str], None] = print, sleep: Callable[[float], None] = time.sleep
) -> float:
    """Returns when there is no pause file, with the seconds that this took."""
    if not (pause and pause.exists()):
        return 0.0
    since = time.monotonic()
    report(f"paused: goes on when {pause} is gone")
    while pause.exists():
        sleep(1.0)
    report("goes on")
    return time.monotonic() - since


class Pacing:
    """Pauses a run between its pieces, and reports its progress.

    pause: while this file exists, `wait` does not return.
    report: called with each line on waiting and progress.
    clock, sleep: those of the system, or others in tests.
    """

    def __init__(
        self,
        total: float,
        pause: Path | None,
        report: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._total, self._pause, self._report = total, pause, report
        self._clock, self._sleep = clock, sleep
        self._done = self._made = self._busy = 0.0
        self._since, self._said = clock(), clock()

    def wait(self) -> None:
        """Returns when there is no pause file; the time until then does not count as work."""
        hold(self._pause, self._report, self._sleep)
        self._since = self._clock()

    def skipped(self, seconds: float) -> None:
        """Notes that `seconds` of sound existed already."""
        self._done += seconds

    def made(self, seconds: float) -> None:
        """Notes that `seconds` of sound were made since `wait`. Reports the progress every half minute, and at the end
        of the run."""
        now = self._clock()
        self._busy += now - self._since
        self._done += seconds
        self._made += seconds
        if now - self._said >= 30 or self._done >= self._total:
            self._said = now
            self._report(self.progress())

    def progress(self) -> str:
        """Returns a line of text: how much is done, how fast, and how long the rest takes at that speed."""
        speed = self._made / max(self._busy, 1e-6)
        left = max(self._total - self._done, 0.0) / max(speed, 1e-6)
        return (
            f"{self._done / 3600:.2f} of {self._total / 3600:.2f} h of sound, {speed:.0f} times real time, "
            f"{left / 60:.0f} min left"
        )
