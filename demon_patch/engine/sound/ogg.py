"""OGG files that were joined: whole files one after the other, which players play as one."""

from __future__ import annotations

from typing import BinaryIO

MAGIC = b"OggS"

_HEAD = 27  # bytes of a page's head, whose last one counts the bytes with the lengths of its segments
_FIRST = 2  # the flag of a page that begins a stream
_PAGES = 500_000  # that are walked at most


def next_part(file: BinaryIO, start: int) -> int | None:
    """Returns the byte where the part after the one at byte `start` begins; None for the last part. Raises OSError.

    A part begins with a page for each of its streams. So the next part begins where a stream begins after others
    continued.
    """
    at, began = start, False
    for _ in range(_PAGES):
        file.seek(at)
        head = file.read(_HEAD)
        if len(head) < _HEAD or not head.startswith(MAGIC):
            return None
        if not head[5] & _FIRST:
            began = True
        elif began:
            return at
        pieces = file.read(head[-1])
        at += _HEAD + len(pieces) + sum(pieces)
    return None
