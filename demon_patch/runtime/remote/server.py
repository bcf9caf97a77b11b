"""The server of a performance: a thread of its own on which all clients are served."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request as Handshake
from websockets.http11 import Response

from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.edit.session import Delta, Revision
from demon_patch.runtime.live.notice import Notice as Message
from demon_patch.runtime.live.progress import Progress
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.access import Access, Address, Denied, check_listen, taken
from demon_patch.runtime.remote.connection import GOING_AWAY, Connection, encoded
from demon_patch.runtime.remote.messages.base import Event, Fault
from demon_patch.runtime.remote.messages.controllers import ControllerEvent
from demon_patch.runtime.remote.messages.documents import FileChanged
from demon_patch.runtime.remote.messages.edits import Edit, Landed
from demon_patch.runtime.remote.messages.opening import Opening
from demon_patch.runtime.remote.messages.session import Clients, Model, Notice
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost
from demon_patch.runtime.remote.telemetry import Telemetries
from demon_patch.threads import Urgency, hurry, started_pool

if TYPE_CHECKING:
    from demon_patch.runtime.live.host import Host

ROUND_SECONDS = 1 / 120  # between two looks at what has fallen due
NOTICE_SECONDS, FILE_SECONDS, KEEP_SECONDS = 0.05, 1.0, 15.0  # between two looks at notices and file, two versions
SHOWN = 50  # notices that a new client gets
PING_SECONDS = 20.0  # between two pings; a client that answers none for three times as long is gone
WRITE_BUFFER = 2**16  # bytes that wait in the socket before the outbox waits
FULL = Denied(503, f"{limits.CLIENTS} clients are connected, and this host takes no more.")


class Server:
    """Serves a performance to other programs; a context manager.

    host: the performance; it must have begun. It is not closed.
    file: its patch file.
    address: to listen on; after `start` the one that it listens on.
    token: what clients must show.

    Raises DemonError for an address that other machines reach, without a token.
    """

    def __init__(self, host: Host, address: Address, *, file: Path | None = None, token: str | None = None) -> None:
        check_listen(address, token)
        self.address, self._token = address, token
        self.served = ServedHost(host, file)
        self._host = host
        self._connections: set[Connection] = set()
        self._files = started_pool(2, "files")
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._started = threading.Event()
        self._failed: DemonError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._told = self._told_devices = 0

    def start(self) -> Address:
        """On the thread that made it. Begins to listen; returns the address. Raises DemonError where that cannot be."""
        self._thread.start()
        self._started.wait()
        if self._failed is not None:
            self._thread.join()
            raise self._failed.again()
        return self.address

    def close(self) -> None:
        """On the thread that made it. Says goodbye to the clients, keeps what no file holds, and ends the thread. A
        second call does nothing."""
        if self._thread.is_alive() and self._loop is not None and self._end is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()
        self._files.shutdown(cancel_futures=True)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the wire's thread --------------------------------------------------------------------------------------
    def _run(self) -> None:
        hurry(Urgency.WIRE)
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failed = taken(self.address, error.strerror or str(error))
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with serve(
            self._welcome,
            self.address.host,
            self.address.port,
            process_request=self._check,
            compression=None,
            max_size=limits.MESSAGE,
            max_queue=16,
            write_limit=WRITE_BUFFER,
            open_timeout=limits.HELLO_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=3 * PING_SECONDS,
            close_timeout=1.0,
            server_header=None,
            logger=_silent(),
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.address = Address(self.address.host, port)
            self._access = Access(self.address, self._token)
            with contextlib.ExitStack() as ends:
                self._follow(ends)
                self._started.set()
                tasks = [asyncio.create_task(work()) for work in (self._send_telemetry, self._tell, self._keep_file)]
                await self._end.wait()
                for task in tasks:
                    task.cancel()
                gone = PatchError("the host has ended", mend="start it again, then connect again")
                await asyncio.gather(*(each.end(GOING_AWAY, gone) for each in tuple(self._connections)))
            await self._loop.run_in_executor(self._files, self._keep_version)

    def _follow(self, ends: contextlib.ExitStack) -> None:
        """Follows edits and landings until `ends` closes."""
        self.telemetry = Telemetries(self.served, self._call)
        ends.callback(self.telemetry.close)
        self.served.resubscribe = self.telemetry.resubscribe
        self.served.broadcast = lambda event: self._call(lambda: self.broadcast(event))
        self._host.soon, before = self._soon, self._host.soon
        ends.callback(setattr, self._host, "soon", before)
        ends.callback(self.served.renders.close)
        with self._host.document.session() as session:
            ends.callback(session.subscribe(self._hear))
        ends.callback(self._host.document.follow_landings(self._hear_landing))
        ends.callback(self._host.follow_opening(self._hear_opening))

    def _check(self, socket: ServerConnection, request: Handshake) -> Response | None:
        """Decides who may come in; called for every handshake."""
        headers = request.headers
        denied = self._access.denies(*(headers.get_all(name) for name in ("Host", "Origin", "Authorization")))
        if denied is None and len(self._connections) >= limits.CLIENTS:
            denied = FULL
        return None if denied is None else socket.respond(HTTPStatus(denied.status), f"{denied.text}\n")

    async def _welcome(self, socket: ServerConnection) -> None:
        connection = Connection(socket, self.served, self._files, self._joined, self._left)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def _joined(self, peer: Peer) -> None:
        for notice in self._host.notices[-SHOWN:]:
            if notice.number <= self._told:
                peer.outbox.put(encoded(_notice(notice)))
        self._tell_clients()

    def _left(self, peer: Peer) -> None:
        """Closes the gesture of a client that has gone, and ends its subscriptions."""
        self.served.peers.discard(peer)
        self.telemetry.resubscribe()
        if not any(other.name == peer.name for other in self.served.peers):
            with self._host.document.session() as session:
                session.leave(peer.name)
            self._host.document.leave(peer.name)
        self._tell_clients()

    def _tell_clients(self) -> None:
        self.broadcast(Clients(clients=tuple(sorted(peer.name for peer in self.served.peers))))

    def broadcast(self, event: Event) -> None:
        """On the wire's thread. Sends an event to every client."""
        message = encoded(event)
        for connection in tuple(self._connections):
            if connection.peer in self.served.peers:
                connection.send_encoded(message)

    # -- what happens, from any thread --------------------------------------------------------------------------
    def _call(self, function: Callable[[], object]) -> None:
        """From any thread. Has the wire's thread call a function."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(function)

    def _soon(self, work: Callable[[], None]) -> None:
        """From any thread. Does something; on the wire's thread, once the answer to what is handled now has been sent:
        it would compete for the processor with it."""
        if self._loop is not None and get_ident() == self._thread.ident:
            self._loop.call_soon(self._loop.call_soon, work)  # the writer of the answer comes in between
        else:
            work()

    def _hear(self, delta: Delta) -> None:
        self.served.note_edit(delta)
        self._call(lambda: self.broadcast(Edit.of(delta)))

    def _hear_landing(self, key: Hashable) -> None:
        frame = self._host.status.frame
        revision = key if isinstance(key, Revision) else None
        self._call(lambda: self.broadcast(Landed(revision=revision, frame=frame)))

    def _hear_opening(self, progress: Progress) -> None:
        self._call(lambda: self._tell_opening(progress))

    def _tell_opening(self, progress: Progress) -> None:
        """Tells how far another performance is. Once it plays, control frames count anew: subscriptions begin again."""
        event = Opening(number=progress.number, title=progress.title, stage=progress.stage, seconds=progress.seconds)
        if progress.error is not None:
            event = replace(event, fault=Fault.of(progress.error))
        if progress.stage == "playing":
            performer, file = self._host.performer, self.served.saved.file
            for peer in self.served.peers:
                peer.known.clear()
            self.telemetry.resubscribe()
            with self._host.document.session() as session:
                revision = session.revision
            model = Model.of(performer.spec, performer.source.frames)
            event = replace(event, file="" if file is None else file.name, revision=revision, model=model)
        self.broadcast(event)

    # -- rounds -------------------------------------------------------------------------------------------------
    async def _send_telemetry(self) -> None:
        while True:
            self.telemetry.send_due()
            await asyncio.sleep(ROUND_SECONDS)

    async def _tell(self) -> None:
        while True:
            notices = self._host.notices
            for notice in notices:
                if notice.number > self._told:
                    self._told = notice.number
                    self.broadcast(_notice(notice))
            for event in self._host.devices_hub.events_since(self._told_devices):
                self._told_devices = event.number
                self.broadcast(ControllerEvent(**asdict(event)))
            await asyncio.sleep(NOTICE_SECONDS)

    async def _keep_file(self) -> None:
        """Looks at the file every second, and keeps a version every KEEP_SECONDS."""
        loop, kept = asyncio.get_running_loop(), monotonic()
        while True:
            await asyncio.sleep(FILE_SECONDS)
            changed = await loop.run_in_executor(self._files, self.served.saved.changed_on_disk)
            if changed is not False and self.served.saved.file is not None:
                self.broadcast(FileChanged(file=self.served.saved.file.name, gone=changed is None))
            if monotonic() - kept >= KEEP_SECONDS:
                kept = monotonic()
                await loop.run_in_executor(self._files, self._keep_version)

    def _keep_version(self) -> None:
        try:
            self.served.saved.keep_version()
        except (DemonError, OSError) as error:
            self._host.add_message(f"a version could not be kept: {error}", error, "file")


def _notice(message: Message) -> Notice:
    fault = Fault(
        text=message.text,
        what=message.what,
        node=message.node,
        port=message.port,
        file=message.file,
        mend=message.mend,
    )
    return Notice(number=message.number, fault=fault, stage=message.stage)


def _silent() -> Any:
    """Returns a logger that writes nothing: the headers of a handshake hold the token."""
    logger = logging.getLogger("demon_patch.wire")
    logger.propagate = False
    logger.disabled = True
    return logger
