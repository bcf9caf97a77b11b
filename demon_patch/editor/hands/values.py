"""Numbers on their way to the host: rounded, at most 60 a second, one undo step for all of a movement."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from demon_patch.editor.layout.box import Knob
from demon_patch.runtime.remote.messages.edits import Edited
from demon_patch.runtime.remote.messages.live import Release

if TYPE_CHECKING:
    from demon_patch.editor.hands.tools import Tools

FIGURES = 4


def rounded(value: float, lo: float, hi: float, taper: str = "linear") -> float:
    """Returns a turned knob's number with as many figures as a hand can mean: four of the range, or of the number where
    equal turns are equal ratios. It stays within lo to hi."""
    if taper == "int":
        return float(round(value))
    size = abs(value) if taper == "log" or not math.isfinite(hi - lo) else hi - lo
    if size <= 0 or not math.isfinite(size):
        return value
    digits = FIGURES - 1 - math.floor(math.log10(size))
    return min(hi, max(lo, round(value, max(digits, 0)))) + 0.0


class Stream:
    """The numbers of one knob in one movement. Nothing is sent, and no step made, until the number changes.

    told: called with node, port, and what the host says of each edit.
    """

    SECONDS = 1 / 60

    def __init__(self, tools: Tools, knob: Knob, told: Callable[[str, str, Edited], object]) -> None:
        self._tools, self._knob, self._told = tools, knob, told
        self._sent: float | None = None
        self._sent_at = -math.inf
        self._next: float | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was sent."""
        return self._sent is not None

    def send(self, value: float, time: float) -> None:
        """Sends a number, now or as soon as the last one is old enough."""
        before = self._knob.value if self._sent is None else self._sent
        self._next = None if value == before and (self.changed or self._knob.live is None) else value
        self.flush(time)

    def flush(self, time: float) -> None:
        """Sends the number that waits, if its time has come. time: now, in seconds."""
        if self._next is not None and time - self._sent_at >= self.SECONDS:
            self._now(time)

    def close(self) -> None:
        """Sends the number that waits, and closes the step."""
        if self._next is not None:
            self._now(self._sent_at)
        self._tools.edits.end()

    def cancel(self) -> None:
        """Takes all of it back."""
        self._next = None
        self._tools.edits.cancel()

    def _now(self, time: float) -> None:
        edits, knob, value = self._tools.edits, self._knob, self._next
        if not edits.open:
            edits.begin("Set value")
        first, self._sent, self._sent_at, self._next = not self.changed, value, time, None
        edits.set_value(knob.node, knob.name, value, "Set value", lambda reply: self._told(knob.node, knob.name, reply))
        if first and knob.live is not None:
            edits.ask(Release(ports=((knob.node, knob.name),)))
