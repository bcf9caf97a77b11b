"""An executor that does its work at once, on the thread that submits it: for what the program leaves to a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class AtOnce:
    """In the place of an executor of one thread."""

    def submit(self, work: Callable[[], Any]) -> None:
        work()

    def shutdown(self) -> None:
        pass
