"""Paths of a document's fields. A field is a smallest part that an edit can change.

A path consists of names, ids, cable keys and port names: ("nodes", "lfo1", "values", "rate"),
("cables", CableKey(...), "depth"), ("meta", "title"). The structs alone determine which paths exist.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from demon_patch.errors import PatchError
from demon_patch.patch.model.document import Cable, CableKey, Patch
from demon_patch.patch.model.graph import Cables
from demon_patch.patch.model.json_values import Frozen
from demon_patch.patch.model.record import Record
from demon_patch.small_cache import Same, SmallCache

Path: TypeAlias = tuple[Hashable, ...]


class _Gone:
    """The type of GONE, which stands for the value of a field that does not exist."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = _Gone()

Changes: TypeAlias = Mapping[Path, tuple[Any, Any]]
"""What an edit changed: by path, the value before and the value after; GONE where the field does not exist."""


_LATEST: SmallCache[Changes] = SmallCache(4)
"""Of the latest edits: history, knobs and answers to clients ask for the same two documents."""


def changes(old: Patch, new: Patch) -> Changes:
    """From any thread. Returns the fields in which two documents differ, with both values. Where only one has a part,
    all its fields differ."""
    return _LATEST.get((Same(old), Same(new)), lambda: {} if old == new else dict(_differences((), old, new)))


def place_of(path: Path) -> tuple[str | None, str | None, str]:
    """Returns (node id, port name, name in words) of a field, as an error shows them. Node id or port name is None if
    the field belongs to no node or no port."""
    within = ""
    if path[0] == "definitions" and len(path) > 2:
        within, path = f" in subpatch {path[1]}", path[2:]
    kind, rest = path[:1], path[1:]
    if kind == ("nodes",) and rest:
        node, *inner = map(str, rest)
        if len(inner) > 1 and inner[0] in ("values", "ranges"):
            return node, inner[1], ("the value" if inner[0] == "values" else "the range") + within
        return node, None, f"the {inner[0] if inner else 'node'}{within}"
    if kind == ("cables",) and rest and isinstance(rest[0], CableKey):
        key = rest[0]
        return key.dst, key.port, f"the cable from {key.src}.{key.out}{within}"
    return None, None, ".".join(map(str, path)) + within


def changed_since(path: Path) -> PatchError:
    """Returns the error that says that an undo left a field alone, because another client has changed it."""
    node, port, name = place_of(path)
    return PatchError(f"{name} was changed by another client since", node=node, port=port, mend="change it by hand")


def _differences(at: Path, old: Any, new: Any) -> Iterator[tuple[Path, tuple[Any, Any]]]:
    """Yields the fields in which two parts of a document differ, which are not equal."""
    before, after = _parts(old), _parts(new)
    if before is None or after is None or not (before or after):
        yield at, (old, new)
        return
    for key in {**before, **after}:
        one, other = before.get(key, GONE), after.get(key, GONE)
        if one is not other and one != other:
            yield from _differences((*at, key), one, other)


def _parts(given: Any) -> Mapping[Any, Any] | None:
    """Returns the parts of a record, table or list of cables by name, id or cable key; {} for GONE, None for a
    field."""
    if isinstance(given, Record):
        return {name: getattr(given, name) for name in given.__struct_fields__}
    if isinstance(given, Frozen):
        return given
    if isinstance(given, Cables):
        return given.by_key
    if isinstance(given, tuple) and all(isinstance(item, Cable) for item in given):
        return {cable.key: cable for cable in given}
    return {} if given is GONE else None
