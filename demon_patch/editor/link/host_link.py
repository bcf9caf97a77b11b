"""The connection of the window to its host: a thread of its own sends requests and connects again where that is needed.

The window's thread asks and drains; the link's thread sends, one request after the other, and waits for each reply;
the client's thread receives. Replies and events wait until the window drains them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from demon_patch.editor.link.coalescing import replaced
from demon_patch.errors import DemonError
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages.base import Event, Fault, Reply, Request
from demon_patch.runtime.remote.messages.documents import Save
from demon_patch.runtime.remote.messages.edits import Edited
from demon_patch.runtime.remote.messages.recordings import SaveTake, StopRecording
from demon_patch.runtime.remote.messages.session import Catalogue, Nodes, Welcome
from demon_patch.runtime.remote.messages.telemetry import StatusChange, Telemetry, Watch

AGAIN_SECONDS = 0.3  # between two attempts to connect
EDIT_SECONDS = 2.0  # for which the document's copy may be behind a reply
SLOW_SECONDS = 120.0  # for requests that write files
SLOW = (Save, SaveTake, StopRecording)
KEPT = 4000  # events that wait for the window, beyond which the oldest telemetry goes
LOST = "the connection to the host was lost"


class Finding(Protocol):
    """Where the host is (`starting.Finder`)."""

    words: str

    def find(self) -> str:
        """Returns the address of the host, or nothing where there is none yet."""
        ...

    def reached(self) -> None:
        """The host has answered."""
        ...


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection was made. again: whether there was one before. welcome: what the host said first. nodes: its node
    types."""

    welcome: Welcome
    nodes: Nodes
    again: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection has ended. reason: why, as a sentence."""

    reason: str


@dataclass(slots=True)
class _Asked:
    """A request that waits, and who wants its reply."""

    request: Request
    waiting: list[tuple[Callable[[Reply], object] | None, Callable[[Fault], object] | None]]


class HostLink:
    """The link over a client. `ask`, `drain` and the properties: the window's thread.

    finder: where the host is. name: by which the host knows the window, and finds its undo history again.
    wake: called from other threads when something waits to be drained that the window should show at once.

    hear: called in `drain` with every event, `Connected` and `Lost`.
    told: called in `drain` with every request and its reply.
    tell: called in `drain` with faults that nobody else takes.
    words: how the connection stands, where there is none.
    """

    def __init__(self, finder: Finding, *, name: str = "editor", wake: Callable[[], object] = lambda: None) -> None:
        self.hear: Callable[[object], object] = lambda event: None
        self.told: Callable[[Request, Reply], object] = lambda request, reply: None
        self.tell: Callable[[Fault], object] = lambda fault: None
        self.words = ""
        self._finder, self._name, self._wake = finder, name, wake
        self._client: Client | None = None
        self._patch, self._revision = Patch(), Revision(-1, 0)
        self._status: dict[str, Any] = {}
        self._waiting: deque[_Asked] = deque()
        self._asked = threading.Condition()
        self._watched: dict[str, Watch] = {}
        self._came: deque[Callable[[], object]] = deque()
        self._telemetry: deque[Event] = deque(maxlen=KEPT)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begins to look for the host."""
        self._thread.start()

    def close(self) -> None:
        """Ends the connection; the host plays on. Requests that wait are sent first, for at most two seconds."""
        end = monotonic() + 2.0
        while self._waiting and self._client is not None and monotonic() < end:
            self._closed.wait(0.01)
        self._closed.set()
        with self._asked:
            self._asked.notify_all()
        if self._thread.is_alive():
            self._thread.join(5.0)

    # -- the window's thread -------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        """The document, as of the last `drain`; it stays where the connection ends."""
        return self._patch

    @property
    def revision(self) -> Revision:
        """The revision of `patch`."""
        return self._revision

    @property
    def live_values(self) -> Mapping[tuple[str, str], Value]:
        """The live values by (node, port)."""
        return {(node, port): value for node, port, value in self._status.get("live_values", ())}

    @property
    def status(self) -> Mapping[str, Any]:
        """The fields of the performance's status, as of the last `drain`."""
        return self._status

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._client is not None and self._client.gone is None

    @property
    def busy(self) -> bool:
        """Whether requests wait or are under way."""
        return bool(self._waiting)

    def ask(
        self,
        request: Request,
        then: Callable[[Reply], object] | None = None,
        refused: Callable[[Fault], object] | None = None,
    ) -> None:
        """Sends a request, after all that were asked for before. Where there is no connection, it is refused."""
        if isinstance(request, Watch):
            self._watched[request.what] = request
            if not self.connected:
                return  # told when there is a connection
        with self._asked:
            if not self.connected:
                reason = self.words or LOST
                self._came.append(lambda: self._refuse(Fault(text=reason, what=reason), refused))
                return
            last = self._waiting[-1] if len(self._waiting) > 1 else None  # the first may be under way
            if last is not None and replaced(last.request, request):
                last.request = request
                last.waiting.append((then, refused))
            else:
                self._waiting.append(_Asked(request, [(then, refused)]))
            self._asked.notify_all()

    def drain(self) -> bool:
        """Takes the document and the status over, then calls back with what has come; returns whether anything has."""
        came = len(self._came)  # what comes later may be ahead of the document that is taken over here, and waits
        client = self._client
        changed = False
        if client is not None and client.revision.epoch >= 0:
            revision, patch = client.revision, client.patch
            changed = patch is not self._patch
            self._patch, self._revision, self._status = patch, revision, client.status
        while self._telemetry:
            self.hear(self._telemetry.popleft())
            changed = True
        for _ in range(came):
            self._came.popleft()()
            changed = True
        return changed

    def _refuse(self, fault: Fault, refused: Callable[[Fault], object] | None) -> None:
        (self.tell if refused is None else refused)(fault)

    # -- the receiving thread ------------------------------------------------------------------------------------
    def _hear(self, event: Event) -> None:
        if isinstance(event, Reply):
            return
        if isinstance(event, Telemetry):
            self._telemetry.append(event)
            if isinstance(event, StatusChange) and event.fields.keys() & {"playing", "begun", "device"}:
                self._wake()
            return
        self._came.append(lambda: self.hear(event))
        self._wake()

    # -- the link's thread ---------------------------------------------------------------------------------------
    def _run(self) -> None:
        again = False
        while not self._closed.is_set():
            client = self._open(again)
            if client is None:
                self._closed.wait(AGAIN_SECONDS)
                continue
            again = True
            try:
                self._serve(client)
            finally:
                reason = str(client.gone or LOST)
                with self._asked:
                    self._client = None
                    left, self._waiting = self._waiting, deque()
                client.close()
            if not self._closed.is_set():
                self._lose(reason, left)

    def _open(self, again: bool) -> Client | None:
        """Returns a new connection; None where there is no host yet, which `words` then explains."""
        try:
            url = self._finder.find()
            self._say(self._finder.words)
            if not url:
                return None
            client = Client(url, name=self._name, hear=self._hear)
        except DemonError as error:
            self._say(str(error))
            return None
        try:
            nodes = client.ask(Catalogue(), Nodes)
            for watch in tuple(self._watched.values()):
                client.ask(watch)
        except DemonError as error:
            self._say(str(error))
            client.close()
            return None
        self._finder.reached()
        self._say("")
        self._client = client
        made = Connected(client.welcome, nodes, again)
        self._came.append(lambda: self.hear(made))
        self._wake()
        return client

    def _say(self, words: str) -> None:
        if words != self.words:
            self.words = words
            self._wake()

    def _serve(self, client: Client) -> None:
        """Sends what is asked for until the connection ends or the link is closed."""
        while client.gone is None and not self._closed.is_set():
            with self._asked:
                if not self._waiting:
                    self._asked.wait(0.25)
                    continue
                asked = self._waiting[0]
            self._send(client, asked)
            with self._asked:
                self._waiting.popleft()

    def _send(self, client: Client, asked: _Asked) -> None:
        try:
            reply = client.ask(asked.request, Reply, SLOW_SECONDS if isinstance(asked.request, SLOW) else None)
        except DemonError as error:
            fault = Fault.of(error)
            for _, refused in asked.waiting:
                self._came.append(lambda refused=refused: self._refuse(fault, refused))
        else:
            if isinstance(reply, Edited):
                client.wait(lambda: client.revision >= reply.revision, EDIT_SECONDS)
            self._came.append(lambda: self.told(asked.request, reply))
            for then, _ in asked.waiting:
                if then is not None:
                    self._came.append(lambda then=then: then(reply))
        self._wake()

    def _lose(self, reason: str, left: deque[_Asked]) -> None:
        """Refuses what was not sent, once, and says that the connection has ended."""
        for asked in left:
            for _, refused in asked.waiting:
                self._came.append(lambda refused=refused: self._refuse(Fault(text=LOST, what=LOST), refused))
        self._came.append(lambda: self.hear(Lost(reason)))
        with suppress(Exception):
            self._wake()
