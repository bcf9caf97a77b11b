"""Keeps the host's subscriptions equal to what is seen."""

from __future__ import annotations

from collections.abc import Iterable

from demon_patch.editor.link.protocol import Link
from demon_patch.runtime.remote.messages.base import Point
from demon_patch.runtime.remote.messages.telemetry import AHEAD, POINTS, Watch, What

SIGNAL_RATE, FORECAST_RATE, RING_RATE, STRIP_RATE, STATUS_RATE = 30.0, 5.0, 10.0, 3.0, 15.0
FORECAST_FRAMES = 30  # as many as needed between two forecasts; more only where a probe shows them


class Subscriptions:
    """What the window watches, sent only where it has changed."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sent: dict[str, Watch] = {}
        self.points: tuple[Point, ...] = ()
        self.ahead_points: tuple[Point, ...] = ()

    def want_signals(self, points: Iterable[Point], rate: float = SIGNAL_RATE) -> bool:
        """Watches the past of some signals; the first POINTS of them. Returns whether that is new."""
        found = tuple(dict.fromkeys(points))[:POINTS]
        self.points = found
        return self._want(Watch(what="signals", rate=rate if found else 0.0, points=found))

    def want_forecast(self, points: Iterable[Point], ahead: int = FORECAST_FRAMES) -> None:
        """Watches the future of some signals. ahead: control frames."""
        found = tuple(dict.fromkeys(points))[:POINTS]
        self.ahead_points = found
        self._want(
            Watch(what="forecast", rate=FORECAST_RATE if found else 0.0, points=found, ahead=min(max(ahead, 1), AHEAD))
        )

    def want(self, what: What, on: bool, rate: float) -> None:
        """Watches one of the other things, or no longer."""
        self._want(Watch(what=what, rate=rate if on else 0.0))

    def _want(self, watch: Watch) -> bool:
        before = self._sent.get(watch.what)
        if watch == before or (before is None and watch.rate == 0.0):
            return False
        self._sent[watch.what] = watch
        self._link.ask(watch, refused=lambda fault: self._sent.pop(watch.what, None))
        return True
