"""Reads patches and updates them: nodes of older versions, and numbers written by the rules of older file formats."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing import format1
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.migration import Migration
from demon_patch.patch.files import format
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.json_values import Value, place
from demon_patch.patch.model.record import Record
from demon_patch.patch.model.walk import is_graph, nodes_of, over

P = TypeVar("P", bound=Record)

_LISTED = {"locked", "folded"}  # fields of a node that list ports
_ENDS = {"lo", "hi"}  # fields of a record in the unit of the port that it names
_KEPT = {"values", "ranges"}  # fields of a record that hold values and playing ranges by node and port


def load(path: str | Path, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """Reads a patch file and returns the updated patch (`updated`); PatchError if it cannot be read or is no patch."""
    patch = format.load(path)
    with place(path):
        return updated(patch, catalogue)


def loads(text: str | bytes, file: object = None, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """Returns the updated patch (`updated`) from the text of a patch file; PatchError if it is no patch.

    file: the name of the text in messages.
    """
    patch = format.loads(text, file)
    with place(file):
        return updated(patch, catalogue)


def updated(patch: Patch, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """Returns the patch with all nodes migrated to the versions of the catalogue, and with numbers of file format 1
    converted (`format1`). PatchError names a node that cannot be migrated.

    Nodes whose type or version the catalogue does not know are not changed. A patch in which nothing is old is returned
    itself.
    """
    old = any(_is_old(node, catalogue) for _, node in nodes_of(patch))
    return format1.upgraded(_updated(patch, catalogue) if old else patch, catalogue)


def _is_old(node: Node, catalogue: Mapping[str, Declaration]) -> bool:
    declaration = catalogue.get(node.type)
    return declaration is not None and node.version < declaration.version


def _updated(record: P, catalogue: Mapping[str, Declaration]) -> P:
    """Returns the record with the old nodes of all its graphs migrated, inner graphs first."""
    if isinstance(record, Node | Cable):
        return record
    record = over(record, lambda part: _updated(part, catalogue))
    if not is_graph(record):
        return record
    nodes: Mapping[str, Node] = record.nodes  # type: ignore[attr-defined]
    old = {id: _Old(node, catalogue[node.type]) for id, node in nodes.items() if _is_old(node, catalogue)}
    changed = structs.replace(record, nodes={**nodes, **{id: _today(id, o) for id, o in old.items()}})
    return _following(changed, old, inner=False)


def _today(id: str, old: _Old) -> Node:
    with place(node=id):
        return old.stepped(old.node.values, old.node.ranges)


class _Old:
    """A node of an older version with its migrations. ports, outs: newest names by old name."""

    def __init__(self, node: Node, declaration: Declaration) -> None:
        self.node = node
        self._steps = [declaration.migrate[version] for version in range(node.version, declaration.version)]
        self.ports = _joined([step.ports for step in self._steps])
        self.outs = _joined([step.outs for step in self._steps])

    def stepped(self, values: Mapping[str, Value], ranges: Mapping[str, tuple[float, float]]) -> Node:
        """Returns the node migrated to the newest version, with values and ranges of its old version in place of its
        own; PatchError if a migration cannot use them."""
        node = structs.replace(self.node, values=values, ranges=ranges)
        for step in self._steps:
            node = _stepped(node, step)
        return node


def _joined(steps: list[Mapping[str, str]]) -> Mapping[str, str]:
    """Returns the newest names by the oldest name, from the new names of several migrations in order."""
    joined: dict[str, str] = {}
    for step in steps:
        fresh = {old: new for old, new in step.items() if old not in joined.values()}
        joined = {old: step.get(new, new) for old, new in joined.items()} | fresh
    return joined


def _stepped(node: Node, step: Migration) -> Node:
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
    listed = {key: tuple(step.ports.get(name, name) for name in getattr(node, key)) for key in _LISTED & _keys(node)}
    return structs.replace(node, version=node.version + 1, values=values, ranges=ranges, **listed)


def _following(record: P, old: Mapping[str, _Old], inner: bool = True) -> P:
    """Returns the record with its names and numbers of old nodes' ports replaced by those of the newest version.
    Records inside it are changed too, but not inner graphs."""
    if isinstance(record, Node) or (inner and is_graph(record)):
        return record
    record = over(record, lambda part: _following(part, old))
    keys, changes = _keys(record), dict[str, Any]()
    for end, port in (("dst", "port"), ("node", "port"), ("src", "out"), ("node", "out")):
        if {end, port} <= keys and (node := old.get(getattr(record, end))) is not None:
            name = getattr(record, port)
            renamed = node.ports if port == "port" else node.outs
            changes[port] = renamed.get(name, name)
            if port == "port":
                changes |= {key: _knob(node, name, getattr(record, key)) for key in _ENDS & keys}
    if inner and keys >= _KEPT:
        changes |= _kept(record, old)
    return structs.replace(record, **changes) if changes else record


def _knob(node: _Old, port: str, value: Any) -> Any:
    """Returns a number of an old port, converted to the unit of the port in the newest version."""
    return value if value is None else node.stepped({port: value}, {}).values.get(node.ports.get(port, port), value)


def _kept(record: Record, old: Mapping[str, _Old]) -> dict[str, Any]:
    """Returns a record's fields `values` and `ranges`, by node and port, converted to the newest version of the
    nodes."""
    kept: dict[str, dict[str, Any]] = {key: dict(getattr(record, key)) for key in _KEPT}
    for id in old.keys() & (kept["values"].keys() | kept["ranges"].keys()):
        with place(node=id):
            node = old[id].stepped(kept["values"].get(id, {}), kept["ranges"].get(id, {}))
        for key in _KEPT:
            if id in kept[key]:
                kept[key][id] = getattr(node, key)
    return kept


def _keys(record: Record) -> set[str]:
    return set(record.known_keys())
