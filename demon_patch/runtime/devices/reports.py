"""Tells clients what devices do: the status, events, and messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from demon_patch.runtime.devices.mapping.mappings import Mappings
from demon_patch.runtime.devices.status import DeviceEvent, DevicesStatus, EventKind, MappingStatus

KEPT = 1000  # events, and messages that are told once


class Reports:
    """The status and the events of the devices. Written on one thread, read from any.

    tell: called with a message for the player.
    status: the devices as they are now.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self.status = DevicesStatus()
        self._tell = tell
        self._events: deque[DeviceEvent] = deque(maxlen=KEPT)
        self._numbers = count(1)
        self._mappings: dict[str, MappingStatus] = {}
        self._facts: dict[str, tuple[object, ...]] = {}  # what each of them was made of
        self._told: set[str] = set()

    def events_since(self, number: int) -> tuple[DeviceEvent, ...]:
        """From any thread. The events after the one with a number, oldest first."""
        return tuple(event for event in tuple(self._events) if event.number > number)

    def add(self, kind: EventKind, **fields: Any) -> None:
        """Adds an event. fields: those of `DeviceEvent`."""
        self._events.append(DeviceEvent(next(self._numbers), kind, **fields))

    def tell_once(self, message: str) -> None:
        """Tells a message that may come again and again."""
        if message not in self._told:
            if len(self._told) >= KEPT:
                self._told.clear()
            self._told.add(message)
            self._tell(message)

    def publish(self, mappings: Mappings, missing: Mapping[str, int], **fields: Any) -> None:
        """Publishes the status, and adds an event for each mapping whose controller moved and waits, or took hold of
        its knob. missing: of `Mappings.missing`. fields: those of `DevicesStatus`."""
        moved, before = mappings.take_changed(), self._mappings
        self._mappings = {}
        for id, knob in mappings.knobs.items():
            connected = knob.mapping.source.device not in missing
            old = before.get(id)
            facts = (knob.place, not knob.waits, connected, knob.problem, knob.way)
            if old is not None and facts == self._facts.get(id):
                self._mappings[id] = old
                continue
            self._facts[id] = facts
            status = MappingStatus(knob.place, knob.aims_at, not knob.waits, connected, knob.problem)
            self._mappings[id] = status
            if id in moved and (knob.waits or (old is not None and not old.caught)):
                kind: EventKind = "waiting" if knob.waits else "caught"
                to = knob.mapping
                self.add(kind, mapping=id, node=to.node, port=to.port, place=status.place, value=status.value)
            if knob.problem and (old is None or old.problem != knob.problem):
                self.tell_once(f"mapping {id}: {knob.problem}")
        for id in self._facts.keys() - self._mappings.keys():
            del self._facts[id]
        self.status = DevicesStatus(mappings=self._mappings, missing=missing, **fields)
