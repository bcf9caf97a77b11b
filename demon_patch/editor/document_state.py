"""What the editor knows of the document besides its content: its title, whether it is saved, and what is wrong with it.
Pure."""

from __future__ import annotations

from collections.abc import Mapping

from demon_patch.editor.link.protocol import Link
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Reply
from demon_patch.runtime.remote.messages.documents import Check, Document, Problems, Saved, Snapshot

AFTER = 0.6  # seconds after the last edit, in which problems are asked for


class DocumentState:
    """Follows the document.

    file: the name of the patch file; empty where there is none. problems: the newest.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.file = ""
        self.problems = Problems()
        self._saved: Revision | None = None
        self._checked: Revision | None = None
        self._seen: tuple[Revision, float] = (Revision(-1, 0), 0.0)

    def connected(self, file: str) -> None:
        """A connection was made."""
        self.file, self._saved, self._checked = file, None, None
        self._link.ask(Document(since=self._link.revision), self._take, lambda fault: None)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Snapshot) and reply.saved:
            self._saved = reply.revision
        elif isinstance(reply, Problems):
            self.problems = reply

    def told(self, reply: Reply) -> None:
        """Takes any reply."""
        if isinstance(reply, Saved):
            self.file, self._saved = reply.file, reply.revision

    @property
    def dirty(self) -> bool:
        """Whether edits are unsaved."""
        revision = self._link.revision
        return revision.epoch >= 0 and self._saved != revision and not (self._saved is None and not revision.counter)

    @property
    def title(self) -> str:
        """What the bar says."""
        return self._link.patch.meta.title or self.file.removesuffix(".dpatch.json") or "Untitled"

    def look(self, now: float, connected: bool) -> None:
        """Asks what is wrong, a moment after each edit."""
        revision = self._link.revision
        if revision != self._seen[0]:
            self._seen = revision, now
        elif connected and revision != self._checked and now - self._seen[1] >= AFTER:
            self._checked = revision
            self._link.ask(Check(), self._take, lambda fault: None)

    def by_node(self, faults: Mapping[str, str]) -> dict[str, str]:
        """Returns what is wrong with each node. faults: of nodes that stand still, by id."""
        found = {fault.node: fault.what or fault.text for fault in self.problems.problems if fault.node}
        return {**found, **faults}


def path_of(patch: Patch, definition: str | None) -> str:
    """Returns the path of the first subpatch with a definition, ending in a slash; empty for the patch itself, and
    where no subpatch has it."""
    if definition is None:
        return ""
    left: list[tuple[str, str | None]] = [("", None)]
    seen: set[str | None] = set()
    while left:
        path, within = left.pop(0)
        if within == definition:
            return path
        if within in seen:
            continue
        seen.add(within)
        for id, node in patch.graph(within).nodes.items():
            if node.definition:
                left.append((f"{path}{id}/", node.definition))
    return ""
