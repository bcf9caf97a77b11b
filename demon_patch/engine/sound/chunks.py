"""Walks the chunks of a sound file: RIFF, RF64, AIFF, Wave64 and CAF."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

_CHUNKS = 10_000  # of a container, at most
_LONGEST = 4096  # bytes of a chunk that describes the samples, at most
_IN_WAV = (b"data", b"fmt ", b"fact", b"LIST", b"bext", b"cue ", b"smpl", b"inst", b"PEAK", b"JUNK", b"junk", b"id3 ")
_IN_AIFF = (b"SSND", b"COMM", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"COMT", b"MARK", b"INST", b"FVER", b"ID3 ", b"APPL")
_UNPADDED = frozenset((*_IN_WAV, *_IN_AIFF))
"""Names of chunks that are found without the pad byte that belongs before them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the chunks of a container follow each other.

    first: where the first one begins.
    name: bytes of a chunk's name; its size follows.
    size: how the size is written (`struct`).
    whole: whether the size includes name and size.
    step: each chunk begins at a multiple of this many bytes.
    """

    first: int
    name: int
    size: str
    whole: bool = False
    step: int = 1

    @property
    def head(self) -> int:
        """Bytes of a chunk's name and size."""
        return self.name + struct.calcsize(self.size)


RIFF = Layout(12, 4, "<I", step=2)
RIFX = Layout(12, 4, ">I", step=2)
AIFF = Layout(12, 4, ">I", step=2)
W64 = Layout(40, 16, "<Q", whole=True, step=8)
CAF = Layout(8, 4, ">q")


class Chunk(NamedTuple):
    """A chunk of a container: its name, the byte where its content starts, and its promised bytes."""

    name: bytes
    start: int
    length: int


def walk(file: BinaryIO, layout: Layout, at: int = 0) -> Iterator[Chunk]:
    """Yields the chunks of a container.

    It begins at byte `at`, or at the first chunk for 0. A chunk that promises less than 0 bytes is the last one. Where
    the pad byte behind a chunk of odd length is missing, the next chunk is found all the same.
    """
    at = at or layout.first
    for _ in range(_CHUNKS):
        file.seek(at)
        head = file.read(layout.head)
        if len(head) < layout.head:
            return
        length = struct.unpack(layout.size, head[layout.name :])[0] - (layout.head if layout.whole else 0)
        chunk = Chunk(head[: layout.name], at + layout.head, length)
        yield chunk
        if length < 0:
            return
        at = after(file, layout, chunk)


def after(file: BinaryIO, layout: Layout, chunk: Chunk) -> int:
    """Returns the byte where the next chunk begins."""
    at = chunk.start + -(-chunk.length // layout.step) * layout.step
    if layout.step == 2 and chunk.length % 2:
        file.seek(at - 1)
        at -= file.read(4) in _UNPADDED
    return at


def chunk_of(file: BinaryIO, layout: Layout, name: bytes) -> Chunk | None:
    """Returns the first chunk of a name; None without one."""
    return next((chunk for chunk in walk(file, layout) if chunk.name == name), None)


def in_order(file: BinaryIO, layout: Layout, last: Chunk) -> bool:
    """Returns whether each chunk up to `last` begins where the one before it ends, pad byte included: a chunk of odd
    length is followed by one byte of padding, which some programs leave out."""
    at = layout.first + layout.head
    for chunk in walk(file, layout):
        if chunk.start != at:
            return False
        if chunk == last:
            break
        at = chunk.start + -(-chunk.length // layout.step) * layout.step + layout.head
    return True


def is_name(name: bytes) -> bool:
    """Returns whether these bytes could name a chunk."""
    return all(32 <= byte < 127 for byte in name)


def described(file: BinaryIO, layout: Layout, form: Chunk, sound: Chunk) -> bytes:
    """Returns the beginning of a container up to the content of its chunk `sound`, with one other chunk: `form`, which
    describes the samples."""
    file.seek(0)
    head = file.read(layout.first)
    file.seek(form.start)
    content = file.read(min(form.length, _LONGEST))
    size = [struct.pack(layout.size, length) for length in (len(content), sound.length)]
    return b"".join((head, form.name, size[0], content, bytes(len(content) % 2), sound.name, size[1]))
