"""Writes pages of text at paths that the player names: completely or not at all, and over no file of the player's."""

from __future__ import annotations

from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.patch.files import atomic_file

MADE = "Made by `demon-patch "
"""What every page in Markdown of this program says in its head."""

_HEAD = 4096  # bytes at the start of a page that hold what it says of itself


def check_page(path: str | Path, mark: str = MADE) -> None:
    """Raises DemonError where a page may not be written: over a folder or pipe, and over a file with content that is no
    former page.

    mark: a text in the first 4096 bytes of each former page.
    """
    path = Path(path)
    try:
        if (what := atomic_file.odd_kind(path.stat().st_mode)) != "":
            raise DemonError(f"this is {what}, not a file", file=path, mend="name another file")
        with atomic_file.opened(path) as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    if head and mark.encode() not in head:
        raise DemonError("there is such a file already, and it is no page of ours", file=path, mend="name another file")


def write_page(path: str | Path, text: str, mark: str = MADE) -> Path:
    """Writes a page, and the folder that it lies in; returns its path. Raises DemonError as `check_page` does, and
    where the page cannot be written."""
    path = Path(path)
    check_page(path, mark)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    atomic_file.write(path, text.encode())
    return path


def _unwritable(path: Path, error: OSError | ValueError) -> DemonError:
    return DemonError(f"cannot be written: {atomic_file.reason(error)}", file=path, mend="name another file")
