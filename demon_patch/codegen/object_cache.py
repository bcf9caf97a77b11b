"""Caches results that belong to one object and live as long as it does."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
MOST = 64
"""Most results that one object keeps. When one more is added, its cache is emptied first."""

P = ParamSpec("P")
R = TypeVar("R")


def cached_on_object(function: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Decorates a function of an immutable object and of hashable arguments, so that its results are kept in the
    object. Any thread may call the decorated function.

    A cache outside of the objects would keep alive objects that nothing else uses any more. A result must not hold the
    object: such a reference cycle stays until it is searched for, which is seldom (`threads.quiet_gc`).
    """

    @wraps(function)
    def found(of: T, *args: P.args, **kwargs: P.kwargs) -> R:
        room: dict[Hashable, Any] = vars(of).setdefault("_kept", {})
        key = (function, args, *sorted(kwargs.items())) if kwargs else (function, args)
        if key in room:
            with suppress(KeyError):  # another thread has emptied the cache
                return room[key]
        result = function(of, *args, **kwargs)
        if len(room) >= MOST:
            room.clear()
        room[key] = result
        return result

    return found
