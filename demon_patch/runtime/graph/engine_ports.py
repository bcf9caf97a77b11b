"""The engine ports of a node."""

from __future__ import annotations

from functools import lru_cache

from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SIGNALS, Port
from demon_patch.runtime.graph.program import EnginePort, EnginePortKind


@lru_cache(maxsize=512)
def engine_ports_of(id: str, declaration: Declaration) -> tuple[tuple[Port, tuple[EnginePort, ...]], ...]:
    """Returns the engine ports of a node by port; a gate has two, its rises and its level."""
    found: list[tuple[Port, tuple[EnginePort, ...]]] = []
    for port in declaration.ports:
        if port.type not in SIGNALS:
            continue
        control = CONTROLS[port.control] if port.control else None
        kinds: tuple[EnginePortKind, ...] = ("gate", "level")
        if port.type != "gate":
            kinds = ("curve",) if port.type == "curve" else ("value",)
        engine_ports = (EnginePort(id, port.name, control, kind, port.lo, port.hi, port.taper) for kind in kinds)
        found.append((port, tuple(engine_ports)))
    return tuple(found)
