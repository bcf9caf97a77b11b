"""The table of verbs: for each request its reply and its handler. Validation, docs/protocol.md and the client's errors
are derived from it. To add a verb is one struct in `messages` and one handler in `handlers`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple, Union, get_type_hints

import msgspec

from demon_patch.errors import DemonError, PatchError
from demon_patch.runtime.remote.handlers import (
    controllers,
    devices,
    documents,
    edits,
    files,
    live,
    opening,
    rendering,
    session,
    showing,
    transport,
    watching,
)
from demon_patch.runtime.remote.messages.base import Reply, Request


class Verb(NamedTuple):
    """A request, the reply to it, and what answers it. slow: whether the handler may wait."""

    request: type[Request]
    reply: type[Reply]
    handle: Callable[..., Reply]
    slow: bool


def gather(*modules: ModuleType) -> Mapping[type[Request], Verb]:
    """Returns the verbs that some modules handle, in order; raises ValueError if two handle one request."""
    found: dict[type[Request], Verb] = {}
    for module in modules:
        for name, function in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != module.__name__:
                continue
            hints = get_type_hints(function)
            verb = Verb(hints["message"], hints["return"], function, getattr(function, "slow", False))
            if found.setdefault(verb.request, verb) is not verb:
                raise ValueError(f"two handlers answer {verb.request.__name__}")
    return MappingProxyType(found)


VERBS: Mapping[type[Request], Verb] = gather(
    session, documents, opening, edits, live, transport, watching, showing, rendering, files, devices, controllers
)

_DECODER: Any = msgspec.msgpack.Decoder(Union[tuple(VERBS)])  # noqa: UP007


def decoded(data: bytes) -> Request:
    """Returns the request in a message. Raises PatchError for anything else; nothing else comes out of any bytes."""
    try:
        return _DECODER.decode(data)
    except DemonError as error:
        raise error.located() from None
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError, OverflowError, MemoryError) as error:
        what = " ".join(str(error).split())[:200]
        raise PatchError(f"the message is no request: {what}", mend="docs/protocol.md lists all") from None


class _Numbered(msgspec.Struct):
    """The number of a message that may otherwise be anything."""

    id: int = 0


_NUMBER = msgspec.msgpack.Decoder(_Numbered)


def number_of(data: bytes) -> int:
    """Returns the number that a refused message has, 0 where it has none."""
    try:
        return _NUMBER.decode(data).id
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError, OverflowError, MemoryError):
        return 0
