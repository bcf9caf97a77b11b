"""The messages that a performance shows its player; they are numbered, and the latest are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from demon_patch.errors import DemonError
from demon_patch.runtime.audio.device_choice import NO_DEVICE

SHOWN = 50  # messages
KEPT = 1000  # messages


class Messages:
    """The messages of a performance, of which the latest KEPT remain."""

    def __init__(self) -> None:
        self._messages: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._numbers = count(1)

    def add(self, message: str) -> None:
        """From any thread. Adds a message."""
        self._messages.append((next(self._numbers), message))

    @property
    def latest(self) -> tuple[str, ...]:
        """From any thread. The latest SHOWN messages, oldest first."""
        return tuple(text for _, text in self.numbered[-SHOWN:])

    @property
    def numbered(self) -> tuple[tuple[int, str], ...]:
        """From any thread. All messages that are kept, oldest first, as (number, text); numbers count from 1."""
        return tuple(self._messages)

    def add_mistake_of(self, change: Callable[[], None]) -> None:
        """From any thread. Calls `change` on this thread; a DemonError that it raises becomes a message."""
        try:
            change()
        except DemonError as error:
            self.add(str(error))


def event_message(event: dict[str, Any]) -> str:
    """Returns the message for an event of the audio process (`AudioLink.poll`)."""
    name = event.get("name") or event.get("what") or ""
    silent = float(event.get("silent") or 0.0)
    away = max(float(event.get("away") or 0.0), silent)
    after = f" after {away:.1f} s" if away >= 0.05 else ""
    after += f", of which {silent:.1f} s are silence in recordings" if silent >= 0.05 else ""
    kind, missing = str(event.get("event")), event.get("missing")
    if name == NO_DEVICE and kind in ("opened", "back"):
        waits = f" ({missing}); a sound device that appears is taken" if missing else ""
        hole = f"; {silent:.1f} s are silence in recordings" if silent >= 0.05 else ""
        return f"playing on a clock of its own, without sound{waits}{hole}"
    words = {
        "opened": f"playing on {name}{after}",
        "lost": "the sound device is gone; the performance goes on by a clock of its own until there is one",
        "back": f"the sound device is back: {name}{after}",
        "died": f"the audio process ended and was started again {name}".strip(),
        "stuck": f"no sound: the audio process cannot be started, tried again every second: {name}",
    }
    return words.get(kind, f"{kind}: {name}")
