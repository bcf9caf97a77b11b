"""A small memory of what was made last."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Same:
    """An object as a part of a key: equal to itself alone, and alive as long as the key is."""

    __slots__ = ("object",)

    def __init__(self, object: object) -> None:
        self.object = object

    def __hash__(self) -> int:
        return id(self.object)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.object is self.object


class SmallCache(Generic[V]):
    """Values by key while there is room; the one that was asked for longest ago goes first. Any thread.

    most: how many values are kept, or the sum of their `size`; the latest one is kept however large it is. No value is
    None.
    """

    def __init__(self, most: float, size: Callable[[V], float] = lambda value: 1) -> None:
        self._most, self._size = most, size
        self._kept: dict[Hashable, V] = {}
        self._total = 0.0
        self._lock = Lock()

    def find(self, key: Hashable) -> V | None:
        """The value of a key; None where it is not kept."""
        with self._lock:
            value = self._kept.pop(key, None)
            if value is not None:
                self._kept[key] = value
            return value

    def put(self, key: Hashable, value: V) -> None:
        """Keeps a value under a key, in the place of another."""
        with self._lock:
            if key in self._kept:
                self._total -= self._size(self._kept.pop(key))
            self._kept[key] = value
            self._total += self._size(value)
            while self._total > self._most and len(self._kept) > 1:
                self._total -= self._size(self._kept.pop(next(iter(self._kept))))

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made where it is not kept; two threads that ask at once may both make it."""
        value = self.find(key)
        if value is None:
            self.put(key, value := make())
        return value
