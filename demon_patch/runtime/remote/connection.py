"""One client's connection: reads its requests, one after the other, and sends what its outbox has."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from demon_patch.errors import DemonError, PatchError
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.messages.base import Event, Fault, Kind, Refused, Reply, Request
from demon_patch.runtime.remote.messages.session import Bye, Hello
from demon_patch.runtime.remote.messages.telemetry import Watch
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost
from demon_patch.runtime.remote.verbs import VERBS, decoded, number_of

GOING_AWAY, POLICY = 1001, 1008  # reasons for which a WebSocket is closed
STATUS_RATE = 10.0  # times a second that a new client gets the status
ENCODER = msgspec.msgpack.Encoder()


class Connection:
    """A connection. Owned by the wire's thread.

    joined: called once the client has said hello.
    left: called when the connection has ended.
    files: runs the handlers that may wait.
    """

    def __init__(
        self,
        socket: ServerConnection,
        served: ServedHost,
        files: Executor,
        joined: Callable[[Peer], object],
        left: Callable[[Peer], object],
    ) -> None:
        self._socket, self._served, self._files = socket, served, files
        self._joined, self._left = joined, left
        self._bucket = limits.Bucket()
        self.peer = Peer("")

    async def run(self) -> None:
        """Serves the client until it goes, or breaks a rule that ends the connection."""
        writer = asyncio.create_task(self._write())
        try:
            with contextlib.suppress(ConnectionClosed):
                if await self._begin():
                    async for data in self._socket:
                        await self._take(data)
        finally:
            writer.cancel()
            if self.peer in self._served.peers:
                self._left(self.peer)
            self.peer.close()

    async def end(self, code: int, error: DemonError) -> None:
        """Tells the client why, and ends the connection."""
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.send(ENCODER.encode(Bye(fault=Fault.of(error))))
        await self._socket.close(code, str(error)[:120])

    async def _begin(self) -> bool:
        """Waits for the hello; returns whether the client is in."""
        try:
            async with asyncio.timeout(limits.HELLO_SECONDS):
                data = await self._socket.recv()
        except TimeoutError:
            await self.end(POLICY, PatchError("no hello came", mend="send `hello` first, within five seconds"))
            return False
        reply = await self._answer(data, first=True)
        if not isinstance(reply, Refused):
            self.peer.watches["status"] = Watch(what="status", rate=STATUS_RATE)
            self.peer.outbox.put(ENCODER.encode(reply))
            self._joined(self.peer)
            return True
        await self._socket.send(ENCODER.encode(reply))
        await self._socket.close(POLICY, reply.fault.text[:120])
        return False

    async def _take(self, data: bytes | str) -> None:
        """Answers one request. A client that sends too fast is refused, and then not listened to for a while."""
        if self._bucket.take():
            self.send(await self._answer(data))
            return
        number = number_of(data) if isinstance(data, bytes) else 0
        what = f"more than {limits.RATE:g} messages a second came"
        self.send(refusal("limit", PatchError(what, mend="put several values into one message"), number))
        await asyncio.sleep(limits.PAUSE)

    async def _answer(self, data: bytes | str, first: bool = False) -> Reply:
        """Returns the reply to a message, whatever it is."""
        if not isinstance(data, bytes):
            return refusal("message", PatchError("the message is text", mend="send msgpack in binary messages"), 0)
        try:
            request = decoded(data)
        except DemonError as error:
            return refusal("message", error, number_of(data))
        if first != isinstance(request, Hello):
            what, mend = "a second hello", "say it once"
            if first:
                what, mend = "the first message is no hello", "send `hello` first"
            return refusal("message", PatchError(what, mend=mend), request.id)
        return msgspec.structs.replace(await self._handled(request), id=request.id)

    async def _handled(self, request: Request) -> Reply:
        verb = VERBS[type(request)]
        try:
            if verb.slow:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._files, verb.handle, self._served, self.peer, request)
            return verb.handle(self._served, self.peer, request)
        except DemonError as error:
            return refusal("version" if isinstance(request, Hello) else "refused", error, request.id)
        except Exception as error:  # of this program: the client is told, and all goes on
            what = f"an error of the program: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            return refusal("internal", PatchError(what, mend="report this, with what you asked for"), request.id)

    # -- sending ------------------------------------------------------------------------------------------------
    def send(self, event: Event) -> None:
        """Puts a reply or an event into the outbox."""
        self.send_encoded(ENCODER.encode(event))

    def send_encoded(self, message: bytes) -> None:
        """Puts a reply or an event into the outbox; ends the connection of a client that leaves too much lying."""
        self.peer.outbox.put(message)
        if self.peer.outbox.full:
            self._socket.transport.abort()
            waited = f"{limits.OUTBOX // 2**20} MiB waited for the client {self.peer.name}, which did not take them"
            self._served.host.add_message(f"{waited}: its connection is ended")

    async def _write(self) -> None:
        """Sends what the outbox has, as fast as the client takes it."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._socket.send(await self.peer.outbox.take())


def refusal(kind: Kind, error: DemonError, number: int) -> Refused:
    """Returns the reply to a request that is not done."""
    return Refused(id=number, kind=kind, fault=Fault.of(error))


def encoded(event: Any) -> bytes:
    """Returns an event as it is sent."""
    return ENCODER.encode(event)
