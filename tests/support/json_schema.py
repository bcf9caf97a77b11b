"""The part of JSON Schema that the schema of patches uses, checked by itself: what is wrong with a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda x: isinstance(x, dict),
    "array": lambda x: isinstance(x, list),
    "string": lambda x: isinstance(x, str),
    "boolean": lambda x: isinstance(x, bool),
    "null": lambda x: x is None,
    "number": lambda x: isinstance(x, int | float) and not isinstance(x, bool),
    "integer": lambda x: isinstance(x, int) and not isinstance(x, bool),
}
NOTES = {"title", "description", "default", "$schema", "$defs"}


def faults(given: Any, schema: Any, root: Schema, where: str = "$") -> Iterator[str]:
    """Each way in which JSON data does not fit a schema; a keyword that is not known here is an error of the test."""
    if schema is True:
        return
    if schema is False:
        yield f"{where}: nothing may stand here"
        return
    for keyword, wanted in schema.items():
        if keyword not in NOTES:
            yield from (
                f"{where}: {keyword}" if fault is None else fault
                for fault in _RULES[keyword](given, wanted, schema, root, where)
            )


def _reference(given: Any, wanted: str, _: Schema, root: Schema, where: str) -> Iterator[str | None]:
    assert wanted.startswith("#/$defs/")
    yield from faults(given, root["$defs"][wanted.removeprefix("#/$defs/")], root, where)


def _any_of(given: Any, wanted: list[Schema], _: Schema, root: Schema, where: str) -> Iterator[str | None]:
    if all(any(True for _ in faults(given, choice, root, where)) for choice in wanted):
        yield None


def _properties(given: Any, wanted: Schema, _: Schema, root: Schema, where: str) -> Iterator[str | None]:
    for key in wanted.keys() & given.keys() if isinstance(given, dict) else ():
        yield from faults(given[key], wanted[key], root, f"{where}.{key}")


def _additional(given: Any, wanted: Any, schema: Schema, root: Schema, where: str) -> Iterator[str | None]:
    for key in given.keys() - schema.get("properties", {}).keys() if isinstance(given, dict) else ():
        yield from faults(given[key], wanted, root, f"{where}.{key}")


def _names(given: Any, wanted: Schema, _: Schema, root: Schema, where: str) -> Iterator[str | None]:
    for key in given if isinstance(given, dict) else ():
        yield from faults(key, wanted, root, f"{where}.{key}")


def _items(given: Any, wanted: Any, schema: Schema, root: Schema, where: str) -> Iterator[str | None]:
    begin = len(schema.get("prefixItems", ()))
    for at, item in enumerate(given[begin:], begin) if isinstance(given, list) else ():
        yield from faults(item, wanted, root, f"{where}[{at}]")


def _prefix(given: Any, wanted: list[Any], _: Schema, root: Schema, where: str) -> Iterator[str | None]:
    for at, (item, kind) in enumerate(zip(given, wanted, strict=False)) if isinstance(given, list) else ():
        yield from faults(item, kind, root, f"{where}[{at}]")


def _rule(holds: Callable[[Any, Any], bool]) -> Callable[..., Iterator[str | None]]:
    def check(given: Any, wanted: Any, *_: Any) -> Iterator[str | None]:
        if not holds(given, wanted):
            yield None

    return check


def _of(kind: str, holds: Callable[[Any, Any], bool]) -> Callable[..., Iterator[str | None]]:
    return _rule(lambda given, wanted: not _TYPES[kind](given) or holds(given, wanted))


_RULES: Mapping[str, Callable[..., Iterator[str | None]]] = {
    "$ref": _reference,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "prefixItems": _prefix,
    "type": _rule(lambda x, kinds: any(_TYPES[kind](x) for kind in ([kinds] if isinstance(kinds, str) else kinds))),
    "const": _rule(lambda x, one: type(x) is type(one) and x == one),
    "enum": _rule(lambda x, choices: x in choices),
    "required": _of("object", lambda x, keys: set(keys) <= x.keys()),
    "maxProperties": _of("object", lambda x, most: len(x) <= most),
    "minItems": _of("array", lambda x, least: len(x) >= least),
    "maxItems": _of("array", lambda x, most: len(x) <= most),
    "maxLength": _of("string", lambda x, most: len(x) <= most),
    "pattern": _of("string", lambda x, form: re.search(form, x) is not None),
    "minimum": _of("number", lambda x, least: x >= least),
    "maximum": _of("number", lambda x, most: x <= most),
}
