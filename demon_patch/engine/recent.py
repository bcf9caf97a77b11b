"""A small memory of what was made last."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Values by key, `most` of them: the one that was asked for longest ago goes first. From any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, V] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made where it is not kept; nobody waits meanwhile, and two threads at once may both
        make it."""
        with self._lock:
            if key in self._kept:
                value = self._kept[key] = self._kept.pop(key)
                return value
        value = make()
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.pop(next(iter(self._kept)))
        return value
