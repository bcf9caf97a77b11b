"""When the next frame is drawn: as often as is useful, and never more often than the machine can afford. Pure.

Work on a frame is measured in processor seconds. Over any stretch longer than some seconds, the window takes at most
SHARE of a core: on a graphics card that is every frame that is wanted, and where the processor draws it is a few a
second. A gesture may take from a small store that fills while nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SHARE = 0.33
"""How much of a core the window takes at most."""
STORE = 1.2
"""Processor seconds that a gesture may take in advance."""
GESTURE, TELEMETRY, IDLE = 60.0, 30.0, 4.0
"""Frames a second: in a gesture, while something moves, and else."""
SLOWEST = 2.0
"""Frames a second below which it does not go, however slow the machine is."""
AFTER = 0.4
"""Seconds for which a gesture counts on after the last input."""


@dataclass
class Pacing:
    """Says how long to wait before the next frame. Times are in seconds of one clock."""

    cost: float = 0.005
    _store: float = STORE
    _at: float = 0.0
    _input: float = field(default=-1e9)

    def touched(self, now: float) -> None:
        """Notes that the player has moved, pressed or typed something."""
        self._input = now

    def drawn(self, now: float, seconds: float) -> None:
        """Notes that a frame has taken so many processor seconds."""
        self.cost += 0.15 * (seconds - self.cost)
        earned = SHARE * min(max(now - self._at, 0.0), 10.0)
        self._store = max(min(STORE, self._store + earned) - seconds, -STORE)
        self._at = now

    def rate(self, now: float, *, moving: bool, focused: bool, gesture: bool) -> float:
        """Returns frames a second.

        moving: whether anything that is seen moves by itself. focused: whether the window has the keyboard.
        gesture: whether a button is down or the view glides.
        """
        active = gesture or now - self._input < AFTER
        wanted = GESTURE if active else TELEMETRY if moving and focused else 10.0 if moving else IDLE
        sustained = SHARE / max(self.cost, 1e-4)
        affordable = max(sustained, 12.0 if active and self._store > 0 else 0.0)
        return min(wanted, max(SLOWEST, affordable))

    def wait(self, now: float, drawn_at: float, *, moving: bool, focused: bool, gesture: bool) -> float:
        """Returns the seconds until the next frame, which began last at `drawn_at`."""
        return max(0.0, drawn_at + 1.0 / self.rate(now, moving=moving, focused=focused, gesture=gesture) - now)
