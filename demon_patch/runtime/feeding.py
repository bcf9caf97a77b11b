"""Live sources while a program is compiled: where their ports are read, and what they reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.ports import Port
from demon_patch.runtime.emit import Step
from demon_patch.runtime.feeds import RING, SOUND, Feed, Feeds, Listener, Socket, Tap
from demon_patch.runtime.loops import LATE
from demon_patch.runtime.memory import Key
from demon_patch.runtime.program import Sink
from demon_patch.runtime.wiring import Source, Wiring

ABOUT = {SOUND: "audio", RING: "ring"}  # the input whose cable says what a fed port is taken from


class Feeding:
    """What is fed to a program while it is compiled. read: by fed port, where it is read.

    take: a place on the bus for a key, with its first value. tables: the numbers of the tables by name, to which those
    of sources' sounds are added.
    """

    def __init__(self, wiring: Wiring, take: Callable[[Key, float], int], tables: dict[str, int]) -> None:
        self.read: dict[Socket, tuple[Source, ...]] = {}
        self._wiring, self._take, self._tables = wiring, take, tables
        self._ports: dict[Socket, Feed] = {}
        self._taps: list[Tap] = []
        self._listeners: dict[str, Listener] = {}

    def add(self, id: str, declaration: Declaration) -> None:
        """A live node: its fed ports are read from the bus, or from tables along the song for the sound of a source."""
        fed = [p for p in declaration.ports if p.fed]
        if ports := tuple(p.name for p in fed if not p.of):
            values = self._wiring.patch.nodes[id].values
            settings = (*declaration.settings, *(p for p in declaration.ports if p.fixed and p.numeric))
            told = {p.name: values.get(p.name, p.default) for p in settings}
            self._listeners[id] = Listener(declaration.id, told, ports)
        for port in fed:
            about = self._subject(id, port)
            if about is not None and self._wiring.known[about].kind == "resource":
                self.read[id, port.name] = (self._table(Tap(about, port.of.removeprefix(SOUND))),)
                continue
            halves = (("level", 0.0), ("rises", 0.0)) if port.type == "gate" else (("value", float(port.default)),)
            key = (id, declaration.id, str(declaration.version), port.name, "fed")
            slots = tuple(self._take((*key, half), first) for half, first in halves)
            self._ports[id, port.name] = Feed(id, port.name, port.lo, port.hi, slots, port.of if about else "")
            self.read[id, port.name] = tuple(map(Source, slots))

    def _subject(self, id: str, port: Port) -> str | None:
        """The node that a fed port's numbers are about; none for a device's, or where nothing is wired."""
        for kind, about in ABOUT.items():
            if port.of.startswith(kind) and (cables := self._wiring.into.get((id, about))):
                return cables[0].src
        return None

    def _table(self, tap: Tap) -> Source:
        if tap.table not in self._tables:
            self._tables[tap.table] = len(self._tables) + 1
            self._taps.append(tap)
        return Source(table=self._tables[tap.table])

    def feeds(self, steps: Sequence[Step], sinks: Sequence[Sink], sink_slots: Sequence[int]) -> Feeds:
        """The whole of it, once all steps and sinks are made."""
        slots, inputs = _reached(steps, [slot for feed in self._ports.values() for slot in feed.slots])
        held = {(step.removesuffix(LATE), port) for step, port in inputs}
        held = {socket for socket in held if socket[0] in self._wiring.known}
        held |= {(s.node, s.port) for s, slot in zip(sinks, sink_slots, strict=True) if slot in slots}
        return Feeds(self._ports, frozenset(held - self._ports.keys()), self._listeners, tuple(self._taps))


def _reached(steps: Sequence[Step], slots: Iterable[int]) -> tuple[set[int], set[Socket]]:
    """What some slots of the bus reach, round loops too: all slots, and the inputs (step, port) that read them."""
    found = set(slots)
    before = -1
    while found and len(found) != before:
        before = len(found)
        for step in steps:
            if not found.isdisjoint(step.read):
                found.update(step.written)
    inputs: set[Socket] = set()
    for step in steps if found else ():
        for port, given in step.inputs.items():
            if any(source.slot in found for source in given.sources):
                inputs.add((step.node, port))
        for port, pairs in step.gates.items():
            if any(source.slot in found for pair in pairs for source in pair):
                inputs.add((step.node, port))
    return found, inputs
