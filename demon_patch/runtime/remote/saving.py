"""The patch file of a performance: saves it, keeps versions beside it, and notices when something else changes it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.errors import PatchError
from demon_patch.patch.edit.session import EditSession, Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.assets import is_pack, load_patch, save_patch
from demon_patch.runtime.remote.versions import Versions

if TYPE_CHECKING:
    from demon_patch.runtime.live.host import Host

Stamp = tuple[int, int, int]  # of a version of a file: when, how long, which
RESTORED = "Unsaved edits"
BACK = "edits that were not saved are back (demon-patch undo takes them back, save keeps them)"


class SavedFile:
    """The file of a document, and whether it holds the document. Its methods wait for the disk; one thread at a time
    calls each.

    host: the performance.
    file: the patch file; None for a document without one.

    It is of the document that plays now. Once another one does, nothing is written any more but by `leave`.
    """

    def __init__(self, host: Host, file: Path | None) -> None:
        self._host, self.file = host, file
        self.versions = Versions(file)
        self._stamp = self._seen = _stamp(file)
        self._patch = host.patch  # what the file holds
        self._kept: Patch | None = None  # what was kept last as unsaved
        self._lock = threading.Lock()
        with host.document.session() as session:
            self._epoch = session.revision.epoch

    @property
    def is_saved(self) -> bool:
        """From any thread. Whether the file holds the document."""
        return self._host.patch == self._patch

    def restore_unsaved(self) -> bool:
        """Brings back, in one undo step, the edits that no file held when an earlier host ended; returns whether there
        were any. Raises PatchError."""
        kept = self.versions.unsaved()
        if kept is None or kept == self._host.patch:
            return False
        self._host.document.edit(kept, label=RESTORED)
        return True

    def save(self, client: str, name: Path | None = None, *, over: bool = False) -> tuple[Path, Revision]:
        """Keeps the live values and writes the patch file; returns its path and the revision that it holds. Raises
        PatchError where that would replace what something else has written, and nothing is lost then.

        client: who keeps the live values. name: another file. over: replaces it all the same.
        """
        with self._lock:
            path = name or self.file
            if path is None:
                raise PatchError("the patch has no file yet", mend="name one, such as my-patch.dpatch.json")
            other = self.file is None or path.resolve() != self.file.resolve()
            if other and not is_pack(path) and not path.name.endswith(".dpatch.json"):
                raise PatchError("it is no name of a patch file", file=path.name, mend="end it with .dpatch.json")
            if not over and ((other and os.path.lexists(path)) or (not other and _stamp(path) != self._stamp)):
                what = "there is such a file already" if other else "it was changed on the disk since"
                raise PatchError(what, file=path.name, mend="save over it, or under another name")
            with self._host.document.session() as session:
                self._check_song(session)
                self._host.document.keep(client)
                revision, patch = session.snapshot()
            save_patch(patch, path, self._host.folder)
            if other:
                self.versions.note_saved()
                self.versions = Versions(path)
            self.file, self._patch = path, patch
            self._stamp = self._seen = _stamp(path)
            self.versions.note_saved()
            self.versions.keep(patch)
            return path, revision

    def _check_song(self, session: EditSession) -> None:
        """Raises PatchError where the document is not that of this file any more."""
        if session.revision.epoch != self._epoch:
            raise PatchError("another song plays now", mend="ask again")

    def reload(self, client: str) -> None:
        """Makes the document equal to its file, in one undo step of a client. Raises PatchError."""
        if self.file is None:
            raise PatchError("the patch has no file", mend="save it first")
        with self._lock:
            stamp, patch = _stamp(self.file), load_patch(self.file)
            with self._host.document.session() as session:
                self._check_song(session)
                self._host.document.edit(patch, client, "Reload")
            self._stamp = self._seen = stamp
            self._patch = patch

    def keep_version(self) -> None:
        """Keeps the document as a version, and as unsaved, where it has changed and its file does not hold it. Raises
        PatchError."""
        with self._lock:
            with self._host.document.session() as session:
                revision, patch = session.snapshot()
            if revision.epoch != self._epoch:
                return
            if patch is self._kept or patch == self._kept:
                return
            if patch == self._patch:
                self.versions.note_saved()
            else:
                self.versions.note_unsaved(patch)
                self.versions.keep(patch)
            self._kept = patch

    def kept_when_left(self, discard: bool) -> str:
        """Keeps the document as a version where its file does not hold it, before another one takes its place. Returns
        what becomes of the edits; empty where there are none. Raises PatchError where there is no file to which they
        could come back; discard: see `leave`."""
        if self.is_saved:
            return ""
        if self.file is None and not discard:
            raise PatchError(
                "the song that plays has no file, and edits that would be lost",
                mend="save it first; with discard its edits only stay a kept version",
            )
        self.keep_version()
        if discard:
            return "the edits that no file holds only stay a kept version"
        return f"the edits that {self.file.name if self.file else ''} does not hold come back when it is opened again"

    def leave(self, patch: Patch, discard: bool) -> None:
        """Once another document plays: keeps the one that it has replaced, `patch`, where its file does not hold it.

        discard: the edits do not come back when the file is opened again. Raises PatchError.
        """
        with self._lock:
            if patch == self._patch:
                return
            self.versions.keep(patch)
            if discard:
                self.versions.note_saved()
            else:
                self.versions.note_unsaved(patch)

    def changed_on_disk(self) -> bool | None:
        """Returns whether the file was changed by something else since the last call; None where it was deleted."""
        stamp = _stamp(self.file)
        if self.file is None or stamp == self._seen or self._lock.locked():
            return False
        self._seen = stamp
        return None if stamp is None else stamp != self._stamp


def _stamp(path: Path | None) -> Stamp | None:
    """Returns what tells versions of a file apart; None where there is none."""
    if path is None:
        return None
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
