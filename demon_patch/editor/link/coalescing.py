"""Says which waiting requests need not be sent, since the next one says the same thing anew."""

from __future__ import annotations

from collections.abc import Hashable

from demon_patch.patch.edit.history import primitives
from demon_patch.runtime.remote.messages.base import Request
from demon_patch.runtime.remote.messages.edits import Do
from demon_patch.runtime.remote.messages.live import Feed, Turn
from demon_patch.runtime.remote.messages.telemetry import Watch


def sets(request: Request) -> Hashable:
    """Returns what a request sets, so that a later request which sets the same replaces it; None where it is not so:
    it adds, removes, or has an effect of its own."""
    if isinstance(request, Do):
        targets = tuple((type(part), part.target) for part in primitives(request.command))
        if not targets or any(target is None for _, target in targets):
            return None
        return Do, targets, request.label, request.at
    if isinstance(request, Turn):
        return Turn, tuple((node, port) for node, port, _ in request.values)
    if isinstance(request, Watch):
        return Watch, request.what
    return None


def replaced(waiting: Request, later: Request) -> bool:
    """Returns whether a waiting request need not be sent, since `later`, the next one, replaces it."""
    if isinstance(waiting, Feed):  # a gate that rises and falls is two messages
        return False
    said = sets(waiting)
    return said is not None and said == sets(later)
