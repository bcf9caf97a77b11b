"""The end of every chain of sound: it replaces samples that are not finite, changes the rate, and limits peaks."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from demon_patch.arrays import Samples
from demon_patch.engine.sound.limiter import LastGood, Limiter

Ceiling = float | NDArray[np.float32]

LOOK_SECONDS = 0.005  # span over which the limiter closes and opens
LOOK_SAMPLES = 48  # the least span
PIECE = 2**16  # samples that are limited at a time


def limited(sound: Samples, ceiling: Ceiling, rate: int) -> Samples:
    """Returns a stretch of sound [n, channels] as it is heard: mended and limited by an `OutputStage` that keeps the
    rate. Sample k of the result is sample k of `sound`. Beyond its ends there is silence.

    ceiling: of the peaks in dBFS, one for the stretch or one for each sample [n].
    rate: samples a second.
    """
    stage = OutputStage(rate, rate, sound.shape[1])
    return np.concatenate([stage.push(sound, ceiling), stage.finish()])


class OutputStage:
    """Converts a stream of blocks of any length from one sampling rate to another, and limits its peaks at the new
    rate.

    source_rate: samples a second of the blocks.
    rate: samples a second of the result. Its sample k is heard together with input sample k * source_rate / rate. It is
    returned later, once all samples that it depends on are known.
    """

    def __init__(self, source_rate: int, rate: int, channels: int) -> None:
        same = source_rate == rate
        self._resample = None if same else soxr.ResampleStream(source_rate, rate, channels, dtype="float32")
        self._limiter = Limiter(max(round(LOOK_SECONDS * rate), LOOK_SAMPLES))
        self._good = LastGood(channels)
        self._channels, self._ratio = channels, source_rate / rate
        self._ceilings = np.zeros(0, np.float32)  # dBFS by input sample, from number `_first` on
        self._first = self._made = 0

    @property
    def holes(self) -> int:
        """How many input samples (moments with all their channels) had a channel that was not finite."""
        return self._good.holes

    @property
    def lost(self) -> int:
        """How many of the newest input samples in a row had a channel that was not finite; 0 if the newest is
        finite."""
        return self._good.lost

    def push(self, block: Samples, ceiling: Ceiling) -> Samples:
        """Takes the next block [n, channels] and returns the output samples that are ready, [m, channels].

        ceiling: of the peaks in dBFS, one for the block or one for each sample [n].
        """
        given = np.broadcast_to(np.asarray(ceiling, np.float32), len(block))
        pieces = range(0, len(block), PIECE)
        out = [self._pushed(block[at : at + PIECE], given[at : at + PIECE]) for at in pieces]
        return out[0] if len(out) == 1 else np.concatenate([np.zeros((0, self._channels), np.float32), *out])

    def finish(self) -> Samples:
        """Returns the remaining output samples [m, channels], computed as if silence followed."""
        last: list[Samples] = []
        if self._resample is not None:
            rest = self._resample.resample_chunk(np.zeros((0, self._channels), np.float32), last=True)
            last.append(self._limited(rest))
        return np.concatenate([np.zeros((0, self._channels), np.float32), *last, *self._rest()])

    def _rest(self) -> list[Samples]:
        rest = self._limiter.finish()
        return [rest] if len(rest) else []

    def _pushed(self, block: Samples, ceilings: NDArray[np.float32]) -> Samples:
        block = self._good(block)
        if self._resample is None:
            return self._limiter.push(block, ceilings)
        self._ceilings = np.concatenate([self._ceilings, ceilings])
        return self._limited(self._resample.resample_chunk(block))

    def _limited(self, sound: Samples) -> Samples:
        """Returns resampled sound, limited to the ceilings of the input samples that are heard with it."""
        at = ((self._made + np.arange(len(sound) + 1)) * self._ratio).astype(np.int64) - self._first
        self._made += len(sound)
        last = len(self._ceilings) - 1
        ceilings = self._ceilings[np.clip(at[:-1], 0, last)] if last >= 0 else 0.0
        gone = min(int(at[-1]), last)
        if gone > 0:
            self._ceilings, self._first = self._ceilings[gone:], self._first + gone
        return self._limiter.push(sound, ceilings)
