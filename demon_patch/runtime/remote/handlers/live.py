"""Knobs, live inputs and snapshots."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.patch.model.json_values import quoted
from demon_patch.runtime.remote.desk import Desk
from demon_patch.runtime.remote.messages.base import Done, Fault
from demon_patch.runtime.remote.messages.edits import Edited
from demon_patch.runtime.remote.messages.live import (
    Feed,
    Keep,
    Kept,
    Morph,
    Recall,
    Recalled,
    Release,
    Store,
    Turn,
    Turned,
)
from demon_patch.runtime.remote.peer import Peer


def turn(desk: Desk, peer: Peer, message: Turn) -> Turned:
    """Turns knobs: all of them, or none if one does not take its value."""
    host = desk.host
    host.document.turn_all(message.values)
    return Turned(heard=desk.heard(host.patch, [(node, port) for node, port, _ in message.values]))


def feed(desk: Desk, peer: Peer, message: Feed) -> Done:
    """Feeds live inputs; a mistake in one becomes an error before any is fed."""
    host = desk.host
    ports = host.performer.program.live_inputs
    for node, port, value in message.values:
        ports.port(node, port).read(value)
    for node, port, value in message.values:
        host.feed(node, port, value)
    return Done()


def release(desk: Desk, peer: Peer, message: Release) -> Done:
    """Drops live values."""
    desk.host.document.release(*message.ports, *message.cables)
    return Done()


def keep(desk: Desk, peer: Peer, message: Keep) -> Kept:
    """Makes live values the base."""
    with desk.host.document.session() as session:
        desk.host.document.keep(peer.name)
        return Kept(revision=session.revision)


def store(desk: Desk, peer: Peer, message: Store) -> Edited:
    """Stores a snapshot."""
    if message.snapshot and message.snapshot not in desk.host.patch.snapshots:
        raise PatchError(f"there is no snapshot {quoted(message.snapshot)}", mend="leave the id out for a new one")
    with desk.host.document.session() as session:
        made = desk.host.document.store(message.title, message.scope, message.snapshot or None, peer.name)
        return Edited(revision=session.revision, label=f"Store {message.title}".strip(), created=made)


def recall(desk: Desk, peer: Peer, message: Recall) -> Recalled:
    """Recalls a snapshot."""
    return Recalled(skipped=tuple(map(Fault.of, desk.host.document.recall(message.snapshot, message.at))))


def morph(desk: Desk, peer: Peer, message: Morph) -> Recalled:
    """Plays between two snapshots."""
    return Recalled(skipped=tuple(map(Fault.of, desk.host.document.morph(message.one, message.other, message.amount))))
