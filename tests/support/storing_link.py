"""A link with a document session that also takes uploads, as a host's asset store does."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from demon_patch.patch.files.asset_names import name_of_hash
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request
from demon_patch.runtime.remote.messages.files import Piece, Resolve, Upload, Uploading
from tests.support.editor_desk import SessionLink


class StoringLink(SessionLink):
    """stored: contents by the names that patches use. refuse: what uploads are refused with. replies: of other
    requests, by their type."""

    def __init__(self, patch: Patch) -> None:
        super().__init__(patch)
        self.stored: dict[str, bytes] = {}
        self.refuse = ""
        self.replies: dict[type, Reply] = {}
        self._open: dict[str, tuple[int, str, bytes]] = {}

    def ask(self, request: Request, then: Any = None, refused: Any = None) -> None:
        if isinstance(request, Upload | Piece) and self.refuse:
            refused(Fault(text=self.refuse))
        elif isinstance(request, Upload):
            self._open[request.hash] = (request.bytes, request.suffix, b"")
            known = name_of_hash(request.hash, request.suffix)
            then(Uploading(name=known) if known in self.stored else Uploading())
        elif isinstance(request, Piece):
            size, suffix, content = self._open[request.hash]
            content += request.content
            self._open[request.hash] = (size, suffix, content)
            name = ""
            if len(content) == size:
                assert sha256(content).hexdigest() == request.hash
                name = name_of_hash(request.hash, suffix)
                self.stored[name] = content
            then(Uploading(received=len(content), name=name))
        elif type(request) in self.replies:
            self.asked.append(request)
            then(self.replies[type(request)])
        elif isinstance(request, Resolve):
            self.asked.append(request)
        else:
            super().ask(request, then, refused)
