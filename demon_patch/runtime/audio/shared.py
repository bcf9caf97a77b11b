"""The files that hold shared memory: created, held while a process uses them, deleted when no process does.

A process that uses a file holds a shared lock on it (`flock`), which the system releases when the process ends in any
way. A file on which an exclusive lock can be taken is used by no process. Windows has no such locks but refuses to
delete a file in use: there, a file that can be deleted was used by no process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

PREFIX = "demon-patch-audio-"
FORMAT = 4  # number of the memory layout and of the locking
NAME = f"{PREFIX}{FORMAT}-"
"""How the names of files start that are locked as this module describes, in this FORMAT."""
ZEROS = bytes(2**20)

_made: set[Path] = set()  # files that this process created and has not removed yet


def folders() -> list[Path]:
    """Returns the folders for the files, the best first: one in RAM where the system has it, then that of temporary
    files."""
    found = [Path("/dev/shm")] if sys.platform == "linux" else []
    with contextlib.suppress(OSError):
        found.append(Path(tempfile.gettempdir()))
    return found


def made(folder: Path, start: bytes, size: int) -> BinaryIO:
    """Creates, holds and returns a file of `size` bytes that begins with `start`. Raises OSError where there is no
    room: all of it is written, so that the room is really there.

    The file is deleted when this process ends normally; otherwise another process deletes it with `collect`.
    """
    path = folder / f"{NAME}{os.getpid()}-{secrets.token_hex(6)}"
    _made.add(path)  # before it exists: whatever interrupts us from here on, it is deleted at the end
    file = open(path, "x+b", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115 - returned
    try:
        _lock(file)
        file.write(start)
        for at in range(len(start), size, len(ZEROS)):
            file.write(ZEROS[: size - at])
        file.flush()
        if _deleted(file):  # by another host that collected it before it was locked
            raise FileNotFoundError(f"{path} was deleted")
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        remove(path)
        raise
    return file


def held(path: Path) -> BinaryIO:
    """Opens and returns a file, held until it is closed. Raises OSError where it does not exist."""
    file = path.open("r+b")
    _lock(file)
    if _deleted(file):
        file.close()
        raise FileNotFoundError(f"{path} was deleted")
    return file


def remove(path: Path) -> None:
    """Deletes a file. Memory that a process has mapped stays valid until that process ends."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    _made.discard(path)


def collect() -> int:
    """Deletes this user's files that no process uses; returns how many."""
    found = [path for folder in folders() for path in _named(folder)]
    return sum(map(collected, found))


def collected(path: Path) -> bool:
    """Deletes a file if it is this user's and no process uses it; returns whether it was deleted."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            path.unlink()
            return True
        return False
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            facts = os.fstat(handle)
            if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid():
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                return True
        finally:
            os.close(handle)
    return False


def _named(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.glob(f"{NAME}*"))
    return []


if sys.platform == "win32":

    def _lock(file: BinaryIO) -> None:
        """Does nothing: Windows refuses to delete an open file."""

    def _deleted(file: BinaryIO) -> bool:
        return False

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        with contextlib.suppress(OSError):  # a file system without locks: its files are never collected
            fcntl.flock(file, fcntl.LOCK_SH)

    def _deleted(file: BinaryIO) -> bool:
        return os.fstat(file.fileno()).st_nlink == 0


@atexit.register
def _leave() -> None:
    """Deletes the files that this process created, when it ends normally."""
    for path in list(_made):
        if path.name.startswith(f"{NAME}{os.getpid()}-"):  # not in a forked copy of the process
            remove(path)
