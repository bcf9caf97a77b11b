"""Writes a new file that replaces nothing, and guards it while it grows.

Where its name is taken, the file gets the next free one: `jam.flac`, `jam-2.flac`, `jam-3.flac`. Names that differ only
in case or in the form of their accents count as taken, because another disk or computer may treat them as equal.
"""

from __future__ import annotations

import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.patch.files.atomic_file import odd_kind, reason

if sys.platform != "win32":
    import fcntl

MOST = 9_999
"""How many names with a number are tried after the one that was asked for."""

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.part(\.(?:wav|flac))?", re.IGNORECASE)
"""Names of files that are still being written and replace another file when they are complete."""
_OLD = 60.0  # seconds after which a draft without sound counts as left behind
_PIECE = 2**20
_HEAD = 64  # bytes at the start by which a change by another program is noticed


class NewFile:
    """A file that this object has created and that grows at its end.

    asked: the path that was asked for.
    path: the path that the file has.
    size: bytes that are completely in the file.

    One thread uses it. Raises DemonError where no such file can be created.
    """

    def __init__(self, asked: str | Path) -> None:
        self.asked, self.size = Path(asked), 0
        self._patches: dict[int, bytes] = {}
        self._head = bytearray()
        self._spoilt = False
        try:
            refuse_odd(self.asked)
            self.asked.parent.mkdir(parents=True, exist_ok=True)
            _sweep(self.asked.parent)
            self.path, self._raw = opened(self.asked)
            _hold(self._raw)
        except (OSError, ValueError) as error:
            raise DemonError(
                f"cannot be written: {reason(error)}", file=asked, mend="name a file in a folder with room for it"
            ) from error

    def append(self, data: bytes) -> None:
        """Adds bytes at the end: all of them, or none and raises OSError."""
        self._refuse_spoilt()
        try:
            self._raw.seek(self.size)
            rest = memoryview(data)
            while rest:
                rest = rest[self._raw.write(rest) :]
        except OSError:
            self._raw.truncate(self.size)
            raise
        self._note(self.size, data)
        self.size += len(data)

    def patch(self, at: int, data: bytes) -> None:
        """Overwrites bytes in the file from the byte offset `at` on. Raises OSError."""
        self._refuse_spoilt()
        self._patches[at] = data
        self._raw.seek(at)
        self._raw.write(data)
        self._note(at, data)

    def sync(self) -> None:
        """Waits until all bytes are on the disk. Raises OSError."""
        getattr(os, "fdatasync", os.fsync)(self._raw.fileno())

    def close(self) -> None:
        """Closes the file. A second call does nothing."""
        self._raw.close()

    def discard(self) -> None:
        """Closes the file and deletes it, unless another file has its path now."""
        try:
            if self.gone() is None:
                self.close()
                self.path.unlink()
        except OSError:
            pass
        finally:
            self.close()

    def spoilt(self) -> bool:
        """Returns whether another program has shortened or overwritten the file; nothing more is written to it then.
        Raises OSError."""
        if not self._spoilt:
            self._raw.seek(0)
            short = os.fstat(self._raw.fileno()).st_size < self.size
            self._spoilt = short or self._raw.read(len(self._head)) != self._head
        return self._spoilt

    def gone(self) -> str | None:
        """Returns None while the file is at its path, else "deleted", "replaced by another file" or "moved". Raises
        OSError."""
        own = os.fstat(self._raw.fileno())
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return "moved" if own.st_nlink else "deleted"
        if (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino):
            return None
        return "replaced by another file"

    def found(self) -> Path | None:
        """Returns the path of a file that was moved, and makes it `path`; None where the system does not tell."""
        own = os.fstat(self._raw.fileno())
        try:
            path = Path(os.readlink(f"/proc/self/fd/{self._raw.fileno()}"))
            there = path.stat()
        except OSError:
            return None
        if not own.st_nlink or (own.st_dev, own.st_ino) != (there.st_dev, there.st_ino):
            return None
        self.path = path
        return path

    def rescue(self, shelter: Path | None, meanwhile: Callable[[], None]) -> None:
        """Copies the content into another new file and continues there: in the file's folder, else in `shelter`, else
        in the nearest folder above, else in the player's home.

        meanwhile: called after each piece; it may add to the file.

        Raises DemonError where no folder has room; nothing is changed then.
        """
        fresh = self._sheltered(shelter)
        try:
            while fresh.size < self.size:
                self._raw.seek(fresh.size)
                fresh.append(self._raw.read(min(self.size - fresh.size, _PIECE)))
                meanwhile()
            for at, data in self._patches.items():
                fresh.patch(at, data)
            fresh.sync()
        except (OSError, DemonError) as error:
            fresh.discard()
            what = reason(error) if isinstance(error, OSError) else error.what
            raise DemonError(f"cannot be written anew: {what}", file=fresh.path) from error
        self._raw.close()
        self.path, self._raw = fresh.path, fresh._raw

    def _refuse_spoilt(self) -> None:
        if self._spoilt:
            raise OSError("another program has written over it")

    def _note(self, at: int, data: bytes) -> None:
        """Remembers the first _HEAD bytes of the file."""
        if at < _HEAD:
            self._head[at : at + len(data)] = data
            del self._head[_HEAD:]

    def _sheltered(self, shelter: Path | None) -> NewFile:
        """Creates a new file of the same name in the first folder that accepts one, and returns it. Raises
        DemonError."""
        here = self.path.absolute().parent
        folders = [here, *([shelter] if shelter else []), *list(here.parents)[:-1]]
        with suppress(RuntimeError):  # of a player without a home
            folders.append(Path.home())
        failed: DemonError | None = None
        for folder in folders:
            if folder.is_dir():
                try:
                    return NewFile(folder / self.path.name)
                except DemonError as error:
                    failed = failed or error
        raise failed or DemonError("no folder takes it", file=self.path)


def opened(asked: Path) -> tuple[Path, FileIO]:
    """Creates an empty file under the first free name; returns its path and the open file. Raises OSError."""
    taken = _names(asked.parent)
    for path in _counted(asked):
        if _form(path.name) not in taken:
            with suppress(FileExistsError):
                return path, path.open("xb+", buffering=0)
    raise OSError(f"{asked.name} and {MOST} names after it are taken")


def refuse_odd(path: Path) -> None:
    """Raises DemonError where the path, with links followed, is a folder, pipe, socket or device; OSError where this
    cannot be found out. A path where nothing exists is good."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    kind = odd_kind(mode)
    if kind == "a folder":
        raise DemonError("this is a folder", file=path, mend="name a file in it")
    if kind:
        raise DemonError(f"this is {kind}, not a file", file=path, mend="name another file")


def _sweep(folder: Path) -> None:
    """Deletes the drafts that killed programs left in a folder: drafts of sound where no program writes them, others
    where they are older than _OLD seconds, since these are written in a moment."""
    for name in _listed(folder):
        if draft := _DRAFT.fullmatch(name):
            with suppress(OSError):
                left = not _is_held(folder / name) if draft[1] else time.time() - (folder / name).stat().st_mtime > _OLD
                if left:
                    (folder / name).unlink()


def _is_held(path: Path) -> bool:
    """Returns whether a program is still writing a new file, as far as the system tells; True where it cannot be
    opened."""
    try:
        with path.open("r+b", buffering=0) as file:
            return not _hold(file)
    except OSError:
        return True


def _hold(file: FileIO) -> bool:
    """Locks a file as being written until it is closed. Returns False where another program has locked it, or where
    there are no such locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _counted(path: Path) -> Iterator[Path]:
    """Yields the path that was asked for, then those with the numbers 2, 3, ... after the name."""
    yield path
    for number in range(2, MOST + 2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _names(folder: Path) -> set[str]:
    """Returns the names in a folder, in the form of `_form`."""
    return {_form(name) for name in _listed(folder)}


def _listed(folder: Path) -> list[str]:
    """Returns the names in a folder; an empty list where it cannot be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _form(name: str) -> str:
    """Returns a form of a name that is equal for all names that some disk treats as equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
