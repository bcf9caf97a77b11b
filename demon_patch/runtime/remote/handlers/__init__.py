"""What the host does with each request: one short function for each, found by lying here (`verbs.VERBS`).

A handler has the parameters `served`, `peer` and `message`, whose type says which request it answers, and returns the
reply. It raises DemonError where the request cannot be done, before anything has changed. It calls the host's own
methods only. It runs on the wire's thread and returns at once; one that waits for files or threads is marked `slow`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

H = TypeVar("H", bound=Callable[..., Any])


def slow(handler: H) -> H:
    """Marks a handler that may wait: it runs on a thread for files, and the client's next request waits for it."""
    handler.slow = True  # type: ignore[attr-defined]
    return handler
