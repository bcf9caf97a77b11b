"""The signals that ask a program to end, as one wish that is heard once and never interrupts the closing."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # Ctrl+C, the system, a terminal that closes; Windows' own


class Ending:
    """Ctrl+C, SIGTERM and SIGHUP on the main thread; a context manager of it.

    The first signal raises KeyboardInterrupt where the main thread is, or where it leaves `held`, or calls what
    `instead` names. Every later one is passed over, and so are all while `closing` is set: what closes is not
    interrupted. A signal that the program was started to ignore (`nohup`) stays ignored. Where a KeyboardInterrupt
    leaves the context, it becomes the exit status that shells expect: 128 and the number of the signal.

    last: the program ends with the context: after a signal was heard, its repeats are ignored to the very end.
    """

    def __init__(self, *, last: bool = False) -> None:
        self._last = last
        self.number = 0  # of the first signal
        self.closing = False
        self._holds = 0
        self._instead: Callable[[], object] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Ending:
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
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
        """What is inside is not interrupted; a signal meanwhile raises KeyboardInterrupt at its end."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        self.check()

    def check(self) -> None:
        """Raises KeyboardInterrupt where a signal was heard."""
        if self.number:
            raise KeyboardInterrupt

    @contextmanager
    def instead(self, call: Callable[[], object]) -> Iterator[None]:
        """What is inside is not interrupted; a signal calls something, which must not wait, on the main thread."""
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
