"""The mappings of a document: finds which of them a controller moves, and turns their knobs once a control frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.mapping.curve import Way
from demon_patch.runtime.devices.mapping.mapped_knob import MappedKnob
from demon_patch.runtime.devices.midi.decode import NOTE_OFF, NOTE_ON, Batch, coarse_values
from demon_patch.runtime.devices.midi.names import matches

Source = tuple[str, int, int]
"""What moves: kind, channel from 0, number (0 of those that have none)."""
Turn = tuple[str, str, Value]
"""Node, port, and the value that the knob gets."""


class Document(Protocol):
    """The document whose knobs are turned. Read from any thread."""

    @property
    def patch(self) -> Patch:
        """The document without live values."""
        ...

    @property
    def live(self) -> Overlay:
        """The live values."""
        ...


class Mappings:
    """The mappings at work. Owned by one thread.

    knobs: the mappings by id.
    wide: channel << 7 | number of the coarse halves of all controllers that are mapped with 14 bits.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._patch: Patch | None = None
        self._ranges: Mapping[Key, tuple[float, float]] = {}
        self.knobs: dict[str, MappedKnob] = {}
        self.wide: frozenset[int] = frozenset()
        self._of: dict[Source, list[MappedKnob]] = {}
        self._controls: dict[int, Source] = {}  # by channel << 7 | number
        self._hears_notes = False
        self._named: dict[tuple[str, str], list[MappedKnob]] = {}  # by kind and address, of osc and keys
        self._waiting: dict[tuple[str, Source], list[int]] = {}  # by device and source, values in order
        self._waiting_places: dict[tuple[str, str], list[float]] = {}
        self._changed: set[str] = set()

    def refresh(self) -> None:
        """Follows the document. Mappings that did not change keep their hold."""
        patch, ranges = self._document.patch, self._document.live.ranges
        if patch is self._patch and ranges == self._ranges:
            return
        before, self._patch, self._ranges = self.knobs, patch, ranges
        faces, inputs = VisiblePorts(patch, CATALOGUE), dict[str, Mapping[str, Port]]()
        self.knobs = {}
        for id, mapping in sorted(patch.mappings.items()):
            old = before.get(id)
            knob = old if old is not None and old.mapping == mapping else MappedKnob(id, mapping)
            if mapping.node not in inputs:
                inputs[mapping.node] = faces.inputs(mapping.node)
            knob.use(self._way(patch, mapping, inputs[mapping.node].get(mapping.port)))
            self.knobs[id] = knob
        self._index()

    def _way(self, patch: Patch, mapping: ControlMapping, port: Port | None) -> Way | PatchError:
        node, name = mapping.node, mapping.port
        if port is None:
            return PatchError("the node has no such port", node=node, port=name, mend="map another port")
        kept = patch.nodes[node]
        ends = self._ranges.get((node, name)) or kept.ranges.get(name, (port.lo, port.hi))
        try:
            return Way.of(mapping, port, ends, kept.values.get(name, port.default))
        except PatchError as error:
            return error

    def _index(self) -> None:
        self._of, self._named = {}, {}
        for knob in self.knobs.values():
            source = knob.mapping.source
            if source.kind in ("osc", "key"):
                self._named.setdefault((source.kind, source.address), []).append(knob)
                continue
            number = source.number if source.kind in ("cc", "note") else 0
            for channel in range(16) if source.channel == 0 else (source.channel - 1,):
                self._of.setdefault((source.kind, channel, number), []).append(knob)
        self._controls = {source[1] << 7 | source[2]: source for source in self._of if source[0] == "cc"}
        self._hears_notes = any(source[0] == "note" for source in self._of)
        self.wide = frozenset(
            key for key, source in self._controls.items() if any(knob.mapping.source.wide for knob in self._of[source])
        )

    # -- what moves ---------------------------------------------------------------------------------------------
    def note_batch(self, device: str, batch: Batch) -> None:
        """Notes what a MIDI device sent. device: its name."""
        if not self._of:
            return
        for key in batch.controls.keys() & self._controls.keys():
            self._note(device, self._controls[key], batch.controls[key])
        for channel, value in batch.bends.items():
            self._note(device, ("bend", channel, 0), (value,))
        for channel, value in batch.pressures.items():
            self._note(device, ("pressure", channel, 0), (value,))
        for status, note, velocity in batch.notes if self._hears_notes else ():
            if status & 0xF0 in (NOTE_ON, NOTE_OFF):
                on = velocity if status & 0xF0 == NOTE_ON else 0
                self._note(device, ("note", status & 15, note), (on,))

    def _note(self, device: str, source: Source, values: Sequence[int]) -> None:
        if source in self._of:
            self._waiting.setdefault((device, source), []).extend(values)

    def note_place(self, kind: str, address: str, place: float) -> None:
        """Notes a place, 0 to 1, that came by OSC to an address, or 1 and 0 of a computer's key."""
        if (kind, address) in self._named:
            self._waiting_places.setdefault((kind, address), []).append(place)

    def turns(self) -> list[Turn]:
        """Returns how the knobs are to be turned by all that was noted since the last call; each knob once."""
        if not self._waiting and not self._waiting_places:
            return []
        moved, moved_places = self._waiting, self._waiting_places
        self._waiting, self._waiting_places = {}, {}
        turned: dict[Key, Value] = {}
        for (device, source), values in moved.items():
            for knob in self._of.get(source, ()):
                if matches(knob.mapping.source.device, device):
                    self._turn(knob, turned, values, ())
        for named, places in moved_places.items():
            for knob in self._named.get(named, ()):
                self._turn(knob, turned, (), places)
        return [(node, port, value) for (node, port), value in turned.items()]

    def _turn(self, knob: MappedKnob, turned: dict[Key, Value], values: Sequence[int], places: Sequence[float]) -> None:
        key = (knob.mapping.node, knob.mapping.port)
        present, before = turned.get(key, self._present(key, knob)), (knob.waits, knob.place)
        value = knob.moved(values, present) if values else knob.placed(places, present)
        if value is not None:
            turned[key] = value
        if before != (knob.waits, knob.place):
            self._changed.add(knob.id)

    def _present(self, key: Key, knob: MappedKnob) -> Value:
        live = self._document.live.values
        if key in live:
            return live[key]
        node = self._document.patch.nodes.get(key[0])
        default = knob.way.port.default if knob.way is not None else None
        return default if node is None else node.values.get(key[1], default)

    def take_changed(self) -> frozenset[str]:
        """Returns the ids of the mappings whose controller has moved since the last call."""
        changed, self._changed = self._changed, set()
        return frozenset(changed)

    def waiting_for(self, device: str) -> list[MappedKnob]:
        """Returns the mappings of a device, by its name; those of any device are not among them."""
        return [
            knob
            for knob in self.knobs.values()
            if knob.mapping.source.device and matches(knob.mapping.source.device, device)
        ]

    def missing(self, devices: Iterable[str]) -> dict[str, int]:
        """Returns the device patterns for which no device is connected, with how many mappings wait for each."""
        present, found = list(devices), dict[str, int]()
        for knob in self.knobs.values():
            pattern = knob.mapping.source.device
            if pattern and not any(matches(pattern, name) for name in present):
                found[pattern] = found.get(pattern, 0) + 1
        return found


def sources_in(batch: Batch) -> Iterable[tuple[Controller, Sequence[int]]]:
    """Gives the controllers that moved in a batch, with their values in order; channels count from 1. Releases of notes
    are not among them."""
    for key, values in batch.controls.items():
        channel, number = (key >> 7) + 1, key & 127
        if coarse := coarse_values(values):
            yield Controller("cc", channel=channel, number=number), coarse
        if fine := [value & 0x7F for value in values if value & 0x80]:
            yield Controller("cc", channel=channel, number=number + 32), fine
    for status, note, velocity in batch.notes:
        if status & 0xF0 == NOTE_ON and velocity:
            yield Controller("note", channel=(status & 15) + 1, number=note), (velocity,)
    for channel, value in batch.bends.items():
        yield Controller("bend", channel=channel + 1), (value,)
    for channel, value in batch.pressures.items():
        yield Controller("pressure", channel=channel + 1), (value,)
