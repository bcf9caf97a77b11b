"""A link that notes what is asked and answers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request


class FakeLink:
    """asked: every request. patch, status: what the host would say."""

    def __init__(self, patch: Patch | None = None, status: Mapping[str, Any] | None = None) -> None:
        self.patch = patch or Patch()
        self.revision = Revision(0, 0)
        self.status: Mapping[str, Any] = status or {}
        self.live_values: Mapping[tuple[str, str], Any] = {}
        self.asked: list[Request] = []
        self.then: list[Callable[[Reply], object] | None] = []

    def ask(
        self,
        request: Request,
        then: Callable[[Any], object] | None = None,
        refused: Callable[[Fault], object] | None = None,
    ) -> None:
        self.asked.append(request)
        self.then.append(then)
