"""The fields of a document: every smallest part of it that an edit can change, by where it stands.

A field's path is made of names, ids, keys of cables and names of ports: ("nodes", "lfo1", "values", "rate"),
("cables", CableKey(...), "depth"), ("meta", "title"). Which there are follows from the structs alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from demon_patch.errors import PatchError
from demon_patch.patch.model.document import Cable, CableKey, Patch
from demon_patch.patch.model.json_values import Frozen
from demon_patch.patch.model.record import Record

Path: TypeAlias = tuple[Hashable, ...]


class _Gone:
    """The value of a field that is not there."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = _Gone()

Changes: TypeAlias = Mapping[Path, tuple[Any, Any]]
"""What an edit did, by field: the value before and after, GONE where there was or is none."""


def changes(old: Patch, new: Patch) -> Changes:
    """The fields in which two documents differ; each field of a part that only one of them has is one of them."""
    return dict(_differences((), old, new))


def place_of(path: Path) -> tuple[str | None, str | None, str]:
    """Where a field stands, as an error tells it: the node, the port, and the field's name."""
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
    """Why an undo leaves a field alone that someone else has changed."""
    node, port, name = place_of(path)
    return PatchError(f"{name} was changed by another client since", node=node, port=port, mend="change it by hand")


def _differences(at: Path, old: Any, new: Any) -> Iterator[tuple[Path, tuple[Any, Any]]]:
    if old is new or old == new:
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None or not (before or after):
        yield at, (old, new)
        return
    for key in {**before, **after}:
        yield from _differences((*at, key), before.get(key, GONE), after.get(key, GONE))


def _parts(given: Any) -> Mapping[Any, Any] | None:
    """What a part of the document is made of, nothing where there is or was none; None for a field."""
    if isinstance(given, Record):
        return {name: getattr(given, name) for name in given.__struct_fields__}
    if isinstance(given, Frozen):
        return given
    if isinstance(given, tuple) and all(isinstance(item, Cable) for item in given):
        return {cable.key: cable for cable in given}
    return {} if given is GONE else None
