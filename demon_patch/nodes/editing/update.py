"""Patches as this version's catalogue knows them: older nodes, and numbers of older formats, are brought up to date."""

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
_KEPT = {"values", "ranges"}  # fields that keep by node what a node keeps


def load(path: str | Path, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """Reads a patch file, its nodes as the catalogue knows them; PatchError if it cannot be read or is no patch."""
    patch = format.load(path)
    with place(path):
        return updated(patch, catalogue)


def loads(text: str | bytes, file: object = None, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """The same of the text of a patch file, as the clipboard holds one; file: its name in messages."""
    patch = format.loads(text, file)
    with place(file):
        return updated(patch, catalogue)


def updated(patch: Patch, catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """The patch with every node of an older version as its declaration's version is, and with the numbers of older
    formats by the rules of this one (`format1`). PatchError names the node.

    Nodes of a type or version that the catalogue does not know stay as they are. A patch in which nothing is old is
    returned as it is.
    """
    old = any(_is_old(node, catalogue) for _, node in nodes_of(patch))
    return format1.upgraded(_updated(patch, catalogue) if old else patch, catalogue)


def _is_old(node: Node, catalogue: Mapping[str, Declaration]) -> bool:
    declaration = catalogue.get(node.type)
    return declaration is not None and node.version < declaration.version


def _updated(record: P, catalogue: Mapping[str, Declaration]) -> P:
    """A record with all graphs in it brought up to date, the inner ones first."""
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
    """A node of an older version, and its way to the newest: new names of its ports, and what it keeps."""

    def __init__(self, node: Node, declaration: Declaration) -> None:
        self.node = node
        self._steps = [declaration.migrate[version] for version in range(node.version, declaration.version)]
        self.ports = _joined([step.ports for step in self._steps])
        self.outs = _joined([step.outs for step in self._steps])

    def stepped(self, values: Mapping[str, Value], ranges: Mapping[str, tuple[float, float]]) -> Node:
        """The node of today with these knobs and playing ranges of its version; PatchError if they are not."""
        node = structs.replace(self.node, values=values, ranges=ranges)
        for step in self._steps:
            node = _stepped(node, step)
        return node


def _joined(steps: list[Mapping[str, str]]) -> Mapping[str, str]:
    """New names by old ones over several steps."""
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
    """A record with the ports and knobs of old nodes as they are today, and so all in it but graphs of their own."""
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
    """A number in the unit of an old port in that of today's."""
    return value if value is None else node.stepped({port: value}, {}).values.get(node.ports.get(port, port), value)


def _kept(record: Record, old: Mapping[str, _Old]) -> dict[str, Any]:
    """Knobs and playing ranges that are kept by node and port, as today's nodes keep them."""
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
