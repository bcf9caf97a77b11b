"""The chunks of a WAV file: written so that the file is whole while it grows, and found without reading them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from struct import pack
from typing import BinaryIO, NamedTuple

MOST = 10_000
"""Chunks that are looked at; no recorder writes so many."""

LONGEST = 0xFFFFFFFF
"""Bytes that a size of 32 bits counts less than. A longer file is RF64, whose sizes stand in its `ds64` chunk."""

_FORMS = (b"RIFF", b"RF64")
_RESERVED = 28  # bytes of a `ds64` chunk without a table
_SIZES = 12 + 8 + _RESERVED  # bytes of a file that change while it grows, but for the size of the chunk `data`


class WavChunk(NamedTuple):
    """A chunk's name, and where its content starts and how long it is, in bytes."""

    name: bytes
    start: int
    size: int


class WavHead:
    """What stands before the samples of a WAV file of 24 bits a sample: the sizes, the form, and other chunks.

    rate: Hz. chunks: (name, content) of the others. The head is as long for any number of samples: room is reserved
    for sizes of 64 bits, so that a file of more than 4 GiB becomes RF64 (EBU Tech 3306) where it lies.
    """

    def __init__(self, rate: int, channels: int, chunks: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.frame = 3 * channels
        form = pack("<HHIIHH", 1, channels, rate, rate * self.frame, self.frame, 24)
        self._rest = b"".join(chunk_bytes(name, content) for name, content in ((b"fmt ", form), *chunks))
        self.size = _SIZES + len(self._rest) + 8

    def bytes_for(self, frames: int) -> bytes:
        """The head of a finished file with so many samples of each channel."""
        sound = frames * self.frame
        (_, sizes), (_, data) = self.changes(frames, self.size + sound + sound % 2)
        return sizes + self._rest + b"data" + data

    def changes(self, frames: int, size: int) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
        """The places of the head of a file of `size` bytes that tell the number of samples, and their bytes: (offset,
        bytes), twice."""
        sound, whole, at = frames * self.frame, size - 8, self.size - 4
        if whole < LONGEST:
            sizes = b"RIFF" + pack("<I", whole) + b"WAVE" + chunk_bytes(b"JUNK", bytes(_RESERVED))
            return (0, sizes), (at, pack("<I", sound))
        ds64 = chunk_bytes(b"ds64", pack("<QQQI", whole, sound, frames, 0))
        return (0, b"RF64" + pack("<I", LONGEST) + b"WAVE" + ds64), (at, pack("<I", LONGEST))


def chunk_bytes(name: bytes, content: bytes) -> bytes:
    """The bytes of a chunk."""
    return name + pack("<I", len(content)) + content + bytes(len(content) % 2)


def information(**texts: str) -> bytes:
    """The content of a `LIST` chunk with facts about a file, by their names of four letters; `ISFT`: the program that
    made it."""
    return b"INFO" + b"".join(chunk_bytes(name.encode(), text.encode() + b"\0") for name, text in texts.items())


def is_riff(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a WAV file."""
    return head[:4] in _FORMS and head[8:12] == b"WAVE"


def chunks(stream: BinaryIO) -> Iterator[WavChunk]:
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
        if name == b"data" and size == LONGEST:
            size = long
        if at + 8 + size > end:
            return
        yield WavChunk(name, at + 8, size)
        at += 8 + size + size % 2
