"""Lets work wait for sound that is late."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep

WAY_SECONDS = 0.005  # of one wait


def give_way(late: Callable[[], bool], longest: float, wait: Callable[[float], object] = sleep) -> None:
    """Waits while `late` is true, but not for ever: on a machine that is too slow, the work is done all the same.

    longest: seconds that are waited at most. wait: waits for some seconds.
    """
    for _ in range(round(longest / WAY_SECONDS)):
        if not late():
            return
        wait(WAY_SECONDS)
