"""A mapped file of shared memory: a header of named fields, then float32 numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from demon_patch.errors import DemonError
from demon_patch.runtime.audio import shared

DATA_AT = 4096
"""Offset of the numbers in the file, in bytes: a page for the header comes before them."""


def header_of(magic: bytes, *fields: tuple[Any, ...]) -> np.dtype[np.void]:
    """Returns the layout of a header: what tells this kind of file from others, then the given fields."""
    assert len(magic) <= 8
    return np.dtype([("magic", "S8"), ("version", "i8"), *fields], metadata={"magic": magic})


class MappedFile:
    """A file of shared memory as one process maps it. It counts as used while this object, or an array of it, lives.

    Raises DemonError for another kind of file, OSError where there is no file.
    """

    HEADER: np.dtype[np.void]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = shared.held(path)
        header = np.fromfile(self._held, self.HEADER, 1)
        if not len(header) or header["magic"][0] != _magic(self.HEADER) or header["version"][0] != shared.FORMAT:
            self._held.close()
            raise DemonError("this is not the memory of an audio process of this version", file=path)
        whole = np.memmap(self._held, np.uint8, "r+").view(np.ndarray)
        fields = whole[: self.HEADER.itemsize].view(self.HEADER)
        self._field = {name: fields[name] for name in self.HEADER.names or ()}
        self._data: NDArray[np.float32] = whole[DATA_AT:].view(np.float32)

    @classmethod
    def _create(cls, numbers: int, what: str, **fields: int) -> Self:
        """Creates a file with so many float32 zeros after its header, in RAM where the system has a folder for that.

        what: is held, for the error. fields: values of the header.

        Raises DemonError with the size where there is no room for it.
        """
        header = np.zeros(1, cls.HEADER)
        values = {"magic": _magic(cls.HEADER), "version": shared.FORMAT, **fields}
        header[0] = tuple(values.get(name, header[name][0]) for name in cls.HEADER.names or ())
        size = DATA_AT + 4 * numbers
        why = "there is no folder for temporary files"
        for folder in shared.folders():
            try:
                with shared.made(folder, header.tobytes(), size) as file:
                    return cls(Path(str(file.name)))
            except (OSError, MemoryError) as error:
                why = str(error)
        raise DemonError(
            f"no memory for {what}, which takes {size / 2**20:.1f} MiB: {why}", mend="free space for temporary files"
        )

    def number(self, name: str) -> int:
        """Returns a whole number of the header."""
        return int(self._field[name][0])

    def release(self) -> None:
        """Ends the use of the file by this object; its arrays keep the memory mapped."""
        self._held.close()

    def remove(self) -> None:
        """Deletes the file. Memory that a process has mapped stays valid until that process ends."""
        shared.remove(self.path)
        self._held.close()


def _magic(header: np.dtype[Any]) -> bytes:
    return bytes((header.metadata or {})["magic"])
