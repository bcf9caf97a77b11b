"""OGG files that were joined, whole files one after the other, which players play as one; and files that break off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAGIC = b"OggS"

_HEAD = 27  # bytes of a page's head, whose last one counts the bytes with the lengths of its segments
_FIRST, _LAST = 2, 4  # the flags of a page that begins a stream, and of one that ends it
_PAGES = 500_000  # that are walked at most


class _Page(NamedTuple):
    """A page: the bytes where it begins and ends, and its flags."""

    at: int
    end: int
    flags: int


def _pages(file: BinaryIO, start: int) -> Iterator[_Page]:
    """Yields the pages from byte `start` on, up to what is no page. The last one may end after the file."""
    at = start
    for _ in range(_PAGES):
        file.seek(at)
        head = file.read(_HEAD)
        if len(head) < _HEAD or not head.startswith(MAGIC):
            return
        pieces = file.read(head[-1])
        end = at + _HEAD + len(pieces) + sum(pieces)
        yield _Page(at, end, head[5])
        at = end


def next_part(file: BinaryIO, start: int) -> int | None:
    """Returns the byte where the part after the one at byte `start` begins; None for the last part. Raises OSError.

    A part begins with a page for each of its streams. So the next part begins where a stream begins after others
    continued.
    """
    began = False
    for page in _pages(file, start):
        if not page.flags & _FIRST:
            began = True
        elif began:
            return page.at
    return None


def is_cut_off(file: BinaryIO, start: int) -> bool:
    """Returns whether the last page from byte `start` on is incomplete, or does not end its stream. False for what is
    no OGG. Raises OSError."""
    *_, last = (None, *_pages(file, start))
    return last is not None and (last.end > os.fstat(file.fileno()).st_size or not last.flags & _LAST)
