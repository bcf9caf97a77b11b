"""The knobs of a patch as a list for the player: which there are, their positions, and their numbers after a turn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.language.taper import denorm, norm
from demon_patch.nodes.library.engine.engine import CHAIN
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.graph import SUBPATCH
from demon_patch.patch.model.json_values import Value

FINE, COARSE = 0.01, 0.1
"""Share of a knob's whole way for one turn, fine and coarse. Knobs of whole numbers move by 1 with a fine turn and by
at least 1 with a coarse one."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Knob:
    """The knob of one numeric port of a node.

    title: of node and port.
    base: the knob as the document stores it, in the port's unit.
    lo, hi: the playing range, in the port's unit.
    wired: whether a cable that is not muted ends at the port.
    """

    node: str
    port: Port
    title: str
    base: float
    lo: float
    hi: float
    wired: bool = False

    @property
    def key(self) -> Key:
        """Node id and name of the port."""
        return self.node, self.port.name

    def turned(self, value: float, way: int, coarse: bool = False) -> float:
        """Returns the number that a turn makes of `value`, both in the port's unit: by a share of the knob's way,
        through the taper, within the playing range.

        way: 1 up, -1 down.
        """
        port, step = self.port, way * (COARSE if coarse else FINE)
        if port.taper == "int":
            leap = way * max(1, round(COARSE * (port.hi - port.lo))) if coarse else way
            return round(min(max(value + leap, self.lo), self.hi))
        ends = (port.lo, port.hi, port.taper)
        at = float(norm(value, *ends)) + step
        new = float(denorm(min(max(at, 0.0), 1.0) if port.bounded else at, *ends))
        return float(f"{min(max(new, self.lo), self.hi):.6g}")

    def place(self, value: float) -> float | None:
        """Returns the knob position of a number in the port's unit, 0 to 1; None where the port has no finite range."""
        port = self.port
        if not port.bounded:
            return None
        return min(max(float(norm(value, port.lo, port.hi, port.taper)), 0.0), 1.0)


def knobs_of(patch: Patch) -> list[Knob]:
    """Returns the knobs that the view lists: first those of the engine's nodes in the order of CHAIN, then the others
    by node id.

    Engine nodes, mixes and surfaces list all their ports but unused optional ones; Knob nodes and subpatches list all;
    other nodes list the ports that are set or have a cable. Ports that take no cable are left out.
    """
    order = {type: place for place, type in enumerate(CHAIN)}
    nodes = sorted(patch.nodes.items(), key=lambda item: (order.get(item[1].type, len(order)), item[0]))
    return [_knob(patch, id, node, port) for id, node in nodes for port in _ports(patch, id, node)]


def _ports(patch: Patch, id: str, node: Node) -> list[Port]:
    shown = VisiblePorts(patch, CATALOGUE).inputs(id).values()
    ports = [port for port in shown if port.numeric and port.wireable]
    declaration = CATALOGUE.get(node.type)
    if declaration is None:
        return ports if node.type == SUBPATCH else []
    if declaration.kind in ("engine", "mix", "surface"):
        return [port for port in ports if not port.optional or _used(patch, id, node, port)]
    return [port for port in ports if declaration is CATALOGUE["knob"] or _used(patch, id, node, port)]


def _used(patch: Patch, id: str, node: Node, port: Port) -> bool:
    return port.name in node.values or bool(patch.cables_into(id, port.name))


def _knob(patch: Patch, id: str, node: Node, port: Port) -> Knob:
    base = node.values.get(port.name, port.default)
    lo, hi = node.ranges.get(port.name, (port.lo, port.hi))
    wired = any(not cable.muted for cable in patch.cables_into(id, port.name))
    title = f"{node.label or _title(patch, node)}: {port.title}"
    return Knob(id, port, title, _number(base, 0.0), lo, hi, wired)


def _title(patch: Patch, node: Node) -> str:
    if node.type == SUBPATCH:
        return patch.definitions[node.definition].title or "Subpatch"
    return CATALOGUE[node.type].title


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else otherwise


def value_of(knob: Knob, live: Mapping[Key, Value]) -> float:
    """Returns the number of a knob now, in its port's unit: its live value, else its base."""
    return _number(live.get(knob.key), knob.base)
