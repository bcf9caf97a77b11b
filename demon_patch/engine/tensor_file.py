"""Reads safetensors files without torch: first the header, then one tensor at a time as float32.

A file is not trusted. Its header must be at most 16 MiB of JSON. Its tensors must follow one another without gaps or
overlaps, as the format demands, and fill the file exactly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.errors import WeightsError

MAX_HEADER = 16 * 2**20
MAX_BYTES = 2**30
MAX_TENSORS = 20_000
MAX_DIMENSIONS = 8

AGAIN = "get the file again, or save it again"
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
"""Bytes of one number, by kind of number, for the kinds that `TensorFile.read` takes."""
_OTHERS = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8, "F8_E8M0": 1}


@dataclass(frozen=True, slots=True)
class Stored:
    """The header entry of a tensor: its kind of numbers (such as F32), its shape, and its bytes in the file, from
    `start` up to, but not including, `end`."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


class TensorFile:
    """A safetensors file whose header is read.

    most: the largest size of the file in bytes, `MAX_BYTES` by default.
    tensors: header entries by name, in the order of the header.
    metadata: texts by name.
    Raises WeightsError if the file is missing, too large, or no safetensors file.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        self.path, most = path, MAX_BYTES if most is None else most
        try:
            size = path.stat().st_size
            if size > most:
                raise WeightsError(f"it has {size / 2**20:.0f} MiB", mend=f"use a file below {most >> 20} MiB")
            with path.open("rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                if size < 8 or length > size - 8:
                    raise _damaged("its header is longer than the file, or it was cut off")
                if length > MAX_HEADER:
                    raise _damaged(f"its header has {length} bytes")
                text = stream.read(length)
        except OSError as error:
            raise WeightsError(f"it cannot be read: {error.strerror or error}", mend="check the path") from None
        self._begin = 8 + length
        self.metadata, self.tensors = _header(text, self._begin, size)

    def read(self, name: str) -> NDArray[np.float32]:
        """Reads a tensor and returns it as float32. Raises WeightsError for whole numbers and other kinds that are not
        read, and for a file that cannot be read."""
        stored = self.tensors[name]
        if stored.kind not in _BYTES:
            raise WeightsError(
                f"{shown(name)} holds numbers of kind {stored.kind}, which are not read",
                mend="save it as float32, float16, bfloat16 or float8",
            )
        try:
            with self.path.open("rb") as stream:
                stream.seek(stored.start)
                content = stream.read(stored.end - stored.start)
        except OSError as error:
            raise WeightsError(f"it cannot be read: {error.strerror or error}", mend="check the path") from None
        if len(content) != stored.end - stored.start:
            raise _damaged("it was cut off")
        return _numbers(content, stored.kind).reshape(stored.shape)

    def with_metadata(self, metadata: Mapping[str, str]) -> bytes:
        """Returns the bytes of a safetensors file with the same tensors and with `metadata` in place of its own. Equal
        input gives equal bytes."""
        header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
        for name, stored in self.tensors.items():
            offsets = [stored.start - self._begin, stored.end - self._begin]
            header[name] = {"dtype": stored.kind, "shape": list(stored.shape), "data_offsets": offsets}
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        with self.path.open("rb") as stream:
            stream.seek(self._begin)
            return len(text).to_bytes(8, "little") + text + stream.read()

    def whole_number(self, name: str) -> float:
        """Returns the number of a tensor that holds one whole number. The caller checks that it does."""
        stored = self.tensors[name]
        with self.path.open("rb") as stream:
            stream.seek(stored.start)
            content = stream.read(stored.end - stored.start)
        return float(int.from_bytes(content, "little", signed=stored.kind.startswith("I")))


def shown(text: str) -> str:
    """Returns a name from a file in the form for messages: quoted, escaped, cut to 80 characters."""
    return ascii(text if len(text) <= 80 else f"{text[:77]}...")


def _damaged(what: str) -> WeightsError:
    return WeightsError(f"no tensors can be read from it: {what}", mend=AGAIN)


def _header(text: bytes, begin: int, size: int) -> tuple[Mapping[str, str], Mapping[str, Stored]]:
    try:
        given = json.loads(text.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _damaged("its header is no JSON, or names a tensor twice") from None
    if not isinstance(given, dict):
        raise _damaged("its header is no JSON object")
    metadata = given.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _damaged("its metadata are not texts by name")
    if len(given) > MAX_TENSORS:
        raise WeightsError(f"it holds {len(given)} tensors", mend=f"use a file of at most {MAX_TENSORS}")
    tensors = {name: _stored(name, entry, begin) for name, entry in given.items()}
    at = begin
    for name, stored in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if stored.start != at:
            raise _damaged(f"{shown(name)} overlaps another tensor, or leaves a gap before it")
        at = stored.end
    if at != size:
        raise _damaged(f"its tensors end at byte {at} of {size}")
    return metadata, tensors


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _stored(name: str, entry: object, begin: int) -> Stored:
    """Returns a tensor's header entry. Raises WeightsError if its kind, shape and number of bytes do not agree."""
    match entry:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(start), int(end)]}:
            pass
        case _:
            raise _damaged(f"{shown(name)} has no kind, shape and place")
    whole = all(isinstance(length, int) and not isinstance(length, bool) and 0 <= length < 2**40 for length in shape)
    if len(shape) > MAX_DIMENSIONS or not whole:
        raise _damaged(f"{shown(name)} has no possible shape")
    each = _BYTES.get(kind, _OTHERS.get(kind))
    fits = 0 <= start <= end and (each is None or end - start == each * math.prod(shape))
    if not fits:
        raise _damaged(f"the shape and the size of {shown(name)} do not agree")
    return Stored(kind, tuple(shape), begin + start, begin + end)


def _numbers(content: bytes, kind: str) -> NDArray[np.float32]:
    if kind == "BF16":
        return (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
    if kind == "F8_E5M2":  # the upper half of a float16
        return (np.frombuffer(content, np.uint8).astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    if kind == "F8_E4M3":
        return _E4M3[np.frombuffer(content, np.uint8)]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.frombuffer(content, {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[kind]).astype(np.float32)


def _e4m3(code: int) -> float:
    """Returns the number of an 8-bit code in the format E4M3: a sign bit, 4 bits of exponent with bias 7, 3 of
    mantissa.

    There is no infinity; the codes 127 and 255 are NaN.
    """
    sign, exponent, mantissa = -1.0 if code & 0x80 else 1.0, code >> 3 & 15, code & 7
    if code & 0x7F == 0x7F:
        return math.nan
    return sign * (mantissa / 8 * 2.0**-6 if exponent == 0 else (1 + mantissa / 8) * 2.0 ** (exponent - 7))


_E4M3 = np.array([_e4m3(code) for code in range(256)], np.float32)
