"""Compiles live inputs: assigns the bus slots from which nodes read them, and finds what they reach."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from demon_patch.codegen.float_code import NodeCode
from demon_patch.codegen.inputs import BusSource
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.runtime.graph.live_inputs import RING, SOUND, HeardInput, Listener, LiveInput, LiveInputs, LivePort
from demon_patch.runtime.graph.loops import LATE
from demon_patch.runtime.graph.reuse import Key
from demon_patch.runtime.graph.wiring import Wiring

ABOUT = {SOUND: "audio", RING: "ring"}
"""By kind of live input, the name of the port whose cable names what it measures."""


class LiveInputCompiler:
    """Collects the live inputs of a program.

    read: by live input, the bus slots or the table that its node reads.
    take: returns the bus slot for a key and a first number.
    tables: the numbers of the tables by name; those of sources' sounds are added.
    """

    def __init__(self, wiring: Wiring, take: Callable[[Key, float], int], tables: dict[str, int]) -> None:
        self.read: dict[LivePort, tuple[BusSource, ...]] = {}
        self._wiring, self._take, self._tables = wiring, take, tables
        self._ports: dict[LivePort, LiveInput] = {}
        self._heard_inputs: list[HeardInput] = []
        self._listeners: dict[str, Listener] = {}

    def add(self, id: str, declaration: Declaration) -> None:
        """Adds a live node. It reads features of a source's sound from tables, and its other live inputs from the
        bus."""
        fed = [p for p in declaration.ports if p.live]
        if ports := tuple(p.name for p in fed if not p.of):
            values = self._wiring.patch.nodes[id].values
            settings = (*declaration.settings, *(p for p in declaration.ports if p.fixed and p.numeric))
            told = {p.name: values.get(p.name, p.default) for p in settings}
            self._listeners[id] = Listener(declaration.id, told, ports)
        for port in fed:
            about = self._subject(id, port)
            if about is not None and self._wiring.known[about].kind == "resource":
                self.read[id, port.name] = (self._table(HeardInput(about, port.of.removeprefix(SOUND))),)
                continue
            parts = (("level", 0.0), ("rises", 0.0)) if port.type == "gate" else (("value", float(port.default)),)
            key = (id, declaration.id, str(declaration.version), port.name, "fed")
            slots = tuple(self._take((*key, part), first) for part, first in parts)
            self._ports[id, port.name] = LiveInput(id, port.name, port.lo, port.hi, slots, port.of if about else "")
            self.read[id, port.name] = tuple(map(BusSource, slots))

    def _subject(self, id: str, port: Port) -> str | None:
        """Returns the id of the node that a live input measures; None for a device, or where nothing is wired."""
        for kind, about in ABOUT.items():
            if port.of.startswith(kind) and (cables := self._wiring.into.get((id, about))):
                return cables[0].src
        return None

    def _table(self, heard_input: HeardInput) -> BusSource:
        if heard_input.table not in self._tables:
            self._tables[heard_input.table] = len(self._tables)
            self._heard_inputs.append(heard_input)
        return BusSource(table=self._tables[heard_input.table])

    def result(
        self, codes: Sequence[NodeCode], ends: Mapping[LivePort, tuple[int, ...]], engine_slots: Collection[int]
    ) -> LiveInputs:
        """Returns the live inputs, once the code of all nodes is compiled. ends: all engine ports, with their bus
        slots."""
        if not self._ports:
            return LiveInputs(heard_inputs=tuple(self._heard_inputs))
        reached = _closure(
            [(s.slots_read, s.slots_written) for s in codes],
            (x for live_input in self._ports.values() for x in live_input.slots),
        )
        heard = _closure([(s.slots_written, s.slots_read) for s in reversed(codes)], engine_slots)
        held = {end for end, slots in ends.items() if not reached.isdisjoint(slots)}
        for code in codes:
            node = code.node.removesuffix(LATE)
            if node in self._wiring.known and not reached.isdisjoint(code.slots_read):
                held |= {(node, port) for port in _reading(code, reached)}
        ports = {
            key: replace(live_input, heard=not heard.isdisjoint(live_input.slots))
            for key, live_input in self._ports.items()
        }
        return LiveInputs(
            ports, frozenset(held - ports.keys()), self._listeners, tuple(self._heard_inputs), frozenset(reached)
        )  # fmt: skip


def _closure(joins: Sequence[tuple[Collection[int], Collection[int]]], slots: Iterable[int]) -> set[int]:
    """Returns some bus slots and all that they lead to, through loops too. joins: pairs (from, to) of bus slots, nearly
    in running order."""
    found, before = set(slots), -1
    while len(found) != before:
        before = len(found)
        for start, end in joins:
            if not found.isdisjoint(start):
                found.update(end)
    return found


def _reading(code: NodeCode, slots: Collection[int]) -> Iterator[str]:
    """Yields the ports of a node that read one of some bus slots."""
    for port, given in code.inputs.items():
        if any(source.slot in slots for source in given.sources):
            yield port
    for port, pairs in code.gates.items():
        if any(source.slot in slots for pair in pairs for source in pair):
            yield port
