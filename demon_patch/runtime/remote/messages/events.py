"""All that a host sends: every reply and every event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Union

from demon_patch.runtime.remote.messages import (  # noqa: F401 - for their events
    base,
    controllers,
    devices,
    documents,
    edits,
    files,
    live,
    opening,
    recordings,
    rendering,
    session,
    showing,
    telemetry,
)
from demon_patch.runtime.remote.messages.base import Event


def _kinds(kind: type[Event]) -> Iterator[type[Event]]:
    below = kind.__subclasses__()
    for special in below:
        yield from _kinds(special)
    if not below:
        yield kind


EVENTS: tuple[type[Event], ...] = tuple(sorted(_kinds(Event), key=lambda kind: (kind.__module__, kind.__name__)))
"""The classes of all replies and events."""

AnyEvent = Union[EVENTS]  # type: ignore[valid-type]  # noqa: UP007
