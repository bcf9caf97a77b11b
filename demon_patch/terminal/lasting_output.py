"""Output that outlives its terminal: what is written after the terminal was closed is dropped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class LastingOutput:
    """A text file whose writes raise no error once its terminal is gone. All else is the file's own."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """From any thread. Writes a text, or drops it where the terminal is gone."""
        with suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """From any thread. Passes on what was written."""
        with suppress(OSError, ValueError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def lasting_output() -> Iterator[None]:
    """Lets the outputs that a view in the terminal writes into outlive the terminal. Else the thread that writes ends
    with an error, what waits for it fills up, and the program never ends."""
    before = sys.__stdout__, sys.__stderr__
    sys.__stdout__, sys.__stderr__ = (None if file is None else LastingOutput(file) for file in before)  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        sys.__stdout__, sys.__stderr__ = before  # type: ignore[misc]
