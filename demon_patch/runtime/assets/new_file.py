"""A new file: it replaces nothing, and what is written into it is looked after while it grows.

Where its name is taken, it counts on: `jam.flac`, `jam-2.flac`, `jam-3.flac`. Names that differ only in case or in the
form of their accents count as taken, because a disk or a player's other computer may hold them to be the same.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.patch.files.atomic_file import reason

if sys.platform != "win32":
    import fcntl

MOST = 9_999
"""The number up to which names are counted on."""

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.part(\.(?:wav|flac))?", re.IGNORECASE)
"""Names of files that are still being written, and take another's place when they are whole."""
_OLD = 60.0  # seconds after which what is written in a moment is not written any more
_PIECE = 2**20
_HEAD = 64  # bytes at the start by which a file is known to be ours still


class NewFile:
    """A file that did not exist before, open and growing at its end.

    path: its name; `asked`: the one that was asked for. size: bytes that lie in it whole. One thread uses it. Raises
    DemonError where no such file can be made.
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
        """Adds bytes at the end: all of them, or none with an OSError."""
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
        """Writes over bytes that lie in it; raises OSError."""
        self._refuse_spoilt()
        self._patches[at] = data
        self._raw.seek(at)
        self._raw.write(data)
        self._note(at, data)

    def sync(self) -> None:
        """Waits until all is on the disk; raises OSError."""
        getattr(os, "fdatasync", os.fsync)(self._raw.fileno())

    def close(self) -> None:
        """Closes it; a second time it does nothing."""
        self._raw.close()

    def discard(self) -> None:
        """Closes it and takes it away, unless another file has taken its place."""
        try:
            if self.gone() is None:
                self.close()
                self.path.unlink()
        except OSError:
            pass
        finally:
            self.close()

    def spoilt(self) -> bool:
        """Whether another program has cut it short or written over it; then it is left alone. Raises OSError."""
        if not self._spoilt:
            self._raw.seek(0)
            short = os.fstat(self._raw.fileno()).st_size < self.size
            self._spoilt = short or self._raw.read(len(self._head)) != self._head
        return self._spoilt

    def gone(self) -> str | None:
        """What became of the file under its name: None while it is there, else "deleted", "replaced by another file" or
        "moved". Raises OSError."""
        own = os.fstat(self._raw.fileno())
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return "moved" if own.st_nlink else "deleted"
        if (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino):
            return None
        return "replaced by another file"

    def found(self) -> Path | None:
        """Where a file lies that was moved, as far as the system tells; it is the file's path from then on."""
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
        """Writes all that lies in it into another new file, and goes on there: in its folder, else in `shelter`, else
        in the nearest folder above, else in the player's home. meanwhile: called after each piece, may add to the
        file. Raises DemonError where there is no room anywhere; the file then stays as it is."""
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
        """Keeps what its first bytes are."""
        if at < _HEAD:
            self._head[at : at + len(data)] = data
            del self._head[_HEAD:]

    def _sheltered(self, shelter: Path | None) -> NewFile:
        """A new file of the same name in the first folder that takes one."""
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
    """The first free name, and the empty file that has it now; raises OSError."""
    taken = _names(asked.parent)
    for path in _counted(asked):
        if _form(path.name) not in taken:
            with suppress(FileExistsError):
                return path, path.open("xb+", buffering=0)
    raise OSError(f"{asked.name} and {MOST} names after it are taken")


def refuse_odd(path: Path) -> None:
    """Raises DemonError for what is there and is no ordinary file, links followed; OSError where it cannot be seen."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise DemonError("this is a folder", file=path, mend="name a file in it")
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise DemonError(f"this is {kind}, not a file", file=path, mend="name another file")


def _sweep(folder: Path) -> None:
    """Takes away the drafts of programs that were killed: of sound where no program writes it, of other files (which
    are written in a moment) where they are old."""
    for name in _listed(folder):
        if draft := _DRAFT.fullmatch(name):
            with suppress(OSError):
                left = not _is_held(folder / name) if draft[1] else time.time() - (folder / name).stat().st_mtime > _OLD
                if left:
                    (folder / name).unlink()


def _is_held(path: Path) -> bool:
    """Whether a program still writes a new file, as far as can be told."""
    try:
        with path.open("r+b", buffering=0) as file:
            return not _hold(file)
    except OSError:
        return True


def _hold(file: FileIO) -> bool:
    """Marks a file as one that is being written, until it is closed; False where another program has done so, or where
    there are no such marks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _counted(path: Path) -> Iterator[Path]:
    """The name that was asked for, and those after it."""
    yield path
    for number in range(2, MOST + 2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _names(folder: Path) -> set[str]:
    """The names in a folder, in one form."""
    return {_form(name) for name in _listed(folder)}


def _listed(folder: Path) -> list[str]:
    """The names in a folder; nothing where they are not to be seen."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _form(name: str) -> str:
    """The same for all names that some disk holds to be the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
