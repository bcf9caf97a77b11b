"""Patches as this version's catalogue knows them: nodes of older versions are brought up to date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.migration import Migration
from demon_patch.patch import format
from demon_patch.patch.data import place
from demon_patch.patch.document import Cable, Node, Patch
from demon_patch.patch.inner import is_graph, nodes_of, over
from demon_patch.patch.piece import Piece

P = TypeVar("P", bound=Piece)
Names = Mapping[str, Mapping[str, str]]  # new names of ports by node and old name


def load(path: str | Path, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """Reads a patch file, its nodes as the catalogue knows them; PatchError if it cannot be read or is no patch."""
    patch = format.load(path)
    with place(path):
        return updated(patch, catalogue)


def updated(patch: Patch, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """The patch with every node of an older version as its declaration's version is; PatchError that names the node.

    Nodes of a type or version that the catalogue does not know stay as they are, and a patch without older ones is
    returned as it is.
    """
    old = any(_is_old(node, catalogue) for _, node in nodes_of(patch))
    return _updated(patch, catalogue) if old else patch


def _is_old(node: Node, catalogue: Mapping[str, Declaration]) -> bool:
    declaration = catalogue.get(node.type)
    return declaration is not None and node.version < declaration.version


def _updated(piece: P, catalogue: Mapping[str, Declaration]) -> P:
    """A piece with all graphs in it brought up to date, the inner ones first."""
    if isinstance(piece, Node | Cable):
        return piece
    piece = over(piece, lambda part: _updated(part, catalogue))
    if not is_graph(piece):
        return piece
    nodes: dict[str, Node] = dict(piece.nodes)  # type: ignore[attr-defined]
    ports: dict[str, Mapping[str, str]] = {}
    outs: dict[str, Mapping[str, str]] = {}
    for id, node in nodes.items():
        if _is_old(node, catalogue):
            declaration = catalogue[node.type]
            steps = [declaration.migrate[version] for version in range(node.version, declaration.version)]
            ports[id], outs[id] = _joined([step.ports for step in steps]), _joined([step.outs for step in steps])
            with place(node=id):
                nodes[id] = _stepped(node, steps)
    return _following(structs.replace(piece, nodes=nodes), ports, outs, inner=False)


def _joined(steps: list[Mapping[str, str]]) -> Mapping[str, str]:
    """New names by old ones over several steps."""
    joined: dict[str, str] = {}
    for step in steps:
        fresh = {old: new for old, new in step.items() if old not in joined.values()}
        joined = {old: step.get(new, new) for old, new in joined.items()} | fresh
    return joined


def _stepped(node: Node, steps: list[Migration]) -> Node:
    for step in steps:
        values = {step.ports.get(name, name): value for name, value in node.values.items()}
        ranges = {step.ports.get(name, name): ends for name, ends in node.ranges.items()}
        try:
            for name, scale in step.scaled.items():
                knob = values.get(name)
                if isinstance(knob, int | float) and not isinstance(knob, bool):
                    values[name] = scale(knob)
                if name in ranges:
                    lo, hi = sorted(map(scale, ranges[name]))
                    ranges[name] = (lo, hi)
            values = dict(step.values(values))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise PatchError(
                f"what it keeps is not that of {node.type}, version {node.version}",
                mend="restore it from an earlier file, or put a new one in its place",
            ) from None
        node = structs.replace(node, version=node.version + 1, values=values, ranges=ranges)
    return node


def _following(piece: P, ports: Names, outs: Names, inner: bool = True) -> P:
    """A piece with the ports that it names under their new names, and so all in it but graphs of their own."""
    if isinstance(piece, Node) or (inner and is_graph(piece)):
        return piece
    piece = over(piece, lambda part: _following(part, ports, outs))
    changes: dict[str, Any] = {}
    for node, port in (("dst", "port"), ("node", "port"), ("src", "out"), ("node", "out")):
        if {node, port} <= set(piece.known_keys()):
            renamed, old = ports if port == "port" else outs, getattr(piece, port)
            if (new := renamed.get(getattr(piece, node), {}).get(old, old)) != old:
                changes[port] = new
    return structs.replace(piece, **changes) if changes else piece
