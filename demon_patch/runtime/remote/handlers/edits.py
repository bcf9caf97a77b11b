"""Edits of the document and undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing import edits, inserting, movement, subpatches
from demon_patch.patch.edit import clipboard
from demon_patch.patch.edit.commands import Command
from demon_patch.patch.edit.field_paths import changes, place_of
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.history import UndoStep, primitives
from demon_patch.patch.edit.session import EditSession, Revision, UndoResult
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Conflict, Done, Fault
from demon_patch.runtime.remote.messages.edits import (
    Begin,
    Bend,
    Cancel,
    Copied,
    Copy,
    Do,
    Edited,
    End,
    Exchange,
    History,
    Insert,
    LoopMovement,
    OfSubpatch,
    Paste,
    Plug,
    Promote,
    Redo,
    Remove,
    Step,
    Steps,
    Subpatch,
    Undo,
    UndoTo,
)
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost

NOTHING_TO_UNDO = "there is nothing to undo", "each client undoes its own edits"
NOTHING_TO_REDO = "there is nothing to do again", "undo something first"
"""What is wrong, and the mend."""


def do(served: ServedHost, peer: Peer, message: Do) -> Edited:
    """Does a command."""
    return _edited(served, peer, lambda patch: message.command, message.label, message.at, message.base)


def undo(served: ServedHost, peer: Peer, message: Undo) -> Edited:
    """Takes the latest step back."""
    return _taken(served, lambda session: session.undo(peer.name, message.at), NOTHING_TO_UNDO, message.at)


def redo(served: ServedHost, peer: Peer, message: Redo) -> Edited:
    """Does the latest undone step again."""
    return _taken(served, lambda session: session.redo(peer.name, message.at), NOTHING_TO_REDO, message.at)


def undo_to(served: ServedHost, peer: Peer, message: UndoTo) -> Edited:
    """Undoes or redoes many steps, which are compiled once."""

    def take(session: EditSession) -> UndoResult | None:
        done, undone = session.steps(peer.name)
        if message.steps > len(done) + len(undone):
            what = f"the history has {len(done) + len(undone)} steps"
            raise PatchError(what, mend="`history` lists them")
        skipped: list[PatchError] = []
        label = ""
        for _ in range(abs(message.steps - len(done))):
            back = message.steps < len(done)
            found = session.undo(peer.name) if back else session.redo(peer.name)
            if found is None:
                break
            label, skipped = found.label, [*skipped, *found.skipped]
        return UndoResult(label, tuple(skipped))

    return _taken(served, take, NOTHING_TO_UNDO, None)


def history(served: ServedHost, peer: Peer, message: History) -> Steps:
    """Lists the undo steps."""
    with served.host.document.session() as session:
        done, undone = session.steps(message.client or peer.name)
        epoch = session.revision.epoch

    def told(step: UndoStep) -> Step:
        nodes = {place_of(path)[0] for part in step.parts for path in part.changed}
        seconds = served.seconds_since(Revision(epoch, step.last))
        return Step(label=step.label, seconds=seconds, nodes=tuple(sorted(filter(None, nodes))))

    return Steps(done=tuple(map(told, done)), undone=tuple(map(told, undone)))


def begin(served: ServedHost, peer: Peer, message: Begin) -> Done:
    """Opens a gesture."""
    if peer.once:
        what = "a client that asks for one thing shares its name, and can open no gesture"
        raise PatchError(what, mend="say hello without `once`, or send the edits as one batch")
    with served.host.document.session() as session:
        session.begin(peer.name, message.label)
    return Done()


def end(served: ServedHost, peer: Peer, message: End) -> Done:
    """Closes the gesture."""
    with served.host.document.session() as session:
        session.end(peer.name)
    return Done()


def cancel(served: ServedHost, peer: Peer, message: Cancel) -> Edited:
    """Takes back what waits, or the gesture."""
    revision = message.revision
    if revision is None:
        return _taken(served, lambda session: session.cancel(peer.name), NOTHING_TO_UNDO, None)
    return _taken(served, lambda session: session.cancel_pending(revision, peer.name), NOTHING_TO_UNDO, None)


# -- edits that need the catalogue ----------------------------------------------------------------------------------
def plug(served: ServedHost, peer: Peer, message: Plug) -> Edited:
    """Plugs a cable where it fits."""
    return _edited(served, peer, lambda patch: edits.plug(patch, CATALOGUE, message.cable, message.within), "Connect")


def insert(served: ServedHost, peer: Peer, message: Insert) -> Edited:
    """Puts a node into a cable."""

    def command(patch: Patch) -> Command:
        return inserting.insertion(
            patch, CATALOGUE, message.cable, message.type, message.at, message.node or None, message.within
        )

    return _edited(served, peer, command, "Insert")


def loop_movement(served: ServedHost, peer: Peer, message: LoopMovement) -> Edited:
    """Lets a Loop repeat a movement."""
    heard = served.host.heard(perf_counter())
    per_second = heard.bpm / 60.0 if heard.playing else 0.0
    moves = [(heard.beat - ago * per_second, place) for ago, place in message.moves]

    def command(patch: Patch) -> Command:
        if not heard.playing:
            raise PatchError("the transport stands still", mend="play, and turn the knob")
        return movement.loop_of(patch, CATALOGUE, message.node, message.port, moves, message.at, message.within)

    edited = _edited(served, peer, command, "Loop of a movement")
    served.host.release((message.node, message.port))  # its live value would stand above the base that the loop moves
    return edited


def remove(served: ServedHost, peer: Peer, message: Remove) -> Edited:
    """Removes nodes, and heals the cables."""

    def command(patch: Patch) -> Command:
        return edits.removal(patch, CATALOGUE, message.nodes, message.heal, message.within)

    return _edited(served, peer, command, "Remove")


def exchange(served: ServedHost, peer: Peer, message: Exchange) -> Edited:
    """Puts another node in the place of one."""

    def command(patch: Patch) -> Command:
        return edits.replacement(patch, CATALOGUE, message.node, message.new, message.within)

    return _edited(served, peer, command, "Replace")


def bend(served: ServedHost, peer: Peer, message: Bend) -> Edited:
    """Puts a reroute into a cable."""
    return _edited(served, peer, lambda patch: edits.bend(patch, message.cable, message.at, message.within), "Bend")


def subpatch(served: ServedHost, peer: Peer, message: Subpatch) -> Edited:
    """Moves nodes into a subpatch."""

    def command(patch: Patch) -> Command:
        return subpatches.subpatch(patch, CATALOGUE, message.nodes, message.title, message.within)

    return _edited(served, peer, command, "Subpatch")


def of_subpatch(served: ServedHost, peer: Peer, message: OfSubpatch) -> Edited:
    """Expands a subpatch, or gives it a definition of its own."""
    make = subpatches.expanded if message.what == "expand" else subpatches.unique
    return _edited(served, peer, lambda patch: make(patch, message.node, message.within), message.what.capitalize())


def promote(served: ServedHost, peer: Peer, message: Promote) -> Edited:
    """Shows an inner port on the subpatch."""
    make = subpatches.promoted if message.side == "in" else subpatches.promoted_output
    return _edited(served, peer, lambda patch: make(patch, message.within, message.node, message.port), "Promote")


def paste(served: ServedHost, peer: Peer, message: Paste) -> Edited:
    """Pastes a text."""

    def command(patch: Patch) -> Command:
        return edits.paste(patch, CATALOGUE, message.text, message.at, message.within)

    return _edited(served, peer, command, "Paste")


def copy(served: ServedHost, peer: Peer, message: Copy) -> Copied:
    """Gives nodes as a text."""
    return Copied(text=clipboard.copy_text(served.host.patch, message.nodes, message.within))


# -- shared ---------------------------------------------------------------------------------------------------------
def _edited(
    served: ServedHost,
    peer: Peer,
    make: Callable[[Patch], Command],
    label: str = "",
    at: Grid | None = None,
    base: Revision | None = None,
) -> Edited:
    """Does the command that `make` returns for the document, and returns what the client is told of it."""
    with served.host.document.session() as session:
        before = session.patch
        command = make(before)
        conflicts = () if base is None else tuple(_conflicts(session, peer.name, command, base))
        delta = session.do(command, peer.name, label, at)
        after = session.patch
    changed = changes(before, after)
    new = sorted(after.nodes.keys() - before.nodes.keys()) + sorted(after.snapshots.keys() - before.snapshots.keys())
    return Edited(
        revision=delta.revision,
        label=delta.label,
        heard=() if at is not None else served.heard_of(after, changed),
        conflicts=conflicts,
        created=new[0] if len(new) == 1 else "",
    )


def _taken(
    served: ServedHost, take: Callable[[EditSession], UndoResult | None], nothing: tuple[str, str], at: Grid | None
) -> Edited:
    """Undoes, redoes or cancels by `take`, and returns what the client is told of it.

    nothing: what is wrong where there is no step, and the mend.
    """
    with served.host.document.session() as session:
        before = session.patch
        result = take(session)
        revision, after = session.snapshot()
    if result is None:
        what, mend = nothing
        raise PatchError(what, mend=mend)
    return Edited(
        revision=revision,
        label=result.label,
        heard=() if at is not None else served.heard_of(after, changes(before, after)),
        skipped=tuple(map(Fault.of, result.skipped)),
    )


def _conflicts(session: EditSession, client: str, command: Command, base: Revision) -> Iterator[Conflict]:
    """Yields the edits of other clients since a revision that set the same as the command."""
    targets = {part.target for part in primitives(command)} - {None}
    for delta in session.edits_since(base) or ():
        if delta.client != client and any(part.target in targets for part in primitives(delta.command)):
            yield Conflict(client=delta.client, label=delta.label, revision=delta.revision)
