"""Rings at knobs that close as a change comes to be heard."""

from __future__ import annotations

from collections.abc import Callable

from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.runtime.remote.messages.edits import Edited

LEAST = 0.1
"""Seconds below which there is no ring: the change is heard at once."""


class HeardRings:
    """The rings that are closing. clock: the time in seconds."""

    def __init__(self, canvas: Canvas, clock: Callable[[], float]) -> None:
        self._canvas, self._clock = canvas, clock
        self._closing: dict[tuple[str, str], tuple[float, float]] = {}

    def told(self, node: str, port: str, reply: object) -> None:
        """Begins a ring: what the host said of a knob's edit has when it is heard."""
        heard = reply.heard if isinstance(reply, Edited) else ()
        seconds = max((part.seconds for part in heard), default=0.0)
        if seconds >= LEAST:
            self._closing[node, port] = (self._clock(), seconds)

    @property
    def closing(self) -> bool:
        """Whether any ring is closing."""
        return bool(self._closing)

    def look(self) -> None:
        """Draws the rings as far as they have closed."""
        now = self._clock()
        for (node, port), (start, seconds) in list(self._closing.items()):
            share = (now - start) / seconds
            if share >= 1.0:
                del self._closing[node, port]
            self._canvas.heard(node, port, min(share, 1.0) if share < 1.0 else None)
