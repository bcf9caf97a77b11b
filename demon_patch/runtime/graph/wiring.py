"""Determines what cables do to the ports that they end in: nominal ranges, modes, depths, and the code of an input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.editing import format1
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SINGLE, Out, Port
from demon_patch.patch.model.document import Cable, Patch

USUAL_DEPTH = 0.5
"""The depth of an add cable into a port with a finite range, where the cable has none."""


@dataclass(frozen=True, slots=True)
class Nominal:
    """The range and unit that a signal normally has. An infinite end means that none is known."""

    lo: float = -math.inf
    hi: float = math.inf
    unit: str = ""

    @property
    def scaling(self) -> tuple[float, float]:
        """The numbers (a, b) with which a * x + b scales the signal to -1..1 where its range is symmetric, else to
        0..1. (1, 0) for a range without an end, which is not scaled."""
        if not (math.isfinite(self.lo) and math.isfinite(self.hi)) or self.lo >= self.hi:
            return 1.0, 0.0
        if self.lo == -self.hi:
            return 1.0 / self.hi, 0.0
        return 1.0 / (self.hi - self.lo), -self.lo / (self.hi - self.lo)


class Wiring:
    """A flat patch with its known nodes and the cables that carry something, for the compiler.

    A muted cable carries nothing, as if it were unplugged. All cables from a muted node carry nothing either, while the
    node's own state runs on. Ring and sound are an exception, since they hold the patch together: a muted node within
    the ring chain acts as if bypassed. A muted end of the chain, a muted cable in it, or only muted speakers and
    recorders mean silence (`silent`). Cables from outputs that are silent because their node is bypassed carry nothing
    either.

    family: gives the defaults of controls that leave them to the family; without one, the catalogue's ports do.
    """

    def __init__(self, patch: Patch, catalogue: Mapping[str, Declaration], family: FamilySpec | None = None) -> None:
        self.patch, self.bpm, self._family = patch.flat, patch.song.bpm, family
        self.known = {id: catalogue[n.type] for id, n in sorted(self.patch.nodes.items()) if n.type in catalogue}
        self._nominal: dict[tuple[str, str], Nominal] = {}
        self._visiting: set[tuple[str, str]] = set()

    @cached_property
    def into(self) -> Mapping[tuple[str, str], list[Cable]]:
        """By wired port (node, port), the cables that carry something into it, sorted."""
        ends: dict[tuple[str, str], list[Cable]] = {}
        for cable in self.patch.cables:
            if self.carries(cable):
                ends.setdefault((cable.dst, cable.port), []).append(cable)
        return ends

    @cached_property
    def ports_with_cables(self) -> Mapping[str, frozenset[str]]:
        """By node, the ports that have a cable, silent or not."""
        found: dict[str, set[str]] = {}
        for cable in self.patch.cables:
            found.setdefault(cable.dst, set()).add(cable.port)
        return {node: frozenset(ports) for node, ports in found.items()}

    @cached_property
    def _by_node(self) -> Mapping[str, Mapping[str, list[Cable]]]:
        found: dict[str, dict[str, list[Cable]]] = {}
        for (node, port), cables in self.into.items():
            found.setdefault(node, {})[port] = cables
        return found

    def cables_by_port(self, node: str) -> Mapping[str, list[Cable]]:
        """Returns the cables into each wired port of a node, by port."""
        return self._by_node.get(node, {})

    def reaches(self, start: str, end: str) -> bool:
        """Returns whether cables lead from the node `start` to the node `end`; True for the same node."""
        known, waiting = {start}, [start]
        while waiting:
            if (node := waiting.pop()) == end:
                return True
            following = {cable.dst for cable in self.cables_from(node)} - known
            known |= following
            waiting.extend(following)
        return False

    def cables_from(self, node: str) -> Sequence[Cable]:
        """Returns the cables that carry something from a node."""
        return self._from.get(node, ())

    @cached_property
    def _from(self) -> Mapping[str, list[Cable]]:
        found: dict[str, list[Cable]] = {}
        for cables in self.into.values():
            for cable in cables:
                found.setdefault(cable.src, []).append(cable)
        return found

    def carries(self, cable: Cable) -> bool:
        """Returns whether a cable connects ports that exist and is not silent."""
        source, target = self.known.get(cable.src), self.known.get(cable.dst)
        if source is None or target is None:
            return False
        out = source.outs_by_name.get(cable.out)
        if out is None or cable.port not in target.by_name:
            return False
        if self.is_muted(cable) and not _holds_together(target, out):
            return False
        bypassed = self.patch.nodes[cable.src].bypass and source.kind in ("computed", "resource", "surface", "score")
        return not bypassed or out.passes is not None

    def is_muted(self, cable: Cable) -> bool:
        """Returns whether a cable, or the node that it comes from, is muted."""
        return cable.muted or self.patch.nodes[cable.src].muted

    def rests(self, node: str) -> bool:
        """Returns whether a node within the chain does nothing, because it is bypassed or muted."""
        return self.patch.nodes[node].bypass or self.patch.nodes[node].muted

    def silent(self, chain: Sequence[str]) -> bool:
        """Returns whether nothing is heard, because an end of the chain, a cable of it or all outputs of the sound are
        muted.

        chain: the node ids of the chain in order, as `check.ring_nodes` gives them.
        """
        nodes = self.patch.nodes
        ends = {chain[0], chain[-1]}
        rings = (cables[0] for id in chain[1:] if (cables := self.into.get((id, "ring"))))
        heard = [
            nodes[id].muted or all(map(self.is_muted, cables))
            for (id, port), cables in self.into.items()
            if self.known[id].kind == "sink" and self.known[id].by_name[port].type == "audio"
        ]
        muted_ring = any(cable.muted for cable in rings)
        return any(nodes[id].muted for id in ends) or muted_ring or (bool(heard) and all(heard))

    def out(self, cable: Cable) -> Out:
        """Returns the output that a cable comes from."""
        return self.known[cable.src].outs_by_name[cable.out]

    def port(self, cable: Cable) -> Port:
        """Returns the port that a cable ends in."""
        return self.known[cable.dst].by_name[cable.port]

    def only_listens(self, cable: Cable) -> bool:
        """Returns whether a cable carries no signal, but names what a live node measures."""
        return self.known[cable.dst].live and self.port(cable).type in SINGLE

    def knob(self, node: str, port: Port) -> float:
        """Returns the knob of a numeric port, in the port's unit (for the family taper, the knob position)."""
        given = self.patch.nodes[node].values.get(port.name)
        return float(self.default(port) if given is None else given)  # type: ignore[arg-type]

    def default(self, port: Port) -> object:
        """Returns what a port holds where the patch gives nothing: the family's default for a control that leaves it to
        the family, else the port's own."""
        row = CONTROLS.get(port.control or "")
        return port.default if row is None or self._family is None else self._family.default(row)

    def playing_range(self, node: str, port: Port) -> tuple[float, float]:
        """Returns the playing range of a numeric port: lowest and highest number, in the port's unit. Without one of
        its own it is the port's range, and goes on up to the family's default where that is beyond it."""
        given = self.patch.nodes[node].ranges.get(port.name)
        if given is None and (row := CONTROLS.get(port.control or "")) is not None and row.most is not None:
            return port.lo, max(port.hi, float(self.default(port)))  # type: ignore[arg-type]
        return (port.lo, port.hi) if given is None else given

    def sets(self, cable: Cable) -> bool:
        """Returns whether a cable replaces the knob: because its mode is set, or because its mode is auto and the units
        of output and port are named and equal."""
        if cable.mode != "auto":
            return cable.mode == "set"
        unit = self.nominal(cable.src, cable.out).unit
        return unit != "" and unit == self.port(cable).unit

    def nominal(self, node: str, out_name: str) -> Nominal:
        """Returns the nominal range and unit of an output. An output that is like a port, or passes a port on, has the
        range and unit of what arrives at that port."""
        out = self.known[node].outs_by_name[out_name]
        port = out.passes if self.patch.nodes[node].bypass else out.like
        if port is None or out.type == "gate":
            return _declared(self.known[node], out_name)
        key = (node, out_name)
        if key not in self._nominal:
            if key in self._visiting:
                return Nominal()
            self._visiting.add(key)
            self._nominal[key] = self._arriving(node, self.known[node].by_name[port])
            self._visiting.discard(key)
        return self._nominal[key]

    def _arriving(self, node: str, port: Port) -> Nominal:
        lo, hi = self.playing_range(node, port)
        cables = self.into.get((node, port.name), [])
        if port.bounded or not cables:
            return Nominal(lo, hi, port.unit)
        units = {self.nominal(c.src, c.out).unit for c in cables}
        knob = self.knob(node, port)
        low = high = 0.0 if any(self.sets(c) for c in cables) else knob
        for cable in cables:
            coming = self.nominal(cable.src, cable.out)
            depth, offset = (1.0, 0.0) if self.sets(cable) else self.depth_and_offset(cable)
            ends = (depth * coming.lo + offset, depth * coming.hi + offset) if depth else (offset, offset)
            low, high = low + min(ends), high + max(ends)
        return Nominal(max(low, lo), min(high, hi), units.pop() if len(units) == 1 else "")

    def knobs_of_range(self, node: str, out_name: str) -> frozenset[tuple[str, str]]:
        """Returns the knobs (node, port) on which the nominal range of an output depends. The scaling of its cables is
        computed from them when the patch is compiled."""
        found: set[tuple[str, str]] = set()
        waiting, seen = [(node, out_name)], set[tuple[str, str]]()
        while waiting:
            if (at := waiting.pop()) in seen:
                continue
            seen.add(at)
            out = self.known[at[0]].outs_by_name[at[1]]
            name = out.passes if self.patch.nodes[at[0]].bypass else out.like
            if name is None or out.type == "gate":
                continue
            port, cables = self.known[at[0]].by_name[name], self.into.get((at[0], name), [])
            if cables and not port.bounded:
                found |= set() if any(self.sets(cable) for cable in cables) else {(at[0], name)}
                waiting += [(cable.src, cable.out) for cable in cables]
        return frozenset(found)

    def depth_and_offset(self, cable: Cable) -> tuple[float, float]:
        """Returns depth and offset of an add cable, with the usual depth where the cable has none."""
        usual = (format1.DEPTH if cable.format == 1 else USUAL_DEPTH) if self.port(cable).bounded else 1.0
        return (usual if cable.depth is None else cable.depth), cable.offset


def _holds_together(target: Declaration, out: Out) -> bool:
    """Returns whether a cable from an output belongs to the ring chain, or brings the sound to where it is heard."""
    return (out.type == "ring" and target.kind == "engine") or (out.type == "audio" and target.kind == "sink")


@lru_cache(maxsize=1024)
def _declared(declaration: Declaration, name: str) -> Nominal:
    out = declaration.outs_by_name[name]
    return Nominal(0.0, 1.0) if out.type == "gate" else Nominal(out.lo, out.hi, out.unit)


def clamped(x: float, lo: float, hi: float) -> float:
    """Returns x limited to lo..hi."""
    return min(max(x, lo), hi)


@lru_cache(maxsize=512)
def input_text(taper: str, bounded: bool, limits: bool, sets: bool, adds: int) -> str:
    """Returns the arithmetic of an input as text (docs/depth.md): of one set cable (x0) or none, then `adds` add
    cables.

    Depths add up in a space that depends on the taper: knob positions for a family taper, natural logarithms for a log
    taper, the port's unit for a linear one.
    Parameters in order: p0 is the sum of the knob and all offsets in that space. Then follows one gain for each add
    cable. Then follow the ends of the playing range, of the declared range, and of the playing range in that space.
    Whole numbers are rounded later (`codegen.whole_numbers`).
    """
    first = int(sets)
    total = " + ".join(["p0", *(f"x{first + i} * p{1 + i}" for i in range(adds))])
    p = [f"p{1 + adds + i}" for i in range(6)]
    if not bounded:
        total = f"x0 + {total}" if sets else total
        return f"clamp({total}, {p[0]}, {p[1]})" if limits else total
    if sets and not adds:
        return f"clamp(x0, {p[0]}, {p[1]})"
    knob = f"clamp(x0, {p[2]}, {p[3]})"
    if taper != "log":
        total = f"{knob} + {total}" if sets else total
        return f"clamp({total}, {p[0]}, {p[1]})"
    total = f"log({knob} / {p[2]}) + {total}" if sets else total
    return f"clamp({p[2]} * exp(clamp({total}, {p[4]}, {p[5]})), {p[0]}, {p[1]})"
