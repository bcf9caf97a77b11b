"""Nothing is lost: the versions that the host keeps by itself, the file that others change, a host that ends. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.host_link import Connected, Lost
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.difference_words import differences
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.documents import (
    FileChanged,
    KeptVersions,
    Reload,
    Restore,
    Save,
    Saved,
    Versions,
)
from demon_patch.runtime.remote.messages.edits import Edited, Undo

AGAIN = 20.0  # seconds after which the versions are asked for again


@dataclass(frozen=True, slots=True)
class Said:
    """Something that has happened to the document. title: what. lines: what differs. undo: whether it is the last step,
    which can be taken back."""

    title: str
    lines: tuple[str, ...]
    undo: bool = False


class Lifelines:
    """What a document can be brought back from.

    read: returns the document of a patch file by its name; None where this machine has no such file.
    changed: the file that another program has changed, if any; differs: what it would change here, as far as it can be
    read. said: what has happened, the newest first. changes: counts what has come.
    """

    def __init__(
        self, link: Link, facts: Facts, tell: Callable[[str, Any], object],
        read: Callable[[str], Patch | None] = lambda name: None,
    ) -> None:  # fmt: skip
        self._link, self._facts, self._tell, self._read = link, facts, tell, read
        self.versions = KeptVersions()
        self.changed: FileChanged | None = None
        self.differs: tuple[str, ...] = ()
        self.said: list[Said] = []
        self.changes = 0
        self.asked_at = 0.0
        self._due = 0.0
        self._waiting: tuple[str, Patch, Revision] | None = None
        self._lost: tuple[Patch, Revision] | None = None
        self._came_back = False

    # -- what comes ----------------------------------------------------------------------------------------------
    def hear(self, event: object) -> None:
        """Takes an event."""
        if isinstance(event, FileChanged):
            self.changed = event
            there = None if event.gone else self._read(event.file)
            self.differs = () if there is None else tuple(differences(self._link.patch, there, self._facts))
            self.changes += 1
        elif isinstance(event, Lost):
            if self._link.revision.epoch >= 0:
                self._lost = (self._link.patch, self._link.revision)
        elif isinstance(event, Connected):
            self._due = 0.0
            self._came_back = event.again

    def told(self, reply: Reply) -> None:
        """Takes any reply: one that the file is written ends its change."""
        if isinstance(reply, Saved) and self.changed is not None:
            self.changed, self.differs = None, ()
            self.changes += 1

    def look(self, now: float) -> None:
        """Says what has changed, once the document is here. now: seconds."""
        self.asked_at = now if self._due == 0.0 else self.asked_at
        if self._came_back and self._lost is not None and self._link.revision.epoch >= 0:
            (patch, revision), self._lost, self._came_back = self._lost, None, False
            if self._link.revision < revision:
                lines = tuple(differences(self._link.patch, patch, self._facts))
                title = "The host has ended and begun anew. " + (
                    "Its last version lacked this, which was brought back:" if lines else "Nothing was lost."
                )
                self._put(Said(title, lines))
        if self._waiting is not None and self._link.revision >= self._waiting[2]:
            title, before, _ = self._waiting
            self._waiting = None
            lines = tuple(differences(before, self._link.patch, self._facts))
            self._put(Said(title if lines else f"{title} It is equal to what played.", lines, undo=bool(lines)))

    def _put(self, said: Said) -> None:
        self.said = [said, *(Said(old.title, old.lines) for old in self.said[:4])]
        self.changes += 1

    def ask(self, now: float) -> None:
        """Asks for the versions, if they are old."""
        if now >= self._due:
            self._due = now + AGAIN
            self.asked_at = now
            self._link.ask(Versions(), self._take, lambda fault: None)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, KeptVersions):
            self.versions = reply
            self.changes += 1

    # -- what is done --------------------------------------------------------------------------------------------
    def _do(self, request: Any, title: str) -> None:
        before = self._link.patch

        def done(reply: Reply) -> None:
            if isinstance(reply, Edited):
                self._waiting = (title, before, reply.revision)
                self._due = 0.0

        self._link.ask(request, done, self._refused)

    def _refused(self, fault: Fault) -> None:
        self._tell(fault.text or fault.what, "fault")

    def restore(self, name: str, words: str) -> None:
        """Brings a version back, in one undo step. words: which one it is."""
        self._do(Restore(version=name), f"The version {words} is back.")

    def reload(self) -> None:
        """Takes the file that another program has changed, in one undo step."""
        if self.changed is not None:
            name, self.changed, self.differs = self.changed.file, None, ()
            self._do(Reload(), f"{name} is taken from the disk.")
            self.changes += 1

    def keep_ours(self) -> None:
        """Writes our document over the file."""
        self._link.ask(Save(over=True), self.told, self._refused)

    def later(self) -> None:
        """Leaves both as they are; saving asks again."""
        self.changed, self.differs = None, ()
        self.changes += 1

    def take_back(self) -> None:
        """Takes the newest of these steps back."""
        if self.said and self.said[0].undo:
            self.said[0] = Said(self.said[0].title, self.said[0].lines)
            self.changes += 1
            self._link.ask(Undo(), None, self._refused)

    def forget(self) -> None:
        """Clears what was said."""
        self.said = []
        self.changes += 1
