"""Collects what live inputs get, so that each is written once a control frame."""

from __future__ import annotations

from typing import NamedTuple

from demon_patch.runtime.graph.live_inputs import Fed


class FedEvent(NamedTuple):
    """What a live input gets. frame: the first control frame that has it; None for the next one that runs."""

    node: str
    port: str
    value: Fed
    frame: int | None


class Feeds:
    """The numbers and gates of live inputs that wait to be given to the performance.

    Of several numbers for one input in one control frame the last counts. The rises of a gate add up, and its last
    level counts, so no note is lost.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[int | None, str, str], Fed] = {}

    def __len__(self) -> int:
        return len(self._values)

    def number(self, frame: int | None, node: str, port: str, value: float) -> None:
        """Writes a number, in the port's unit."""
        self._values[frame, node, port] = value

    def gate(self, frame: int | None, node: str, port: str, level: float, rises: int) -> None:
        """Writes a gate's level at the end of the frame, and adds rises."""
        before = self._values.get((frame, node, port))
        earlier = before[1] if isinstance(before, tuple) else 0.0
        self._values[frame, node, port] = (level, earlier + rises)

    def add(self, later: Feeds) -> None:
        """Adds what was written after this."""
        for (frame, node, port), value in later._values.items():
            if isinstance(value, tuple):
                self.gate(frame, node, port, value[0], int(value[1]))
            else:
                self.number(frame, node, port, value)

    def take(self) -> list[FedEvent]:
        """Returns all that was written since the last call, in the order of the frames."""
        taken = self._values
        self._values = {}
        events = (FedEvent(node, port, value, frame) for (frame, node, port), value in taken.items())
        return sorted(events, key=lambda event: -1 if event.frame is None else event.frame)
