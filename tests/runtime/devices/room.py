"""A hub with its devices and its performance, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demon_patch.patch.model.document import Patch
from demon_patch.runtime.devices.hub import DevicesHub
from tests.support.devices import PATCH, RATE, Cables, Stage

LOOK = 0.004
"""Seconds between two looks of the hub's thread."""


class Room:
    """A hub, its devices and its performance; `pass_time` looks as the hub's thread would, and ticks now and then."""

    def __init__(self, patch: Patch = PATCH, devices: Sequence[str] = ("Keys",), **options: Any) -> None:
        self.cables, self.stage = Cables(*devices), Stage(patch)
        self.hub = DevicesHub(self.stage, RATE, system=lambda: self.cables, **options)
        self.now, self.ticked = 0.0, 0
        self.look()

    def look(self) -> None:
        self.hub.look(self.now)

    def pass_time(self, seconds: float, tick: int = 1) -> None:
        """tick: control frames."""
        for _ in range(round(seconds / LOOK)):
            self.now += LOOK
            self.look()
            frame = int(self.now * RATE + 1e-9)
            if frame // tick > self.ticked:
                self.ticked = frame // tick
                self.stage.tick(frame)

    @property
    def events(self) -> list[str]:
        return [event.kind for event in self.hub.events_since(0)]

    @property
    def live(self) -> dict[tuple[str, str], Any]:
        return dict(self.stage.document.live.values)
