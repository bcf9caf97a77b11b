"""Copies parts of a patch: to a text, which is a small patch file, from such a text, and beside themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import AddNodes, Command, SetDefinition, SetFrame, SetNote
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.definition import Definition, instances
from demon_patch.patch.model.document import Cable, Patch
from demon_patch.patch.model.json_values import moved

CLIPBOARD = "the clipboard"
"""The name of a clipboard's text in messages."""

Coming: TypeAlias = Callable[[Mapping[str, str]], Iterable[Cable]]


def copy_text(patch: Patch, chosen: Iterable[str], within: str | None = None) -> str:
    """Returns the nodes, frames and notes with these ids as the text of a patch file, with the cables between them and
    the definitions they need. PatchError names an id that does not exist."""
    return dumps(_copied(patch, set(chosen), within))


def paste(
    patch: Patch,
    text: str,
    at: tuple[float, float],
    within: str | None = None,
    rng: random.Random | None = None,
    read: Callable[[str, object], Patch] = loads,
) -> Command:
    """Returns the command that adds the contents of a clipboard text under fresh ids. PatchError if it is no patch.

    at: place on the canvas for their upper left corner.
    read: `read(text, name for messages)` returns the patch; `nodes.editing.edits.paste` also updates older texts.
    A subpatch whose definition is in the patch already shares it.
    """
    copied = read(text, CLIPBOARD)
    corner = [record.at for records in (copied.nodes, copied.frames, copied.notes) for record in records.values()]
    if not corner:
        raise PatchError("there is nothing to paste", file=CLIPBOARD, mend="copy some nodes first")
    shift = (at[0] - min(x for x, _ in corner), at[1] - min(y for _, y in corner))
    draft = CommandBuilder(patch, within, rng)
    _put(draft, copied, shift)
    return draft.command


def duplicate(
    patch: Patch,
    chosen: Iterable[str],
    shift: tuple[float, float] = (40.0, 40.0),
    within: str | None = None,
    rng: random.Random | None = None,
) -> Command:
    """Returns the command that copies nodes, frames and notes, with the cables between them and from other nodes.

    shift: distance of each copy from its original on the canvas.
    """
    wanted = set(chosen)
    copied = _copied(patch, wanted, within)
    draft = CommandBuilder(patch, within, rng)
    outer = [c for c in patch.graph(within).cables if c.dst in copied.nodes and c.src not in copied.nodes]
    _put(draft, copied, shift, lambda new: [structs.replace(cable, dst=new[cable.dst]) for cable in outer])
    return draft.command


def _copied(patch: Patch, chosen: set[str], within: str | None) -> Patch:
    graph = patch.graph(within)
    fields: dict[str, Any] = {
        name: {id: record for id, record in getattr(graph, name).items() if id in chosen}
        for name in ("nodes", "frames", "notes")
    }
    for id in sorted(chosen - {id for records in fields.values() for id in records}):
        graph.node(id)
    nodes = fields["nodes"]
    cables = tuple(cable for cable in graph.cables if cable.src in nodes and cable.dst in nodes)
    needed: dict[str, Definition] = {}
    waiting = [node.definition for node in nodes.values() if node.definition]
    while waiting:
        if (id := waiting.pop()) not in needed:
            needed[id] = patch.definitions[id]
            waiting += [node.definition for _, node in instances(needed[id])]
    return Patch(**fields, cables=cables, definitions=needed)


def _put(draft: CommandBuilder, copied: Patch, shift: tuple[float, float], coming: Coming = lambda new: ()) -> None:
    """Adds copied records to a draft under fresh ids, moved by `shift`.

    coming: takes the new id of each node by its old one, and returns further cables to add.
    """
    known = _defined(draft, copied)
    taken = {*draft.graph.nodes, *draft.graph.frames, *draft.graph.notes}
    new = {id: draft.fresh(taken) for id in copied.nodes}
    nodes = {
        new[id]: structs.replace(node, at=moved(node.at, shift), definition=known.get(node.definition, ""))
        for id, node in copied.nodes.items()
    }
    cables = tuple(structs.replace(cable, src=new[cable.src], dst=new[cable.dst]) for cable in copied.cables)
    draft.do(AddNodes(nodes, (*cables, *coming(new))))
    for frame in copied.frames.values():
        draft.do(SetFrame(draft.fresh(taken), structs.replace(frame, at=moved(frame.at, shift))))
    for note in copied.notes.values():
        draft.do(SetNote(draft.fresh(taken), structs.replace(note, at=moved(note.at, shift))))


def _defined(draft: CommandBuilder, copied: Patch) -> Mapping[str, str]:
    """Adds copied definitions that the patch lacks, inner ones first. Returns each one's id in the patch by its copied
    id."""
    known: dict[str, str] = {}

    def define(id: str) -> None:
        definition = copied.definitions[id]
        for _, node in instances(definition):
            if node.definition not in known:
                define(node.definition)
        inner = {
            name: structs.replace(node, definition=known[node.definition]) if node.definition else node
            for name, node in definition.nodes.items()
        }
        wanted, there = structs.replace(definition, nodes=inner), draft.patch.definitions
        equal = [other for other in there if there[other] == wanted]
        known[id] = id if id in equal else min(equal) if equal else id if id not in there else draft.fresh(there)
        if not equal:
            draft.do_on_patch(SetDefinition(known[id], wanted))

    for id in copied.definitions:
        if id not in known:
            define(id)
    return known
