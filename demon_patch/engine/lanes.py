"""Work side by side on a processor: one thread a lane, each operation on a single thread.

Small tensors gain little from many threads inside one operation, and pay for every barrier; whole rows side by side
pay once a tick. A row's result is that of one thread, so it does not depend on how many lanes there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")


class Lanes:
    """`count` lanes; lane 0 is the caller's own thread, whose operations it makes single-threaded too.

    Owned by one thread.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"{count} lanes: at least one is needed")
        self.count = count
        if count > 1:
            torch.set_num_threads(1)
        self._helpers = ThreadPoolExecutor(count - 1, "lane", initializer=_single) if count > 1 else None

    def run(self, work: Callable[[int, T], None], items: Sequence[T]) -> None:
        """Calls work(lane, item) for every item, each lane one after another, and returns when all are done.

        Items are dealt in turn, so equal ones are spread evenly. An error of any lane is raised here.
        """
        dealt = [items[lane :: self.count] for lane in range(self.count)]
        others = [
            self._helpers.submit(_in_turn, work, lane, share)
            for lane, share in enumerate(dealt)
            if lane and share and self._helpers is not None
        ]
        try:
            _in_turn(work, 0, dealt[0])
        finally:
            for other in others:
                other.result()


def _in_turn(work: Callable[[int, T], None], lane: int, items: Sequence[T]) -> None:
    with torch.no_grad():
        for item in items:
            work(lane, item)


def _single() -> None:
    torch.set_num_threads(1)
