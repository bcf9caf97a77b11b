"""A client that does not read: what the host sends it waits, and is dropped or ends the connection."""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import msgspec
from websockets.sync.client import connect

from demon_patch.runtime.remote.messages import VERSION
from demon_patch.runtime.remote.messages.base import Request
from demon_patch.runtime.remote.messages.session import Hello

ROOM = 4096  # bytes that the system takes for it


class StalledClient:
    """A connection whose messages nobody reads; a context manager. url: of the host."""

    def __init__(self, url: str, name: str = "stalled") -> None:
        self._ends = ExitStack()
        self._own = socket.socket()
        self._own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        where = urlsplit(url)
        self._own.connect((where.hostname, where.port))
        made = connect(
            url, sock=self._own, compression=None, max_size=None, max_queue=1, close_timeout=0.5, ping_interval=None
        )
        self._socket = self._ends.enter_context(made)
        self.send(Hello(version=VERSION, client=name))

    def send(self, request: Request) -> None:
        """Sends a request; its reply is not read."""
        self._socket.send(msgspec.msgpack.encode(request))

    def cut(self) -> None:
        """Ends the connection in the middle of a message, without a goodbye."""
        with suppress(OSError):
            self._own.sendall(bytes([0x82, 0xFE]) + struct.pack(">H", 5000) + b"half a message")
            self._own.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection. A second call does nothing."""
        self.cut()
        with suppress(Exception):
            self._ends.close()

    def __enter__(self) -> StalledClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
