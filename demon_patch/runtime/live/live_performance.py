"""One patch while it plays live, or is prepared to: all that a host has once for each performance."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from demon_patch.engine.contracts import Source
from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Patch, Song
from demon_patch.runtime.audio.host_songs import HostSong
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.edit_thread import EditThread, Fit
from demon_patch.runtime.live.knobs import KnobMoves
from demon_patch.runtime.live.scheduled_edits import ScheduledEdit, ScheduledEdits
from demon_patch.runtime.live.song_speaker import SongSpeaker
from demon_patch.runtime.live.tick_loop import TickLoop
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import DEFAULT_BPM, perform, tempo_of
from demon_patch.runtime.performance.resources import Resources
from demon_patch.runtime.performance.trace import Trace

KEPT_EVENTS, KEPT_SECONDS = 4096, 600.0  # how much of each kind of event a live performance keeps


@dataclass(frozen=True, slots=True)
class Cast:
    """What a performance is made of before it has a song in shared memory.

    patch: what plays at first. resources: loads its prompts, clips and LoRAs. clip: replaces the patch's own source.
    """

    patch: Patch
    performer: Performer
    resources: Resources
    clip: Source | None = None

    @property
    def samples(self) -> int:
        """Length of the song in samples."""
        return self.performer.source.frames * self.performer.spec.samples_per_frame


def cast(
    patch: Patch, resources: Resources, session: Session, clip: Source | None = None, tempo: float = DEFAULT_BPM
) -> Cast:
    """Compiles a patch and loads what it names, which takes a while. A clip that is missing is silent, and its node has
    a fault. Raises DemonError for any other mistake.

    clip: replaces the patch's own source.
    tempo: in beats a minute, where neither the patch nor its clip has one.
    """
    trace = Trace(KEPT_EVENTS, round(KEPT_SECONDS * session.spec.frame_rate))
    with resources.forgiving():
        performer = perform(patch, session, clip=clip, trace=trace, resources=resources, tempo=tempo)
    return Cast(patch, performer, resources, clip)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a host shares among its performances.

    before_tick: called on the tick thread of each before each of its ticks, with the events of the audio process.
    compile: has the editing thread of the one that plays compile the document.
    compiled: see `EditThread`.
    tell: adds a message; see `EditThread`.
    """

    link: AudioLink
    document: LiveDocument
    before_tick: Callable[[LivePerformance, list[dict[str, Any]]], None]
    compile: Callable[[], None]
    compiled: Callable[[LivePerformance, Fit], None]
    tell: Callable[[str, Exception | None, str], None]


class LivePerformance:
    """A performance with its threads and its song. The thread that makes it owns the performer until `start`.

    heard: whether its song plays already.
    before_playing: see `TickLoop`.

    performer, tick_loop, knobs, scheduled, edit_thread: its parts. resources: loads its prompts, clips and LoRAs.
    speaker: plays its song. clip: replaces the patch's own source.
    fit: what its document asked of a performance when it was made.
    ends: closed at its end: what it needs as long as it plays.
    successor: what takes over from it; `succeeded` is set once that is heard.
    """

    def __init__(
        self,
        cast: Cast,
        song: HostSong,
        around: Surroundings,
        *,
        heard: bool = True,
        before_playing: Callable[[], None] = lambda: None,
    ) -> None:
        performer, patch = cast.performer, cast.patch
        self.performer, self.resources, self.clip = performer, cast.resources, cast.clip
        self.fit = Fit(performer.source.frames, patch.meta.model)
        self.ends = ExitStack()
        self.successor: LivePerformance | None = None
        self.succeeded = threading.Event()
        self._around = around
        self.speaker = SongSpeaker(around.link, song, performer.spec, heard=heard)
        self.tick_loop = TickLoop(performer, self.speaker, before_tick=self._before_tick, before_playing=before_playing)
        self.knobs = KnobMoves(performer.turn, self.post, around.compile)
        bpm = tempo_of(Song(), performer.source)  # of a patch without a tempo of its own
        self.scheduled = ScheduledEdits(performer, patch.song, bpm, lambda text: around.tell(text, None, ""))
        self._compiled: deque[Sequence[ScheduledEdit]] = deque(maxlen=1)  # the newest edits that do not play yet
        self.edit_thread = EditThread(
            performer,
            cast.resources,
            bpm,
            cast.clip,
            patch,
            stages=around.document.stages,
            play=self._play_edits,
            tell=around.tell,
            moved=around.document.take_moved,
            compiled=lambda fit: around.compiled(self, fit),
            behind=lambda: self.tick_loop.is_behind,
        )
        self._thread = threading.Thread(target=self._run, name="tick", daemon=True)

    def start(self) -> None:
        """On the thread that made it. Begins to tick."""
        self._thread.start()

    def be_heard(self) -> None:
        """From any thread. From now on it uses the whole processor, and gives way to no other performance."""
        self.tick_loop.give_way = lambda: None
        lanes = self.performer.session.executor.lanes
        lanes.most = lanes.count

    def end(self) -> None:
        """From any thread but the tick thread. Ends the tick thread, if it has begun, and waits for its end."""
        self.tick_loop.end()
        if self._thread.is_alive():
            self._thread.join()

    def close(self) -> None:
        """From any thread but its own. Ends its threads, and closes what it needed. A second call does nothing."""
        with ExitStack() as parts:
            parts.callback(self.ends.close)
            parts.callback(self.edit_thread.shutdown)
            parts.callback(self.end)

    def release(self) -> None:
        """From any thread, once it is closed and nobody uses it. Lets go of its parts, which know it and each other: so
        the model's memory is free at once. A search for such circles is made seldom (`threads.quiet_gc`)."""
        self._compiled.clear()  # a change that was posted to play them may be made by the successor's tick thread
        del self.performer, self.tick_loop, self.knobs, self.scheduled, self.edit_thread, self.resources, self.clip
        del self.speaker, self.successor

    def post(self, change: Callable[[], None]) -> None:
        """From any thread. Has its tick thread make a change before its next tick."""
        self.tick_loop.post(change)

    @property
    def faults(self) -> dict[str, str]:
        """From any thread. By node, the mistake that keeps it from running, or its clip from sounding."""
        program = self.performer.program
        return {**self.resources.faults(program.resources), **program.faults}

    def _run(self) -> None:
        self.tick_loop.run()

    def _before_tick(self, events: list[dict[str, Any]]) -> None:
        """On the tick thread. Ends the loop once the successor is heard."""
        self._around.before_tick(self, events)
        successor = self.successor
        if successor is not None and self._around.link.is_playing(successor.speaker.song):
            self.speaker.heard, successor.speaker.heard = False, True
            self.tick_loop.end()
            self.succeeded.set()

    def _play_edits(self, edits: Sequence[ScheduledEdit]) -> None:
        """On the editing thread. Passes compiled edits on to the tick thread. Where it has not played earlier ones yet,
        it plays only these: they are of the newest document."""
        self._compiled.append(edits)
        self.post(self._play_compiled)

    def _play_compiled(self) -> None:
        """On the tick thread. Plays the newest compiled edits, once."""
        if self._compiled:
            edits = self._compiled.pop()
            self.scheduled.play(edits)
            self.knobs.note_played(edits[0].moves)
