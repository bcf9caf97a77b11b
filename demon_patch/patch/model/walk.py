"""Visits or changes all records in a document, including those in inner graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import structs

from demon_patch.patch.model.document import Node
from demon_patch.patch.model.record import Record

P = TypeVar("P", bound=Record)


def is_graph(record: Record) -> bool:
    """Returns whether a record has the fields `nodes` and `cables`."""
    return {"nodes", "cables"} <= set(record.known_keys())


def nodes_of(record: Record) -> Iterator[tuple[str, Node]]:
    """Yields (id, node) for each node in a record, including those of inner graphs."""
    for key in record.known_keys():
        kept = getattr(record, key)
        for id, item in _items(kept):
            if isinstance(item, Node):
                yield str(id), item
            elif isinstance(item, Record):
                yield from nodes_of(item)


def with_nodes(record: P, change: Callable[[Node], Node]) -> P:
    """Returns the record with each node in it replaced by `change(node)`, including nodes of inner graphs."""
    return over(record, lambda part: change(part) if isinstance(part, Node) else with_nodes(part, change))


def over(record: P, change: Callable[[Any], Any]) -> P:
    """Returns the record with each record directly in it replaced by `change(record)`; the same object if none
    changes."""
    changes: dict[str, object] = {}
    for key in record.known_keys():
        kept = getattr(record, key)
        old = {at: item for at, item in _items(kept) if isinstance(item, Record)}
        new = {at: made for at, item in old.items() if (made := change(item)) is not item}
        if not new:
            continue
        if isinstance(kept, Mapping):
            changes[key] = {**kept, **new}
        elif isinstance(kept, tuple):
            changes[key] = tuple(new.get(at, item) for at, item in enumerate(kept))
        else:
            changes[key] = new[""]
    return structs.replace(record, **changes) if changes else record


def _items(kept: object) -> list[tuple[Any, Any]]:
    """Returns the items of a field with their keys: of a mapping its items, of a tuple with their index, else ("",
    field)."""
    if isinstance(kept, Mapping):
        return list(kept.items())
    return list(enumerate(kept)) if isinstance(kept, tuple) else [("", kept)]
