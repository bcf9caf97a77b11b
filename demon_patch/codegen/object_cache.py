"""What is worked out of an object once, and lives as long as that object."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
MOST = 64
"""Results that one object keeps; beyond that it begins anew."""

P = ParamSpec("P")
R = TypeVar("R")


def cached_on_object(function: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """A function of an object that never changes, and of hashable values, that keeps its results in the object. Any
    thread.

    A cache beside the objects would hold those that nobody needs any more, and all that they hold.
    """

    @wraps(function)
    def found(of: T, *args: P.args, **kwargs: P.kwargs) -> R:
        room: dict[Hashable, Any] = vars(of).setdefault("_kept", {})
        key = (function, args, *sorted(kwargs.items()))
        if key in room:
            with suppress(KeyError):  # another thread has begun anew
                return room[key]
        result = function(of, *args, **kwargs)
        if len(room) >= MOST:
            room.clear()
        room[key] = result
        return result

    return found
