"""A short queue of sound between a thread that fills it and a thread that must never wait."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples


class Fifo:
    """A circular buffer of device frames [frames, channels] for one writer and one reader, without locks.

    put, taken: frames written and read since the start. Each is changed by one side only, so both sides may read both.
    """

    def __init__(self, frames: int, channels: int) -> None:
        self._ring = np.zeros((frames, channels), np.float32)
        self.put = self.taken = 0

    @property
    def level(self) -> int:
        """From both sides. Number of frames that wait."""
        return self.put - self.taken

    def push(self, block: Samples) -> None:
        """On the writer's thread. Adds a block [n, channels], for which there must be room."""
        start = self.put % len(self._ring)
        first = min(len(block), len(self._ring) - start)
        self._ring[start : start + first] = block[:first]
        self._ring[: len(block) - first] = block[first:]
        self.put += len(block)

    def take(self, out: Samples) -> int:
        """On the reader's thread. Fills `out` [n, channels] with waiting frames, then silence; returns how many frames
        waited."""
        ready = min(len(out), self.level)
        start = self.taken % len(self._ring)
        first = min(ready, len(self._ring) - start)
        out[:first] = self._ring[start : start + first]
        out[first:ready] = self._ring[: ready - first]
        out[ready:] = 0.0
        self.taken += ready
        return ready
