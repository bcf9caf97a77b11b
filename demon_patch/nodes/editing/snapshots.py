"""Stores, recalls and morphs snapshots. A recall gives live values that are put over a document.

A snapshot moves knobs, options, texts and drawn points. It does not move file names, ports of nodes that give the song,
ports of class `ring` such as the ring depth, ports of Snapshot nodes, and ports that the player has locked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from demon_patch.engine.controls import CONTROLS
from demon_patch.errors import PatchError
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.language.taper import denorm, norm
from demon_patch.nodes.library.control.snapshot import SNAPSHOT
from demon_patch.patch.edit.overlay import Key, Overlay, Range
from demon_patch.patch.model.dashboard import CableDepth, Snapshot
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.json_values import quoted

Catalogue = Mapping[str, Declaration]

_KINDS = {"text": str, "points": list}


class Recall(NamedTuple):
    """The result of a recall or morph.

    overlay: the live values, ranges and depths that it puts over the document.
    ports: all ports that a snapshot may move, of the nodes that the snapshot names. Their earlier live values are
        released.
    skipped: one error for each thing that the snapshot names and cannot move, with the reason.
    """

    overlay: Overlay
    ports: frozenset[Key]
    skipped: tuple[PatchError, ...] = ()

    def applied_to(self, before: Overlay) -> Overlay:
        """Returns the overlay after the recall, from the one before."""
        return before.without(self.ports).covered_by(self.overlay)


def movable(faces: VisiblePorts, id: str) -> dict[str, Port]:
    """Returns the ports of a node that snapshots move, by name; {} for a node that gives the song (a source output),
    and for one that itself recalls snapshots."""
    if faces.graph.node(id).type == SNAPSHOT or any(out.type == "source" for out in faces.outputs(id).values()):
        return {}
    locked = faces.graph.node(id).locked
    return {name: port for name, port in faces.inputs(id).items() if name not in locked and not _structural(port)}


def stored(patch: Patch, catalogue: Catalogue, scope: Collection[str] | None = None, title: str = "") -> Snapshot:
    """Makes a snapshot of the nodes in `scope`, or of all nodes. PatchError for a node that does not exist.

    patch: the document with its live values (`Overlay.sounding`).
    The snapshot has every knob and option, also those at their default; texts, points and optional ports only where
    they are set; of a subpatch the boundary ports.
    """
    faces = VisiblePorts(patch, catalogue)
    nodes = {id: patch.node(id) for id in (patch.nodes if scope is None else scope)}
    ports = {id: movable(faces, id) for id in nodes}
    values = {
        id: {
            name: nodes[id].values.get(name, port.default)
            for name, port in moved.items()
            if name in nodes[id].values or (not port.optional and (port.numeric or port.type == "option"))
        }
        for id, moved in ports.items()
    }
    ranges = {id: {name: ends for name, ends in nodes[id].ranges.items() if name in ports[id]} for id in nodes}
    return Snapshot(
        title,
        None if scope is None else tuple(scope),
        {id: kept for id, kept in values.items() if kept},
        {id: kept for id, kept in ranges.items() if kept},
        tuple(
            CableDepth(*cable.key, cable.depth)
            for cable in patch.cables
            if cable.dst in nodes and cable.port in ports[cable.dst]
        ),
    )


def here(snapshot: Snapshot, sounding: Patch, catalogue: Catalogue) -> Snapshot:
    """Makes the first end of a morph to a snapshot from what sounds now: a snapshot of the nodes that it names.

    sounding: the document with its live values (`Overlay.sounding`).
    """
    named = {*snapshot.values, *snapshot.ranges, *(kept.dst for kept in snapshot.depths)}
    within = named if snapshot.scope is None else named.intersection(snapshot.scope)
    return stored(sounding, catalogue, sorted(within & sounding.nodes.keys()))


def recall(snapshot: Snapshot, patch: Patch, catalogue: Catalogue) -> Recall:
    """Recalls a snapshot: returns live values for all that it has and that differs from the patch."""
    found = _Reading(VisiblePorts(patch, catalogue))
    found.read(snapshot)
    return found.recalled()


def morph(
    one: Snapshot,
    other: Snapshot,
    amount: float,
    patch: Patch,
    catalogue: Catalogue,
) -> Recall:
    """Recalls a mixture of two snapshots. amount: 0 is `one`, 1 is `other`; limited to 0..1.

    Knobs and playing ranges move linearly in knob positions, depths linearly. Options, texts, points and whole numbers
    switch at 0.5. For what only one snapshot has, the patch gives the other end.
    """
    return Morph(one, other, patch, catalogue).at(amount)


class Morph:
    """Two snapshots, read once for a document, and all mixtures of them (`morph`).

    keys: the ports and cables that the snapshots move.
    """

    def __init__(self, one: Snapshot, other: Snapshot, patch: Patch, catalogue: Catalogue) -> None:
        faces = VisiblePorts(patch, catalogue)
        a, b = _Reading(faces), _Reading(faces)
        a.read(one)
        b.read(other)
        between = self._between = _Reading(faces, skipped=[*a.skipped, *b.skipped], nodes=a.nodes | b.nodes)
        self._values = {
            key: (*(side.values.get(key, between.base(key)) for side in (a, b)), between.ports(key[0])[key[1]])
            for key in {**a.values, **b.values}
        }
        self._ranges = {
            key: (*(side.ranges.get(key, between.range(key)) for side in (a, b)), between.ports(key[0])[key[1]])
            for key in {**a.ranges, **b.ranges}
        }
        self._depths = {
            key: tuple(side.depths.get(key, patch.cables_by_key[key].depth) for side in (a, b))
            for key in {**a.depths, **b.depths}
        }
        self.keys: frozenset[Key | CableKey] = frozenset({*self._values, *self._ranges, *self._depths})

    def at(self, amount: float) -> Recall:
        """The mixture at an amount from 0 to 1; outside, the nearer end."""
        amount, between = min(max(amount, 0.0), 1.0), self._between
        between.values = {key: _mixed(a, b, amount, port) for key, (a, b, port) in self._values.items()}
        for key, (a, b, port) in self._ranges.items():
            lo, hi = (_mixed(x, y, amount, port) for x, y in zip(a, b, strict=True))
            between.ranges[key] = (lo, hi)
        between.depths = {key: _mixed(a, b, amount) for key, (a, b) in self._depths.items()}
        return between.recalled()


@dataclass
class _Reading:
    """The part of a snapshot that a document can take: values, ranges, depths, what is skipped, and the nodes
    named."""

    faces: VisiblePorts
    values: dict[Key, Any] = field(default_factory=dict)
    ranges: dict[Key, Range] = field(default_factory=dict)
    depths: dict[CableKey, float | None] = field(default_factory=dict)
    skipped: list[PatchError] = field(default_factory=list)
    nodes: frozenset[str] = frozenset()
    _ports: dict[str, Mapping[str, Port]] = field(default_factory=dict)
    _movable: dict[str, Mapping[str, Port]] = field(default_factory=dict)

    @property
    def patch(self) -> Patch:
        """The document."""
        return self.faces.patch

    def read(self, snapshot: Snapshot) -> None:
        """Adds what a snapshot can move, and an error to `skipped` for what it cannot. Ports that no snapshot moves get
        no error."""
        named = {*snapshot.values, *snapshot.ranges}
        scope = named | self.patch.nodes.keys() if snapshot.scope is None else frozenset(snapshot.scope)
        for id in sorted(named & scope):
            if id not in self.patch.nodes or not self.ports(id):
                self._skip("is not in the patch any more" if id not in self.patch.nodes else "is of no known type", id)
                continue
            self.nodes |= {id}
            for name, value in snapshot.values.get(id, {}).items():
                if self._moves(id, name) and (fit := self._fit(id, name, value)) is not None:
                    self.values[id, name] = fit
            for name, ends in snapshot.ranges.get(id, {}).items():
                if self._moves(id, name):
                    port = self.ports(id)[name]
                    self.ranges[id, name] = (_held(ends[0], port), _held(ends[1], port))
        for kept in snapshot.depths:
            if kept.dst in scope and kept.key in self.patch.cables_by_key:
                if kept.port in self.ports(kept.dst) and kept.port in self._movable[kept.dst]:
                    self.depths[kept.key] = kept.depth
            elif kept.dst in scope:
                self._skip(f"its cable from {kept.src}.{kept.out} is not plugged in any more", kept.dst, kept.port)

    def recalled(self) -> Recall:
        """Returns the recall of all that was read, without what equals the document."""
        overlay = Overlay(
            {key: value for key, value in self.values.items() if value != self.base(key)},
            {key: ends for key, ends in self.ranges.items() if ends != self.range(key)},
            {key: depth for key, depth in self.depths.items() if depth != self.patch.cables_by_key[key].depth},
        )
        return Recall(overlay, self._ports_moved, tuple(self.skipped))

    @cached_property
    def _ports_moved(self) -> frozenset[Key]:
        """All ports that snapshots move, of the nodes named."""
        return frozenset((id, name) for id in self.nodes if self.ports(id) for name in self._movable[id])

    def ports(self, id: str) -> Mapping[str, Port]:
        """Returns the inputs of a node by name."""
        if id not in self._ports:
            self._ports[id], self._movable[id] = self.faces.inputs(id), movable(self.faces, id)
        return self._ports[id]

    def base(self, key: Key) -> Any:
        """Returns the document's value of a port, or the port's default."""
        return self.patch.nodes[key[0]].values.get(key[1], self.ports(key[0])[key[1]].default)

    def range(self, key: Key) -> Range:
        """Returns the document's playing range of a port, or the port's declared range."""
        port = self.ports(key[0])[key[1]]
        return self.patch.nodes[key[0]].ranges.get(key[1], (port.lo, port.hi))

    def _moves(self, id: str, name: str) -> bool:
        if name not in self.ports(id):
            self._skip("has no such port any more", id, name)
        return name in self._movable[id]

    def _fit(self, id: str, name: str, value: Any) -> Any:
        """Returns the value, limited to the port's range; None, with an error in `skipped`, if the port cannot take
        it."""
        port = self.ports(id)[name]
        if port.numeric:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return _held(round(value) if port.taper == "int" else value, port)
        elif value in port.choices if port.type == "option" else isinstance(value, _KINDS[port.type]):
            return value
        return self._skip(f"cannot take {quoted(value)}", id, name)

    def _skip(self, what: str, node: str, port: str | None = None) -> None:
        self.skipped.append(PatchError(what, node=node, port=port, mend="store the snapshot anew"))


def _structural(port: Port) -> bool:
    """Returns whether a port belongs to what snapshots never move: ports of class `ring`, and all but knobs, options,
    texts and points."""
    if port.control is not None and CONTROLS[port.control].propagation == "ring":
        return True
    knob = port.numeric and not port.fixed
    return not (knob or port.type in ("option", "text", "points"))


def _held(number: float, port: Port) -> float:
    return min(max(number, port.lo), port.hi)


def _mixed(one: Any, other: Any, amount: float, port: Port | None = None) -> Any:
    """Returns the value of a port between two values; a depth if `port` is None. amount: 0 gives `one`, 1 gives
    `other`."""
    glides = port is None or (port.numeric and port.taper != "int")
    if amount in (0.0, 1.0) or one == other or not glides or one is None or other is None:
        return one if amount < 0.5 else other
    if port is None:
        return one + amount * (other - one)
    ends = (port.lo, port.hi, port.taper)
    low, high = (float(norm(end, *ends)) for end in (one, other))
    return _held(float(denorm(low + amount * (high - low), *ends)), port)
