"""Patch files, `*.dpatch.json`: UTF-8 JSON with sorted keys, small diffs, and nothing lost.

    {"format": 2, "meta": {...}, "song": {...},
     "nodes": {id: {"type": ..., "values": {name: ...}, "ranges": {name: [lo, hi]}, "at": [x, y], ...}},
     "cables": [{"src": id, "out": port, "dst": id, "port": port, "depth": ..., ...}],
     "frames": {id: {"at": [x, y], ...}}, "notes": ..., "bookmarks": ..., "probes": {id: {"node": id, "out": ...}},
     "dashboard": ..., "mappings": {id: {"source": {...}, "node": id, "port": ...}},
     "snapshots": {id: {"scope": [id], "values": {id: {name: ...}}, "ranges": ..., "depths": [{...}], ...}},
     "definitions": {id: {"nodes": ..., "cables": ..., "inputs": {id: {"to": [{"node": id, "port": ...}]}},
                          "outputs": {id: {"node": id, "out": ...}}, ...}}, ...}

Fields at their default are not written. Unknown keys are kept at every level, and so are nodes of unknown type with
their cables. Files may be hostile: for any content, reading ends in a valid Patch or in one PatchError that names the
place in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from demon_patch.errors import PatchError
from demon_patch.patch.files import atomic_file
from demon_patch.patch.files.json_layout import laid_out
from demon_patch.patch.files.migrations import FORMAT, migrated
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.graph import CABLES, NODES
from demon_patch.patch.model.record import Record

SIZE = 16 * 2**20  # the most bytes of a file
ITEMS = 500_000  # the most commas in a file; the largest patch has 350,000
OBJECTS = 400_000  # the most JSON objects in a file; the largest patch has 80,000 for nodes and cables
RECORDS = {Node: NODES, Cable: CABLES}
MOST = 10_000  # the most records of any other kind in one table or list
_CLOSING = re.compile(r'"(?:[^"\\]++|\\.)*+"|(\})', re.DOTALL)  # does not backtrack, so it takes little memory

P = TypeVar("P", bound=Record)


def loads(text: str | bytes, file: object = None) -> Patch:
    """Reads a patch from the text of a patch file; PatchError names `file` and the place in it."""
    with json_values.place(file):
        return _patch(migrated(_parsed(_decoded(text))))


def dumps(patch: Patch) -> str:
    """Returns the text of a patch file. Equal patches have equal text, and `loads(dumps(patch)) == patch`."""
    return laid_out({**_object(patch), "format": FORMAT}) + "\n"


def load(path: str | Path) -> Patch:
    """Reads a patch file; PatchError if it cannot be read or is no patch."""
    return loads(atomic_file.read(path, SIZE), path)


def save(patch: Patch, path: str | Path) -> None:
    """Writes a patch file whole or not at all: the old file stays unchanged until the new one is on disk. PatchError if
    it is larger than SIZE or cannot be written."""
    text = dumps(patch).encode()
    if len(text) > SIZE:
        raise PatchError(f"the patch takes {len(text)} bytes", file=path, mend=f"keep it within {SIZE}")
    atomic_file.write(path, text)


def _decoded(text: str | bytes) -> str:
    """Returns the text of a file decoded from UTF-8, without a byte order mark. PatchError if it is larger than SIZE or
    not UTF-8."""
    try:
        given = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise PatchError("the text holds half a character", mend="write whole Unicode characters") from None
    if len(given) > SIZE:
        raise PatchError(f"the file is larger than {SIZE // 2**20} MiB", mend="patches hold no audio: take it out")
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = given.count(b"\n", 0, error.start) + 1
        raise PatchError(f"line {line} is not UTF-8", mend="save the file as UTF-8") from None


def _parsed(text: str) -> dict[str, Any]:
    """Parses the JSON object of a file; PatchError for other JSON, no JSON, a key given twice, and too many items."""
    closed = 0
    if text.count(",") > ITEMS:
        raise PatchError(f"the file holds more than {ITEMS} items", mend="keep the data of nodes elsewhere")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal closed
        closed += 1
        if closed > OBJECTS:
            raise PatchError(f"the file holds more than {OBJECTS} objects", mend="keep the data of nodes elsewhere")
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))
            raise PatchError(
                f"the key {json_values.quoted(twice)} stands twice in the object that ends at {_end(text, closed)}",
                mend="keep one of them",
            )
        return made

    try:
        parsed = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise PatchError(
            f"line {error.lineno}, column {error.colno} is no JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            mend="mend the file there",
        ) from None
    except RecursionError:
        raise PatchError("the file is nested too deeply", mend=f"keep it within {json_values.DEPTH} levels") from None
    except ValueError:
        raise PatchError("a number has thousands of digits", mend="shorten it") from None
    if not isinstance(parsed, dict):
        raise PatchError("the file holds no JSON object", mend=f'begin it with {{"format": {FORMAT}')
    return parsed


def _end(text: str, count: int) -> str:
    """Returns line and column, in words, of the closing brace that ends the count-th object. Inner objects end
    first."""
    braces = (match.start() for match in _CLOSING.finditer(text) if match[1])
    at = next(start for number, start in enumerate(braces, 1) if number == count)
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _patch(document: Mapping[str, Any]) -> Patch:
    return _record(Patch, {key: item for key, item in document.items() if key != "format"}, "the patch")


def _record(kind: type[P], given: object, what: str) -> P:
    """Makes a record from its JSON object: known keys become fields, the others go to `extra`. what: its name in
    errors."""
    given_keys = json_values.table(given, what)
    readers = _readers(kind)
    known = {key: readers[key](given_keys[key], key) for key in kind.known_keys() if key in given_keys}
    for key in kind.known_keys():
        if key not in known and key not in kind.defaults():
            raise PatchError(f"{what} has no {key}", mend=f'write "{key}": …')
    return kind(**{**_absent(kind), **known}, extra={key: item for key, item in given_keys.items() if key not in known})


@cache
def _absent(kind: type[Record]) -> Mapping[str, Any]:
    """What a key means that a file leaves out, by name, where that is not the default of the class."""
    return {key: meant for key, meant in kind.left_out().items() if meant != kind.defaults()[key]}


@cache
def _readers(kind: type[Record]) -> Mapping[str, Callable[[Any, str], object]]:
    """Returns the function that converts a field's JSON data, by each field of a record class. It makes the records
    inside; other data it returns unchanged, for the record's constructor to check."""
    return {field: _reader(hint) for field, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Callable[[Any, str], object]:
    kinds = [part for part in (hint, *get_args(hint)) if isinstance(part, type) and issubclass(part, Record)]
    if not kinds:
        return lambda given, what: given
    (kind,) = kinds
    if kind is hint:
        return lambda given, what: _record(kind, given, what)
    if get_origin(hint) is tuple:
        return lambda given, what: _list(kind, given, what)
    return lambda given, what: _table(kind, given, what)


def _table(kind: type[P], given: object, what: str) -> dict[str, P]:
    _counted(kind, len(json_values.table(given, what)))
    return {
        ids.valid_id(id, kind.word()): _entry(kind, id, item) for id, item in json_values.table(given, what).items()
    }


def _entry(kind: type[P], id: str, given: object) -> P:
    if kind is Node:
        with json_values.place(node=id):
            return _record(kind, given, "the node")
    with _named_in_errors(f"{kind.word()} {id}", always=True):
        return _record(kind, given, "it")


def _list(kind: type[P], given: object, what: str) -> tuple[P, ...]:
    if not isinstance(given, list | tuple):
        raise PatchError(f"{what} is {json_values.quoted(given)}, not a list", mend="write [{…}, …]")
    _counted(kind, len(given))
    made: list[P] = []
    for number, item in enumerate(given, 1):
        with _named_in_errors(f"{kind.word()} {number}"):
            made.append(_record(kind, item, f"the {kind.word()}"))
    return tuple(made)


def _counted(kind: type[P], count: int) -> None:
    """Raises PatchError if there are more records of a kind than a patch may have, before any is read."""
    if count > (most := RECORDS.get(kind, MOST)):
        raise PatchError(f"the patch has {count} {kind.word()}s", mend=f"keep it within {most}")


@contextmanager
def _named_in_errors(what: str, always: bool = False) -> Iterator[None]:
    """Puts the name of the record that is read before an error's message, if the error names no node, or `always`."""
    try:
        yield
    except PatchError as error:
        if always or error.node is None:
            error.what = f"{what}: {error.what}"
        raise


def _object(record: Record) -> dict[str, object]:
    """Returns the JSON object of a record, without the fields that have what a key means that is left out."""
    defaults = record.left_out()
    fields = {
        key: _plain_data(kept)
        for key in record.known_keys()
        if (kept := getattr(record, key)) != defaults.get(key) or key not in defaults
    }
    return {**fields, **record.extra}


def _plain_data(kept: object) -> object:
    if isinstance(kept, Record):
        return _object(kept)
    if isinstance(kept, tuple):
        return [_plain_data(item) for item in kept]
    if isinstance(kept, Mapping):
        return {key: _plain_data(item) for key, item in kept.items()}
    return kept
