"""Counts MPEG audio frames (MP3) one by one: the only way to know the length of a file of variable bit rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

_KBIT = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # version 1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # versions 2 and 2.5
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MOST = 1_000_000  # frames that are walked: more than seven hours
_LOST = 2**20  # bytes without a frame after which no more are looked for
_ALIKE = 0x00180C00  # bits of a header that stay through a file: version and rate


@dataclass(frozen=True, slots=True)
class Frames:
    """The MPEG frames of a file.

    start: byte of the first frame that is sound.
    frames, samples, rate: the number of frames, samples a frame, and samples a second.
    whole: whether all frames were counted.
    constant: whether all have one bit rate.
    promised: the number of frames in the tag (Xing, Info); None without a tag.
    corrected: edits (byte of the file, new bytes) that write the true numbers into the tag.
    header: a frame with such a tag, for a file without one.
    """

    start: int
    frames: int
    samples: int
    rate: int
    whole: bool
    constant: bool
    promised: int | None
    corrected: tuple[tuple[int, bytes], ...]
    header: bytes


def after_tag(file: BinaryIO) -> int:
    """Returns the number of the byte after the ID3v2 tags at the start of a file."""
    at = 0
    for _ in range(16):
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            break
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return at


def scan(file: BinaryIO, start: int) -> Frames | None:
    """Returns the frames of a file from byte `start` on, which padding may precede.

    None where no two frames in a row begin there.
    """
    first = _first(file, start)
    if first is None:
        return None
    at, head = first
    length, tag = _length(head), _tag(file, at, head)
    sound, promised, places = (at + length, *tag) if tag else (at, None, ())
    count, end, constant, whole = _count(file, sound, head)
    edits = tuple((place, number.to_bytes(4, "big")) for place, number in zip(places, (count, end - at), strict=False))
    version = head >> 19 & 3
    rate = _RATES[version][head >> 10 & 3]
    return Frames(
        sound, count, 1152 if version == 3 else 576, rate, whole, constant, promised, edits, _made(head, count)
    )


def _first(file: BinaryIO, start: int) -> tuple[int, int] | None:
    """Returns the first frame that another frame follows: its byte and its header; None where there is none."""
    file.seek(start)
    data = file.read(_LOST // 16)
    for at in range(max(len(data) - 4, 0)):
        if data[at] == 0xFF and (length := _length(head := int.from_bytes(data[at : at + 4], "big"))):
            after = int.from_bytes(data[at + length : at + length + 4], "big")
            if _length(after) and not (after ^ head) & _ALIKE:
                return start + at, head
    return None


def _count(file: BinaryIO, at: int, like: int) -> tuple[int, int, bool, bool]:
    """Counts frames from byte `at` on.

    Returns their number, the byte after the last, whether all have one bit rate, and whether all were counted.
    """
    count, end, constant, lost = 0, at, True, 0
    rate = None
    file.seek(at)
    while count < _MOST and lost < _LOST:
        head = int.from_bytes(data := file.read(4), "big")
        if len(data) < 4:
            return count, end, constant, True
        length = _length(head) if not (head ^ like) & _ALIKE else 0
        if length:
            count, at, lost = count + 1, at + length, 0
            end = at
            constant = constant and (rate is None or rate == head & 0xF000)
            rate = head & 0xF000
            file.seek(length - 4, 1)
        else:
            file.seek(at + 1)
            piece = file.read(4096)
            next_ = piece.find(b"\xff")
            step = 1 + (len(piece) if next_ < 0 else next_)
            at, lost = at + step, lost + step
            file.seek(at)
    return count, end, constant, lost >= _LOST


def _length(head: int) -> int:
    """Returns the bytes of a frame of layer III from its header, 0 where it is no such header."""
    version, kbit, rate = head >> 19 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or head >> 17 & 3 != 1 or kbit in (0, 15) or rate == 3:
        return 0
    samples = 144 if version == 3 else 72
    return samples * _KBIT[3 if version == 3 else 2][kbit] * 1000 // _RATES[version][rate] + (head >> 9 & 1)


def _side(head: int) -> int:
    """Returns the byte within a frame at which a tag begins: after its header and its side information."""
    mono = head >> 6 & 3 == 3
    return 4 + ((17 if mono else 32) if head >> 19 & 3 == 3 else (9 if mono else 17))


def _tag(file: BinaryIO, at: int, head: int) -> tuple[int | None, tuple[int, ...]] | None:
    """Returns the number of frames that the tag in a frame promises, and the bytes of the file where this number and
    the number of bytes are written. None without a tag."""
    file.seek(at)
    data = file.read(_length(head))
    place = _side(head)
    if data[36:40] == b"VBRI":
        return None, ()
    if data[place : place + 4] not in (b"Xing", b"Info"):
        return None
    flags = data[place + 7] if len(data) > place + 15 else 0
    if not flags & 1:
        return None, ()
    places = (at + place + 8, *((at + place + 12,) if flags & 2 else ()))
    return int.from_bytes(data[place + 8 : place + 12], "big"), places


def _made(head: int, frames: int) -> bytes:
    """Returns a silent frame with a tag that contains the number of frames. It has no check sum and is long enough for
    the tag."""
    head = head & ~0xF200 | 0x9000 | 0x10000
    frame = bytearray(_length(head))
    place = _side(head)
    frame[:4] = head.to_bytes(4, "big")
    frame[place : place + 12] = b"Xing" + (1).to_bytes(4, "big") + frames.to_bytes(4, "big")
    return bytes(frame)
