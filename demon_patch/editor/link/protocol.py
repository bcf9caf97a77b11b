"""What the editor sees of a host: the connection in a window, and in tests a fake with a document of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request

Then = Callable[[Any], object]
"""Called on the window's thread with the reply."""


class Link(Protocol):
    """The host. All methods are called on the window's thread and return at once."""

    @property
    def patch(self) -> Patch:
        """The document with all edits received so far."""
        ...

    @property
    def revision(self) -> Revision:
        """The revision of `patch`."""
        ...

    @property
    def live_values(self) -> Mapping[tuple[str, str], Value]:
        """The live values by (node, port)."""
        ...

    @property
    def status(self) -> Mapping[str, Any]:
        """The fields of the performance's status."""
        ...

    def ask(
        self,
        request: Request,
        then: Callable[[Reply], object] | None = None,
        refused: Callable[[Fault], object] | None = None,
    ) -> None:
        """Sends a request. Requests reach the host in order; the reply, or why it was refused, comes to `then` or
        `refused` when the window drains the link. Where `refused` is None, the editor shows the fault."""
        ...
