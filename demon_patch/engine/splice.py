"""Joins decoded windows into one continuous stream, without clicks and without dips in level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def correlation(left: Samples, right: Samples) -> float:
    """How alike two overlapping stretches are: 0 for unrelated (or opposed) sound, 1 for the same.

    left, right: [n, channels]. The normalised cross-correlation at lag zero, clamped to [0, 1].
    """
    energy = float(np.sqrt(np.vdot(left, left) * np.vdot(right, right)))
    return min(max(float(np.vdot(left, right)) / energy, 0.0), 1.0) if energy > 1e-12 else 1.0


def fade_gains(samples: int, alike: float) -> tuple[Samples, Samples]:
    """Gains [n] of the leaving and the entering side whose sum keeps its level throughout.

    The power of a*left + b*right is a^2 + b^2 + 2*alike*a*b; dividing the linear fade by its root holds it
    at 1: equal gain for alike = 1, equal power for alike = 0, and everything between.
    """
    entering = (np.arange(samples, dtype=np.float64) + 0.5) / samples
    leaving = 1.0 - entering
    level = np.sqrt(leaving**2 + entering**2 + 2.0 * alike * leaving * entering)
    return (leaving / level).astype(np.float32), (entering / level).astype(np.float32)


class Splicer:
    """Takes windows that overlap by a fade round each join and gives the stream between them.

    Every block but the first reaches `fade // 2` samples before its window's start, and every block that much
    past its end; the join is centred on the boundary, so a change stands where it was asked for.
    """

    def __init__(self, fade: int) -> None:
        self.half = fade // 2
        self._tail: Samples | None = None
        self.joins: list[float] = []

    def push(self, block: Samples) -> Samples:
        """A block [half + n + half, channels] in, the next n samples out (n - half at the start).

        The first block's leading half is dropped: the stream begins at its window's start.
        """
        half = self.half
        if self._tail is None:
            out = block[half : len(block) - 2 * half]
        else:
            head = block[: 2 * half]
            alike = correlation(self._tail, head)
            leaving, entering = fade_gains(2 * half, alike)
            join = np.multiply(self._tail, leaving[:, None], dtype=np.float32)
            join += head * entering[:, None]
            self.joins.append(alike)
            out = np.concatenate([join, block[2 * half : len(block) - 2 * half]])
        self._tail = block[len(block) - 2 * half :]
        return out

    def finish(self) -> Samples:
        """The samples that were held back for the next join: the stream ends at its last window's end."""
        tail, self._tail = self._tail, None
        return tail[: self.half] if tail is not None else np.zeros((0, 1), np.float32)
