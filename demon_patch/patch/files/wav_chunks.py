"""Makes the head of a WAV file, so that the file is valid while it grows, and finds chunks without reading them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from struct import pack
from typing import BinaryIO, NamedTuple

MOST = 10_000
"""The most chunks of a file that are looked at; no recorder writes as many."""

LONGEST = 0xFFFFFFFF
"""A size of 32 bits is below this number of bytes. A longer file is RF64, with its sizes in its `ds64` chunk."""

_FORMS = (b"RIFF", b"RF64")
_RESERVED = 28  # bytes of a `ds64` chunk without a table
_SIZES = 12 + 8 + _RESERVED  # bytes of a file that change while it grows, but for the size of the chunk `data`


class WavChunk(NamedTuple):
    """A chunk: its name, the byte of the file at which its content starts, and the size of its content in bytes."""

    name: bytes
    start: int
    size: int


class WavHead:
    """The head of a WAV file with 24 bits a sample: all bytes before the samples.

    rate: sample rate in Hz.
    chunks: (name, content) of further chunks in the head.
    frame, size: bytes of one sample of all channels, and of the head.
    The head has the same size for any number of samples. It reserves room for sizes of 64 bits, so a file that grows
    beyond 4 GiB becomes RF64 (EBU Tech 3306) without moving the samples.
    """

    def __init__(self, rate: int, channels: int, chunks: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.frame = 3 * channels
        form = pack("<HHIIHH", 1, channels, rate, rate * self.frame, self.frame, 24)
        self._rest = b"".join(chunk_bytes(name, content) for name, content in ((b"fmt ", form), *chunks))
        self.size = _SIZES + len(self._rest) + 8

    def bytes_for(self, frames: int) -> bytes:
        """Returns the head's bytes for a finished file. frames: the number of samples of each channel."""
        sound = frames * self.frame
        (_, sizes), (_, data) = self.changes(frames, self.size + sound + sound % 2)
        return sizes + self._rest + b"data" + data

    def changes(self, frames: int, size: int) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
        """Returns the two places of the head that depend on the file's length, each as (byte offset, bytes to write
        there).

        frames: the number of samples of each channel.
        size: the size of the whole file in bytes.
        """
        sound, whole, at = frames * self.frame, size - 8, self.size - 4
        if whole < LONGEST:
            sizes = b"RIFF" + pack("<I", whole) + b"WAVE" + chunk_bytes(b"JUNK", bytes(_RESERVED))
            return (0, sizes), (at, pack("<I", sound))
        ds64 = chunk_bytes(b"ds64", pack("<QQQI", whole, sound, frames, 0))
        return (0, b"RF64" + pack("<I", LONGEST) + b"WAVE" + ds64), (at, pack("<I", LONGEST))


def chunk_bytes(name: bytes, content: bytes) -> bytes:
    """Returns the bytes of a chunk: name, size, content, and a zero byte if the content has an odd size."""
    return name + pack("<I", len(content)) + content + bytes(len(content) % 2)


def information(**texts: str) -> bytes:
    """Returns the content of a `LIST` chunk with texts about a file, by tag names of four letters. `ISFT` names the
    program that made the file."""
    return b"INFO" + b"".join(chunk_bytes(name.encode(), text.encode() + b"\0") for name, text in texts.items())


def is_riff(head: bytes) -> bool:
    """Returns whether a file that begins with these 12 bytes is a WAV file."""
    return head[:4] in _FORMS and head[8:12] == b"WAVE"


def chunks(stream: BinaryIO) -> Iterator[WavChunk]:
    """Yields the chunks of an open WAV file that are completely in it; none for another kind of file.

    In a file of more than 4 GiB (RF64, EBU Tech 3306) the size of the sound comes from the `ds64` chunk.
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
