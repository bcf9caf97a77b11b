"""What the handlers of all clients share: the performance, its file, its versions, and who is connected."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.edit.field_paths import Path as FieldPath
from demon_patch.patch.edit.overlay import Key
from demon_patch.patch.edit.session import Delta, Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.asset_store import inside
from demon_patch.runtime.remote.heard import Reach, times, touched
from demon_patch.runtime.remote.messages.base import Event, Heard
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.renders import Renders
from demon_patch.runtime.remote.saving import BACK, SavedFile

if TYPE_CHECKING:
    from demon_patch.runtime.live.host import Host

MOMENTS = 8192  # edits whose time is kept


class ServedHost:
    """What the handlers work on.

    host: the performance.
    saved: the patch file and the kept versions; those of another document once that plays.
    root: the folder of the songs that may be opened.
    peers: the connected clients; the wire's thread changes it.
    resubscribe: called on the wire's thread when subscriptions have changed.
    broadcast: sends an event to every client; from any thread.
    renders: the render that runs beside the performance.
    """

    def __init__(self, host: Host, file: Path | None = None) -> None:
        self.host = host
        self.saved = SavedFile(host, file)
        self.root = host.into
        self.peers: set[Peer] = set()
        self._reach = Reach()
        self._epoch = 0  # of the document whose edits these are:
        self._moments: OrderedDict[int, float] = OrderedDict()  # when each was made, by the counter of its revision
        self.resubscribe: Callable[[], None] = lambda: None
        self.broadcast: Callable[[Event], object] = lambda event: None
        self.renders = Renders(self._tell)

    def _tell(self, event: Event) -> None:
        """From any thread. Sends an event to every client."""
        self.broadcast(event)

    @property
    def rate(self) -> float:
        """Control frames a second."""
        return float(self.host.performer.spec.frame_rate)

    # -- time ---------------------------------------------------------------------------------------------------
    def note_edit(self, delta: Delta) -> None:
        """From any thread, under the document's lock. Notes when an edit was made."""
        if delta.revision.epoch != self._epoch:
            self._moments.clear()  # those of another document
            self._epoch = delta.revision.epoch
        self._moments[delta.revision.counter] = monotonic()
        while len(self._moments) > MOMENTS:
            self._moments.popitem(last=False)

    def seconds_since(self, revision: Revision) -> float:
        """Returns how long ago an edit was made; 0 where that is no longer known."""
        at = self._moments.get(revision.counter) if revision.epoch == self._epoch else None
        return 0.0 if at is None else max(monotonic() - at, 0.0)

    def heard(self, patch: Patch, keys: Iterable[Key]) -> tuple[Heard, ...]:
        """On the wire's thread. Returns when a change of some ports will be heard, by class."""
        return times(self._reach.classes(patch, keys), self.host.status, self.rate)

    def heard_of(self, patch: Patch, paths: Iterable[FieldPath]) -> tuple[Heard, ...]:
        """On the wire's thread. Returns when an edit of some fields will be heard, by class."""
        return self.heard(patch, list(touched(paths)))

    # -- files --------------------------------------------------------------------------------------------------
    def within(self, name: str, *, written: bool = False, folder: Path | None = None) -> Path:
        """Returns the path of a name within a folder, by default the patch's, or for a file that is `written` the one
        that the performance writes into. Raises DemonError for any other place."""
        folder = folder or (self.host.into if written else self.host.folder)
        path = inside(name, folder, written=written)
        if path.name.startswith(".") or any(part.startswith(".") for part in path.relative_to(folder.resolve()).parts):
            raise PatchError(f"{name!r} is hidden", mend="name a file that does not begin with a point")
        return path

    def change_document(self, file: Path | None, discard: bool) -> tuple[str, DocumentChange]:
        """Called before another document is prepared, which `file` holds, or no file. Keeps the edits that no file
        holds; returns what becomes of them, and what is to be done when the other one plays.

        discard: see `SavedFile.leave`. Raises PatchError where the edits would be lost.
        """
        kept = self.saved.kept_when_left(discard)
        return kept, DocumentChange(self, file, discard)

    def in_words(self, path: Path) -> str:
        """Returns the name of a file within the folder that the performance writes into."""
        try:
            return path.resolve().relative_to(self.host.into.resolve()).as_posix()
        except ValueError:
            return path.name

    def other_name(self, wanted: str, once: bool = False) -> str:
        """Returns the name by which a new client is known: the one it asks for, or with a number where a connected
        client has it. Clients that say `once` share a name among themselves. Raises PatchError for an empty one, and
        one with characters that are not seen."""
        name = " ".join(wanted.split())
        if not name or not name.isprintable() or len(name) > 60:
            raise PatchError(f"{wanted[:60]!r} is no name of a client", mend="use 1 to 60 visible characters")
        taken = {peer.name for peer in self.peers if not (once and peer.once)}
        number, free = 2, name
        while free in taken:
            free, number = f"{name}-{number}", number + 1
        return free


class DocumentChange:
    """The change to another document, which `file` holds, or no file. discard: see `SavedFile.leave`."""

    def __init__(self, served: ServedHost, file: Path | None, discard: bool) -> None:
        self._served, self._file, self._discard = served, file, discard
        self._before = served.saved

    def landed(self) -> None:
        """On the thread that prepares, under the document's lock. From here on the other file is saved."""
        self._before = self._served.saved
        self._served.saved = SavedFile(self._served.host, self._file)

    def left(self, patch: Patch) -> None:
        """On the thread that prepares. Keeps what was edited in the former document, `patch`, and brings back the edits
        that the other one's file does not hold."""
        host = self._served.host
        try:
            self._before.leave(patch, self._discard)
        except (DemonError, OSError) as error:
            host.add_message(f"a version could not be kept: {error}", error, "file")
        try:
            if self._file is not None and self._served.saved.restore_unsaved():
                host.add_message(BACK, stage="file")
        except DemonError as error:
            host.add_message(f"edits that were not saved cannot be brought back: {error}", error, "file")
