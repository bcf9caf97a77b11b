"""The beginning of a connection; the catalogue; the words of the model."""

from __future__ import annotations

from demon_patch import __version__
from demon_patch.engine.families import NAMES, unread, words_of
from demon_patch.errors import DemonError
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.catalogue import described
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages import VERSION
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.files import PIECE
from demon_patch.runtime.remote.messages.session import (
    Catalogue,
    Clear,
    Cleared,
    Hello,
    Limits,
    Model,
    Nodes,
    Ping,
    Vocabulary,
    Welcome,
    Words,
)
from demon_patch.runtime.remote.messages.telemetry import POINTS
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


def hello(served: ServedHost, peer: Peer, message: Hello) -> Welcome:
    """Begins a connection."""
    if message.version != VERSION:
        raise DemonError(
            f"this host speaks version {VERSION} of the wire (demon-patch {__version__}), the client {message.version}",
            mend="use the same version of the program on both sides",
        )
    if peer.name:
        raise DemonError("this connection has begun already", mend="say hello once")
    peer.name, peer.once = served.other_name(message.client, message.once), message.once
    served.peers.add(peer)
    spec, performer = served.host.performer.spec, served.host.performer
    with served.host.document.session() as session:
        revision = session.revision
    return Welcome(
        version=VERSION,
        client=peer.name,
        program=__version__,
        revision=revision,
        model=Model.of(spec, performer.source.frames),
        limits=Limits(
            message_bytes=limits.MESSAGE,
            messages_per_second=round(limits.RATE),
            burst=limits.BURST,
            points=POINTS,
            piece_bytes=PIECE,
            upload_bytes=limits.UPLOAD,
            clients=limits.CLIENTS,
        ),
        file="" if served.saved.file is None else served.saved.file.name,
        clients=tuple(sorted(each.name for each in served.peers)),
    )


def ping(served: ServedHost, peer: Peer, message: Ping) -> Done:
    """Answers."""
    return Done()


def clear(served: ServedHost, peer: Peer, message: Clear) -> Done:
    """Forgets notices."""
    served.host.clear_messages(message.until)
    served.broadcast(Cleared(until=message.until, client=peer.name))
    return Done()


@slow
def catalogue(served: ServedHost, peer: Peer, message: Catalogue) -> Nodes:
    """Describes all node types."""
    return described(served.host.performer.spec, served.host.performer.rates)


@slow
def words(served: ServedHost, peer: Peer, message: Words) -> Vocabulary:
    """Lists the words of the model."""
    name = served.host.performer.spec.name
    if name not in NAMES:
        return Vocabulary()
    return Vocabulary(page=words_of(name), unread=tuple(unread(name, message.text)))
