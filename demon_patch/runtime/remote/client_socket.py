"""The socket of a client: opens it, reads and writes messages, and says in words why it could not, or why it is closed.

The thread that wants messages reads them from the network itself. The blocking client of `websockets` has a thread
between the two, which waits for a turn of its own beside programs that compute (docs/decisions.md has figures).
"""

from __future__ import annotations

import socket
import ssl
from collections import deque
from contextlib import suppress
from threading import Event, Lock
from time import monotonic
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

from demon_patch.errors import DemonError
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.access import LOOPBACK

OPEN_SECONDS = 10.0  # for which an answer to the handshake is waited for
SILENT_SECONDS = 60.0  # after which a host counts as gone: it sends a ping every 20
CLOSE_SECONDS = 2.0  # for which its goodbye is waited for
READ = 1 << 16  # bytes that are read at once


class ClientSocket:
    """A WebSocket connection to a host; a context manager. One thread receives, any thread sends or closes.

    token: what the host asks for. Raises DemonError that says why there is no connection.
    """

    def __init__(self, url: str, token: str | None) -> None:
        try:
            uri = parse_uri(url)
            self._protocol = ClientProtocol(uri, max_size=4 * limits.MESSAGE)
            self._socket = _connected(uri)
        except (InvalidURI, ValueError):
            mend = f"write ws://HOST:PORT, as ws://{LOOPBACK}"
            raise DemonError(f"{url!r} is no address of a host", mend=mend) from None
        except OSError as error:
            raise _no_host(url, error) from None
        self._lock = Lock()  # of the protocol, and of the order in which bytes are sent
        self._over = Event()
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes | bytearray | memoryview] = []
        try:
            self._shake_hands(token)
        except InvalidStatus as refused:
            self._end()
            body = refused.response.body or b""
            text = body.decode("utf-8", "replace").strip()[:300] or f"it answers {refused.response.status_code}"
            raise DemonError(f"{url} refuses the connection: {text}") from None
        except (OSError, InvalidHandshake, EOFError) as error:
            self._end()
            raise _no_host(url, error) from None
        self._socket.settimeout(SILENT_SECONDS)

    def send(self, message: bytes) -> None:
        """From any thread. Sends a message. Raises ConnectionClosed."""
        with self._lock:
            if self._protocol.state is not State.OPEN:
                raise self._closed()
            self._protocol.send_binary(message)
            self._flush()

    def recv(self) -> bytes:
        """Waits for the next message and returns it. Raises ConnectionClosed after the last one."""
        while not self._messages:
            if self._protocol.state is State.CLOSED:
                self._end()
                raise self._closed()
            self._read()
        return self._messages.popleft()

    def close(self) -> None:
        """From any thread. Says goodbye, waits for the host's, and ends the connection. A second call does nothing."""
        with self._lock:
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                self._flush()
        self._over.wait(CLOSE_SECONDS)
        self._end()

    def __enter__(self) -> ClientSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shake_hands(self, token: str | None) -> None:
        protocol, end = self._protocol, monotonic() + OPEN_SECONDS
        request = protocol.connect()
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        protocol.send_request(request)
        self._flush()
        while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
            if (left := end - monotonic()) <= 0:
                raise TimeoutError("it does not answer")
            self._socket.settimeout(left)
            self._read()
        if protocol.handshake_exc is not None:
            raise protocol.handshake_exc.with_traceback(None)

    def _read(self) -> None:
        """Takes in what the network has, and waits for something."""
        try:
            data = self._socket.recv(READ)
        except OSError:  # with a time that has run out among them
            data = b""
        with self._lock:
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            self._flush()
            for event in self._protocol.events_received():
                if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    self._parts.append(event.data)
                    if event.fin:
                        self._messages.append(b"".join(self._parts))
                        self._parts.clear()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            with suppress(OSError):  # who reads finds out that the connection is gone
                if data:
                    self._socket.sendall(data)
                else:
                    self._socket.shutdown(socket.SHUT_WR)

    def _closed(self) -> ConnectionClosed:
        protocol = self._protocol
        if protocol.state is State.CLOSED:
            return protocol.close_exc
        return ConnectionClosedError(protocol.close_rcvd, protocol.close_sent, protocol.close_rcvd_then_sent)

    def _end(self) -> None:
        """Ends the connection, also for a thread that waits in `recv`."""
        self._over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _connected(uri: WebSocketURI) -> socket.socket:
    made = socket.create_connection((uri.host, uri.port), timeout=OPEN_SECONDS)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ssl.create_default_context().wrap_socket(made, server_hostname=uri.host) if uri.secure else made


def _no_host(url: str, error: Exception) -> DemonError:
    where = urlsplit(url).netloc
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DemonError(f"there is no host at {where}: {reason}", mend="start one: demon-patch host PATCH")


def closed_error(closed: ConnectionClosed, url: str) -> DemonError:
    """Returns the error that says that, and why, a connection is closed."""
    frame = closed.rcvd
    reason = f": {frame.reason}" if frame is not None and frame.reason else ""
    return DemonError(f"the connection to {url} is closed{reason}", mend="connect again")
