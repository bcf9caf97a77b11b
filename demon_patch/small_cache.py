"""A cache that keeps the values used last."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from weakref import ref

V = TypeVar("V")


class Same:
    """An object as part of a cache key: equal to itself alone, and kept alive by the key."""

    __slots__ = ("object",)

    def __init__(self, object: object) -> None:
        self.object = object

    def __hash__(self) -> int:
        return id(self.object)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.object is self.object


class SmallCache(Generic[V]):
    """A cache of values by key. When it is full, the value that was used longest ago is dropped. Any thread.

    most: the largest sum of the values' `size`, which is 1 each by default; the latest value is kept however large it
    is.

    No value is None.
    """

    def __init__(self, most: float, size: Callable[[V], float] = lambda value: 1) -> None:
        self._most, self._size = most, size
        self._kept: dict[Hashable, V] = {}
        self._total = 0.0
        self._lock = Lock()

    def find(self, key: Hashable) -> V | None:
        """Returns the value of a key, or None where it is not kept."""
        with self._lock:
            value = self._kept.pop(key, None)
            if value is not None:
                self._kept[key] = value
            return value

    def put(self, key: Hashable, value: V) -> None:
        """Stores a value under a key, in place of an earlier one, and drops old values until the rest fits."""
        with self._lock:
            if key in self._kept:
                self._total -= self._size(self._kept.pop(key))
            self._kept[key] = value
            self._total += self._size(value)
            self._drop()

    def fit(self, most: float) -> None:
        """Changes the largest sum of sizes, and drops old values until the rest fits."""
        with self._lock:
            self._most = most
            self._drop()

    def clear(self) -> None:
        """Drops all values."""
        with self._lock:
            self._kept.clear()
            self._total = 0.0

    def drop_unheld(self) -> None:
        """Drops the values that nothing else holds. Values must allow weak references."""
        with self._lock:
            weak = [(key, ref(value), self._size(value)) for key, value in self._kept.items()]
            self._kept.clear()
            self._total = 0.0
            for key, known, size in weak:
                if (value := known()) is not None:
                    self._kept[key] = value
                    self._total += size

    def _drop(self) -> None:
        while self._total > self._most and len(self._kept) > 1:
            self._total -= self._size(self._kept.pop(next(iter(self._kept))))

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Returns the value of a key; calls `make` and stores its value where none is kept. Two threads that ask at
        once may both call it."""
        value = self.find(key)
        if value is None:
            self.put(key, value := make())
        return value
