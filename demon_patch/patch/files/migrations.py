"""Converts a file's JSON data from each file format to the next, by pure functions that do not know the node types.

What needs the catalogue is only marked here; `nodes/editing/format1` converts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from demon_patch.errors import PatchError
from demon_patch.patch.model.json_values import quoted

Document: TypeAlias = dict[str, Any]
Migration: TypeAlias = Callable[[Document], Document]

FORMAT = 2
"""The format that this version writes."""

_NEW_KEYS: Mapping[str, tuple[str, ...]] = {
    "graph": ("bookmarks", "probes"),
    "node": ("muted", "folded", "colour", "format"),
    "cable": ("format",),
    "depth": ("format",),
    "mapping": ("takeover", "curve", "centred", "version"),
}
"""By kind of object, the keys that format 2 has added; in a file of format 1 they are unknown keys."""


def _from_1(document: Document) -> Document:
    """Converts a file from format 1 to format 2.

    All nodes, and those cables and stored depths that have no depth or have mode set, get the mark "format": 1, because
    their numbers can be converted only where their ports are known. The mode pickup of a mapping becomes its takeover.
    Unknown keys that format 2 uses are renamed.
    """
    made = _graph(document)
    made |= _each(document, "definitions", _graph)
    made |= _each(document, "mappings", _mapping)
    made |= _each(document, "snapshots", lambda kept: {**kept, **_list(kept, "depths", lambda it: _cable(it, "depth"))})
    return made


def _graph(graph: Document) -> Document:
    made = _set_aside(graph, "graph")
    made |= _each(graph, "nodes", lambda node: {**_set_aside(node, "node"), "format": 1})
    return made | _list(graph, "cables", lambda cable: _cable(cable, "cable"))


def _cable(cable: Document, kind: str) -> Document:
    made = _set_aside(cable, kind)
    numbered = cable.get("depth") is not None and cable.get("mode") != "set"
    return made if numbered else {**made, "format": 1}


def _mapping(mapping: Document) -> Document:
    made = _set_aside(mapping, "mapping")
    return {**made, "mode": "absolute", "takeover": "pickup"} if mapping.get("mode") == "pickup" else made


def _set_aside(given: Document, kind: str) -> Document:
    """Returns the object with its unknown keys renamed that format 2 uses: `key` becomes "key (format 1)"."""
    made = dict(given)
    for key in _NEW_KEYS[kind]:
        if key in given:
            other = f"{key} (format 1)"
            while other in made:
                other += "'"
            made[other] = made.pop(key)
    return made


def _each(given: Document, key: str, change: Callable[[Document], Document]) -> Document:
    """{key: the table under `key` with each object changed}. {} if it is no table; the reader reports that later."""
    table = given.get(key)
    return {key: {id: _object(kept, change) for id, kept in table.items()}} if isinstance(table, dict) else {}


def _list(given: Document, key: str, change: Callable[[Document], Document]) -> Document:
    """{key: the list under `key` with each object changed}. {} if it is no list; the reader reports that later."""
    items: Iterable[Any] | Any = given.get(key)
    return {key: [_object(kept, change) for kept in items]} if isinstance(items, list) else {}


def _object(given: Any, change: Callable[[Document], Document]) -> Any:
    return change(given) if isinstance(given, dict) else given


MIGRATIONS: Mapping[int, Migration] = {1: _from_1}
"""By n, the function from format n to n + 1. `migrated` sets the key `format`. The tests have a fixture file for each
format."""


def migrated(document: Document, steps: Mapping[int, Migration] = MIGRATIONS, to: int = FORMAT) -> Document:
    """Converts a file's JSON data to format `to`. PatchError if it names no format or a newer one, or does not have the
    shape of its format."""
    given = document.get("format")
    if given is None:
        raise PatchError("the file names no format", mend=f'write "format": {to}')
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise PatchError(f"the format is {quoted(given)}", mend=f'write "format": {to}')
    if given > to:
        raise PatchError(
            f"the file has format {quoted(given)}, and this version reads formats up to {to}",
            mend="update demon-patch",
        )
    for number in range(given, to):
        try:
            document = {**steps[number](document), "format": number + 1}
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise PatchError(
                f"the file is not the format {number} that it says it is", mend="restore it from an earlier version"
            ) from error
    return document
