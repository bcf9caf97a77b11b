"""Sends our clock to MIDI outputs, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

from demon_patch.errors import DeviceError
from demon_patch.runtime.devices.midi.clock_out import ClockOut
from demon_patch.runtime.devices.midi.names import matches, numbered
from demon_patch.runtime.devices.midi.ports import MidiSystem, PortName, Sender
from demon_patch.runtime.devices.performance import HeardMoment
from demon_patch.threads import Urgency, hurry

AHEAD = 0.002  # seconds before a message from which it is waited for in short steps
LONGEST = 0.02  # seconds between looks at the transport
SCAN = 1.0  # seconds between looks for outputs


class ClockSender:
    """Sends the transport's clock to the outputs of some patterns.

    outputs: by pattern of a device name, the offset in milliseconds by which its clock is late.
    heard: returns what is heard at a time of `perf_counter`; called on the sender's thread.
    tell: called with a message when an output comes, goes, or refuses.
    """

    def __init__(
        self, outputs: dict[str, float], heard: Callable[[float], HeardMoment], tell: Callable[[str], object]
    ) -> None:
        self._outputs, self._heard, self._tell = dict(outputs), heard, tell
        self._open: dict[PortName, tuple[str, Sender, ClockOut]] = {}
        self._names: dict[str, str] = {}
        self._missing: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="MIDI clock", daemon=True)

    def start(self) -> None:
        """From any thread. Begins to send."""
        self._thread.start()

    def close(self) -> None:
        """From any thread. Stops the other machines, and ends."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    @property
    def names(self) -> tuple[str, ...]:
        """From any thread. The devices that get the clock."""
        return tuple(name for name, _, _ in tuple(self._open.values()))

    def _run(self) -> None:
        """On the sender's thread."""
        hurry(Urgency.CLOCK)
        system, looked = MidiSystem(), float("-inf")
        while not self._ended.is_set():
            now = perf_counter()
            if now - looked > SCAN:
                looked = now
                self._scan(system)
            wait = LONGEST
            moment = self._heard(now)
            for port, (_, sender, clock) in tuple(self._open.items()):
                try:
                    for message in clock.due(now, moment.beat, moment.bpm, moment.playing):
                        sender.send(message)
                except Exception:  # the device was pulled out
                    self._drop(port)
                    continue
                wait = min(wait, clock.wait(now, moment.beat, moment.bpm))
            self._ended.wait(max(wait - AHEAD / 2, 0.0005))
        moment = self._heard(perf_counter())
        for port, (_, sender, clock) in tuple(self._open.items()):
            with suppress(Exception):
                for message in clock.due(perf_counter(), moment.beat, moment.bpm, False):
                    sender.send(message)
            self._drop(port, told=False)
        system.close()

    def _scan(self, system: MidiSystem) -> None:
        listed = system.outputs()
        names = self._names = numbered((port.name for port in listed), self._names)
        for port in [port for port in self._open if port not in listed]:
            self._drop(port)
        for pattern, offset in self._outputs.items():
            found = [port for port in listed if matches(pattern, names[port.name])]
            if not found and pattern not in self._missing:
                self._missing.add(pattern)
                self._tell(f"no MIDI output is called {pattern!r}; its clock waits for it")
            for port in found:
                self._missing.discard(pattern)
                if port not in self._open:
                    try:
                        sender = system.open_output(port)
                    except DeviceError as error:
                        self._tell(str(error))
                        continue
                    self._open[port] = (names[port.name], sender, ClockOut(offset))
                    self._tell(f"the clock goes to {names[port.name]}")

    def _drop(self, port: PortName, told: bool = True) -> None:
        name, sender, _ = self._open.pop(port)
        with suppress(Exception):
            sender.close()
        if told:
            self._tell(f"the MIDI output {name} is gone; its clock waits for it")
