"""Walks through a document whatever its pieces are: graphs within graphs, and what lies in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import structs

from demon_patch.patch.model.document import Node
from demon_patch.patch.model.record import Record

P = TypeVar("P", bound=Record)


def is_graph(piece: Record) -> bool:
    """Whether a piece has nodes and cables of its own."""
    return {"nodes", "cables"} <= set(piece.known_keys())


def nodes_of(piece: Record) -> Iterator[tuple[str, Node]]:
    """Every node in a piece with its id, those of inner graphs too."""
    for key in piece.known_keys():
        kept = getattr(piece, key)
        for id, item in _items(kept):
            if isinstance(item, Node):
                yield str(id), item
            elif isinstance(item, Record):
                yield from nodes_of(item)


def with_nodes(piece: P, change: Callable[[Node], Node]) -> P:
    """The piece with all nodes in it changed, those of inner graphs too."""
    return over(piece, lambda part: change(part) if isinstance(part, Node) else with_nodes(part, change))


def over(piece: P, change: Callable[[Any], Any]) -> P:
    """The piece with the pieces directly in it changed; the same object where none is."""
    changes: dict[str, object] = {}
    for key in piece.known_keys():
        kept = getattr(piece, key)
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
    return structs.replace(piece, **changes) if changes else piece


def _items(kept: object) -> list[tuple[Any, Any]]:
    """What lies in a field, by its key or its place."""
    if isinstance(kept, Mapping):
        return list(kept.items())
    return list(enumerate(kept)) if isinstance(kept, tuple) else [("", kept)]
