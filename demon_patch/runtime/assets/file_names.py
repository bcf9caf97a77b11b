"""Checks names of files in patches, and finds the files that they mean on this machine.

A name means the same file on every machine, or is refused on every machine: separators are slashes, capital letters are
those on the disk, no name leads out of the patch's folder. An accent may be a character of its own or part of its
letter: either spelling finds é.
"""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from demon_patch.errors import PatchError, SourceError
from demon_patch.patch.files import asset_names
from demon_patch.patch.model.json_values import quoted

_OTHER_ROOT = re.compile(r"[A-Za-z]:[\\/]|\\\\|//")  # of Windows: a drive, or a machine in the network


def located(name: str, folder: Path) -> Path:
    """Returns the path of the file that a patch in `folder` names. Raises SourceError, which says how to write the
    name."""
    plain = spelled(name, folder)
    try:
        asset_names.safe_name(plain)
    except PatchError as error:
        raise SourceError(error.what, mend=error.mend) from None
    found, wanted = folder, ""
    for part in plain.split("/"):
        there = _called(part, found)
        if there is None:
            raise _missing(name, found, part)
        same = unicodedata.normalize("NFC", there) == unicodedata.normalize("NFC", part)
        found, wanted = found / there, posixpath.join(wanted, part if same else there)
    if wanted != plain:
        raise SourceError(
            f"{shown(name)} is called {shown(wanted)} here; other machines distinguish capital letters",
            mend=f"write {shown(wanted)}",
        )
    return found


def shown(name: str) -> str:
    """Returns a name for a message: unchanged, or quoted (escaped, and cut to 46 characters) where it has characters
    that cannot be seen, or more than 240 characters."""
    return name if name.isprintable() and len(name) <= asset_names.LONGEST else quoted(name)


def spelled(name: str, folder: Path) -> str:
    """Returns the shortest spelling of a file's name in a folder: a/b.wav for ./a/../a/b.wav. Raises SourceError for a
    backslash, for an absolute path, and for a name that leads out of the folder."""
    if "\0" in name or _OTHER_ROOT.match(name):
        raise outside(name, folder)
    if "\\" in name:
        raise SourceError(
            f"{shown(name)} has a backslash, which separates folders only on Windows",
            mend=f"write {shown(posixpath.normpath(name.replace(chr(92), '/')))}",
        )
    if PurePosixPath(name).is_absolute():
        try:
            relative = Path(name).relative_to(folder)
        except ValueError:
            raise outside(name, folder) from None
        raise SourceError(
            f"{shown(name)} is a path that only this machine has", mend=f"write {shown(relative.as_posix())}"
        )
    plain = posixpath.normpath(name)
    if plain.split("/")[0] == "..":
        raise outside(name, folder)
    return plain


def outside(name: str, folder: Path, *, written: bool = False) -> SourceError:
    """Returns the error for a name that leads out of the patch's folder.

    written: the file is to be written, not read.
    """
    mend = f"name a file within {folder}" if written else f"copy the file beside the patch, into {folder}"
    return SourceError(f"{shown(name)} lies outside the patch's folder", mend=mend)


def _called(part: str, folder: Path) -> str | None:
    """Returns the name on the disk of a file or folder in `folder`: equal to `part`, else with its accents spelled
    otherwise, else with other capital letters. None where there is none."""
    try:
        entries = sorted(os.listdir(folder))
    except NotADirectoryError:
        return None
    except OSError:  # a folder that may be entered, but not listed
        return part if os.path.lexists(folder / part) else None
    if part in entries:
        return part
    for alike in (lambda text: unicodedata.normalize("NFC", text), _folded):
        if same := next((entry for entry in entries if alike(entry) == alike(part)), None):
            return same
    return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _missing(name: str, folder: Path, part: str) -> SourceError:
    """Returns the error for a file that does not exist; its mend names a file with a similar name or another suffix."""
    try:
        stems = {Path(entry).stem.casefold(): entry for entry in sorted(os.listdir(folder))[:2000]}
    except OSError:
        stems = {}
    near = get_close_matches(Path(part).stem.casefold(), stems, 1, 0.75)
    mend = f"is {shown(stems[near[0]])} meant?" if near else "check its name, or copy the file into the patch's folder"
    return SourceError(f"there is no such file: {shown(name)}", mend=mend)
