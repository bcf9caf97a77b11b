"""The chunks of a WAV file: found without reading them, and one more put behind them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MOST = 10_000
"""Chunks that are looked at; no recorder writes so many."""

_OPEN = 0xFFFFFFFF  # a size that stands in the ds64 chunk, or is not known
_FORMS = (b"RIFF", b"RF64")


class Chunk(NamedTuple):
    """A chunk's name, and where its content starts and how long it is, in bytes."""

    name: bytes
    start: int
    size: int


def is_riff(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a WAV file."""
    return head[:4] in _FORMS and head[8:12] == b"WAVE"


def chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """The chunks of an open WAV file that lie in it whole; nothing for another kind of file.

    In a file of more than 4 GiB (RF64, EBU Tech 3306) the length of the sound stands in the `ds64` chunk.
    """
    end = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not is_riff(stream.read(12)):
        return
    at, long = 12, 0
    for _ in range(MOST):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ds64":
            long = int.from_bytes(stream.read(16)[8:], "little")
        if name == b"data" and size == _OPEN:
            size = long
        if at + 8 + size > end:
            return
        yield Chunk(name, at + 8, size)
        at += 8 + size + size % 2


def append(path: Path, name: bytes, content: bytes) -> None:
    """Puts a chunk behind the others of a finished WAV file: players pass over names that they do not know.

    The header counts it only once it is written, so that the file is whole at every moment; raises OSError, and leaves
    the file as it was, where there is no room or the file is no finished WAV file.
    """
    with path.open("r+b") as stream:
        head = stream.read(12)
        end = stream.seek(0, os.SEEK_END)
        added = bytes(end % 2) + name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
        size = end + len(added) - 8
        if not is_riff(head) or head[:4] != _FORMS[0] or size >= _OPEN:
            raise OSError("it is no WAV file of less than 4 GiB")
        try:
            stream.write(added)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError:
            os.ftruncate(stream.fileno(), end)
            raise
        stream.seek(4)
        stream.write(size.to_bytes(4, "little"))
