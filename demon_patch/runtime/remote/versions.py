"""Keeps versions of a document by themselves: the edits that no file holds survive the program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import time
from typing import NamedTuple

from platformdirs import user_data_path

from demon_patch.errors import PatchError
from demon_patch.patch.files import atomic_file
from demon_patch.patch.files.format import SIZE, dumps, loads
from demon_patch.patch.model.document import Patch

FOLDER = "DEMON_PATCH_VERSIONS"
"""The environment variable that names a folder to keep versions in, in place of the user's."""
MOST = 20  # versions of one patch file
SUFFIX = ".dpatch.json"
UNSAVED = f"unsaved{SUFFIX}"


class KeptVersion(NamedTuple):
    """A version that is kept. name: of its file. at: when it was kept, seconds since 1970. bytes: its size."""

    name: str
    at: float
    bytes: int


class Versions:
    """The versions of one patch file, in a folder of this user. Every method raises PatchError where the folder cannot
    be used.

    file: the patch file; None for a patch without one.
    """

    def __init__(self, file: Path | None) -> None:
        home = Path(os.environ.get(FOLDER) or user_data_path("demon-patch", appauthor=False) / "versions")
        named = "" if file is None else str(file.resolve())
        self.folder = home / sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._file = file

    def keep(self, patch: Patch) -> str:
        """Keeps a version and drops the oldest beyond MOST; returns its name. A version equal to the newest is not kept
        twice."""
        text = dumps(patch).encode()
        kept = self.kept()
        if kept and (self.folder / kept[0].name).read_bytes() == text:
            return kept[0].name
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}{SUFFIX}"
        self._write(name, text)
        for old in kept[MOST - 1 :]:
            (self.folder / old.name).unlink(missing_ok=True)
        return name

    def kept(self) -> list[KeptVersion]:
        """Returns the versions, the newest first."""
        return sorted(self._found(), key=lambda version: version.name, reverse=True)

    def read(self, name: str) -> Patch:
        """Returns a version. Raises PatchError where there is none of that name."""
        if name not in {version.name for version in self._found()}:
            raise PatchError(f"there is no version {name!r}", mend="`versions` lists those that are kept")
        return loads(atomic_file.read(self.folder / name, SIZE), name)

    def drop(self, name: str) -> None:
        """Deletes a version."""
        if name in {version.name for version in self._found()}:
            (self.folder / name).unlink(missing_ok=True)

    # -- what no file holds -------------------------------------------------------------------------------------
    def note_unsaved(self, patch: Patch) -> None:
        """Keeps the document as one that its file does not hold."""
        self._write(UNSAVED, dumps(patch).encode())

    def note_saved(self) -> None:
        """Notes that the file holds the document."""
        (self.folder / UNSAVED).unlink(missing_ok=True)

    def unsaved(self) -> Patch | None:
        """Returns the document that its file does not hold; None where there is none, or where the file was changed
        later."""
        path = self.folder / UNSAVED
        try:
            at = path.stat().st_mtime
            if self._file is not None and self._file.stat().st_mtime > at:
                return None
        except OSError:
            return None
        return loads(atomic_file.read(path, SIZE), path.name)

    def _found(self) -> Iterator[KeptVersion]:
        try:
            entries = list(os.scandir(self.folder))
        except OSError:
            return
        for entry in entries:
            if entry.name.endswith(SUFFIX) and entry.name != UNSAVED and entry.name[0] != "." and entry.is_file():
                about = entry.stat()
                yield KeptVersion(entry.name, about.st_mtime, about.st_size)

    def _write(self, name: str, text: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            mend = f"set {FOLDER} to another folder"
            raise PatchError(f"versions cannot be kept: {error.strerror}", file=self.folder, mend=mend) from None
        atomic_file.write(self.folder / name, text)


def ago(at: float) -> float:
    """Returns how many seconds ago a moment was, at least 0."""
    return max(time() - at, 0.0)
