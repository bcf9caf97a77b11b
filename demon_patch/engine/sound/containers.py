"""Compares what the container of a sound file says about its length with what the file holds: RIFF, RF64, Wave64, AIFF,
AU, CAF, FLAC and MP3.

A length in a header may be wrong. Each container is walked by its own structure, chunk by chunk, so that a comment, a
tag or a stray byte is never mistaken for a chunk. Where a wrong length would keep the decoder from the sound, the file
is read through `View`, which shows another header; the file itself is never changed.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from demon_patch.engine.sound import mpeg, ogg
from demon_patch.engine.sound.chunks import (
    AIFF,
    CAF,
    RIFF,
    RIFX,
    W64,
    Chunk,
    Layout,
    after,
    chunk_of,
    described,
    in_order,
    is_name,
    walk,
)

_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0O\x8e\xdb\x8a"
_W64_RIFF = b"riff.\x91\xcf\x11\xa5\xd6(\xdb\x04\xc1\x00\x00"
_ENDLESS = 0x7FFFF000  # a size from here on in 32 bits is that of a stream: it promises nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """The length that a header promises, and the length that the file holds.

    promised: the length in the header, in `unit`; None where the header does not say it.
    present: the length that the file holds, in `unit`; None where it is known only after decoding.
    more: whether the file holds more than was promised, and the rest is read too.
    start, prefix, edits: how `View` shows the file.
    seconds: of the whole file, where the container's structure says it.
    frames: the header's own number of samples a channel, not verified.
    rest: what the file holds behind its sound that could be heard too, and is left out; else "".
    fault: what is missing in the file, where a decoder cannot read it; else "".
    """

    promised: int | None = None
    present: int | None = None
    unit: str = ""
    more: bool = False
    start: int = 0
    prefix: bytes = b""
    edits: tuple[tuple[int, bytes], ...] = ()
    seconds: float | None = None
    frames: int | None = None
    rest: str = ""
    fault: str = ""


class View:
    """A file as the decoder sees it; it reads and seeks as a file does.

    From the claim it takes:

        prefix: bytes before the others.
        start: the first byte of the file that is shown.
        edits: (offset in the file, bytes) that are shown in place of the file's own.
    """

    def __init__(self, file: BinaryIO, claim: Claim) -> None:
        self._file, self._claim, self._at = file, claim, 0
        self._shift = len(claim.prefix) - claim.start
        self._size = os.fstat(file.fileno()).st_size + self._shift
        self.ended = False
        """Whether the file was read to its end."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a byte and returns its number."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Returns the number of the byte that is read next."""
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Returns the next `count` bytes, or fewer at the end; all the rest for a count below 0."""
        count = max(self._size - self._at, 0) if count < 0 else count
        head = self._claim.prefix[self._at : self._at + count]
        data = bytearray(head)
        if len(head) < count:
            self._file.seek(self._at + len(head) - self._shift)
            data += self._file.read(count - len(head))
        for offset, new in self._claim.edits:
            lo = max(offset + self._shift, self._at)
            hi = min(offset + self._shift + len(new), self._at + len(data))
            if lo < hi:
                data[lo - self._at : hi - self._at] = new[lo - offset - self._shift : hi - offset - self._shift]
        self._at += len(data)
        self.ended = self.ended or self._at >= self._size
        return bytes(data)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fills a buffer and returns how many bytes were read."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: bytes) -> int:
        """Raises OSError: a view is only read."""
        raise OSError("a view is only read")


def claim_of(file: BinaryIO) -> Claim:
    """Returns what the container of an open file promises; an empty claim for an unknown container. Raises OSError."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    head = file.read(16)
    for magics, claim in _WALKS:
        if head.startswith(magics):
            return claim(file, size)
    start = mpeg.after_tag(file)
    file.seek(start)
    magic = file.read(4)
    if magic == b"fLaC":
        return _flac(file, start)
    if magic == ogg.MAGIC:
        cut = "it is cut off before its first stretch of sound ends"
        return Claim(start=start, fault=cut if ogg.is_cut_off(file, start) else "")
    if start and magic in _TAGGED:
        return Claim(start=start)
    return _mp3(file, start)


def _riff(file: BinaryIO, size: int) -> Claim:
    """Returns the claim of a WAV, little or big endian, or an RF64, which has its 64-bit sizes in a chunk `ds64`."""
    file.seek(0)
    magic = file.read(4)
    layout = RIFX if magic == b"RIFX" else RIFF
    wide = form = None
    for chunk in walk(file, layout):
        if chunk.name == b"ds64" and magic != b"RIFF":
            wide = chunk.start + 8
        elif chunk.name == b"fmt " and form is None:
            form = chunk
        elif chunk.name == b"data":
            claim = _riff_data(file, size, layout, chunk.start, chunk.length, wide)
            return claim if wide is not None else _ordered(file, size, layout, claim, form, chunk)
    return Claim(fault="it has no chunk `data`, which would be its sound")


def _ordered(file: BinaryIO, size: int, layout: Layout, claim: Claim, form: Chunk | None, sound: Chunk) -> Claim:
    """Returns the claim of a WAV by which the decoder finds the description of its samples and its first stretch of
    sound, though they stand in another order, lack a pad, or are followed by more sound.

    claim: of the first stretch. form: the description, if it stands before the sound.
    """
    rest, edits, first = "", list(claim.edits), form
    if claim.promised == claim.present == sound.length:  # what follows the sound is chunks, if anything
        for chunk in walk(file, layout, after(file, layout, sound)):
            if not is_name(chunk.name) or chunk.start + chunk.length > size + 1:
                break
            if chunk.name == b"data" and chunk.length > 0 and sound.length == 0:
                hidden = (sound.start - layout.head, b"JUNK")
                real = Claim(chunk.length, chunk.length, "bytes", edits=(hidden,))
                return _ordered(file, size, layout, real, form, chunk)
            if chunk.name == b"fmt " and form is None:
                form = chunk
            if chunk.name in (b"fmt ", b"data", b"RIFF"):
                edits.append((chunk.start - layout.head, b"JUNK"))
            if chunk.name in (b"data", b"RIFF") and chunk.length > 0:
                rest = rest or ("another file" if chunk.name == b"RIFF" else "a second stretch of sound")
    if form is None:
        return replace(claim, fault="it has no chunk `fmt `, which would say what its samples are")
    claim = replace(claim, edits=tuple(edits), rest=rest)
    if first is form and in_order(file, layout, sound):
        return claim
    return replace(claim, start=sound.start, prefix=described(file, layout, form, sound))


def _riff_data(file: BinaryIO, size: int, layout: Layout, start: int, length: int, wide: int | None) -> Claim:
    """Returns the claim of a WAV or RF64 from its data chunk.

    start, length: byte where the sound starts, and its promised bytes. wide: byte of the 64-bit size, None without one.
    """
    there, place, code, more = size - start, start - 4, layout.size, False
    if wide is not None and length == 0xFFFFFFFF:
        file.seek(wide)
        place, code, length = wide, "<Q", struct.unpack("<Q", file.read(8).ljust(8, b"\0"))[0]
    endless = length >= (1 << 63 if code == "<Q" else _ENDLESS)
    if length == 0 and there > 0 and not _only_chunks(file, layout, start, size):
        endless = True
    elif 0 < length < there - length:  # if no chunk follows, what does is sound too
        file.seek(start + length)
        names = file.read(5)  # with or without a pad
        more = not any(is_name(names[pad : pad + 4]) for pad in (0, 1))
    if not endless and not more and length <= there:
        return Claim(length, length, "bytes")
    edit = (place, struct.pack(code, there if code == "<Q" else min(there, 0xFFFFFFFF)))
    return Claim(None if endless else length, there, "bytes", more and not endless, edits=(edit,))


def _only_chunks(file: BinaryIO, layout: Layout, at: int, size: int) -> bool:
    """Returns whether chunks, and nothing else, go from byte `at` of a file to its end."""
    for name, start, length in walk(file, layout, at):
        end = start + -(-length // layout.step) * layout.step
        if not is_name(name) or end > size + 1:
            return False
        if end >= size:
            return True
    return False


def _aiff(file: BinaryIO, size: int) -> Claim:
    form, sound = chunk_of(file, AIFF, b"COMM"), chunk_of(file, AIFF, b"SSND")
    if sound is None:
        return Claim(fault="it has no chunk `SSND`, which would be its sound")
    length = sound.length  # 8 bytes of its content are an offset and a block's size
    claim = _plain(length - 8, size - sound.start - 8, endless=length < 8 or length >= _ENDLESS)
    if form is None:
        return replace(claim, fault="it has no chunk `COMM`, which would say what its samples are")
    if in_order(file, AIFF, sound):
        return claim
    return replace(claim, start=sound.start, prefix=described(file, AIFF, form, sound))


def _au(file: BinaryIO, size: int) -> Claim:
    file.seek(0)
    head = file.read(12).ljust(12, b"\0")
    order = ">" if head.startswith(b".snd") else "<"
    start, length = struct.unpack(order + "II", head[4:])
    there = size - start
    endless = length >= _ENDLESS or (length == 0 and there > 0)
    edits = ((8, b"\xff" * 4),) if endless and there > 0 else ()
    return _plain(length, there, endless=endless, edits=edits)


def _w64(file: BinaryIO, size: int) -> Claim:
    found = chunk_of(file, W64, _W64_DATA)
    if found is None:
        return Claim()
    _, start, length = found
    there = size - start
    endless = length + W64.head >= 1 << 63 or (length <= 0 and there > 0)
    edits = ((start - 8, struct.pack("<Q", there + W64.head)),) if endless else ()
    return _plain(length, there, endless=endless, edits=edits)


def _caf(file: BinaryIO, size: int) -> Claim:
    found = chunk_of(file, CAF, b"data")
    if found is None:
        return Claim()
    _, start, length = found  # 4 bytes of its content are a count of edits
    there = size - start - 4
    edit = (start - 8, struct.pack(">q", there + 4))
    return _plain(length - 4, there, endless=length < 4 and there > 0, edits=(edit,))


def _plain(length: int, there: int, *, endless: bool, edits: tuple[tuple[int, bytes], ...] = ()) -> Claim:
    if not endless and length <= there:
        return Claim(length, length, "bytes")
    return Claim(None if endless else length, max(there, 0), "bytes", edits=edits)


def _flac(file: BinaryIO, start: int) -> Claim:
    """Returns the claim of a FLAC file that starts at byte `start`.

    The view hides the total, since the decoder stops there and cannot read on where the total is too small or missing.
    """
    file.seek(start + 4)
    head = file.read(4 + 34)
    if len(head) < 38 or head[0] & 0x7F != 0:
        return Claim()
    total = (head[17] & 0x0F) << 32 | int.from_bytes(head[18:22], "big")
    edit = (start + 4 + 17, bytes([head[17] & 0xF0]) + bytes(4))
    return Claim(total or None, None, "samples a channel", edits=(edit,), frames=total)


def _mp3(file: BinaryIO, start: int) -> Claim:
    found = mpeg.scan(file, start)
    if found is None:
        return Claim()
    seconds = found.frames * found.samples / found.rate if found.whole else None
    if found.promised is not None:
        if found.promised == found.frames or not found.whole:
            return Claim(None, None, seconds=seconds)
        short = found.promised if found.promised > found.frames else found.frames
        return Claim(short, found.frames, "MPEG frames", edits=found.corrected, seconds=seconds)
    if found.constant:
        return Claim(None, None, seconds=seconds)
    return Claim(None, None, start=found.start, prefix=found.header, seconds=seconds)


_TAGGED = (b"RIFF", b"RIFX", b"RF64", b"FORM", b".snd", b"caff")
"""First bytes of containers that sometimes have an ID3 tag before them, though they should not."""

_WALKS: tuple[tuple[tuple[bytes, ...] | bytes, Callable[[BinaryIO, int], Claim]], ...] = (
    ((b"RIFF", b"RIFX", b"RF64", b"BW64"), _riff),
    (b"FORM", _aiff),
    ((b".snd", b"dns."), _au),
    (_W64_RIFF, _w64),
    (b"caff", _caf),
)
