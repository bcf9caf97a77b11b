"""Puts a node that is there into a cable."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from demon_patch.editor.hands.edits import Edits
from demon_patch.editor.layout.box import Point
from demon_patch.patch.edit.commands import Connect, Disconnect, Move
from demon_patch.patch.model.graph import Cable, CableKey


def inserts(edits: Edits, node: str, key: CableKey) -> tuple[str, str] | None:
    """Returns the port and the output with which a node would go into a cable: the first that fit, the port one that is
    free. None where it does not fit, or is at an end of the cable."""
    graph, ports = edits.graph, edits.ports
    if node not in graph.nodes or key not in graph.cables_by_key or node in (key.src, key.dst):
        return None
    free = [port for port in ports.inputs(node) if not graph.cables_into(node, port)]
    into = next((port for port in free if ports.joins(key.src, key.out, node, port)), None)
    out = next((name for name in ports.outputs(node) if ports.joins(node, name, key.dst, key.port)), None)
    return None if into is None or out is None else (into, out)


def insert(edits: Edits, node: str, key: CableKey, places: Mapping[str, Point]) -> None:
    """Puts a node into a cable, and moves nodes to places, in one step. The cable into the old port keeps the old one's
    settings."""
    ends = inserts(edits, node, key)
    if ends is None:
        return
    into, out = ends
    old = edits.graph.cables_by_key[key]
    after = structs.replace(old, src=node, out=out)
    with edits.drafted("Insert") as draft:
        draft.do(Move(places), Disconnect(*key), Connect(Cable(key.src, key.out, node, into)))
        if after.key not in draft.graph.cables_by_key:
            draft.do(Connect(after))
