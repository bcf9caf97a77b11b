"""Describes the node types for clients: what `nodes.catalogue.describe` says, and how each control is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.catalogue import CATALOGUE, describe
from demon_patch.nodes.formulas import ENTRIES
from demon_patch.nodes.language.ports import SIGNALS, OutType, PortType
from demon_patch.runtime.graph.rates import when_taken
from demon_patch.runtime.graph.wiring import USUAL_DEPTH
from demon_patch.runtime.remote.messages.session import Nodes

if TYPE_CHECKING:
    from demon_patch.engine.contracts import FamilySpec
    from demon_patch.engine.control import Control
    from demon_patch.runtime.graph.rates import Rates

ADAPTERS = (("value", "gate", "threshold"), ("curve", "gate", "threshold"))


def described(spec: FamilySpec, rates: Rates) -> Nodes:
    """Returns all node types, with the class of each control and how many times a second it is read at present."""
    nodes = describe(CATALOGUE)
    for node in nodes:
        declaration = CATALOGUE[node["id"]]
        for port in node["ports"]:
            found = declaration.by_name[port["name"]]
            if found.auto is not None:
                port["auto"] = list(found.auto)
            if found.optional:
                port["optional"] = True
            row = CONTROLS.get(found.control or "")
            if row is not None:
                port |= {"control": row.name, "propagation": row.propagation, "rate": _rate(rates, row)}
                if row.default is not None and row.shape not in ("prompt", "source") and spec.has(row):
                    port["default"] = spec.default(row)
    fits = {
        out: tuple(port for port in get_args(PortType) if port == out or (out in SIGNALS and port in SIGNALS))
        for out in get_args(OutType)
    }
    lacks = tuple(row.name for row in CONTROLS.values() if not spec.has(row))
    taper = tuple(map(float, spec.strength_taper))
    return Nodes(
        nodes=nodes,
        fits=fits,
        adapters=ADAPTERS,
        depth=USUAL_DEPTH,
        lacks=lacks,
        family_taper=taper,
        formulas=dict(ENTRIES),
    )


def _rate(rates: Rates, row: Control) -> float | None:
    """Returns how many times a second a control is read at present; None for one without such a moment."""
    taken = when_taken(row)
    return None if taken is None else round(rates.per_second(taken), 3)
