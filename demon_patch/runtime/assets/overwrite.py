"""Writes files at paths that the player names: completely or not at all, and never over a file that cannot be rendered
again.

A render may replace an earlier render, which carries its patch, and a picture may replace a picture of this program.
Other files are replaced only where the player forces it. A recording carries its patch too, but cannot be rendered
again.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.patch.files.atomic_file import reason
from demon_patch.patch.files.embed import is_render
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.asset_store import located
from demon_patch.runtime.assets.assets import assets_of
from demon_patch.runtime.assets.new_file import opened, refuse_odd
from demon_patch.runtime.assets.recorder import format_of

FORCE = "--force writes over it"
SOFTWARE = "demon-patch"
"""The text `Software` in the pictures of this program."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = 4096  # bytes at the start of a PNG file that hold the texts which this program writes


def allow(
    sound: Path,
    picture: Path | None,
    patch: Patch,
    folder: Path,
    clip: Path | None,
    *,
    force: bool = False,
    mend: str = FORCE,
) -> None:
    """Raises DemonError where the render `sound` of a patch, or its picture, may not be written.

    folder: of the files that the patch reads; the render may replace none of them.
    clip: the file that is played in place of the patch's source; the render may not replace it either.
    force: allows to replace any file.
    mend: the mend of an error about an existing file.
    """
    read = [] if clip is None else [clip]
    for asset in assets_of(patch):
        with suppress(DemonError):  # the error is raised when the file is read
            read.append(located(asset.name, folder))
    for file in () if force else read:
        with suppress(OSError, ValueError):
            if sound.samefile(file):
                raise DemonError("the patch plays this file", file=sound, mend=mend)
    allow_sound(sound, force, mend=mend)
    if picture is not None:
        allow_picture(picture, force, mend=mend)


def allow_sound(path: str | Path, force: bool = False, *, mend: str = FORCE) -> None:
    """Raises DemonError where a render may not be written. force: allows to replace any file."""
    format_of(path)
    _allow(Path(path), force, is_render, "no render of ours", mend)


def allow_picture(path: str | Path, force: bool = False, *, mend: str = FORCE) -> None:
    """Raises DemonError where a picture may not be written. force: allows to replace any file."""
    if Path(path).suffix.lower() != ".png":
        raise DemonError("cannot be written as a picture", file=path, mend="name a .png file")
    _allow(Path(path), force, is_picture, "no picture of ours", mend)


def is_picture(path: Path) -> bool:
    """Returns whether a file is a PNG file that this program has drawn."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEADER)
    except OSError:
        return False
    return head.startswith(_SIGNATURE) and b"tEXtSoftware\0" + SOFTWARE.encode() in head.partition(b"IDAT")[0]


def _allow(path: Path, force: bool, ours: Callable[[Path], bool], what: str, mend: str) -> None:
    try:
        refuse_odd(path)
        there = path.exists() and path.stat().st_size > 0
    except (OSError, ValueError) as error:
        raise DemonError(f"cannot be written: {reason(error)}", file=path, mend="name another file") from None
    if there and not force and not ours(path):
        raise DemonError(f"there is such a file already, and it is {what}", file=path, mend=mend)


@contextmanager
def drafted(path: str | Path) -> Iterator[Path]:
    """Gives the path of a draft to write to. At the end of the context the draft replaces `path`; after an error `path`
    is unchanged. Where `path` is a link, the file that it points to is replaced.

    Where another program has written to `path` meanwhile, that file stays too: the draft gets the next free name, and
    DemonError says which.
    """
    try:
        target = Path(os.path.realpath(path))
        before = _mark(target)
        draft = target.with_name(f".{secrets.token_hex(8)}.part{target.suffix}")
    except (OSError, ValueError) as error:
        raise DemonError(f"cannot be written: {reason(error)}", file=path, mend="name another file") from None
    try:
        yield draft
        if _mark(target) != before:
            fresh, file = opened(target)
            file.close()
            draft.replace(fresh)
            what = "another program has written this file meanwhile"
            raise DemonError(what, file=path, mend=f"what was to be written is in {fresh}")
        if before is not None:
            shutil.copymode(target, draft)
        draft.replace(target)
    except DemonError as error:
        error.file = path if error.file == draft else error.file
        raise
    except OSError as error:
        raise DemonError(f"cannot be written: {reason(error)}", file=path, mend="name another file") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _mark(path: Path) -> tuple[int, ...] | None:
    """Returns numbers by which a change of a file is noticed (device, inode, size in bytes, time of change in ns); None
    where there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
