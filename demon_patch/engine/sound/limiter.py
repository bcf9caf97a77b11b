"""A safety limiter: it keeps true peaks below the ceiling and leaves quiet sound unchanged."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from demon_patch.arrays import Samples

OVER = 4  # factor of oversampling, which finds peaks between samples (ITU-R BS.1770-5, annex 2)
REACH = 10  # samples on either side that the oversampling reads
EDGE = REACH + 1  # samples at an end whose peaks depend on what comes beyond


class LastGood:
    """Makes a stream of blocks finite: a sample that is not finite becomes the last finite one of its channel.

    Here a sample is one moment with all its channels.
    holes: how many samples so far had a channel that was not finite.
    lost: how many such samples in a row came last.
    """

    def __init__(self, channels: int) -> None:
        self.holes = self.lost = 0
        self._last = np.zeros(channels, np.float32)

    def __call__(self, block: Samples) -> Samples:
        """Returns the next block [n, channels] with finite samples; the same block where it needs no change."""
        good = np.isfinite(block)
        if good.all():
            self.lost = 0 if len(block) else self.lost
        else:
            known = np.concatenate([self._last[None], block])
            at = np.where(good, np.arange(1, len(known))[:, None], 0)
            block = np.take_along_axis(known, np.maximum.accumulate(at, axis=0), axis=0)
            whole = np.flatnonzero(good.all(axis=1))
            self.holes += len(block) - len(whole)
            self.lost = len(block) - 1 - int(whole[-1]) if len(whole) else self.lost + len(block)
        if len(block):
            self._last = block[-1].copy()
        return block


class Limiter:
    """A look-ahead true-peak limiter for a stream of blocks of any length.

    window: samples over which the gain closes and opens again.
    delay: samples by which the stream is delayed until `finish`.

    The gain at a sample is the mean, over one window, of the smallest gain needed within one window of each of its
    samples. So it never exceeds what that sample needs. All samples must be finite: see `LastGood`.
    """

    def __init__(self, window: int) -> None:
        self.window = max(window, EDGE) | 1
        self.delay = self.window + EDGE
        self._held: Samples | None = None
        self._needs = self._ceilings = np.zeros(0)  # linear, of the held samples; needs: gains, without the last EDGE

    def push(self, block: Samples, ceiling: float | NDArray[np.float32]) -> Samples:
        """Takes the next samples [n, channels] and returns all samples whose look-ahead is complete, limited.

        ceiling: of the peaks in dBFS, one for the block or one for each sample [n].
        """
        level = 10.0 ** (np.asarray(ceiling, np.float64) / 20.0)
        if self._held is None:
            self._held = np.zeros((self.delay, block.shape[1]), np.float32)
            self._ceilings = np.full(self.delay, level.flat[0] if level.size else 1.0)
            self._needs = np.ones(self.delay - EDGE)
        held = np.concatenate([self._held, block])
        ceilings = np.concatenate([self._ceilings, np.broadcast_to(level, len(block))])
        needs = np.concatenate([self._needs, self._new_gains(held, ceilings)])
        ready = max(len(held) - 2 * self.delay, 0)
        out = held[self.delay : self.delay + ready]
        if ready and needs.min() < 1.0:
            gains = minimum_filter1d(needs, self.window, mode="nearest")
            gains = uniform_filter1d(gains, self.window, mode="nearest")[self.delay : self.delay + ready]
            out = out * gains.astype(np.float32)[:, None]
        self._held, self._ceilings, self._needs = held[ready:], ceilings[ready:], needs[ready:]
        return out

    def finish(self) -> Samples:
        """Returns the remaining samples, limited as if silence followed."""
        if self._held is None:
            return np.zeros((0, 1), np.float32)
        rest = len(self._held) - self.delay
        silence = np.zeros((self.delay, self._held.shape[1]), np.float32)
        out = self.push(silence, 20.0 * float(np.log10(self._ceilings[-1])))[:rest]
        self._held = None
        return out

    def _new_gains(self, held: Samples, ceilings: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the gains, at most 1, that the newest held samples need so that their true peaks stay below the
        ceilings.

        It covers the samples from the first that has no gain yet up to EDGE samples before the end.
        """
        known, until = len(self._needs), len(held) - EDGE
        near, ceilings = held[known - EDGE :], ceilings[known:until]
        if np.abs(near).max(initial=0.0) * _greatest_overshoot() <= ceilings.min(initial=np.inf):
            return np.ones(until - known)
        return np.minimum(1.0, ceilings / np.maximum(true_peaks(near)[EDGE:-EDGE], 1e-9))


def true_peaks(sound: Samples) -> NDArray[np.float32]:
    """Returns for each sample [n] the largest absolute level of any channel at it or between it and the next sample.

    Beyond the ends of `sound` [n, channels] there is silence.
    """
    padded = np.pad(sound, ((REACH, REACH), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1, axis=0)  # [n, channels, 2 * REACH + 1]
    between = np.abs(near.reshape(-1, 2 * REACH + 1) @ _filter()).reshape(len(sound), -1)
    return np.maximum(between.max(axis=1, initial=0.0), np.abs(sound).max(axis=1))


@cache
def _filter() -> NDArray[np.float32]:
    """Returns windowed sincs [2 * REACH + 1, OVER] that oversample: from the samples round one to levels between it and
    the next sample."""
    at = np.arange(OVER)[None] / OVER - np.arange(-REACH, REACH + 1)[:, None]
    taps = np.sinc(at) * np.i0(5.0 * np.sqrt(np.maximum(1.0 - (at / (REACH + 1)) ** 2, 0.0))) / np.i0(5.0)
    return (taps / taps.sum(axis=0)).astype(np.float32)


@cache
def _greatest_overshoot() -> float:
    """Returns the largest factor by which a peak between samples can exceed the samples."""
    return float(np.abs(_filter()).sum(axis=0).max())
