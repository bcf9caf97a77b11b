"""Finished generations fed back into the source, and the seed's way into the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.runtime.graph.forecast import Forecast

TAPS = int(CONTROLS["feedback_tap"].hi)


class Feedback:
    """The latest finished latents [T, C], newest first, and what they make of the source. Owned by one thread."""

    def __init__(self) -> None:
        self._finished: deque[Tensor] = deque(maxlen=TAPS)

    def add(self, latent: Tensor) -> None:
        """Keeps a finished latent, of a whole song."""
        self._finished.appendleft(latent)

    @property
    def ready(self) -> bool:
        """Whether anything is finished."""
        return bool(self._finished)

    def tap(self, tap: int) -> Tensor:
        """The latent finished `tap` completions ago, or the oldest kept; only where one is finished."""
        return self._finished[min(tap, len(self._finished)) - 1]

    def mixed(self, source: Tensor, amount: float, tap: int) -> Tensor | None:
        """(1 - amount) * source + amount * the latent finished `tap` completions ago, [T, C].

        A tap that is not there yet is the oldest that is; None where nothing is fed back.
        """
        return torch.lerp(source, self.tap(tap), amount) if amount > 0 and self.ready else None


class Drift:
    """The noise's position in keys: the drift, in keys a bar, summed over the transport from its frame 0.

    Frames before 0 have position 0.
    """

    def __init__(self) -> None:
        self._frame, self._sum = 0, 0.0

    def position_at(self, now: int, frame: int, bars: Callable[[int, int], float]) -> float:
        """The position at a transport frame: what has passed before `now` as it was, what is to come as it is forecast.
        bars: the drift summed over the frames lo to hi - 1 (`drifted`)."""
        past = min(now, frame)
        if past > self._frame:
            self._sum += bars(self._frame, past)
            self._frame = past
        return self._sum + (bars(self._frame, frame) if frame > self._frame else 0.0)


def drifted(forecast: Forecast, sink: int, lo: int, hi: int) -> float:
    """A drift in keys a bar summed over the frames lo to hi - 1, each as long as it is in bars; `sink` is its number in
    the forecast's program."""
    transport, total = forecast.transport, 0.0
    while lo < hi:
        stop = lo + transport.steady(lo, hi - lo)
        total += float((forecast.span(sink, lo, stop) * transport.frames(lo, stop - lo).dbar).sum())
        lo = stop
    return total
