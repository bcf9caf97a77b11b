"""Recognises that a node in the hand is shaken."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

TURNS = 4
SECONDS = 0.8
PIXELS = 14.0
"""How far the pointer goes between two turns, at least."""


@dataclass(slots=True)
class Shake:
    """Counts how often the pointer turns round: TURNS turns within SECONDS are a shake."""

    _from: float | None = None
    _extreme: float = 0.0
    _sign: int = 0
    _turns: deque[float] = field(default_factory=deque)

    def shaken(self, x: float, time: float) -> bool:
        """Notes the pointer's x, in pixels, at a time in seconds; returns whether this ends a shake."""
        if self._from is None:
            self._from = self._extreme = x
            return False
        moved = x - self._extreme
        if self._sign == 0 or moved * self._sign >= 0:
            if self._sign == 0 and abs(moved) >= PIXELS:
                self._sign = 1 if moved > 0 else -1
            if self._sign:
                self._extreme = x
            return False
        if abs(moved) < PIXELS:
            return False
        self._sign, self._extreme = -self._sign, x
        self._turns.append(time)
        while self._turns and time - self._turns[0] > SECONDS:
            self._turns.popleft()
        if len(self._turns) < TURNS:
            return False
        self._turns.clear()
        return True
