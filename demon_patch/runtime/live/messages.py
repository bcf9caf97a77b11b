"""The messages that a performance shows its player; they are numbered, and the latest are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from demon_patch.errors import DemonError
from demon_patch.runtime.audio.device_choice import NO_DEVICE
from demon_patch.runtime.live.notice import Notice

SHOWN = 50  # messages
KEPT = 1000  # messages


class Messages:
    """The messages of a performance, of which the latest KEPT remain."""

    def __init__(self) -> None:
        self._notices: deque[Notice] = deque(maxlen=KEPT)
        self._numbers = count(1)

    def add(self, message: str, about: Exception | None = None, stage: str = "") -> None:
        """From any thread. Adds a message; `about`: the error that it tells; `stage`: see `Notice`."""
        self._notices.append(Notice.of(next(self._numbers), message, about, stage))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """From any thread. All messages that are kept, oldest first, with the places that they are about."""
        return tuple(self._notices)

    def clear(self, until: int) -> None:
        """From any thread. Forgets the messages up to a number."""
        while self._notices and self._notices[0].number <= until:
            self._notices.popleft()

    @property
    def latest(self) -> tuple[str, ...]:
        """From any thread. The latest SHOWN messages, oldest first."""
        return tuple(text for _, text in self.numbered[-SHOWN:])

    @property
    def numbered(self) -> tuple[tuple[int, str], ...]:
        """From any thread. All messages that are kept, oldest first, as (number, text); numbers count from 1."""
        return tuple((notice.number, notice.text) for notice in self.notices)

    def add_mistake_of(self, change: Callable[[], None]) -> None:
        """From any thread. Calls `change` on this thread; a DemonError that it raises becomes a message."""
        try:
            change()
        except DemonError as error:
            self.add(str(error), error, "edit")


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
