"""What devices need of the performance that they play."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from demon_patch.patch.edit.commands import Command
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.feeds import FedEvent
from demon_patch.runtime.graph.live_inputs import Listener


class HeardMoment(NamedTuple):
    """A moment of the performance, as it is heard.

    frame: the transport frame at the loudspeaker, with its fraction; None before the transport has started.
    beat: the transport's place in beats. bpm: its tempo. playing: whether it runs.
    """

    frame: float | None
    beat: float
    bpm: float
    playing: bool


class EditedDocument(Protocol):
    """The document of the performance. Its methods are called from any thread."""

    @property
    def patch(self) -> Patch:
        """The document without live values."""
        ...

    @property
    def live(self) -> Overlay:
        """The live values."""
        ...

    def do(self, command: Command, client: str = ..., label: str = ..., at: Grid | None = None) -> object:
        """Edits the document. Raises PatchError."""
        ...

    def recall(self, id: str, at: Grid | None = None) -> object:
        """Makes a snapshot's values live values. Raises PatchError."""
        ...


class Performance(Protocol):
    """The performance that devices play. All are called from the thread of the devices."""

    @property
    def document(self) -> EditedDocument:
        """The document."""
        ...

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """The nodes of the present program that devices feed, by id."""
        ...

    def heard(self, now: float) -> HeardMoment:
        """The performance as it is heard at a time of `time.perf_counter`."""
        ...

    def turn(self, node: str, port: str, value: Value) -> None:
        """Gives a knob a live value."""
        ...

    def feed_from(self, take: Callable[[], Sequence[FedEvent]]) -> None:
        """Has the tick thread call `take` before its next tick, and feed what it returns."""
        ...

    def add_message(self, message: str) -> None:
        """Tells the player something."""
        ...

    def play(self, on: bool) -> None:
        """Lets the transport run, or stops it."""
        ...

    def seek(self, seconds: float, beats: float | Grid = 0.0) -> None:
        """Jumps to a moment of the song."""
        ...

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        """Sets the tempo."""
        ...
