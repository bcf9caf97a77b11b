"""A safety limiter: peaks never pass the ceiling, and quiet sound is not touched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

Samples = NDArray[np.float32]


class Limiter:
    """Look-ahead peak limiter for a stream of blocks, whatever their lengths.

    ceiling: dBFS. window: samples over which the gain closes and opens again. The gain at a sample is the mean,
    over one window, of the smallest gain needed anywhere within one window round each of its samples: so it
    is never above what that sample needs. The stream is delayed by `window` samples until `finish`.
    """

    def __init__(self, ceiling: float, window: int) -> None:
        self.hold(ceiling)
        self.window = window | 1
        self._held: Samples | None = None

    def hold(self, ceiling: float) -> None:
        """Moves the ceiling (dBFS) for all samples that are not out yet."""
        self.ceiling = float(10.0 ** (ceiling / 20.0))

    def push(self, block: Samples) -> Samples:
        """The next samples [n, channels] in; as many out as have all their look-ahead."""
        reach = self.window
        if self._held is None:
            self._held = np.zeros((reach, block.shape[1]), np.float32)
        held = np.concatenate([self._held, block])
        ready = max(len(held) - 2 * reach, 0)
        out = self._limited(held)[reach : reach + ready]
        self._held = held[ready:]
        return out

    def finish(self) -> Samples:
        """What is still inside, limited as if silence followed."""
        if self._held is None:
            return np.zeros((0, 1), np.float32)
        rest = len(self._held) - self.window
        out = self.push(np.zeros((self.window, self._held.shape[1]), np.float32))[:rest]
        self._held = None
        return out

    def _limited(self, held: Samples) -> Samples:
        peak = np.abs(held).max(axis=1)
        if peak.max(initial=0.0) <= self.ceiling:
            return held
        need = np.minimum(1.0, self.ceiling / np.maximum(peak, 1e-9))
        need = minimum_filter1d(need.astype(np.float64), self.window, mode="nearest")
        return held * uniform_filter1d(need, self.window, mode="nearest").astype(np.float32)[:, None]
