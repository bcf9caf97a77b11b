"""Estimates the memory of parts of a document, to limit logs that grow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from msgspec import Struct


def footprint(*given: object) -> int:
    """Returns the bytes of memory of the given objects and of all that they contain; each object counts once."""
    total = 0
    seen: set[int] = set()
    waiting: list[Any] = list(given)
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        total += sys.getsizeof(part)
        if (contained := _contained(type(part))) is not None:
            waiting += contained(part)
    return total


@lru_cache(maxsize=1024)
def _contained(kind: type) -> Callable[[Any], Iterable[Any]] | None:
    """Returns what gives the objects that one of a type contains; None for a type without any."""
    if issubclass(kind, Struct):
        return _fields_of(kind.__struct_fields__)
    if issubclass(kind, Mapping):
        return lambda part: (*part.keys(), *part.values())
    if issubclass(kind, list | tuple):
        return iter
    return _fields_of(tuple(field.name for field in fields(kind))) if is_dataclass(kind) else None


def _fields_of(names: tuple[str, ...]) -> Callable[[Any], Iterable[Any]] | None:
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda part: (getattr(part, names[0]),)) if names else None
