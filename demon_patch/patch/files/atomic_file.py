"""Reads files up to a limit, and writes files whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from demon_patch import links
from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean

_LISTED = 1000  # the most files of a folder among which a similar name is sought


def opened(path: str | Path) -> BinaryIO:
    """Opens an ordinary file for reading bytes. For a folder, pipe or device it raises OSError and does not wait."""
    _ordinary(os.stat(path))
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _ordinary(os.fstat(handle))
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def read(path: str | Path, limit: int) -> bytes:
    """Reads the bytes of an ordinary file, at most `limit` + 1, so that the caller notices a file that is too long.
    Raises PatchError if it cannot be read."""
    try:
        with opened(path) as stream:
            return stream.read(min(limit, os.fstat(stream.fileno()).st_size) + 1)
    except (OSError, ValueError) as error:
        if wrong := links.broken(path):
            raise PatchError(f"cannot be read: it is {wrong}", file=path, mend=links.MEND) from None
        raise PatchError(f"cannot be read: {reason(error)}", file=path, mend=_beside(Path(path))) from None


def _beside(path: Path) -> str:
    """Returns the mend for a file that cannot be read: similar names in its folder if it does not exist."""
    try:
        names = [] if path.exists() else [entry.name for entry in islice(os.scandir(path.parent), _LISTED)]
    except (OSError, ValueError):
        names = []
    return did_you_mean(path.name, (name for name in names if name.endswith(path.suffix)), "check the path")


def write(path: str | Path, content: bytes | Iterable[bytes], *, follow: bool = True) -> None:
    """Writes a file whole or not at all: the old file stays unchanged until the new one is on disk. Raises PatchError,
    also where the path is that of a folder, pipe, socket or device, which stays.

    content: all bytes, or pieces of them in order.
    follow: for a symbolic link, writes the file that it points to; if False, the new file replaces the link.
    """
    try:
        target = Path(os.path.realpath(path)) if follow else Path(path)
        if what := _odd_target(target):
            raise PatchError(f"cannot be written: this is {what}, not a file", file=path, mend="name another file")
        draft = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with draft.open("xb") as stream:
                for piece in (content,) if isinstance(content, bytes) else content:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            if target.is_file() and not target.is_symlink():
                shutil.copymode(target, draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise PatchError(f"cannot be written: {reason(error)}", file=path, mend="save it elsewhere") from None


def reason(error: OSError | ValueError) -> str:
    """Returns the system's words for why a file could not be read or written."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def odd_kind(mode: int) -> str:
    """Returns what something that is no ordinary file is, from its mode (`st_mode`): "a folder", "a pipe", "a socket"
    or "a device"; empty for an ordinary file."""
    if stat.S_ISREG(mode):
        return ""
    return (
        "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else
        "a socket" if stat.S_ISSOCK(mode) else "a device"
    )  # fmt: skip


def _odd_target(target: Path) -> str:
    """Returns `odd_kind` of what a new file would replace; empty where there is nothing, and for a link, which is
    replaced itself. Raises OSError."""
    try:
        mode = target.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return "" if stat.S_ISLNK(mode) else odd_kind(mode)


def _ordinary(about: os.stat_result) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
