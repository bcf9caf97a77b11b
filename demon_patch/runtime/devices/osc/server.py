"""Hears OSC messages on a UDP port. It is fetched from, and never waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

from demon_patch.errors import DeviceError

LOOPBACK = "127.0.0.1"
LARGEST = 65_507  # bytes of a datagram
BUFFER = 1 << 20  # bytes that wait


class OscMessage(NamedTuple):
    """A message. address: begins with /. arguments: numbers, texts, bools and what else it carries."""

    address: str
    arguments: tuple[object, ...]


class OscServer:
    """A UDP port on which OSC is heard. Owned by one thread.

    port: 1 to 65535; 0 for any free one.
    host: the address of this machine that is listened on; only this machine itself by default.

    odd: how many datagrams were no OSC.

    Raises DeviceError where the port cannot be opened.
    """

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        self.odd = 0
        self._socket: socket.socket | None = None
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self._socket.setblocking(False)
            self._socket.bind(where)
        except (OSError, OverflowError) as error:
            self.close()
            what = f"OSC cannot be heard on {host} port {port}: {getattr(error, 'strerror', None) or error}"
            raise DeviceError(what, mend="name another port, or end the program that has it") from None
        self.host, self.port = self._socket.getsockname()[:2]

    @property
    def name(self) -> str:
        """Where it listens: "127.0.0.1:9000"."""
        return f"{self.host}:{self.port}"

    def read(self, most: int = 250) -> Iterator[OscMessage]:
        """Gives the messages that wait, of at most `most` datagrams. The messages of a bundle are given at once,
        whatever time it names."""
        from pythonosc.osc_packet import OscPacket

        for _ in range(most):
            if self._socket is None:
                return
            try:
                datagram = self._socket.recv(LARGEST)
            except BlockingIOError:
                return
            except OSError:  # what an earlier answer met on its way
                continue
            try:
                messages = [timed.message for timed in OscPacket(datagram).messages]
                found = [OscMessage(message.address, tuple(message.params)) for message in messages]
            except Exception:  # anything may be sent to a port
                self.odd += 1
                continue
            yield from (each for each in found if isinstance(each.address, str) and each.address.startswith("/"))

    def close(self) -> None:
        """Closes the port. A second call does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
