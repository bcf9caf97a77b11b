"""The host's face of the audio process: keeps one running, and passes on what is played, asked and heard."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.child import START_ERRORS, Child, reason
from demon_patch.runtime.audio.device_choice import NO_DEVICE, DeviceChoice
from demon_patch.runtime.audio.host_songs import CEILING, HostSong, HostSongs
from demon_patch.runtime.audio.lay_window import Seam
from demon_patch.runtime.audio.orphan import take_over
from demon_patch.runtime.audio.own_clock import CATCH_UP_SECONDS
from demon_patch.runtime.audio.playhead import Playhead
from demon_patch.runtime.audio.process import Settings
from demon_patch.runtime.audio.shared import collect
from demon_patch.runtime.audio.sound_format import SoundFormat
from demon_patch.runtime.audio.timeline_memory import CLOCK, Levels, TimelineMemory
from demon_patch.runtime.graph.route import Route

START_SECONDS = 20.0  # after which a process that sends no event is given up
GAP_SECONDS = 600.0  # most silence that stands for sound that is held no more


@dataclass(frozen=True, slots=True)
class AudioState:
    """The state of the audio process and of its device, which has a name, a rate in Hz and a latency in seconds.

    device: "none" while the performance runs on a clock of its own.
    xruns: buffer underflows that the device reported. starved: device buffers not filled in time. restarts: of the
    process. resyncs: jumps of the playhead. lost: whether a device is wanted and there is none now, or no process.
    volume: master volume, dB.
    """

    device: str
    rate: int
    channels: int
    latency: float
    xruns: int
    starved: int
    restarts: int
    resyncs: int
    lost: bool
    volume: float = 0.0


class AudioLink:
    """A song in shared memory, silent at first, and the process that plays it; a context manager.

    rate, channels, samples: of the song, the rate in Hz. device: what is asked of the sound device; a text is part of
    its name.

    All methods are the host's and may be called from one thread at a time; only `start` and `close` wait. When the host
    is killed, the song loops on until the next host starts; when it ends by itself without `close`, the sound ends too.
    """

    def __init__(self, rate: int, channels: int, samples: int, device: DeviceChoice | str | None = None) -> None:
        collect()  # memory that killed performances left behind may take the room needed here
        self._songs = HostSongs(rate, channels, samples)
        try:
            self._memory = TimelineMemory.create(rate, channels)
        except BaseException:
            self._songs.remove()
            raise
        self._playhead = Playhead(rate)
        self._clock_lock = threading.Lock()  # of the playhead, which two performances read at a takeover
        self._reported = 0
        self._device = self._wanted = device if isinstance(device, DeviceChoice) else DeviceChoice(device)
        self._child = Child()
        self._opened: dict[str, Any] = {"name": "", "rate": 0, "channels": 0, "latency": 0.0}
        self._waiting = True  # for the first event of a process
        self._lost = True
        self._hushed = 0  # samples of silence in the history that were told
        self._away_from: float | None = None  # timeline sample from which nothing is heard
        self._alive = CLOCK()  # when there last was a process
        self._told_troubles: set[tuple[str, str]] = set()  # (event, what) since a device was last opened
        self._first: dict[str, Any] | None = None  # event of `start` that `poll` returns
        self._running = False  # True from a successful start until `close`
        self._restarts = 0

    def __enter__(self) -> AudioLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, check: Callable[[], None] = lambda: None) -> None:
        """On the thread that made it. Ends the audio processes that earlier hosts left behind and opens the device, or
        begins on a clock of its own where there is none. Playing begins with `set_playing`.

        check: called again and again while it waits; an error that it raises ends the start. Raises DeviceError when
        there is no process, or no device where one is required. After any error no process is left running.
        """
        try:
            take_over()
            self._open_device(check)
        except BaseException:
            self._child.stop()
            raise
        self._running = True

    def _open_device(self, check: Callable[[], None]) -> None:
        """Starts the process and waits until it plays. Raises DeviceError, or the error of `check`."""
        try:
            self._start_process(patient=False)
        except START_ERRORS as error:
            raise DeviceError(f"the audio process cannot be started: {reason(error)}") from error
        end = CLOCK() + START_SECONDS
        while self._waiting:
            gone = self._child.ended()
            check()
            event = self._child.next_event(0.0 if gone else 0.1)
            if event is None:
                if not gone and CLOCK() < end:
                    continue
                what = f"the audio process did not start: {self._child.last_error_line()}"
                event = {"event": "fault", "what": what}
            self._follow_event(event)
            if event["event"] in ("error", "fault"):
                raise DeviceError(str(event["what"]), mend=str(event.get("mend", "")))
            self._first = event if event.get("name") == NO_DEVICE else None

    def close(self) -> None:
        """On the thread that made it. Fades out, ends the process and frees the memory. A second call does nothing."""
        self._running = False
        self._child.stop()
        self._lost = True
        self._memory.remove()
        self._songs.remove()

    def poll(self) -> list[dict[str, Any]]:
        """On the tick thread. Returns the events since the last call, and starts a new process where there is none.
        Call it several times a second.

        An event is {"event": `opened` | `lost` | `back` | `error` | `fault` | `died` | `stuck`, ...}. `opened` and
        `back` have the device's `name` ("none": a clock of its own), in `away` the seconds that were not heard before,
        and in `silent` how many of these are silence in the history; `opened` has in `missing` why there is no device.
        `stuck` means that no process can be started now. A new process continues at the present timeline sample, and
        reads what passed in the last 20 s for the history. A repeated `died`, `stuck` or `fault` is returned once.
        """
        gone, events = self._running and self._child.ended(), list[dict[str, Any]]()
        if self._first is not None:
            events, self._first = [self._first], None
        while (event := self._child.next_event()) is not None:
            if self._is_new(event):
                events.append(event)
            self._follow_event(event)
        self._songs.follow(self._memory.song)
        if gone:
            events += filter(self._is_new, self._restart_process())
        else:
            self._alive = CLOCK()
        return events

    def fill(self) -> None:
        """On the thread that made it. While there is no process, adds silence to the history up to the playhead. `poll`
        does this when there is none for long; call it yourself only when nothing polls any more."""
        if self._running and self._child.ended():
            self._memory.hush(math.floor(self.playhead()))

    def _start_process(self, *, patient: bool) -> None:
        """Starts a process. Raises one of START_ERRORS, and then leaves no process behind. patient: see `Settings`."""
        self._songs.follow(self._memory.song)
        memory, song, number, following = self._memory.path, self._songs.playing, self._songs.number, self._songs.next
        self._child.start(Settings(str(memory), song.path, number, following, asdict(self._wanted), patient))

    def _restart_process(self) -> list[dict[str, Any]]:
        """Starts a new process, at most once a second; returns the events `died` and `stuck`."""
        self._note_loss()
        if CLOCK() - self._alive > CATCH_UP_SECONDS:
            self.fill()
        if not self._child.rested:
            return []
        events: list[dict[str, Any]] = []
        if self._child.pid:
            events.append({"event": "died", "what": self._child.last_error_line()})
            self._restarts += 1
        try:
            self._start_process(patient=True)
        except START_ERRORS as error:
            events.append({"event": "stuck", "what": reason(error)})
        return events

    def _is_new(self, event: dict[str, Any]) -> bool:
        """Returns whether to report an event: a `died`, `stuck`, `fault` or missing device only once until a device is
        open again. Call it before `_follow_event`."""
        kind = str(event["event"])
        if kind in ("opened", "back"):
            self._told_troubles.clear()
            return "missing" not in event or self._waiting or self._opened["name"] != NO_DEVICE
        if kind not in ("died", "stuck", "fault"):
            return True
        trouble = kind, str(event.get("what"))
        known = trouble in self._told_troubles
        self._told_troubles.add(trouble)
        return not known

    def _follow_event(self, event: dict[str, Any]) -> None:
        """Keeps what an event says of the device. Adds `away` and `silent` to `opened` and `back`."""
        kind = event["event"]
        if kind in ("opened", "back"):
            hushed, rate = self._memory.hushed, self._memory.rate
            event["silent"], self._hushed = (hushed - self._hushed) / rate, hushed
            if "missing" not in event:
                event["away"] = (self.playhead() - self._away_from) / rate if self._away_from is not None else 0.0
                self._away_from = None
            self._opened, self._waiting, self._lost = event, False, "missing" in event
            self._device = self._wanted
        elif kind == "error":
            self._wanted = self._device
        elif kind == "lost":
            self._note_loss()
            self._opened = {**self._opened, "name": NO_DEVICE, "latency": 0.0}

    def _note_loss(self) -> None:
        """Notes that there is no device, and the timeline sample from which nothing is heard."""
        self._lost = True
        if self._away_from is None:
            self._away_from = self.playhead()

    @property
    def pid(self) -> int:
        """From any thread. Process id of the audio process, 0 while there is none."""
        return self._child.pid

    # The song.

    @property
    def song(self) -> HostSong:
        """From any thread. The song that plays, as of the last `poll`."""
        return self._songs.playing

    @property
    def format(self) -> SoundFormat:
        """From any thread. Rate and channels of all songs."""
        return SoundFormat(self._memory.rate, self._memory.channels)

    @property
    def samples(self) -> int:
        """From any thread. Length of the song in samples."""
        return self._songs.playing.samples

    def write(self, position: int, block: Samples) -> None:
        """On the tick thread. See `HostSong.write`."""
        self._songs.playing.write(position, block)

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = CEILING
    ) -> Seam:
        """On the tick thread. See `HostSong.lay`."""
        return self._songs.playing.lay(position, block, half, lo, hi, ceiling)

    def read(self, position: int, n: int) -> Samples:
        """From any thread. See `HostSong.read`."""
        return self._songs.playing.read(position, n)

    @property
    def route(self) -> Route:
        """From any thread. The route that is played, in samples."""
        return self._songs.playing.route

    def set_route(self, route: Route) -> None:
        """On the tick thread. See `HostSong.set_route`."""
        self._songs.playing.set_route(route)

    def next_song(self, samples: int) -> HostSong:
        """From any thread. Returns a silent song of another length, to be written before it takes over (`switch`). It
        takes the time of writing the memory once. Raises DemonError where there is no room for it."""
        return self._songs.prepare(samples)

    def switch(self, song: HostSong, at: int, position: int | None = 0) -> None:
        """On the tick thread. Lets a prepared song take over at the timeline sample `at`, or at the frontier where that
        has passed, by a crossfade of 20 ms. Timeline, playhead and history run on.

        position: the song sample that sounds at the timeline sample `at`; None keeps the song's own route.

        When the fade is over, `is_playing` is true, the methods of this class mean the new song, and the memory of the
        old one is given back. Raises DemonError for a song that is not prepared, and while another one takes over.
        """
        self._songs.switch(song, at)
        if position is not None:
            song.set_route(Route.of_song(song.samples, position, at))
        assert self._songs.next is not None
        path, at, number = self._songs.next
        self._child.send({"do": "song", "path": path, "at": at, "number": number})

    def switch_earlier(self, at: int) -> None:
        """On the tick thread. While the timeline stands, lets the song that waits take over at an earlier timeline
        sample; its route is the caller's. Does nothing where none waits."""
        if self._songs.next is not None:
            self._songs.move(at)
            path, at, number = self._songs.next
            self._child.send({"do": "song", "path": path, "at": at, "number": number})

    def drop_song(self, song: HostSong) -> None:
        """On the tick thread. Gives back a prepared song that is not to take over after all."""
        self._songs.drop(song)

    def is_playing(self, song: HostSong) -> bool:
        """From any thread. Returns whether a song has taken over, as of the last `poll`."""
        return self._songs.playing is song

    # The transport.

    def playhead(self) -> float:
        """From any thread. Returns the timeline sample at the loudspeaker now, smoothed, never less than before."""
        with self._clock_lock:
            number, position, heard, speed = self._memory.clock()
            if number != self._reported:
                self._reported = number
                self._playhead.report(position, heard, speed)
            return self._playhead.position_at(CLOCK())

    @property
    def frontier(self) -> int:
        """From any thread. The timeline sample that the process reads next; sound written before it is not heard."""
        return self._memory.frontier

    def set_playing(self, on: bool) -> None:
        """On the tick thread. Starts or stops the timeline, with a fade of 10 ms."""
        self._memory.playing = on

    def set_mute(self, on: bool) -> None:
        """From any thread. Silences the sound, with a fade of 10 ms; the timeline runs on."""
        self._memory.muted = on

    def set_volume(self, decibels: float) -> None:
        """From any thread. Sets the master volume, which comes before the limiter, with a ramp of 20 ms. Recordings and
        history hear it."""
        self._memory.volume = decibels

    def set_device(self, choice: DeviceChoice) -> None:
        """On the tick thread. Asks the process to play on another device, or on none. An event of `poll` says how it
        went: `opened` or `back`, or else `error`, after which the former device plays on."""
        self._wanted = choice
        self._child.send({"do": "device", "choice": asdict(choice)})

    # What was heard.

    @property
    def state(self) -> AudioState:
        """From any thread. The state of the audio process after the last `poll`."""
        return AudioState(
            device=str(self._opened["name"]),
            rate=int(self._opened["rate"]),
            channels=int(self._opened["channels"]),
            latency=float(self._opened["latency"]),
            xruns=self._memory.counter("xruns"),
            starved=self._memory.counter("starved"),
            restarts=self._restarts,
            resyncs=self._playhead.resyncs,
            lost=self._lost,
            volume=self._memory.volume,
        )

    def levels_since(self, mark: int) -> Levels:
        """From any thread. Returns the level of what was heard since `mark` (0: the start) by channel of the song,
        after volume and limiter, at most of the last 20 s, and the mark to ask with next."""
        return self._memory.levels_since(mark)

    def history(self, seconds: float) -> Samples:
        """From any thread. Returns the last `seconds` (at most 120) of played sound, [n, channels] at the song's rate,
        before the limiter."""
        return self._memory.history(seconds)

    def history_since(self, counter: int) -> tuple[Samples, int]:
        """From any thread. Returns the sound played from the timeline sample `counter` on, [n, channels] before the
        limiter, and the timeline sample to ask with next.

        Silence stands for samples at which nothing played, and for samples that are held no more (these at most 10
        minutes), so that n is the number of timeline samples since `counter`.
        """
        sound, until = self._memory.history_since(counter)
        gone = min(until - counter - len(sound), round(GAP_SECONDS * self._memory.rate))
        if gone > 0:
            sound = np.concatenate([np.zeros((gone, sound.shape[1]), np.float32), sound])
        return sound, until

    def history_ceilings(self, since: int, until: int) -> Samples:
        """From any thread. Returns the limiter's ceilings, dBFS [until - since], at those timeline samples."""
        return self._memory.history_ceilings(since, until)
