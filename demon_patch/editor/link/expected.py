"""Changes of knobs that are not heard yet, by the replies of the host."""

from __future__ import annotations

from collections.abc import Iterator

from demon_patch.patch.edit.commands import Command, SetRange, SetValue
from demon_patch.patch.edit.history import primitives
from demon_patch.runtime.remote.messages.base import Reply, Request
from demon_patch.runtime.remote.messages.edits import Do, Edited
from demon_patch.runtime.remote.messages.live import Turn, Turned

Key = tuple[str, str]


class Expected:
    """The knobs whose change is under way."""

    def __init__(self) -> None:
        self._ends: dict[Key, float] = {}

    def told(self, request: Request, reply: Reply, frame: float) -> None:
        """Takes an acknowledged request. frame: the control frame that is heard now."""
        if isinstance(reply, (Edited, Turned)) and reply.heard:
            for key in turned(request):
                self._ends[key] = float(max(each.frame for each in reply.heard))
        for key in [key for key, end in self._ends.items() if end <= frame]:
            del self._ends[key]

    def seconds(self, key: Key, frame: float, rate: float) -> float | None:
        """Returns in how many seconds a knob's change is heard; None where none is under way."""
        end = self._ends.get(key, frame)
        return (end - frame) / rate if end > frame else None


def turned(request: Request) -> Iterator[Key]:
    """Yields the knobs that a request turns."""
    if isinstance(request, Turn):
        for node, port, _ in request.values:
            yield node, port
    elif isinstance(request, Do):
        yield from set_by(request.command)


def set_by(command: Command) -> Iterator[Key]:
    """Yields the knobs that a command turns."""
    for part in primitives(command):
        if isinstance(part, (SetValue, SetRange)):
            yield part.node, part.name
