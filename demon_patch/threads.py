"""Settings of the process that keep its threads from being delayed: OpenMP's waiting and garbage collection."""

from __future__ import annotations

import gc
import os

SELDOM = (50_000, 20, 1_000_000)  # allocations, and collections between collections, by generation
USUAL = gc.get_threshold()


def quiet_threads() -> None:
    """Makes OpenMP threads sleep at their barriers instead of spinning, unless the user has chosen otherwise. Call it
    before PyTorch is loaded.

    A spinning team stops dead whenever another program needs a core: see docs/decisions.md for figures.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def quiet_gc() -> None:
    """Makes garbage collection rare: objects that exist now are never searched again, later ones seldom, and all at
    once never: that holds the interpreter for 180 ms once a history is full. `Collector` collects instead. Call it once
    all is loaded. `restore_gc` undoes it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


class Collector:
    """Collects garbage that reference counts do not find. Owned by one thread.

    every: pieces of work after which what they left is collected.
    """

    def __init__(self, every: int = 8) -> None:
        self._every, self._done = every, 0

    def note_work(self) -> None:
        """Notes a piece of work that has left garbage. Once for many of them collects what is young: objects of the
        latest pieces of work, which takes a few milliseconds however many objects there are."""
        self._done += 1
        if self._done >= self._every:
            self._done = 0
            gc.collect(1)

    def collect(self) -> None:
        """Collects all garbage, which holds the interpreter for as long as there are objects: not while sound is
        made."""
        self._done = 0
        gc.collect()


def restore_gc() -> None:
    """Returns garbage collection to Python's own settings."""
    gc.set_threshold(*USUAL)
    gc.unfreeze()
