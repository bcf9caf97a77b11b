"""Feedback of finished generations into the source, and the drift of the noise."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.runtime.graph.forecast import Forecast

TAPS = int(CONTROLS["feedback_tap"].hi)


class Feedback:
    """The latest finished latents [T, C], newest first. Mixes them into the source. Owned by one thread."""

    def __init__(self) -> None:
        self._finished: deque[Tensor] = deque(maxlen=TAPS)

    def add(self, latent: Tensor) -> None:
        """Keeps the finished latent of a whole song, [T, C]."""
        self._finished.appendleft(latent)

    @property
    def ready(self) -> bool:
        """Whether a latent is kept."""
        return bool(self._finished)

    def latent(self, back: int) -> Tensor:
        """Returns the latent [T, C] that was finished `back` completions ago (1 is the latest), or the oldest that is
        kept. Only where `ready`."""
        return self._finished[min(back, len(self._finished)) - 1]

    def mixed(self, source: Tensor, amount: float, back: int) -> Tensor | None:
        """Returns (1 - amount) * source + amount * `latent(back)`, [T, C]. None if `amount` is 0 or no latent is
        kept."""
        return torch.lerp(source, self.latent(back), amount) if amount > 0 and self.ready else None


class Drift:
    """Sums the drift of the noise, in keys a bar, over the transport from frame 0 on; the sum is the noise's position
    in keys.

    Frames before 0 have position 0.
    """

    def __init__(self) -> None:
        self._frame, self._sum = 0, 0.0

    def position_at(self, now: int, frame: int, bars: Callable[[int, int], float]) -> float:
        """Returns the noise's position in keys at a transport frame: the sum of the drift up to `now`, and from there
        of its forecast.

        bars: returns the drift summed over the transport frames lo to hi - 1, in keys (`drifted`).
        """
        past = min(now, frame)
        if past > self._frame:
            self._sum += bars(self._frame, past)
            self._frame = past
        return self._sum + (bars(self._frame, frame) if frame > self._frame else 0.0)


def drifted(forecast: Forecast, engine_port: int, lo: int, hi: int) -> float:
    """Returns a drift, in keys a bar, summed over the transport frames lo to hi - 1, each weighted by its length in
    bars: keys.

    engine_port: the number of the drift's engine port in `program.engine_ports` of the forecast.
    """
    transport, total = forecast.transport, 0.0
    while lo < hi:
        stop = lo + transport.steady(lo, hi - lo)
        total += float((forecast.span(engine_port, lo, stop) * transport.frames(lo, stop - lo).dbar).sum())
        lo = stop
    return total
