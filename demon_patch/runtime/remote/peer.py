"""One connected client, as the handlers see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from demon_patch.runtime.remote.messages.telemetry import Watch
from demon_patch.runtime.remote.outbox import Outbox
from demon_patch.runtime.remote.uploads import Upload


@dataclass(eq=False)
class Peer:
    """A connected client. Owned by the wire's thread; `uploads` by the one request of the client that runs.

    name: by which the document's history knows it.
    once: whether it asks for one thing and goes; such clients share a name, and open no gesture.
    outbox: what is sent to it.
    watches: its subscriptions, by kind.
    known: by kind of subscription, what the client has been told so far.
    due: by kind, the moment (monotonic seconds) of the next message.
    """

    name: str
    once: bool = False
    outbox: Outbox = field(default_factory=Outbox)
    watches: dict[str, Watch] = field(default_factory=dict)
    known: dict[str, object] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def close(self) -> None:
        """Forgets what it had begun to send, and what was to be sent to it."""
        self.outbox.close()
        for upload in self.uploads.values():
            upload.close()
        self.uploads.clear()
