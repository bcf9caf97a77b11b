"""Files that a command writes where the player says: whole or not at all, and over nothing that cannot be made again.

A render may be written over a former render, which carries its patch, and a picture over a picture of ours; over
anything else only where the player forces it. A recording carries its patch too, but cannot be made again.
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
"""What the text `Software` of our pictures says."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = 4096  # bytes of a PNG file within which the texts of ours stand


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
    """Raises DemonError where a render of a patch, and a picture of it, may not be written.

    folder: of the files that the patch reads, over which it is not rendered. clip: takes the place of its source.
    force: over any file. mend: what to do about a file that is there.
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
    """Raises DemonError where a render may not be written. force: over any file."""
    format_of(path)
    _allow(Path(path), force, is_render, "no render of ours", mend)


def allow_picture(path: str | Path, force: bool = False, *, mend: str = FORCE) -> None:
    """Raises DemonError where a picture may not be written. force: over any file."""
    if Path(path).suffix.lower() != ".png":
        raise DemonError("cannot be written as a picture", file=path, mend="name a .png file")
    _allow(Path(path), force, is_picture, "no picture of ours", mend)


def is_picture(path: Path) -> bool:
    """Whether a file is a PNG file that we have drawn."""
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
    """A name for a new file that takes the place of `path` once all went well; until then what is there stays as it is.
    Links stay, and what they point to is replaced.

    Where another program has written to `path` meanwhile, that stays too: the new file has a name after it, and
    DemonError tells it.
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
    """What a file is known by, None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
