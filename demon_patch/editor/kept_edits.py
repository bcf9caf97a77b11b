"""The edits that a host had not kept when it ended."""

from __future__ import annotations

from demon_patch.editor.link.host_link import HostLink
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.edits import Do


class KeptEdits:
    """Keeps the document while there is no host, and does in the next one what is missing there."""

    def __init__(self, link: HostLink) -> None:
        self._link = link
        self._kept: tuple[Patch, Revision] | None = None
        self._returned: Revision | None = None

    def keep(self) -> None:
        """The host is lost: keeps the document as it is."""
        self._kept = self._link.patch, self._link.revision

    def returned(self, revision: Revision) -> None:
        """A host is there again. revision: of its document."""
        self._returned = revision

    def bring_back(self) -> str:
        """Does in a host that began anew what it had not kept; returns what to tell, or an empty text."""
        revision, self._returned = self._returned, None
        if revision is None:
            return ""
        kept, self._kept = self._kept, None
        if kept is None or revision >= kept[1]:
            return ""
        command = difference(self._link.patch, kept[0])
        if command is None:
            return ""
        self._link.ask(Do(command=command, label="Edits before the host ended"))
        return "The host has ended and begun anew; your last edits are brought back."
