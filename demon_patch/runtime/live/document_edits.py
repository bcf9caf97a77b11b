"""The edits of a document that is edited while it plays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from demon_patch.patch.edit.commands import Command
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Delta, EditSession, UndoResult
from demon_patch.patch.model.document import Patch

PLAYER = "player"
"""The client that edits where none is named: who plays."""


class DocumentEdits(ABC):
    """The methods of `LiveDocument` that need nothing but its edit session."""

    @abstractmethod
    def session(self) -> AbstractContextManager[EditSession]:
        """From any thread. Gives the edit session, which no other thread can use meanwhile."""

    def do(self, command: Command, client: str = PLAYER, label: str = "", at: Grid | None = None) -> Delta:
        """From any thread. Edits the document and returns the session's `Delta`. Releases the live values over what is
        written: at once, or for an edit with a grid when it is heard. Raises PatchError, and changes nothing, where
        the command cannot be done."""
        with self.session() as session:
            return session.do(command, client, label, at)

    def edit(self, patch: Patch, client: str = PLAYER, label: str = "Edit", at: Grid | None = None) -> Delta | None:
        """From any thread. Makes the document equal to another one, in one undo step. Returns the session's `Delta`, or
        None where the two are equal already."""
        with self.session() as session:
            command = difference(session.patch, patch)
            return None if command is None else session.do(command, client, label, at)

    def undo(self, client: str = PLAYER, at: Grid | None = None) -> UndoResult | None:
        """From any thread. Takes back the client's latest undo step, and returns the session's result
        (`EditSession.undo`)."""
        with self.session() as session:
            return session.undo(client, at)

    def redo(self, client: str = PLAYER, at: Grid | None = None) -> UndoResult | None:
        """From any thread. Does again what the client's latest undo took back, and returns the session's result
        (`EditSession.redo`)."""
        with self.session() as session:
            return session.redo(client, at)
