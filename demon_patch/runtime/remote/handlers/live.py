"""Knobs, live inputs and snapshots."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.patch.model.json_values import quoted
from demon_patch.runtime.remote.messages.base import Done, Fault
from demon_patch.runtime.remote.messages.edits import Edited
from demon_patch.runtime.remote.messages.live import (
    CancelRamp,
    Feed,
    Focus,
    Keep,
    Kept,
    LiveMute,
    Morph,
    Ramp,
    Recall,
    Recalled,
    Release,
    Store,
    Turn,
    Turned,
)
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


def turn(served: ServedHost, peer: Peer, message: Turn) -> Turned:
    """Turns knobs: all of them, or none if one does not take its value."""
    host = served.host
    host.document.turn_all(message.values)
    return Turned(heard=served.heard(host.patch, [(node, port) for node, port, _ in message.values]))


def feed(served: ServedHost, peer: Peer, message: Feed) -> Done:
    """Feeds live inputs; a mistake in one becomes an error before any is fed."""
    host = served.host
    ports = host.performer.program.live_inputs
    for node, port, value in message.values:
        ports.port(node, port).read(value)
    for node, port, value in message.values:
        host.feed(node, port, value)
    return Done()


def release(served: ServedHost, peer: Peer, message: Release) -> Done:
    """Drops live values."""
    served.host.document.release(*message.ports, *message.cables, *message.nodes)
    return Done()


def live_mute(served: ServedHost, peer: Peer, message: LiveMute) -> Turned:
    """Mutes nodes and cables while they are held."""
    host = served.host
    if not (message.nodes or message.cables):
        raise PatchError("no nodes and no cables are named", mend="name at least one")
    host.document.hold_mutes((*message.nodes, *message.cables), message.on, peer.name)
    patch = host.patch
    outs = [(cable.dst, cable.port) for cable in patch.cables if cable.src in message.nodes]
    return Turned(heard=served.heard(patch, [*outs, *((cable.dst, cable.port) for cable in message.cables)]))


def focus(served: ServedHost, peer: Peer, message: Focus) -> Turned:
    """Says how much of the song is generated."""
    host = served.host
    node = next((id for id, node in host.patch.nodes.items() if node.type == "scheduler"), None)
    if node is None:
        raise PatchError("the patch has no Scheduler", mend="add one")
    host.document.turn(node, "focus", message.stretch)
    return Turned(heard=served.heard(host.patch, [(node, "focus")]))


def keep(served: ServedHost, peer: Peer, message: Keep) -> Kept:
    """Makes live values the base."""
    with served.host.document.session() as session:
        served.host.document.keep(peer.name)
        return Kept(revision=session.revision)


def store(served: ServedHost, peer: Peer, message: Store) -> Edited:
    """Stores a snapshot."""
    if message.snapshot and message.snapshot not in served.host.patch.snapshots:
        raise PatchError(f"there is no snapshot {quoted(message.snapshot)}", mend="leave the id out for a new one")
    with served.host.document.session() as session:
        made = served.host.document.store(message.title, message.scope, message.snapshot or None, peer.name)
        return Edited(revision=session.revision, label=f"Store {message.title}".strip(), created=made)


def recall(served: ServedHost, peer: Peer, message: Recall) -> Recalled:
    """Recalls a snapshot."""
    return Recalled(skipped=tuple(map(Fault.of, served.host.document.recall(message.snapshot, message.at))))


def morph(served: ServedHost, peer: Peer, message: Morph) -> Recalled:
    """Plays between two snapshots."""
    return Recalled(
        skipped=tuple(map(Fault.of, served.host.document.morph(message.one, message.other, message.amount)))
    )


def ramp(served: ServedHost, peer: Peer, message: Ramp) -> Done:
    """Moves from one snapshot to another."""
    for id in (message.one, message.other):
        if id not in served.host.patch.snapshots:
            raise PatchError(f"there is no snapshot {quoted(id)}", mend="name one that the patch has")
    served.host.ramp(message.one, message.other, message.seconds, message.at)
    return Done()


def cancel_ramp(served: ServedHost, peer: Peer, message: CancelRamp) -> Done:
    """Ends the ramp."""
    served.host.cancel_ramp()
    return Done()
