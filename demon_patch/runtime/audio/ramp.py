"""A gain that moves to its goal in a straight line."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples


class Ramp:
    """A gain that takes `blocks` blocks of sound from the value it has to a new goal."""

    def __init__(self, blocks: int, value: float = 0.0) -> None:
        self._blocks, self.value = blocks, value
        self._goal, self._left, self._step = value, 0, 0.0

    def gains(self, n: int, goal: float) -> Samples | float:
        """Returns the gains of the next block of `n` samples, [n, 1], or one number where it does not move. A new
        `goal` starts a new line."""
        if goal != self._goal:
            self._goal, self._left = goal, self._blocks
            self._step = (goal - self.value) / self._blocks
        if not self._left:
            return self.value
        before, self._left = self.value, self._left - 1
        self.value = before + self._step if self._left else goal
        return (before + (self.value - before) * (np.arange(n) + 1.0) / n).astype(np.float32)[:, None]
