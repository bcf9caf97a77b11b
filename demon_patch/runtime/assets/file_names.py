"""Names of files as a patch on any machine may write them, and the files that they mean on this one.

A name means the same file everywhere, or it is refused everywhere: separators are slashes, capitals are as on the disk,
nothing leads out of the patch's folder. Accents may be composed or not: é is found by either spelling.
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
    """The file that a patch in `folder` means by a name; raises SourceError that says how to write it."""
    plain = spelled(name, folder)
    try:
        asset_names.checked(plain)
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
    """A name as a message shows it: as it is. One with characters that cannot be seen, or of more than 240, is quoted:
    escaped, and cut to 46 characters."""
    return name if name.isprintable() and len(name) <= asset_names.LONGEST else quoted(name)


def spelled(name: str, folder: Path) -> str:
    """The one way to write a name of a file in a folder, as a/b.wav for ./a/../a/b.wav; raises SourceError for a
    backslash, and for a name that begins at the root of a machine."""
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
    """The error for a name that leads out of the patch's folder; written: of a file that is made, not read."""
    mend = f"name a file within {folder}" if written else f"copy the file beside the patch, into {folder}"
    return SourceError(f"{shown(name)} lies outside the patch's folder", mend=mend)


def _called(part: str, folder: Path) -> str | None:
    """What a file is called on the disk: exactly so, or with its accents spelled otherwise, or with other capitals."""
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
    """The error for a file that is not there; it names one that is called nearly so, or so with another suffix."""
    try:
        stems = {Path(entry).stem.casefold(): entry for entry in sorted(os.listdir(folder))[:2000]}
    except OSError:
        stems = {}
    near = get_close_matches(Path(part).stem.casefold(), stems, 1, 0.75)
    mend = f"is {shown(stems[near[0]])} meant?" if near else "check its name, or copy the file into the patch's folder"
    return SourceError(f"there is no such file: {shown(name)}", mend=mend)
