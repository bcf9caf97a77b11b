"""Finds the verbs of the wire by name, for those that a version of the program may not have."""

from __future__ import annotations

from collections.abc import Iterator

from demon_patch.runtime.remote.messages import events  # noqa: F401 - for the modules that it reads
from demon_patch.runtime.remote.messages.base import Request, tag


def _below(kind: type[Request]) -> Iterator[type[Request]]:
    for special in kind.__subclasses__():
        yield special
        yield from _below(special)


def verb(name: str) -> type[Request] | None:
    """Returns the request of a verb, such as `set_model`; None where this program has none."""
    return next((kind for kind in _below(Request) if tag(kind.__name__) == name), None)
