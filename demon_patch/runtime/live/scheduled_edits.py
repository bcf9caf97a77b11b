"""Compiled edits that are heard one after the other, each from its grid on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple

from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import Song
from demon_patch.runtime.graph.clock import MetreChange, TempoChange, Transport
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.sounding import Parts


class ScheduledEdit(NamedTuple):
    """A compiled edit.

    key, label: those of its `DocumentStage`.
    at: the grid from which it is heard; None for now.
    song: the song of its patch.
    moves: the number of the latest move of a knob that its patch contains (`KnobMoves`).
    """

    key: Hashable
    at: Grid | None
    label: str
    song: Song
    program: Program
    parts: Parts
    moves: int = 0


class NextEdit(NamedTuple):
    """An edit or a recall that is not heard yet.

    label: what the player is shown.
    at: the grid for which it waits.
    seconds: the time until then.
    frame: the transport frame from which it is heard; song_frame: the place of the song there, in latent frames.
    key: that of the `DocumentStage`.
    """

    label: str
    at: Grid
    seconds: float
    key: Hashable = None
    frame: int = 0
    song_frame: int = 0


class ScheduledEdits:
    """The scheduled edits of a performance. Owned by the tick thread.

    An edit is heard from a transport frame of its grid on: the first that no generation in flight reaches, and not
    before the edit ahead of it. It keeps this frame whatever else is edited meanwhile. Its tempo and metre begin
    there, too, unless the player has set a tempo by hand (`take_tempo`); then a message says so.

    song: the one that the transport was made for.
    bpm: the tempo, in beats a minute, of a song that has none of its own.
    tell: called with each message for the player.

    by_hand: whether the player has set a tempo by hand.
    """

    def __init__(
        self, performer: Performer, song: Song, bpm: float, tell: Callable[[str], object] = lambda message: None
    ) -> None:
        self._performer, self._song, self._bpm, self._tell = performer, song, bpm, tell
        self._frames: dict[Hashable, int] = {}
        self._waiting: Sequence[ScheduledEdit] = ()
        self._tempi: frozenset[TempoChange] = frozenset()  # of the edits that wait, in the transport already
        self._bars: frozenset[MetreChange] = frozenset()  # the same of their metres
        self.by_hand = False

    @property
    def waiting(self) -> tuple[NextEdit, ...]:
        """The edits that are not heard yet, in order, with their seconds."""
        now, rate = max(self._performer.now, 0), self._performer.spec.frame_rate
        transport = self._performer.transport
        waiting = ((edit, self._frames.get(edit.key, now)) for edit in self._waiting)
        return tuple(
            NextEdit(edit.label, edit.at, max(frame - now, 0) / rate, edit.key, frame, transport.song_frame(frame))
            for edit, frame in waiting
            if edit.at
        )

    def play(self, edits: Sequence[ScheduledEdit]) -> None:
        """Plays the first edit from now on; the others wait. If a later one is heard already, that one plays instead of
        the first."""
        self._adopt_landed()
        passed = [self._passed(edit) for edit in edits]
        first = max((number for number, is_passed in enumerate(passed) if is_passed), default=0)
        self._performer.swap(edits[first].program, edits[first].parts)
        self._waiting = edits[first + 1 :]
        self._frames = {edit.key: self._frames[edit.key] for edit in edits[1:] if edit.key in self._frames}
        song = edits[first].song
        transport = self._timed(self._without_waiting(), self._song, song, max(self._performer.now, 0))
        self._begin(song, transport)
        self._stage()

    def note_retiming(self) -> None:
        """After a change of the transport: gives each edit that waits its frame on the new grid."""
        self._adopt_landed()
        for edit in self._waiting:
            if not self._passed(edit):
                self._frames.pop(edit.key, None)
        self._performer.soundings.clear()
        self._stage()

    def take_tempo(self) -> None:
        """Called before the player sets a tempo by hand: from now on the document does not change the tempo."""
        self._adopt_landed()
        self.by_hand = True
        self._retime(self._without_waiting())
        self._tempi, self._bars = frozenset(), frozenset()

    def take_landed(self) -> list[Hashable]:
        """Returns the keys of the edits that began to be heard since the last call, in order."""
        self._adopt_landed()
        heard = [edit.key for edit in self._waiting if self._passed(edit)]
        self._waiting = [edit for edit in self._waiting if not self._passed(edit)]
        return heard

    def _stage(self) -> None:
        """Gives each edit its transport frame, with its tempo and metre from there on, and prepares all edits that
        wait."""
        performer, last, song, frames = self._performer, 0, self._song, list[int]()
        before = transport = self._without_waiting()
        for edit in self._waiting:
            if edit.key not in self._frames:
                assert edit.at is not None
                self._frames[edit.key] = transport.next_grid(max(performer.next_free_frame, last), edit.at)
            last = self._frames[edit.key]
            transport, song = self._timed(transport, song, edit.song, last), edit.song
            frames.append(last)
        self._tempi = frozenset(transport.changes) - frozenset(before.changes)
        self._bars = frozenset(transport.bars) - frozenset(before.bars)
        self._retime(transport)
        for edit, frame in zip(self._waiting, frames, strict=True):
            performer.swap(edit.program, edit.parts, frame)

    def _passed(self, edit: ScheduledEdit) -> bool:
        frame = self._frames.get(edit.key)
        return frame is not None and frame <= max(self._performer.now, 0)

    # -- tempo and metre ----------------------------------------------------------------------------------------
    def _adopt_landed(self) -> None:
        """Adopts the songs of the edits that have begun to be heard; their tempi and metres are in the transport
        already."""
        now = max(self._performer.now, 0)
        self._tempi = frozenset(tempo for tempo in self._tempi if tempo.frame > now)
        self._bars = frozenset(bars for bars in self._bars if bars.frame > now)
        for edit in self._waiting:
            if self._passed(edit):
                self._begin(edit.song, self._performer.transport)

    def _begin(self, song: Song, transport: Transport) -> None:
        """Makes a song the one that is heard now, with a transport that has its tempo and metre."""
        if self.by_hand and song.bpm != self._song.bpm:
            self._tell(
                f"the tempo stays at {transport.tempo(max(self._performer.now, 0)):g} bpm, as it was set by hand"
            )
        self._song = song
        self._retime(transport)

    def _timed(self, transport: Transport, before: Song, song: Song, frame: int) -> Transport:
        """Returns the transport with another song's metre, from the first beat at or after a transport frame, and its
        tempo, from that frame on."""
        if song.beats_per_bar != before.beats_per_bar:
            transport = transport.at_metre(frame, song.beats_per_bar)
        if self.by_hand or song.bpm == before.bpm:
            return transport
        return transport.at_tempo(frame, song.bpm or self._bpm)

    def _without_waiting(self) -> Transport:
        """Returns the transport without the tempi and metres of the edits that wait."""
        transport = self._performer.transport
        return replace(
            transport,
            changes=tuple(tempo for tempo in transport.changes if tempo not in self._tempi),
            bars=tuple(bars for bars in transport.bars if bars not in self._bars),
            beats_per_bar=self._song.beats_per_bar,
        )

    def _retime(self, transport: Transport) -> None:
        if transport != self._performer.transport:
            self._performer.retime(transport.trimmed(max(self._performer.now, 0)))
