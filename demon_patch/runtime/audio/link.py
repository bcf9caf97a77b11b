"""The host's side of the audio process: starts and restarts it, writes the song, and reports what is heard."""

from __future__ import annotations

import contextlib
import json
import math
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import IO, Any

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.controls import CONTROLS
from demon_patch.errors import DemonError, DeviceError
from demon_patch.runtime.audio.lay_window import Seam, lay, set_ceilings
from demon_patch.runtime.audio.orphan import take_over
from demon_patch.runtime.audio.playhead import Playhead
from demon_patch.runtime.audio.process import Settings, command
from demon_patch.runtime.audio.shared import collect
from demon_patch.runtime.audio.song_memory import CLOCK, HELD, SongMemory
from demon_patch.runtime.graph.route import Route

CEILING = float(CONTROLS["limiter"].default or 0.0)  # dBFS, ceiling of the limiter where no window has set another
START_SECONDS = 20.0  # after which a process that sends no event is given up
QUIT_SECONDS = 2.0  # after which a process that does not quit is killed
REVIVE_SECONDS = 1.0  # at least, between two starts of a process
GAP_SECONDS = 600.0  # most silence that stands for sound that is held no more
START_ERRORS = (OSError, MemoryError, RuntimeError, subprocess.SubprocessError, DemonError)  # of a process or thread


@dataclass(frozen=True, slots=True)
class AudioState:
    """The state of the audio process and of its device, which has a name, a rate in Hz and a latency in seconds.

    xruns: buffer underflows that the device reported. starved: device buffers not filled in time. restarts: of the
    process. resyncs: jumps of the playhead. lost: whether there is no device now.
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


class AudioLink:
    """A song in shared memory, silent at first, and the process that plays it; a context manager.

    rate, channels, samples: of the song, the rate in Hz. device: part of a device's name, or None for the default
    device.

    All methods are the host's and may be called from one thread at a time; only `start` and `close` wait. When the host
    is killed, the song loops on until the next host starts; when it ends by itself without `close`, the sound ends too.
    """

    def __init__(self, rate: int, channels: int, samples: int, device: str | None = None) -> None:
        collect()  # memory that killed performances left behind may take the room needed here
        self._memory = SongMemory.create(rate, channels, samples)
        self._memory.ceilings[:] = CEILING
        self._playhead = Playhead(rate)
        self._reported = 0
        self._device = self._wanted = device
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._log: IO[bytes] | None = None
        self._events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._opened: dict[str, Any] = {"name": "", "rate": 0, "channels": 0, "latency": 0.0}
        self._lost = True
        self._silent_from: float | None = None  # timeline sample; None while there is a device
        self._told_troubles: set[tuple[str, str]] = set()  # (event, what) since a device was last opened
        self._running = False  # True from a successful start until `close`
        self._restarts = 0
        self._started = 0.0

    def __enter__(self) -> AudioLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, check: Callable[[], None] = lambda: None) -> None:
        """On the thread that made it. Ends the audio processes that earlier hosts left behind and opens the device.
        Playing begins with `set_playing`.

        check: called again and again while it waits; an error that it raises ends the start. Raises DeviceError when
        there is no device or no process. After any error no process is left running.
        """
        try:
            take_over()
            self._open_device(check)
        except BaseException:
            self._stop()
            raise
        self._running = True

    def _open_device(self, check: Callable[[], None]) -> None:
        """Starts the process and waits until its device is open. Raises DeviceError, or the error of `check`."""
        try:
            self._start_process(patient=False)
        except START_ERRORS as error:
            raise DeviceError(f"the audio process cannot be started: {_reason(error)}") from error
        end = CLOCK() + START_SECONDS
        while self._lost:
            gone = self._process_ended()
            check()
            try:
                event = self._events.get(timeout=0.0 if gone else 0.1)
            except queue.Empty:
                if not gone and CLOCK() < end:
                    continue
                event = {"event": "fault", "what": f"the audio process did not start: {self._last_error_line()}"}
            self._follow_event(event)
            if event["event"] in ("error", "fault"):
                raise DeviceError(str(event["what"]), mend=str(event.get("mend", "")))

    def close(self) -> None:
        """On the thread that made it. Fades out, ends the process and frees the memory. A second call does nothing."""
        self._running = False
        self._stop()
        self._memory.remove()

    def poll(self) -> list[dict[str, Any]]:
        """On the tick thread. Returns the events since the last call, and starts a new process where there is none.
        Call it several times a second.

        An event is {"event": `opened` | `lost` | `back` | `error` | `fault` | `died` | `stuck`, ...}. `back` has in
        `silent` the seconds of the timeline that were not heard. `stuck` means that no process can be started now. A
        new process continues at the present timeline sample. A repeated `died`, `stuck` or `fault` is returned once.
        """
        gone, events = self._running and self._process_ended(), []
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._events.get_nowait())
                self._follow_event(events[-1])
        if gone:
            events += self._restart_process()
        return [event for event in events if self._is_new(event)]

    def fill(self) -> None:
        """On the thread that made it. While there is no process, adds silence to the history up to the playhead. `poll`
        does this too; call it yourself only when nothing polls any more."""
        if self._running and self._process_ended():
            self._memory.hush(math.floor(self.playhead()))

    def _restart_process(self) -> list[dict[str, Any]]:
        """Starts a new process, at most once a second; returns the events `died` and `stuck`."""
        self._note_silence()
        self.fill()
        if CLOCK() - self._started <= REVIVE_SECONDS:
            return []
        events: list[dict[str, Any]] = []
        if self._process is not None:
            events.append({"event": "died", "what": self._last_error_line()})
            self._restarts += 1
        try:
            self._start_process(patient=True)
        except START_ERRORS as error:
            events.append({"event": "stuck", "what": _reason(error)})
        return events

    def _is_new(self, event: dict[str, Any]) -> bool:
        """Returns whether to report an event: a `died`, `stuck` or `fault` only once until a device is open again."""
        if event["event"] in ("opened", "back"):
            self._told_troubles.clear()
        if event["event"] not in ("died", "stuck", "fault"):
            return True
        trouble = str(event["event"]), str(event.get("what"))
        known = trouble in self._told_troubles
        self._told_troubles.add(trouble)
        return not known

    @property
    def pid(self) -> int:
        """From any thread. Process id of the audio process, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    # The song.

    @property
    def samples(self) -> int:
        """From any thread. Length of the song in samples."""
        return len(self._memory.song)

    def write(self, position: int, block: Samples) -> None:
        """On the tick thread. Writes a block [n, channels] over the song from song sample `position` on, cyclic,
        unfaded."""
        self._memory.song[(position + np.arange(len(block))) % self.samples] = block

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = CEILING
    ) -> Seam:
        """On the tick thread. Writes a window into the song with crossfades, as `lay_window.lay`; returns the measures
        of its seam. ceiling: of the limiter over the window, dBFS."""
        end = self.samples if hi is None else hi
        set_ceilings(self._memory.ceilings, HELD, range(position, position + len(block) - 4 * half), ceiling, lo, end)
        return lay(self._memory.song, position, block, half, lo, hi)

    def read(self, position: int, n: int) -> Samples:
        """From any thread. Returns `n` samples of the song from song sample `position` on, cyclic: [n, channels]."""
        return self._memory.song[(position + np.arange(n)) % self.samples]

    # The transport.

    def playhead(self) -> float:
        """On the tick thread. Returns the timeline sample at the loudspeaker now, smoothed, never less than before."""
        number, position, heard, speed = self._memory.clock()
        if number != self._reported:
            self._reported = number
            self._playhead.report(position, heard, speed)
        return self._playhead.position_at(CLOCK())

    @property
    def frontier(self) -> int:
        """On the tick thread. The timeline sample that the process reads next; sound written before it is not heard."""
        return self._memory.frontier

    @property
    def route(self) -> Route:
        """From any thread. The route that is played, in samples."""
        return self._memory.route

    def set_route(self, route: Route) -> None:
        """On the tick thread. Plays along another route, in samples, from the frontier on. A jump becomes a fade of 5
        ms."""
        self._memory.set_route(route)

    def set_playing(self, on: bool) -> None:
        """On the tick thread. Starts or stops the timeline, with a fade of 10 ms."""
        self._memory.playing = on

    def set_mute(self, on: bool) -> None:
        """From any thread. Silences the sound, with a fade of 10 ms; the timeline runs on."""
        self._memory.muted = on

    def set_device(self, name: str | None) -> None:
        """On the tick thread. Asks the process to play on another device, by part of its name or None for the default.
        The event `opened` or `error` of `poll` says how it went."""
        self._wanted = name
        self._command({"do": "device", "name": name})

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
        )

    def history(self, seconds: float) -> Samples:
        """From any thread. Returns the last `seconds` (at most 120) of played sound, [n, channels] at the song's rate,
        before the limiter."""
        return self._memory.history(seconds)

    def history_since(self, counter: int) -> tuple[Samples, int]:
        """From any thread. Returns the sound played from the timeline sample `counter` on, [n, channels] before the
        limiter, and the timeline sample to ask with next.

        Silence stands for samples at which there was no device or no process, and for samples that are held no more
        (these at most 10 minutes), so that n is the number of timeline samples since `counter`.
        """
        sound, until = self._memory.history_since(counter)
        gone = min(until - counter - len(sound), round(GAP_SECONDS * self._memory.rate))
        if gone > 0:
            sound = np.concatenate([np.zeros((gone, sound.shape[1]), np.float32), sound])
        return sound, until

    def history_ceilings(self, since: int, until: int) -> Samples:
        """From any thread. Returns the limiter's ceilings, dBFS [until - since], at those timeline samples."""
        return self._memory.history_ceilings(since, until)

    def _start_process(self, *, patient: bool) -> None:
        """Starts a process and sends it its settings. Raises one of START_ERRORS, and then leaves no process behind.
        patient: the process waits for a device where there is none, instead of ending with an error."""
        self._drop_process()
        self._started = CLOCK()
        self._log = _log()
        process = self._process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self._log is None else self._log,
        )
        try:
            listener = threading.Thread(
                target=_listen, args=(process, self._events.put), name="audio events", daemon=True
            )
            listener.start()
            self._listener = listener
        except BaseException:
            process.kill()
            process.wait()
            self._drop_process()
            raise
        self._command(asdict(Settings(str(self._memory.path), self._device, patient)))

    def _process_ended(self) -> bool:
        """Returns whether there is no process; if so, all its events are in the queue, or 1 s has passed in waiting for
        them."""
        if self._process is not None and self._process.poll() is None:
            return False
        if self._listener is not None:
            self._listener.join(1.0)
        return True

    def _command(self, line: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps(line).encode() + b"\n")
                process.stdin.flush()

    def _follow_event(self, event: dict[str, Any]) -> None:
        if event["event"] in ("opened", "back"):
            if event["event"] == "back" and self._silent_from is not None:
                event["silent"] = max(self.playhead() - self._silent_from, 0.0) / self._memory.rate
            self._opened, self._lost, self._silent_from = event, False, None
            self._device = self._wanted
        elif event["event"] == "error":
            self._wanted = self._device
        elif event["event"] == "lost":
            self._note_silence()

    def _note_silence(self) -> None:
        """Notes that the device is lost, and the timeline sample from which nothing is heard."""
        self._lost = True
        if self._silent_from is None:
            self._silent_from = self.playhead()

    def _last_error_line(self) -> str:
        """Returns the last line of the process's error output, empty without one."""
        if self._log is None:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _stop(self) -> None:
        self._command({"do": "quit"})
        if self._process is not None:
            try:
                self._process.wait(QUIT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._drop_process()

    def _drop_process(self) -> None:
        """Closes the pipes and the log of a process that ended, and forgets it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._log is not None:
            self._log.close()
        self._process = self._listener = self._log = None
        self._lost = True


def _log() -> IO[bytes] | None:
    """Returns a temporary file for the process's error output; None where none can be created, which is no error."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return None


def _reason(error: BaseException) -> str:
    """Returns the text of an error, or the name of its type where it has no text."""
    return str(error) or type(error).__name__


def _listen(process: subprocess.Popen[bytes], put: Callable[[dict[str, Any]], None]) -> None:
    """On the listener's thread. Passes each event of a process to `put`, until its output ends; skips other lines."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and "event" in event:
                    put(event)
