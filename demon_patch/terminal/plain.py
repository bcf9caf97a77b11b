"""Plays without a view: prints one line a second, and each message once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from demon_patch.errors import visible
from demon_patch.runtime.live.host import Host
from demon_patch.terminal.attached import Attached
from demon_patch.terminal.draw import line

LINE_SECONDS = 1.0

T = TypeVar("T")


def fresh(before: Sequence[T], now: Sequence[T]) -> Sequence[T]:
    """Returns the messages of `now` that are not in `before`. Old messages may be missing at the start of `now`. Equal
    messages with different numbers are different."""
    known = next(k for k in range(min(len(before), len(now)), -1, -1) if k == 0 or before[-k:] == now[:k])
    return now[known:]


class Teller:
    """Prints each message of a host once."""

    def __init__(self, host: Host | Attached, say: Callable[[str], object]) -> None:
        self._host, self._say = host, say
        self._known: Sequence[tuple[int, str]] = ()

    def pass_over(self) -> None:
        """Skips all messages until now, because the player has seen them elsewhere."""
        self._known = self._host.numbered_messages

    def tell(self) -> None:
        """Prints the messages that are new since the last call."""
        before, now = self._known, self._host.numbered_messages
        self._known = now
        new = fresh(before, now)
        if new and (lost := new[0][0] - 1 - (before[-1][0] if before else 0)) > 0:
            self._say(f"… {lost} messages before these are gone")
        for _, message in new:
            self._say(visible(message))


def report(
    host: Host | Attached, say: Callable[[str], object], seconds: float | None = None, teller: Teller | None = None
) -> None:
    """Prints a line of status every second and the new messages, until `seconds` seconds were played, or without
    end."""
    teller = teller or Teller(host, say)
    ever = threading.Event()  # never set: waiting for it is how time passes, and Ctrl+C ends it
    while True:
        status = host.status
        teller.tell()
        say(line(status))
        left = LINE_SECONDS if seconds is None or not status.playing else seconds - status.seconds
        if seconds is not None and status.begun and status.seconds >= seconds:
            return
        ever.wait(min(max(left, 0.02), LINE_SECONDS))
