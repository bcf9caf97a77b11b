"""Playing without a view: a line a second, and each message once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from demon_patch.runtime.host import Host
from demon_patch.terminal.draw import line

LINE_SECONDS = 1.0


def fresh(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """The messages of a list that were not in the one before, from whose beginning some may have gone."""
    known = next(k for k in range(min(len(before), len(now)), -1, -1) if k == 0 or before[-k:] == now[:k])
    return now[known:]


def report(host: Host, say: Callable[[str], object], seconds: float | None = None) -> None:
    """Says how the performance goes, until so many seconds were played, or for ever."""
    told: Sequence[str] = ()
    ever = threading.Event()  # never set: waiting for it is how time passes, and Ctrl+C ends it
    while True:
        status, messages = host.status, host.messages
        for message in fresh(told, messages):
            say(message)
        told = messages
        say(line(status))
        left = LINE_SECONDS if seconds is None or not status.playing else seconds - status.seconds
        if seconds is not None and status.begun and status.seconds >= seconds:
            return
        ever.wait(min(max(left, 0.02), LINE_SECONDS))
