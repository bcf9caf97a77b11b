"""Finds the command that turns one document into another, for example a file that was changed outside a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import (
    ABSENT,
    AddNodes,
    Batch,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNodes,
    Replace,
    ReplacePatch,
    SetCable,
    SetMeta,
    SetRange,
    SetSong,
    SetValue,
    apply,
)
from demon_patch.patch.edit.commands.on_nodes import ListPort, SetNodeField
from demon_patch.patch.edit.commands.on_records import PUTS
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.record import Record

_OF_NODE: dict[str, Any] = {kind.field(): kind for kind in SetNodeField.__subclasses__()}
_LISTS: dict[str, Any] = {kind.listed: kind for kind in ListPort.__subclasses__()}
_BY_PORT = {"values", "ranges"}
_UNSET = frozenset({"extra", "format"})  # fields of a cable that no command sets; for them it is removed and added
_PUTS: dict[str, Any] = {table: put for table, put in PUTS.items() if table in Patch.__struct_fields__}


def difference(old: Patch, new: Patch) -> Command | None:
    """Returns the command that turns `old` into `new`; None if they are equal.

    It consists of the smallest edits and leaves alone what both have. Differences that no edit can make are made by a
    ReplacePatch with the whole document at the end.
    """
    if old == new:
        return None
    edits: list[Command] = []
    made = old
    try:
        # Each finds what those before it have made: a node that goes takes what names it along.
        for stage in (_heads, _new_definitions, _nodes, _cables, _records):
            found = tuple(stage(made, new))
            made, _ = apply(Batch(found), made)
            edits += found
    except PatchError:
        return ReplacePatch(new)
    return Batch(tuple(edits) if made == new else (*edits, ReplacePatch(new)))


def _heads(old: Patch, new: Patch) -> Iterator[Command]:
    for kind, before, after in ((SetMeta, old.meta, new.meta), (SetSong, old.song, new.song)):
        if changed := _changed(before, after) & set(kind.__struct_fields__):
            yield kind(**{field: getattr(after, field) for field in sorted(changed)})


def _new_definitions(old: Patch, new: Patch) -> Iterator[Command]:
    """Commands that add missing definitions. A definition follows those that its subpatches need."""
    missing = {id: record for id, record in new.definitions.items() if id not in old.definitions}
    while missing:
        ready = [
            id for id, record in missing.items() if not any(n.definition in missing for n in record.nodes.values())
        ]
        yield from (_PUTS["definitions"](id, missing.pop(id)) for id in ready)


def _nodes(old: Patch, new: Patch) -> Iterator[Command]:
    """Commands that make the nodes equal: one removes nodes, one adds, one moves, the others set single fields."""
    if gone := sorted(old.nodes.keys() - new.nodes.keys()):
        yield RemoveNodes(tuple(gone))
    if fresh := {id: node for id, node in new.nodes.items() if id not in old.nodes}:
        yield AddNodes(fresh)
    places: dict[str, tuple[float, float]] = {}
    for id, after in new.nodes.items():
        before = old.nodes.get(id)
        if before is None:
            continue
        changed = _changed(before, after)
        if changed <= {"at", *_OF_NODE, *_LISTS, *_BY_PORT}:
            if "at" in changed:
                places[id] = after.at
            yield from (_OF_NODE[field](id, getattr(after, field)) for field in sorted(changed & _OF_NODE.keys()))
            for field in sorted(changed & _LISTS.keys()):
                here: set[str] = set(getattr(after, field))
                yield from (_LISTS[field](id, p, p in here) for p in sorted(here ^ set(getattr(before, field))))
            for name in _keys(before.values, after.values):
                yield SetValue(id, name, after.values.get(name, ABSENT))
            for name in _keys(before.ranges, after.ranges):
                yield SetRange(id, name, *after.ranges.get(name, (None, None)))
        else:
            kept = (cable.key for cable in old.cables_of(id) if {cable.src, cable.dst} <= new.nodes.keys())
            yield Replace(id, after, tuple(kept))
    if places:
        yield Move(places)


def _cables(old: Patch, new: Patch) -> Iterator[Command]:
    before, after = old.cables_by_key, new.cables_by_key
    for key, cable in before.items():
        if key not in after or _changed(cable, after[key]) & _UNSET:
            yield Disconnect(*key)
    for key, cable in after.items():
        changed = _changed(before[key], cable) if key in before else _UNSET
        if changed & _UNSET:
            yield Connect(cable)
        elif changed:
            yield SetCable(*key, **{field: getattr(cable, field) for field in sorted(changed)})


def _records(old: Patch, new: Patch) -> Iterator[Command]:
    for table, put in _PUTS.items():
        before, after = getattr(old, table), getattr(new, table)
        yield from (put(id, after.get(id)) for id in _keys(before, after))


def _changed(before: Record, after: Record) -> set[str]:
    """Returns the names of the fields in which two records of one kind differ."""
    if before == after:
        return set()
    return {field.name for field in structs.fields(after) if getattr(before, field.name) != getattr(after, field.name)}


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in {**before, **after} if before.get(name, ABSENT) != after.get(name, ABSENT)]
