"""What waits to be sent to one client: events and replies in order, and telemetry, which gives way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from demon_patch.runtime.remote.limits import OUTBOX

Build = Callable[[], bytes | None]
"""Makes a message when there is room to send it; None where there is nothing new."""


class Outbox:
    """The messages for one client. Owned by the wire's thread.

    Replies and events are never dropped. A client that leaves more than `most` bytes of them lying is `full`, and its
    connection ends. Of each kind of telemetry one message waits at most, which is made only when it is sent; another
    one that falls due meanwhile takes its place, and counts as dropped.
    """

    def __init__(self, most: int = OUTBOX) -> None:
        self.dropped = 0
        self._most, self._bytes = most, 0
        self._messages: deque[bytes] = deque()
        self._due: dict[str, Build] = {}
        self._filled = asyncio.Event()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether the client has left too much lying."""
        return self._bytes > self._most

    def put(self, message: bytes) -> None:
        """Adds a reply or an event."""
        self._messages.append(message)
        self._bytes += len(message)
        self._filled.set()

    def put_due(self, what: str, build: Build) -> None:
        """Adds telemetry of a kind, in place of one that was not sent yet."""
        if self._closed:
            return
        if what in self._due:
            self.dropped += 1
        self._due[what] = build
        self._filled.set()

    def close(self) -> None:
        """Drops all that waits, and telemetry that is still to come: what makes it holds the client."""
        self._closed = True
        self._messages.clear()
        self._due.clear()
        self._bytes = 0

    async def take(self) -> bytes:
        """Returns the next message when there is one: replies and events first."""
        while True:
            while self._messages or self._due:
                if self._messages:
                    message = self._messages.popleft()
                    self._bytes -= len(message)
                    return message
                what = next(iter(self._due))
                if (made := self._due.pop(what)()) is not None:
                    return made
            self._filled.clear()
            await self._filled.wait()
