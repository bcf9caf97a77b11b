"""Runs rows side by side on a processor. Each lane is one thread, and each operation runs on a single thread.

Small tensors gain little from many threads inside one operation, and every operation waits for all of them. Whole rows
side by side wait once a tick. A row is computed by one thread, so its result does not depend on the number of lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident
from typing import TypeVar

import torch

T = TypeVar("T")


class RowThreads:
    """`count` lanes that run work side by side. Used by one thread at a time.

    Lane 0 is the caller's own thread. With more than one lane, torch operations on it become single-threaded.

    most: how many lanes are used; all at first. From any thread; results do not depend on it.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"{count} lanes: at least one is needed")
        self.count = self.most = count
        self._caller: int | None = None
        self._helpers = ThreadPoolExecutor(count - 1, "lane", initializer=_single) if count > 1 else None

    def run(
        self, work: Callable[[int, T], None], items: Sequence[T], between: Callable[[], None] | None = None
    ) -> None:
        """Calls work(lane, item) once for every item and returns when all calls are done. A free lane takes the next
        item.

        between: called on lane 0, the caller's thread, after each item of lane 0.
        Raises the error of any lane.
        """
        if self.count > 1 and self._caller != get_ident():  # OpenMP counts its threads by thread
            torch.set_num_threads(1)
            self._caller = get_ident()
        waiting = iter(items)  # taking from it is one step of the interpreter, so lanes may share it
        lanes = range(1, min(self.count, self.most, len(items)))
        others = [self._helpers.submit(_in_turn, work, lane, waiting, None) for lane in lanes if self._helpers]
        try:
            _in_turn(work, 0, waiting, between)
        finally:
            for other in others:
                other.result()


def _in_turn(work: Callable[[int, T], None], lane: int, items: Iterator[T], between: Callable[[], None] | None) -> None:
    with torch.no_grad():
        for item in items:
            work(lane, item)
            if between is not None:
                between()


def _single() -> None:
    torch.set_num_threads(1)
