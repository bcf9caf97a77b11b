"""The edit that turns one document into another: how a file that was changed elsewhere enters a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import structs

from demon_patch.patch.commands import (
    ABSENT,
    AddNode,
    Batch,
    Become,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    Rename,
    Replace,
    SetBypass,
    SetCable,
    SetMeta,
    SetRange,
    SetSong,
    SetValue,
    apply,
)
from demon_patch.patch.document import Patch
from demon_patch.patch.piece import Piece

_OF_NODE: dict[str, Callable[[str, Any], Command]] = {
    "label": Rename,
    "bypass": SetBypass,
    "at": lambda id, at: Move({id: at}),
}


def difference(old: Patch, new: Patch) -> Command | None:
    """A command that makes `new` of `old` by the smallest edits there are, which touch nothing that both have; None
    where they are equal. What has no edit of its own comes with the whole document, last."""
    if old == new:
        return None
    edits = (*_heads(old, new), *_nodes(old, new), *_cables(old, new))
    made, _ = apply(Batch(edits), old)
    return Batch(edits if made == new else (*edits, Become(new)))


def _heads(old: Patch, new: Patch) -> Iterator[Command]:
    for kind, before, after in ((SetMeta, old.meta, new.meta), (SetSong, old.song, new.song)):
        if changed := _changed(before, after) & set(kind.__struct_fields__):
            yield kind(**{field: getattr(after, field) for field in sorted(changed)})


def _nodes(old: Patch, new: Patch) -> Iterator[Command]:
    for id in sorted(old.nodes.keys() - new.nodes.keys()):
        yield RemoveNode(id)
    for id, after in new.nodes.items():
        before = old.nodes.get(id)
        if before is None:
            yield AddNode(id, after)
            continue
        changed = _changed(before, after)
        if changed - {"values", "ranges"} <= _OF_NODE.keys():
            yield from (_OF_NODE[field](id, getattr(after, field)) for field in sorted(changed & _OF_NODE.keys()))
            for name in _keys(before.values, after.values):
                yield SetValue(id, name, after.values.get(name, ABSENT))
            for name in _keys(before.ranges, after.ranges):
                yield SetRange(id, name, *after.ranges.get(name, (None, None)))
        else:
            kept = (cable.socket for cable in old.cables_of(id) if {cable.src, cable.dst} <= new.nodes.keys())
            yield Replace(id, after, tuple(kept))


def _cables(old: Patch, new: Patch) -> Iterator[Command]:
    before, after = old.cables_by_socket, new.cables_by_socket
    for socket, cable in before.items():
        there = {cable.src, cable.dst} <= new.nodes.keys()  # else it went with its node
        if there and (socket not in after or "extra" in _changed(cable, after[socket])):
            yield Disconnect(*socket)
    for socket, cable in after.items():
        changed = _changed(before[socket], cable) if socket in before else {"extra"}
        if "extra" in changed:
            yield Connect(cable)
        elif changed:
            yield SetCable(*socket, **{field: getattr(cable, field) for field in sorted(changed)})


def _changed(before: Piece, after: Piece) -> set[str]:
    """The fields in which two parts of a kind differ."""
    return {field.name for field in structs.fields(after) if getattr(before, field.name) != getattr(after, field.name)}


def _keys(before: Any, after: Any) -> list[str]:
    return [name for name in {**before, **after} if before.get(name, ABSENT) != after.get(name, ABSENT)]
