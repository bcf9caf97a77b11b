"""Estimates the memory of parts of a document, to limit logs that grow."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
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
        if isinstance(part, Struct):
            waiting += (getattr(part, name) for name in part.__struct_fields__)
        elif isinstance(part, Mapping):
            waiting += part.keys()
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part
        elif is_dataclass(part):
            waiting += (getattr(part, field.name) for field in fields(part))
    return total
