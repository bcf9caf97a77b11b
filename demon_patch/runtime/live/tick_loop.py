"""Plays a performance against the clock of a loudspeaker: the tick thread.

The engine ticks as fast as it can. Decoding has a deadline: between the rows of a forward, between the blocks of a row
where the executor can, and between ticks, every window that starts within the lead is decoded and *laid* into the song
that the loudspeaker plays. Laying crossfades the window into the song at its place. Where no window is laid, the song
sounds like its last pass.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from math import ceil, floor
from time import perf_counter
from typing import Any, Protocol

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import half_fade
from demon_patch.errors import DemonError
from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.audio.lay_window import Seam
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.graph.route import Route
from demon_patch.runtime.live.first_pass import FirstPass
from demon_patch.runtime.live.lead import Lead
from demon_patch.runtime.performance.mixes import Parts
from demon_patch.runtime.performance.performer import SPLICE_FRAMES, Performer
from demon_patch.runtime.performance.reach import Reach

TickChange = Callable[[], None]

STALL_SECONDS = 3  # for which the host may stall while the song plays on
RECOVERY_SECONDS = 0.5  # of waiting after an error of the engine
TICK_TIMES = 16  # ticks whose mean time by row gives the pace


class Speaker(Protocol):
    """What plays the song: the audio process, or a virtual one. Called from the tick thread only.

    The *timeline* counts the samples, at the family's rate, that were played; it never jumps.
    """

    def playhead(self) -> float:
        """Returns the sample of the timeline that is at the loudspeaker."""
        ...

    @property
    def frontier(self) -> int:
        """The first sample of the timeline that is not read yet: what is laid from there on will be heard."""
        ...

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = 0.0
    ) -> Seam:
        """Lays a window into the song. Returns how its sound joins the song's at its beginning.

        position: the sample of the song at which the window begins.
        block: the window, [samples, channels], with `half` samples more before it and 3 * half after it.
        lo, hi: the samples of the song that repeat; what goes beyond `hi` continues at `lo`. None for the song's end.
        ceiling: of the limiter over the window, in dBFS.
        """
        ...

    def set_route(self, route: Route) -> None:
        """Sets which sample of the song sounds at which sample of the timeline."""
        ...

    def set_playing(self, on: bool) -> None:
        """Lets the timeline run, or stops it."""
        ...

    def poll(self) -> list[dict[str, Any]]:
        """Returns the events since the last call, and repairs what can be repaired. Does not wait."""
        ...


class TickLoop:
    """A performer on the tick thread. Only this thread may use the performer; other threads `post` changes to it.

    clock: returns seconds.
    before_tick: called on the tick thread before every tick, after the changes, with the speaker's events.
    before_playing: called on the tick thread when the first generation is finished, before its sound is laid.

    give_way: called on the tick thread between rows and ticks, where the loop may wait for others.
    playing: whether the timeline runs.
    begun: whether the first generation is finished and the timeline has started.
    starved: latent frames for which a window came too late, so that the last pass was heard.
    tick_seconds: how many seconds a tick takes at present.
    faults: the errors of the engine, which starts again with an empty ring after each.
    seams: the latest seams, each with its transport frame.
    """

    def __init__(
        self,
        performer: Performer,
        speaker: Speaker,
        clock: Callable[[], float] = perf_counter,
        before_tick: Callable[[list[dict[str, Any]]], None] = lambda events: None,
        before_playing: Callable[[], None] = lambda: None,
    ) -> None:
        self.performer, self.speaker, self._clock, self._before_tick = performer, speaker, clock, before_tick
        self.give_way: Callable[[], None] = lambda: None
        self._before_playing = before_playing
        performer.queue.replaces, performer.forecasts_anew = True, False
        self.playing = True
        self.begun = False
        self.starved = 0
        self.faults: list[str] = []
        self.tick_seconds = 0.0
        self.seams: deque[tuple[int, Seam]] = deque(maxlen=2048)
        self._samples_per_frame = performer.spec.samples_per_frame
        self._half_fade = half_fade(performer.spec.sample_rate)
        self._lead = Lead(performer.spec.frame_rate, performer.lead)
        self._tick_times: deque[tuple[float, int]] = deque(maxlen=TICK_TIMES)
        self._first_pass = FirstPass(performer.source.frames)
        self._slots = self._rows = 0
        self._lengths: list[int] = []  # of the generations of a tick
        self._laid_to = 0  # the transport frame up to which windows are laid
        executor = performer.session.executor
        performer.admission.reach = Reach(
            performer.spec, performer.source.frames, executor.lanes.count, lambda: executor.bucket
        )
        self._served_at = self._clock()
        self._changes: deque[TickChange] = deque()
        self._awake = threading.Event()
        self._ended = False
        speaker.set_route(Route.of_song(performer.source.frames).scaled(self._samples_per_frame))

    # -- from any thread ----------------------------------------------------------------------------------------
    def post(self, change: TickChange) -> None:
        """From any thread. Has a change made on the tick thread before its next tick."""
        self._changes.append(change)
        self._awake.set()

    def end(self) -> None:
        """From any thread. Makes `run` return after the present tick."""
        self._ended = True
        self._awake.set()

    @property
    def is_behind(self) -> bool:
        """From any thread. Whether less sound is laid than should be: half of the lead is used up."""
        performer, speaker = self.performer, self.speaker
        if not (self.begun and self.playing):
            return False
        laid = min(performer.planner.next_start, self._laid_to) - speaker.playhead() / self._samples_per_frame
        return laid < performer.lead / 2

    @property
    def decode_seconds(self) -> float:
        """From any thread. The seconds that decoding and laying a window take, at the median."""
        return self._lead.decode_seconds

    # -- the tick thread ----------------------------------------------------------------------------------------
    def run(self) -> None:
        """On the tick thread. Ticks until `end` is called. After an error the engine starts again with an empty ring,
        and the song plays on unchanged."""
        while not self._ended:
            try:
                self.step()
            except Exception as error:  # nothing may stop the sound
                self.faults.append(f"{type(error).__name__}: {error}")
                self.performer.recover()
                self._awake.wait(RECOVERY_SECONDS)

    def step(self) -> None:
        """On the tick thread. Makes the changes that were posted, then one tick. While the timeline is stopped, makes
        only the changes."""
        self._awake.clear()
        for _ in range(len(self._changes)):  # what is posted meanwhile waits for the next tick
            self._changes.popleft()()
            if self.playing:
                self._decode_due()  # however many changes there are, a window waits for one of them at most
        self._before_tick(self.speaker.poll())
        if self._ended:
            return
        if self.begun and not self.playing:
            self._awake.wait(0.5)
            return
        performer, began = self.performer, self._clock()
        performer.begin(self.now)
        self._decode_due()
        self._slots, self._rows = len(performer.ring.slots), sum(len(slot.rows) for slot in performer.ring.slots)
        self._lead_for_forward()
        self._lengths = [slot.request.frames for slot in performer.ring.slots if not slot.source_only]
        interruptible = performer.admission.blocking and not performer.ring.interrupted
        performer.forward(self._serve_and_interrupt if interruptible else self.serve)
        performer.finish(self.now)
        if not self.begun and performer.queued:
            self._begin_playing()
        self.serve()
        self._fill_first_pass()
        self._measure(self._clock() - began)

    @property
    def now(self) -> int:
        """On the tick thread. The transport frame at the loudspeaker; before the first generation is heard, minus the
        frames until then."""
        if self.begun:
            return floor(self.speaker.playhead() / self._samples_per_frame)
        performer = self.performer
        slots = performer.ring.slots
        if not slots:
            return performer.now
        return -(ceil(slots[0].remaining * performer.tick_frames) + performer.lead)

    def serve(self) -> None:
        """On the tick thread. Decodes and lays the windows that start within the lead, between rows, blocks and ticks,
        once others have had their turn."""
        self.give_way()
        self._decode_due()

    def _decode_due(self) -> None:
        """Decodes and lays the windows that start within the lead, once the song has begun."""
        speaker, performer = self.speaker, self.performer
        if not self.begun:
            return
        started = self._clock()
        self._lead.note_wait(started - self._served_at)
        frontier = ceil(speaker.frontier / self._samples_per_frame)
        if performer.planner.next_start < frontier:
            self.starved += frontier - performer.planner.next_start
            performer.planner.next_start = frontier
        for window in performer.due(ceil(speaker.playhead() / self._samples_per_frame) + performer.lead):
            began, self._laid_to = self._clock(), window.start
            self._lay(performer.sound(window), window.start)
            self._laid_to = window.stop
            self._lead.note_decode(self._clock() - began)
        self._served_at = self._clock()

    def _lead_for_forward(self) -> None:
        """Lengthens the lead by the longest wait of the coming forward, and decodes that far ahead."""
        performer = self.performer
        seconds = performer.admission.wait_seconds
        self._lead.expect_waits(seconds)
        if self.begun and seconds:
            lead, performer.lead = performer.lead, self._lead.lengthened(self._latency)
            if performer.lead > lead:
                self.serve()

    def _serve_and_interrupt(self) -> None:
        """Decodes and lays within a long tick (`serve`). Ends the tick here if a change is posted."""
        self.serve()
        if self._changes:
            self.performer.ring.interrupt()

    def _fill_first_pass(self) -> None:
        """Decodes up to a second of the song's first pass ahead of time, so that the song is never silent while the
        host stalls."""
        performer = self.performer
        if not self.begun or not performer.queued:
            return
        stretch = self._first_pass.next(performer.transport, performer.planner.next_start, performer.spec.frame_rate)
        if stretch is not None:
            self._lay(performer.ahead(*stretch), stretch[0])

    def _lay(self, sound: Samples, start: int) -> None:
        transport, per, half = self.performer.transport, self._samples_per_frame, self._half_fade
        spare = SPLICE_FRAMES * per
        lo, hi = transport.region(start)
        block = sound[spare - half : len(sound) - spare + 3 * half]
        position = transport.song_frame(start) * per
        frames = len(sound) // per - 2 * SPLICE_FRAMES
        self._first_pass.note_laid(transport.song_frame(start), frames)
        ceiling = self.performer.controls.control_value("limiter", start)
        self.seams.append((start, self.speaker.lay(position, block, half, lo * per, hi * per, ceiling)))

    def _begin_playing(self) -> None:
        """Lays the windows within the lead and starts the timeline; called when the first generation is finished."""
        performer = self.performer
        self._before_playing()
        for window in performer.due(performer.lead):
            self._lay(performer.sound(window), window.start)
        self.begun, self._laid_to = True, performer.planner.next_start
        for _ in range(STALL_SECONDS):
            self._fill_first_pass()
        self._served_at = self._clock()
        self.speaker.set_playing(self.playing)

    def begin_again(self) -> None:
        """On the tick thread. Lays the first windows again with the next tick; before transport frame 0 is heard."""
        self.begun = False
        self._first_pass = FirstPass(self.performer.source.frames)
        self.performer.queue.begin_again()

    def expect_lead(self, frames: int) -> None:
        """On the tick thread. Begins with a lead of so many latent frames, at least."""
        self._lead.frames = self.performer.lead = max(self._lead.frames, frames)

    def expect_company(self, seconds: float) -> None:
        """On the tick thread. Decodes `seconds` further ahead from now on, while other work takes a share of the
        processor; 0 ends that, little by little."""
        self._lead.expect_company(seconds)
        self.performer.lead = self._lead.frames
        self.serve()

    def take_changes(self) -> list[TickChange]:
        """From any thread, once the loop has ended. Returns the changes that nobody makes any more."""
        changes = list[TickChange]()
        while self._changes:
            changes.append(self._changes.popleft())
        return changes

    def _measure(self, seconds: float) -> None:
        """Measures how many seconds a tick takes, from the latest ticks and their rows, and adapts the lead. `seconds`:
        of the tick that has ended."""
        performer = self.performer
        reach, slots = performer.admission.reach, max(self._slots, 1)
        if reach is not None and self._lengths and not performer.ring.interrupted:
            reach.note_tick(seconds, self._lengths, max(self._rows // slots, 1))
        if self._rows:
            self._tick_times.append((seconds, self._rows))
        if not self._tick_times:
            return
        took, rows = (sum(each) for each in zip(*self._tick_times, strict=True))
        whole = max(self._rows * performer.ring.depth / max(self._slots, 1), 1.0)  # rows of a tick of a full ring
        self.tick_seconds = performer.admission.tick_seconds() or took / rows * whole
        performer.pace = self.tick_seconds * performer.spec.frame_rate
        if self.begun:
            performer.lead = self._lead.updated(self._latency)

    @property
    def _latency(self) -> float:
        """The seconds from the last moment at which a sample can be laid until it is heard."""
        speaker = self.speaker
        ahead = max(speaker.frontier - speaker.playhead(), 0.0) if self.begun else 0.0
        return (ahead + self._half_fade) / self.performer.spec.sample_rate

    def swap(self, program: Program, parts: Parts, beats: float | Grid = 0.0) -> None:
        """On the tick thread. Replaces the program by an edited one, compiled for the same song. It plays at once, or
        is heard from the first line of a grid that no generation in flight reaches. `beats`: a grid, or a number of
        beats; 0 for none."""
        performer = self.performer
        at = performer.transport.next_grid(performer.next_free_frame, beats) if _is_grid(beats) else None
        performer.swap(program, parts, at)

    # -- transport, on the tick thread --------------------------------------------------------------------------
    @property
    def next_open_frame(self) -> int:
        """On the tick thread. The first transport frame that can still be changed: nothing from there on is laid."""
        return max(self.performer.planner.next_start, self.now, 0)

    def on_grid(self, beats: float | Grid) -> int:
        """On the tick thread. Returns the first transport frame that can still be changed and is on a grid or begins a
        multiple of some beats. With 0 beats it is `next_open_frame`."""
        at = self.next_open_frame
        return self.performer.transport.next_grid(at, beats) if _is_grid(beats) else at

    def play(self, playing: bool) -> None:
        """On the tick thread. Lets the timeline run, or stops it."""
        self.playing = playing
        if self.begun:
            self.speaker.set_playing(playing)
            self._served_at = self._clock()

    def seek(self, position: int, beats: float | Grid = 0.0) -> None:
        """On the tick thread. Jumps to a latent frame of the song (`position`): as soon as possible, or on a grid
        (`beats`: see `swap`)."""
        self.retime(self.performer.transport.sought(self.on_grid(beats), position))

    def loop(self, lo: int, hi: int, beats: float | Grid = 0.0) -> None:
        """On the tick thread. Repeats the latent frames [lo, hi) of the song, as soon as possible or on a grid
        (`beats`: see `swap`); (0, song) plays it whole. Raises DemonError for a region that is not inside the song,
        or shorter than what is decoded ahead of the loudspeaker."""
        song, per = self.performer.source.frames, self.performer.spec.frame_rate
        least = self.performer.guard + self.performer.lead + self.performer.window_frames
        if not (0 <= lo < hi <= song and hi - lo >= min(least, song)):
            raise DemonError(
                f"a loop from {lo / per:g} to {hi / per:g} s",
                port="loop",
                mend=f"loop {least / per:.1f} s or more of the song's {song / per:g}",
            )
        self.retime(self.performer.transport.looped(self.on_grid(beats), lo, hi))

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        """On the tick thread. Sets the tempo in beats a minute, now or on a grid (`beats`: see `swap`)."""
        transport = self.performer.transport
        at = transport.next_grid(max(self.now, 0), beats) if _is_grid(beats) else max(self.now, 0)
        self.retime(transport.at_tempo(at, bpm))

    def follow(self, on: bool) -> None:
        """On the tick thread. Makes the transport's beats the song's beats, or lets them run on their own."""
        self.retime(self.performer.transport.following(on))

    def retime(self, transport: Transport) -> None:
        """On the tick thread. Plays on by another transport, which differs from the present one from now on only."""
        before = self.performer.transport.route
        self.performer.retime(transport.trimmed(max(self.now, 0)))
        route = self.performer.transport.route
        if route is not None and route != before:
            self.speaker.set_route(route.scaled(self._samples_per_frame))


def _is_grid(beats: float | Grid) -> bool:
    """Returns whether a grid is given; a number of 0 beats is none."""
    return isinstance(beats, Grid) or beats > 0
