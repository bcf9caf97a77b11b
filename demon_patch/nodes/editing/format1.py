"""Converts the numbers of a patch from file format 1 to the rules of file format 2.

These rules differ, and need the catalogue:

* The depth of a cable without one, into a port with a finite range: 0.25 in format 1, 0.5 in format 2.
* The number of a port that the file leaves out: the default of the model nano in format 1, that of the playing model
  family in format 2.
* The number of a port with the family taper: the engine's value in format 1, the knob position 0..1 in format 2. Knobs,
  playing ranges, snapshots and the ends of mappings are converted. A depth counts in knob positions in both formats.
  A cable that sets such a port gets an Expression node that turns its signal into a knob position.

`files/migrations` marks nodes, cables and stored depths of format 1 (`format` is 1). Here the mark becomes 2 where all
ports are known. Where a port is unknown, the mark stays, and the number keeps its meaning of format 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, nextafter
from random import Random
from typing import Any, TypeVar

from msgspec import structs

from demon_patch.codegen.vocabulary import clamp
from demon_patch.engine.controls import CONTROLS, FAMILY, Control
from demon_patch.engine.families import spec_of
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import NUMBERS, Port
from demon_patch.patch.model import ids
from demon_patch.patch.model.document import Cable, CableKey, Graph, Node, Patch
from demon_patch.patch.model.graph import REROUTE, SUBPATCH
from demon_patch.patch.model.json_values import Value
from demon_patch.patch.model.walk import nodes_of

Catalogue = Mapping[str, Declaration]
G = TypeVar("G", bound=Graph)

DEPTH = 0.25
"""The depth that format 1 gives to a cable without one, into a port with a finite range."""

DEFAULTS: Mapping[str, float | str] = {
    "steps": 8.0, "shift": 2.0, "depth": 4.0, "timesteps": "continuous", "guidance_mode": "off", "dcw": "off",
    "dcw_wavelet": "haar", "dcw_low": 0.05, "dcw_high": 0.02, "strength": 0.7,
}  # fmt: skip
"""nano's defaults in format 1 by control: of controls whose default is each model family's own today
(`controls.FAMILY`), and of strength, as the engine takes it."""

STRENGTHS = spec_of("nano").strength_taper
"""nano's strengths, 0..1, at the knob positions 0, 0.1, ..., 1: those of today, so that a file keeps its strengths."""

TO_POSITION = "({})/10".format("+".join(f"clamp((a-{lo:g})/({hi:g}-{lo:g}),0,1)" for lo, hi in pairwise(STRENGTHS)))
"""The formula of the Expression node that turns a strength, signal `a`, into a knob position 0..1."""

_EXPRESSION = "expression"


def is_of_format_1(patch: Patch) -> bool:
    """Returns whether any node, cable or stored depth of a patch is marked as of format 1."""
    return (
        any(node.format == 1 for _, node in nodes_of(patch))
        or any(cable.format == 1 for graph in (patch, *patch.definitions.values()) for cable in graph.cables)
        or any(kept.format == 1 for snapshot in patch.snapshots.values() for kept in snapshot.depths)
    )


def upgraded(patch: Patch, catalogue: Catalogue) -> Patch:
    """Returns the patch with numbers of format 1 converted to format 2, as far as the catalogue knows the ports.

    The nodes of `patch` must be migrated to the catalogue's versions already. A patch in which nothing changes is
    returned itself.
    """
    if not is_of_format_1(patch):
        return patch
    inner = {id: _Upgrade(VisiblePorts(patch, catalogue, id)).graph(kept) for id, kept in patch.definitions.items()}
    top = _Upgrade(VisiblePorts(patch, catalogue))
    made = top.graph(patch)
    mappings = {
        id: structs.replace(kept, **{end: top.number(kept.node, kept.port, getattr(kept, end)) for end in ("lo", "hi")})
        for id, kept in patch.mappings.items()
    }
    snapshots = {
        id: structs.replace(
            kept,
            values={node: top.values(node, values) for node, values in kept.values.items()},
            ranges={node: top.ranges(node, ranges) for node, ranges in kept.ranges.items()},
            depths=tuple(top.depth(top.moved(depth)) for depth in kept.depths),
        )
        for id, kept in patch.snapshots.items()
    }
    made = structs.replace(made, definitions=inner, mappings=mappings, snapshots=snapshots)
    return patch if made == patch else made


def from_table(u: float, table: Sequence[float]) -> float:
    """Returns the number of a rising `table` at position u of 0 to 1. Its entries are equally spaced, with straight
    lines between them."""
    last = len(table) - 1
    place = clamp(u, 0.0, 1.0) * last
    i = min(int(place), last - 1)
    return table[i] + (place - i) * (table[i + 1] - table[i])


def to_table(x: float, table: Sequence[float]) -> float:
    """Returns the position, 0 to 1, at which the rising `table` has the number x. The inverse of `from_table`."""
    last = len(table) - 1
    i = min(max(bisect_right(table, x) - 1, 0), last - 1)
    return clamp((i + (x - table[i]) / (table[i + 1] - table[i])) / last, 0.0, 1.0)


def position_of(number: Any, port: Port | Control) -> Any:
    """Returns the knob position of a port with the family taper, from its value in format 1; both are in the port's
    range.

    Anything that is not a number in that range is returned itself, so that a later check can name it.
    """
    if isinstance(number, bool) or not isinstance(number, int | float) or not port.lo <= number <= port.hi:
        return number
    share = (number - port.lo) / (port.hi - port.lo)
    near = to_table(share, STRENGTHS)
    # Of the positions next to it, the first with the very same strength, if one has it; the others are 1e-16 away.
    exact = (x for x in (near, nextafter(near, -inf), nextafter(near, inf)) if from_table(x, STRENGTHS) == share)
    return port.lo + next(exact, near) * (port.hi - port.lo)


@dataclass
class _Upgrade:
    """Converts one graph, the patch itself or a definition, to format 2."""

    faces: VisiblePorts
    renamed: dict[CableKey, CableKey] = field(default_factory=dict)
    """The new key of each cable that begins at a new Expression node now, by its old key."""

    def graph(self, graph: G) -> G:
        """Returns the graph with its nodes and cables converted to format 2."""
        nodes = {id: self._node(id, node) for id, node in graph.nodes.items()}
        cables: list[Cable] = []
        for cable in graph.cables:
            if cable.format == 1 and cable.mode == "set" and self._sets_family_port(cable):
                cables += self._by_position(cable, nodes)
            else:
                cables.append(self.depth(cable))
        return structs.replace(graph, nodes=nodes, cables=tuple(cables))

    # -- knobs --------------------------------------------------------------------------------------------------
    def values(self, id: str, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Returns a node's values by port, converted to format 2."""
        return {port: self.number(id, port, value) for port, value in values.items()}

    def ranges(self, id: str, ranges: Mapping[str, tuple[float, float]]) -> Mapping[str, tuple[float, float]]:
        """Returns a node's playing ranges by port, converted to format 2. A playing range that is not within the port's
        declared range is not converted."""
        made: dict[str, tuple[float, float]] = {}
        for port, ends in ranges.items():
            reached, _ = self._reached(self.faces, id, port) if id in self.faces.graph.nodes else ([], False)
            inside = all(each.lo <= end <= each.hi for each in reached for end in ends)
            made[port] = (self.number(id, port, ends[0]), self.number(id, port, ends[1])) if inside else ends
        return made

    def number(self, id: str, port: str, number: Any) -> Any:
        """Returns a number of a port, converted to format 2. It is returned unchanged where the port is unknown, has
        another taper than family, or its node is not of format 1."""
        node = self.faces.graph.nodes.get(id)
        if number is None or node is None or node.format != 1 or not self._is_known(id, node):
            return number
        reached, _ = self._reached(self.faces, id, port)
        family = next((each for each in reached if each.taper == "family"), None)
        return number if family is None else position_of(number, family)

    def _node(self, id: str, node: Node) -> Node:
        if node.format != 1 or not self._is_known(id, node):
            return node
        values = dict(self.values(id, node.values))
        declaration = self.faces.catalogue.get(node.type)
        for port in declaration.ports if declaration is not None else ():
            row = CONTROLS.get(port.control or "")
            if row is None or row.optional or row.name not in DEFAULTS or port.name in values:
                continue
            if row.taper == "family":
                values[port.name] = position_of(DEFAULTS[row.name], port)
            elif row.default is FAMILY:
                values[port.name] = DEFAULTS[row.name]
        return structs.replace(node, values=values, ranges=self.ranges(id, node.ranges), format=2)

    def _is_known(self, id: str, node: Node) -> bool:
        """Returns whether a node's type and version are known; for a subpatch, whether all ports are known for which it
        has values or ranges."""
        if node.type == SUBPATCH:
            named = self.faces.patch.definitions[node.definition].inputs.keys() & {*node.values, *node.ranges}
            return all(self._reached(self.faces, id, port)[1] for port in named)
        declaration = self.faces.catalogue.get(node.type)
        return node.type == REROUTE or (declaration is not None and node.version <= declaration.version)

    # -- cables -------------------------------------------------------------------------------------------------
    def depth(self, cable: Any) -> Any:
        """Returns a cable or stored depth with the depth that format 1 gives it, marked as of format 2 if its port is
        known."""
        if cable.format != 1 or cable.dst not in self.faces.graph.nodes:
            return cable
        reached, known = self._reached(self.faces, cable.dst, cable.port)
        numbers = [port.bounded for port in reached if port.type in NUMBERS]
        if not known or (any(numbers) and not all(numbers)):
            return cable
        fixed = cable.depth is not None or getattr(cable, "mode", "auto") == "set" or not any(numbers)
        return structs.replace(cable, depth=cable.depth if fixed else DEPTH, format=2)

    def moved(self, kept: Any) -> Any:
        """Returns a stored depth with the ends that its cable has after the conversion."""
        key = self.renamed.get(kept.key)
        return kept if key is None else structs.replace(kept, src=key.src, out=key.out)

    def _sets_family_port(self, cable: Cable) -> bool:
        reached, known = self._reached(self.faces, cable.dst, cable.port)
        return known and _EXPRESSION in self.faces.catalogue and any(port.taper == "family" for port in reached)

    def _by_position(self, cable: Cable, nodes: dict[str, Node]) -> tuple[Cable, Cable]:
        """Adds to `nodes` an Expression node that turns the cable's signal, a strength, into a knob position. Returns
        the cables into and out of that node."""
        id = ids.fresh(nodes, Random(str(cable.key)))  # the same one whenever the same file is read
        (x1, y1), (x2, y2) = nodes[cable.src].at, nodes[cable.dst].at
        formula: dict[str, Value] = {"formula": TO_POSITION}
        version = self.faces.catalogue[_EXPRESSION].version
        at = ((x1 + x2) / 2, (y1 + y2) / 2)
        nodes[id] = Node(_EXPRESSION, version=version, values=formula, at=at, label="Strength to knob position")
        after = structs.replace(cable, src=id, out="out", format=2)
        self.renamed[cable.key] = after.key
        return Cable(cable.src, cable.out, id, "a"), after

    def _reached(self, faces: VisiblePorts, id: str, port: str) -> tuple[list[Port], bool]:
        """Returns the declared ports that a port leads to, through subpatches, and whether all of them are known."""
        node = faces.graph.nodes[id]
        if node.type == REROUTE:
            return [], True
        if node.type == SUBPATCH:
            definition = faces.patch.definitions[node.definition]
            inside = VisiblePorts(faces.patch, faces.catalogue, node.definition)
            inlet = definition.inputs.get(port)
            found = [self._reached(inside, to.node, to.port) for to in (inlet.to if inlet is not None else ())]
            return [each for ports, _ in found for each in ports], all(known for _, known in found)
        declaration = faces.catalogue.get(node.type)
        if declaration is None or node.version > declaration.version:
            return [], False
        found = declaration.by_name.get(port)
        return ([], False) if found is None else ([found], True)
