"""Lets the transport follow the clock of a MIDI device, and feeds the nodes that listen to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demon_patch.runtime.devices.feeds import Feeds
from demon_patch.runtime.devices.midi.clock_in import ClockEvents, ClockIn
from demon_patch.runtime.devices.midi.decode import Batch
from demon_patch.runtime.devices.midi.names import matches
from demon_patch.runtime.devices.performance import HeardMoment, Performance
from demon_patch.runtime.graph.live_inputs import Listener

STEADY = 0.03  # beats a minute by which the tempo has to differ to be set anew
NEAR = 0.02  # beats that the transport may be beside the clock
PULL = 4.0  # seconds in which it is pulled to it
MOST = 0.04  # share of the tempo that it is pulled by at most


class ClockFollower:
    """The clock of one device: the first that sends one. Owned by one thread.

    pattern: of the device whose clock sets tempo and place of the transport; None: of none, only nodes hear it.
    offset: milliseconds by which its beats are taken to be later than its messages come.
    """

    def __init__(self, pattern: str | None = None, offset: float = 0.0) -> None:
        self.pattern, self._offset = pattern, offset
        self._clock = ClockIn(offset)
        self._device: int | None = None
        self.name = ""
        self._set = 0.0  # the tempo that the transport was given
        self._due = 0.0  # from when on it is looked at again
        self._given: tuple[float | None, bool] | None = None

    @property
    def bpm(self) -> float | None:
        """The tempo of the clock; None before it is known."""
        return self._clock.bpm if self._device is not None else None

    @property
    def follows(self) -> bool:
        """Whether the transport follows a clock now."""
        return self.pattern is not None and self._device is not None

    def take(
        self, device: int, name: str, batch: Batch, listeners: Mapping[str, Listener], frame: int | None, feeds: Feeds
    ) -> ClockEvents | None:
        """Takes the clock messages of a device, and feeds the nodes that listen. Returns what they did; None for a
        device that is not followed."""
        if not batch.clocks or (self.pattern is not None and not matches(self.pattern, name)):
            return None
        if self._device is None:
            self._device, self.name = device, name
            self._clock = ClockIn(self._offset)
        if device != self._device:
            return None
        before = self._clock.running
        events = self._clock.take(batch.clocks)
        self._feed(events, before, listeners, frame, feeds)
        return events

    def _feed(
        self, events: ClockEvents, before: bool, listeners: Mapping[str, Listener], frame: int | None, feeds: Feeds
    ) -> None:
        bpm = self._clock.bpm
        for id, listener in listeners.items():
            if listener.type != "midi_clock":
                continue
            if bpm is not None:
                feeds.number(frame, id, "pace", bpm)
            running = self._clock.running
            if running != before or events.starts is not None:
                feeds.gate(frame, id, "run", float(running), int(running and events.starts is True))
            every = _beats(listener.settings)
            struck = sum(beat % every == 0 for beat in events.beats)
            if struck:
                feeds.gate(frame, id, "pulse", 0.0, struck)

    def steer(self, events: ClockEvents | None, moment: HeardMoment, now: float, performance: Performance) -> None:
        """Makes the transport follow. moment: what is heard now. now: seconds."""
        if not self.follows:
            return
        if events is not None and events.starts is not None:
            if events.starts and events.seek is not None:
                bpm = self._clock.bpm or moment.bpm
                performance.seek(events.seek * 60.0 / bpm)
            performance.play(events.starts)
            self._due = now + 1.0  # a seek is heard after the lead
        bpm = self._clock.bpm
        if bpm is None or now < self._due:
            return
        wanted = bpm
        place = self._clock.beat(now)
        if place is not None and moment.playing:
            off = (place - moment.beat + 0.5) % 1.0 - 0.5
            if abs(off) > NEAR:
                wanted = bpm + min(max(off * 60 / PULL, -MOST * bpm), MOST * bpm)
        if abs(wanted - self._set) > STEADY or abs(wanted - moment.bpm) > STEADY:
            self._set = wanted
            performance.tempo(wanted)
        self._due = now + 60.0 / bpm

    def lose(self, device: int | None, listeners: Mapping[str, Listener], frame: int | None, feeds: Feeds) -> bool:
        """Ends following a device that is gone; None for any whose clock has ended. Returns whether it was followed.
        The tempo stays."""
        if self._device is None or device not in (None, self._device):
            return False
        self._device, self.name = None, ""
        for id, listener in listeners.items():
            if listener.type == "midi_clock":
                feeds.gate(frame, id, "run", 0.0, 0)
        return True

    def is_lost(self, now: float) -> bool:
        """Whether the clock has ended."""
        return self._device is not None and self._clock.is_lost(now)


def _beats(settings: Mapping[str, Any]) -> int:
    """Returns the quarter notes of a beat of a node."""
    return max(round(settings.get("beats", 1)), 1)
