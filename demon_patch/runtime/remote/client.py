"""A client of a running host, for programs, terminals and tests: blocking calls with the names of the host's methods.

Torch-free. A thread of its own receives: it keeps a copy of the document, of the live values, of the status and of the
notices up to date, and passes every event on.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import monotonic
from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed

from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.edit.commands import Command, apply
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.files.format import loads
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.access import LOOPBACK, Address, token_from
from demon_patch.runtime.remote.client_opening import OpensSongs
from demon_patch.runtime.remote.client_questions import Questions, R
from demon_patch.runtime.remote.client_socket import ClientSocket, closed_error
from demon_patch.runtime.remote.messages import (
    VERSION,
    devices,
    documents,
    edits,
    live,
    opening,
    recordings,
    session,
    transport,
)
from demon_patch.runtime.remote.messages.base import Event, Fault, Refused, Reply, Request, as_error
from demon_patch.runtime.remote.messages.events import AnyEvent
from demon_patch.runtime.remote.messages.telemetry import StatusChange, Watch
from demon_patch.threads import Urgency, hurry

SECONDS = 20.0  # for which a reply is waited for
NOTICES = 1000  # that are kept

Key = tuple[str, str]


class Client(OpensSongs, Questions):
    """A connection to a host; a context manager. Its methods may be called from any thread; each waits for the reply.

    url: ws://HOST:PORT, or HOST:PORT. name: by which the host knows the client. once: it asks for one
        thing and goes (`Hello`). token: what the host asks for; that of
        the environment by default.
    hear: called on the receiving thread with every event.

    welcome: what the host said first. status: the fields of the performance's status by name. notices: the latest.
    opening: how far another performance is; None where none was asked for. file: the name of the patch file that plays.

    Every method raises DemonError for what the host refuses, and when the connection is gone.
    """

    def __init__(
        self,
        url: str = LOOPBACK,
        *,
        name: str = "client",
        once: bool = False,
        token: str | None = None,
        hear: Callable[[Event], object] = lambda event: None,
    ) -> None:
        self.url = url if "://" in url else Address.parsed(url).url
        self._hear = hear
        self._numbers = itertools.count(1)
        self._replies: dict[int, queue.Queue[Reply | DemonError]] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._gone: DemonError | None = None
        self.status: dict[str, Any] = {}
        self.notices: list[session.Notice] = []
        self.clients: tuple[str, ...] = ()
        self._patch, self._revision = Patch(), Revision(-1, 0)
        self._early: list[edits.Edit] = []  # edits that came before the document
        self._ends = ExitStack()
        self._socket = self._ends.enter_context(
            ClientSocket(self.url, token if token is not None else token_from(None))
        )
        self._thread = threading.Thread(target=self._receive, name="receiving", daemon=True)
        self._thread.start()
        try:
            self.welcome = self.ask(session.Hello(version=VERSION, client=name, once=once), session.Welcome)
            self.file = self.welcome.file
            self.refresh()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection. A second call does nothing."""
        self._ends.close()
        if self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def gone(self) -> DemonError | None:
        """Why the connection has ended; None while it is there."""
        return self._gone

    # -- requests -----------------------------------------------------------------------------------------------
    def ask(self, request: Request, reply: type[R] = Reply, seconds: float | None = None) -> R:
        """Sends a request and returns the reply, which is of the class `reply`. Raises DemonError where it is refused,
        where none comes within `seconds` (SECONDS by default), and where the connection is gone."""
        seconds = SECONDS if seconds is None else seconds
        number = next(self._numbers)
        answer: queue.Queue[Reply | DemonError] = queue.Queue()
        self._replies[number] = answer
        try:
            with self._lock:
                if self._gone is not None:
                    raise self._gone.again()
                self._socket.send(msgspec.msgpack.encode(msgspec.structs.replace(request, id=number)))
            found = answer.get(timeout=seconds)
        except queue.Empty:
            raise DemonError(f"{self.url} did not answer within {seconds:g} s", mend="ask again") from None
        except ConnectionClosed as closed:
            raise (self._gone or closed_error(closed, self.url)).again() from None
        finally:
            self._replies.pop(number, None)
        if isinstance(found, DemonError):
            raise found.again()
        if isinstance(found, Refused):
            raise as_error(found.fault)
        if not isinstance(found, reply):
            raise DemonError(f"{self.url} answered {type(found).__name__}", mend="use the same version on both sides")
        return found

    def wait(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Waits until a condition on what is received holds, for at most `seconds`, SECONDS by default; returns whether
        it does."""
        end = monotonic() + (SECONDS if seconds is None else seconds)
        with self._changed:
            while not condition():
                if self._gone is not None or (left := end - monotonic()) <= 0:
                    return condition()
                self._changed.wait(min(left, 1.0))
        return True

    # -- the document -------------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        """The document with all edits received so far; without live values."""
        return self._patch

    @property
    def revision(self) -> Revision:
        """The revision of `patch`."""
        return self._revision

    @property
    def live_values(self) -> dict[Key, Value]:
        """The live values by (node, port), as the latest status has them."""
        return {(node, port): value for node, port, value in self.status.get("live_values", ())}

    def refresh(self) -> None:
        """Gets the document anew, or only the edits that are missing."""
        since = self._revision if self._revision.epoch >= 0 else None
        found = self.ask(documents.Document(since=since), documents.Snapshot)
        with self._changed:
            if found.patch:
                self._patch, self._revision = loads(found.patch), found.revision
            for edit in (*found.edits, *self._early):
                self._follow(edit)
            self._early.clear()
            self._changed.notify_all()

    def do(self, command: Command, label: str = "", at: Grid | None = None, *, guard: bool = False) -> edits.Edited:
        """Edits the document, and returns when `patch` has the edit. guard: also tells edits of others that it
        replaces."""
        base = self._revision if guard else None
        return self._edit(edits.Do(command=command, label=label, at=at, base=base))

    def undo(self, at: Grid | None = None) -> edits.Edited:
        """Takes the client's latest undo step back."""
        return self._edit(edits.Undo(at=at))

    def redo(self, at: Grid | None = None) -> edits.Edited:
        """Does the client's latest undone step again."""
        return self._edit(edits.Redo(at=at))

    def undo_to(self, steps: int) -> edits.Edited:
        """Undoes or redoes until so many steps are done."""
        return self._edit(edits.UndoTo(steps=steps))

    def edit(self, request: Request) -> edits.Edited:
        """Sends any other request that edits the document, and returns when `patch` has the edit."""
        return self._edit(request)

    def history(self, client: str = "") -> edits.Steps:
        """Returns the undo steps of a client."""
        return self.ask(edits.History(client=client), edits.Steps)

    def begin(self, label: str) -> None:
        """Opens a gesture."""
        self.ask(edits.Begin(label=label))

    def end(self) -> None:
        """Closes the gesture."""
        self.ask(edits.End())

    def cancel(self, revision: Revision | None = None) -> edits.Edited:
        """Takes back the edit that waits with that revision, or the open gesture."""
        return self._edit(edits.Cancel(revision=revision))

    def _edit(self, request: Request) -> edits.Edited:
        done = self.ask(request, edits.Edited)
        self.wait(lambda: self._revision >= done.revision)
        return done

    # -- live values --------------------------------------------------------------------------------------------
    def turn(self, node: str, port: str, value: Value) -> live.Turned:
        """Gives a knob a live value."""
        return self.ask(live.Turn(values=((node, port, value),)), live.Turned)

    def feed(self, node: str, port: str, value: float | tuple[float, float]) -> None:
        """Passes what a device would send on to a live input."""
        self.ask(live.Feed(values=((node, port, value),)))

    def release(self, *keys: Key) -> None:
        """Drops the live values of some knobs, or of all."""
        self.ask(live.Release(ports=keys))

    def keep(self) -> Patch:
        """Makes the live values the base, and returns the new document."""
        done = self.ask(live.Keep(), live.Kept)
        self.wait(lambda: self._revision >= done.revision)
        return self._patch

    def recall(self, snapshot: str, at: Grid | None = None) -> tuple[Fault, ...]:
        """Makes a snapshot's values live values; returns what could not be set."""
        return self.ask(live.Recall(snapshot=snapshot, at=at), live.Recalled).skipped

    # -- transport ----------------------------------------------------------------------------------------------
    def play(self, on: bool) -> None:
        """Lets the transport run, or stops it."""
        self.ask(transport.Play(on=on))

    def seek(self, seconds: float, beats: float | Grid = 0.0) -> None:
        """Jumps to a moment of the song."""
        self.ask(transport.Seek(seconds=seconds, at=_grid(beats)))

    def loop(self, region: tuple[float, float] | None, beats: float | Grid = 0.0) -> None:
        """Repeats a stretch of the song, or the whole."""
        self.ask(transport.Loop(region=region, at=_grid(beats)))

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        """Sets the tempo by hand; one outside of 20 to 400 is clipped."""
        self.ask(transport.Tempo(bpm=min(max(bpm, 20.0), 400.0), at=_grid(beats)))

    def tap(self) -> None:
        """Taps a beat."""
        self.ask(transport.Tap())

    def follow(self, on: bool) -> None:
        """Makes the transport's beats the song's beats, or not."""
        self.ask(transport.Follow(on=on))

    def bypass(self, on: bool) -> None:
        """Plays the source unchanged, or not."""
        self.ask(transport.Bypass(on=on))

    def mute(self, on: bool) -> None:
        """Silences the sound, or ends the silence."""
        self.ask(transport.Mute(on=on))

    def panic(self) -> None:
        """Silences the sound and releases all live values."""
        self.ask(transport.Panic())

    def set_volume(self, decibels: float) -> None:
        """Sets the master volume, -60 to 12 dB."""
        self.ask(devices.SetVolume(decibels=decibels))

    def set_device(self, name: str | None = None, outputs: tuple[int, ...] = (), buffer: int = 0) -> None:
        """Plays on another sound device of the host's machine, or with "none" on a clock of its own."""
        self.ask(devices.SetDevice(device=name, outputs=outputs, buffer=buffer))

    # -- files --------------------------------------------------------------------------------------------------
    def save(self, file: str = "", *, over: bool = False) -> documents.Saved:
        """Keeps the live values and writes the patch file on the host's machine."""
        return self.ask(documents.Save(file=file, over=over), documents.Saved, 120.0)

    def record(self, file: str = "") -> str:
        """Begins a recording on the host's machine; returns the file's name there."""
        return self.ask(recordings.Record(file=file), recordings.Written).file

    def stop_recording(self) -> None:
        """Ends all recordings."""
        self.ask(recordings.StopRecording(), recordings.Written, 120.0)

    def save_take(self, file: str = "") -> str:
        """Writes the last two minutes on the host's machine; returns the file's name there."""
        return self.ask(recordings.SaveTake(file=file), recordings.Written, 120.0).file

    def watch(self, request: Watch) -> None:
        """Changes a subscription; its telemetry comes to `hear`."""
        self.ask(request)

    # -- the receiving thread -----------------------------------------------------------------------------------
    def _receive(self) -> None:
        hurry(Urgency.WIRE)
        decoder = msgspec.msgpack.Decoder(AnyEvent)
        error = DemonError(f"the connection to {self.url} is closed", mend="connect again")
        try:
            while True:
                self._take(decoder.decode(self._socket.recv()))
        except ConnectionClosed as closed:
            error = self._gone or closed_error(closed, self.url)
        except msgspec.MsgspecError as wrong:
            error = DemonError(f"{self.url} sent what is no message: {wrong}", mend="use the same version")
        finally:
            with self._changed:
                self._gone = error
                self._changed.notify_all()
            for answer in tuple(self._replies.values()):
                answer.put(error)
            with suppress(Exception):
                self._socket.close()

    def _take(self, event: Event) -> None:
        with self._changed:
            if isinstance(event, edits.Edit):
                if self._revision.epoch < 0:
                    self._early.append(event)
                else:
                    self._follow(event)
            elif isinstance(event, StatusChange):
                self.status = {**self.status, **event.fields}
            else:
                self._note(event)
            self._changed.notify_all()
        if isinstance(event, Reply):
            if (answer := self._replies.get(event.id)) is not None:
                answer.put(event)
            elif isinstance(event, Refused) and self._replies and not event.id:
                next(iter(self._replies.values())).put(event)
        self._hear(event)

    def _note(self, event: Event) -> None:
        """Keeps what an event says of others than the document and the status."""
        if isinstance(event, session.Notice):
            self.notices = [*self.notices[-NOTICES + 1 :], event]
        elif isinstance(event, session.Cleared):
            self.notices = [notice for notice in self.notices if notice.number > event.until]
        elif isinstance(event, opening.Opening):
            self.opening = event
            if event.stage == "playing":
                self.file = event.file
        elif isinstance(event, session.Clients):
            self.clients = event.clients
        elif isinstance(event, session.Bye):
            self._gone = as_error(event.fault)

    def _follow(self, edit: edits.Edit) -> None:
        if edit.revision <= self._revision:
            return
        with suppress(PatchError):  # the host has done it: so can this
            self._patch, _ = apply(edit.command, self._patch)
        self._revision = edit.revision


def _grid(beats: float | Grid) -> Grid | None:
    if isinstance(beats, Grid):
        return beats
    return Grid("beat", beats) if beats else None
