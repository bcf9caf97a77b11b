"""Caches what is made of the nodes of programs: that of the latest programs, by the number of their nodes."""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from demon_patch.small_cache import SmallCache

KEPT_NODES = 64
"""Nodes of which one cache keeps what was made, at least. A node that an edit has made anew never comes back, so an
entry is of use only as long as a program that plays, or waits, has its nodes."""
KEPT_PROGRAMS = 2
"""Programs of the latest one's size of which a cache keeps what was made."""

_CACHES: list[SmallCache[Any]] = []


def make_room(nodes: int) -> None:
    """From any thread. Lets the caches keep what is made of programs with so many nodes, and drops what is beyond."""
    for cache in _CACHES:
        cache.fit(max(KEPT_NODES, KEPT_PROGRAMS * nodes))


class OfNodes(Protocol):
    """Something that is made of nodes."""

    @property
    def nodes(self) -> Sized: ...


P = ParamSpec("P")
M = TypeVar("M", bound=OfNodes)


class CachedByNodes(Generic[P, M]):
    """Decorates a function of hashable arguments that makes something of nodes: results are kept until those made later
    have as many nodes together as `make_room` says. Any thread may call it.

    A number of results would be no bound: it holds many times more memory for a large patch than for a small one.
    """

    def __init__(self, make: Callable[P, M]) -> None:
        self._make = make
        self._cache: SmallCache[M] = SmallCache(KEPT_NODES, lambda made: len(made.nodes))
        _CACHES.append(self._cache)
        update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> M:
        key: tuple[Any, ...] = (*args, *sorted(kwargs.items()))
        return self._cache.get(key, lambda: self._make(*args, **kwargs))

    def cache_clear(self) -> None:
        """Drops all results."""
        self._cache.clear()
