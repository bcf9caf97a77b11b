"""MIDI devices made of queues, and a performance in virtual time that they play."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import floor

from demon_patch.errors import DemonError, DeviceError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.dashboard import Controller, ControlMapping, Snapshot
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.feeds import FedEvent
from demon_patch.runtime.devices.midi.ports import PortName, Receiver
from demon_patch.runtime.devices.performance import HeardMoment
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.live_inputs import Listener
from demon_patch.runtime.live.document import LiveDocument

RATE = 25.0
SONG = 400  # frames
RING = (Cable("s", "ring", "d", "ring"), Cable("d", "audio", "o", "audio"))
PATCH = Patch(
    nodes={
        "s": Node("scheduler", values={"strength": 0.5}),
        "d": Node("decoder"),
        "o": Node("speaker"),
        "keys": Node("midi_notes"),
        "voices": Node("midi_voices"),
        "cc": Node("midi_cc", values={"number": 1, "smooth": 0.0}),
        "clock": Node("midi_clock"),
    },
    cables=(*RING, Cable("cc", "value", "s", "structure", mode="set")),
    mappings={"m": ControlMapping(Controller("cc", device="Keys*", number=7), "s", "strength")},
    snapshots={
        "x": Snapshot("Verse 10", values={"s": {"strength": 0.1}}),
        "y": Snapshot("Verse 2", values={"s": {"strength": 0.9}}),
    },
)
"""A patch with listening nodes, a mapping of a device Keys, and two snapshots."""


class Cables:
    """A MIDI system whose ports a test plugs in and pulls out. refused: names of ports that cannot be opened."""

    def __init__(self, *names: str) -> None:
        self.plugged: dict[str, deque[tuple[Sequence[int], float]]] = {name: deque() for name in names}
        self.refused: set[str] = set()
        self.closed: list[str] = []

    def send(self, name: str, *messages: Sequence[int], every: float = 0.0) -> None:
        """A device sends messages, `every` seconds apart."""
        self.plugged[name].extend((message, every) for message in messages)

    def plug(self, name: str) -> None:
        """Plugs a device in."""
        self.plugged[name] = deque()

    def pull(self, name: str) -> None:
        """Pulls a device out."""
        del self.plugged[name]

    def inputs(self) -> list[PortName]:
        return [PortName("test", name) for name in self.plugged]

    def open_input(self, port: PortName) -> Receiver:
        if port.name in self.refused:
            raise DeviceError(f"{port.name} refuses", mend="ask it nicely")
        queue = self.plugged[port.name]
        return Receiver(lambda: queue.popleft() if queue else None, lambda: self.closed.append(port.name))

    def close(self) -> None: ...


class Stage:
    """A performance of a patch in virtual time: a real document and a real forecast, without sound.

    posted: how often the tick thread was asked to fetch what devices sent. ticks: what each tick fetched.
    """

    def __init__(self, patch: Patch) -> None:
        self.document = LiveDocument(patch)
        self.program = compile(patch, CATALOGUE, Geometry(RATE, SONG))
        self.forecast = Forecast(self.program, Transport(RATE, 120, 4, SONG))
        self.messages: list[str] = []
        self.fed: list[FedEvent] = []
        self.ticks: list[list[FedEvent]] = []
        self.done: list[tuple[str, object]] = []
        self.posted = 0
        self.playing, self.began, self.now = True, 0.0, 0.0
        self._waiting: list[Callable[[], Sequence[FedEvent]]] = []

    @property
    def listeners(self) -> Mapping[str, Listener]:
        return self.program.listeners

    def heard(self, now: float) -> HeardMoment:
        self.now, transport = now, self.forecast.transport
        frame = (now - self.began) * RATE
        here = transport.frame(floor(frame))
        beat = float(here.beat + here.dbeat * (frame - floor(frame)))
        return HeardMoment(frame, beat, transport.tempo(floor(frame)), self.playing)

    def turn(self, node: str, port: str, value: Value) -> None:
        try:
            self.document.turn(node, port, value)
        except DemonError as error:
            self.messages.append(str(error))

    def feed_from(self, take: Callable[[], Sequence[FedEvent]]) -> None:
        self.posted += 1
        self._waiting.append(take)

    def tick(self, frame: int) -> None:
        """A tick: what was posted is fetched, and the control frames before `frame` run."""
        waiting, self._waiting = self._waiting, []
        self.ticks.append([event for take in waiting for event in take()])
        for event in self.ticks[-1]:
            self.fed.append(event)
            try:
                self.forecast.feed(event.node, event.port, event.value, event.frame)
            except PatchError as error:
                self.messages.append(str(error))
        self.forecast.advance(frame)

    def add_message(self, message: str) -> None:
        self.messages.append(message)

    def play(self, on: bool) -> None:
        self.done.append(("play", on))
        self.playing = on

    def seek(self, seconds: float, beats: float | Grid = 0.0) -> None:
        self.done.append(("seek", seconds))

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        self.done.append(("tempo", bpm))
        self.forecast.retime(self.forecast.transport.at_tempo(floor((self.now - self.began) * RATE), bpm))
