"""Settings that keep threads from being delayed: OpenMP's waiting, garbage collection, priorities."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from enum import IntEnum
from threading import Barrier, Thread

SELDOM = (50_000, 20, 1_000_000)  # allocations, and collections between collections, by generation
USUAL = gc.get_threshold()


class Urgency(IntEnum):
    """Threads that do little and that others wait for, from the least urgent on. The values are real-time priorities,
    below those that sound servers use."""

    EDIT = 1
    WIRE = 2
    CLOCK = 3
    FEEDER = 4


def hurry(urgency: Urgency) -> bool:
    """On the thread itself. Has the system run this thread before all that compute, where it lets us: on Linux, for a
    user who may use real-time scheduling, with two processors or more. Returns whether it does. Threads that this one
    starts are not urgent.

    Without it a thread that wakes waits for the turn of a computing one to end, which takes up to 4 ms: see
    docs/decisions.md for figures.
    """
    return (os.cpu_count() or 1) > 1 and _scheduled(urgency)


def started_pool(count: int, name: str) -> ThreadPoolExecutor:
    """Returns a pool of `count` threads that all run already: none is started later, in the middle of the sound."""
    pool, running = ThreadPoolExecutor(count, name), Barrier(count + 1)
    for _ in range(count):
        pool.submit(running.wait)
    running.wait()
    return pool


def may_hurry() -> bool:
    """Returns whether the system lets threads of this process be urgent."""
    found: list[bool] = []
    trial = Thread(target=lambda: found.append(hurry(Urgency.EDIT)), name="trial")
    trial.start()
    trial.join()
    return found == [True]


@contextmanager
def unhurried() -> Iterator[None]:
    """On the thread itself. Takes the urgency of `hurry` back for as long as the context lasts."""
    if sys.platform != "linux" or os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK != os.SCHED_RR:
        yield
        return
    urgency = os.sched_getparam(0).sched_priority
    _scheduled(0)
    try:
        yield
    finally:
        _scheduled(urgency)


def _scheduled(urgency: int) -> bool:
    if sys.platform != "linux":
        return False
    policy = os.SCHED_RR if urgency else os.SCHED_OTHER
    with suppress(OSError):
        os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_param(urgency))
        return True
    return False


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
