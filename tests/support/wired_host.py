"""A host that serves clients: a real host on the toy family, whose ticks pass on a thread as fast as they come."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.sync.client import ClientConnection, connect

from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.remote.access import Address
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages import VERSION
from demon_patch.runtime.remote.server import Server
from tests.support.edited_performance import DOCUMENT, Stage

HERE = Address("127.0.0.1", 0)
PATIENCE = 120.0  # seconds for which tests wait, on a machine that others keep busy
REST = 0.002  # seconds between two ticks, so that the other threads have their turn


class WiredHost:
    """A server on a stage whose time passes by itself. Begun by `wired_host`."""

    def __init__(self, document: Patch, file: Path | None, token: str | None, address: Address) -> None:
        self.stage = Stage(document)
        self.host: Host = self.stage.host
        if file is not None:
            self.host._resources.folder = self.host._resources.into = file.parent
        self.server = Server(self.host, address, file=file, token=token)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tick", daemon=True)

    @property
    def url(self) -> str:
        return self.server.address.url

    def client(self, name: str = "ann", **options: Any) -> Client:
        """A new client, which the test closes."""
        return Client(self.url, name=name, **options)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.stage.live.step()
            time.sleep(REST)

    def start(self) -> None:
        self._thread.start()
        self.server.start()

    def close(self) -> None:
        self.server.close()
        self._ended.set()
        self._thread.join()
        self.host.close()


@contextmanager
def wired_host(
    document: Patch = DOCUMENT, file: Path | None = None, token: str | None = None, address: Address = HERE
) -> Iterator[WiredHost]:
    """A running host with a server."""
    made = WiredHost(document, file, token, address)
    made.start()
    try:
        yield made
    finally:
        made.close()


class RawClient:
    """A client without a library: sends and receives plain data."""

    def __init__(self, url: str, hello: bool = True, slow: bool = False) -> None:
        """slow: little fits into what it does not read."""
        self._ends = ExitStack()
        own = socket.socket()
        if slow:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        where = urlsplit(url)
        own.connect((where.hostname, where.port))
        made = connect(
            url,
            sock=own,
            compression=None,
            max_size=None,
            max_queue=1 if slow else 16,
            close_timeout=0.5,
            ping_interval=None,
        )
        self.socket: ClientConnection = self._ends.enter_context(made)
        if hello:
            self.send({"verb": "hello", "id": 1, "version": VERSION, "client": "raw"})
            self.reply(1)

    def send(self, message: Any) -> None:
        """Sends data as msgpack; bytes as they are."""
        self.socket.send(message if isinstance(message, bytes) else msgspec.msgpack.encode(message))

    def receive(self, seconds: float = PATIENCE) -> dict[str, Any]:
        data = self.socket.recv(timeout=seconds)
        assert isinstance(data, bytes)
        return msgspec.msgpack.decode(data)

    def reply(self, number: int, seconds: float = PATIENCE) -> dict[str, Any]:
        """The reply to a request, for number 0 the refusal of one without a number; events before it are passed
        over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.receive(seconds)
            if found.get("id", 0) == number and (number or found["is"] == "refused"):
                return found
        raise TimeoutError(f"no reply to {number}")

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and returns its reply."""
        self.send(message)
        return self.reply(message["id"])

    def close(self) -> None:
        self._ends.close()

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Waits until a condition holds; returns whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
