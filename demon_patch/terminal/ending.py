"""Handles the signals that ask a program to end: the first one counts, and none interrupts the closing."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from demon_patch.runtime.audio.signals import ENDING_SIGNALS


class Ending:
    """Handles Ctrl+C, SIGTERM and SIGHUP on the main thread; a context manager for that thread.

    The first signal raises KeyboardInterrupt at once, or at the end of a `held` block; within an `instead` block it
    makes the call named there. Every later signal is ignored, and so is every signal while `closing` is set. A signal
    that the program was started to ignore (`nohup`) stays ignored. A KeyboardInterrupt that leaves the context after a
    signal becomes the exit status that shells expect: 128 plus the number of the signal.

    last: the program ends with this context, so that after a signal its repeats are ignored until the program has
    ended.
    """

    def __init__(self, *, last: bool = False) -> None:
        self._last = last
        self.number = 0  # number of the first signal, 0 before it
        self.closing = False
        self._holds = 0
        self._instead: Callable[[], object] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Ending:
        for number in ENDING_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                with contextlib.suppress(ValueError):  # not on the main thread
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._before.items():
            ignored = self._last and self.number
            signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL if handler is None else handler)
        if self.number and kind is not None and issubclass(kind, KeyboardInterrupt):
            raise SystemExit(128 + self.number) from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps signals from interrupting the block; after a signal, KeyboardInterrupt is raised at its end."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        self.check()

    def check(self) -> None:
        """Raises KeyboardInterrupt if a signal has come."""
        if self.number:
            raise KeyboardInterrupt

    @contextmanager
    def instead(self, call: Callable[[], object]) -> Iterator[None]:
        """Keeps signals from interrupting the block; a signal makes `call`, which must not wait, on the main thread
        instead."""
        self._instead = call
        try:
            if self.number:
                call()
            yield
        finally:
            self._instead = None

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.number or self.closing:
            return
        self.number = number
        if self._instead is not None:
            self._instead()
        elif not self._holds:
            raise KeyboardInterrupt
