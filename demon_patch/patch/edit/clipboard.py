"""Copies of parts of a patch: as text, which is a small patch file, and in place."""

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
"""How messages call the text of a clipboard."""

Coming: TypeAlias = Callable[[Mapping[str, str]], Iterable[Cable]]


def copy_text(patch: Patch, chosen: Iterable[str], within: str | None = None) -> str:
    """Nodes, frames and notes of these ids as text, with the cables between them and the subpatches they need;
    PatchError names an id that is not there."""
    return dumps(_copied(patch, set(chosen), within))


def paste(
    patch: Patch,
    text: str,
    at: tuple[float, float],
    within: str | None = None,
    rng: random.Random | None = None,
    read: Callable[[str, object], Patch] = loads,
) -> Command:
    """Puts in what a text holds, under fresh ids, its upper left corner at `at`.

    A subpatch whose definition is in the patch already shares it. read: reads the text under a name for messages;
    `nodes.editing.edits.paste` brings old texts up to date. PatchError if the text is no patch.
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
    """Doubles nodes, frames and notes beside themselves, with the cables between them and those that come in from
    other nodes."""
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
    """Adds what was copied to a draft, and the cables that come in to it by the new ids of the nodes."""
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
    """Adds the definitions that the patch does not have yet; the id of each in the patch, those within first."""
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
