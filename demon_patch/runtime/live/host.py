"""A patch played live: its document and live values, the tick thread, the loudspeaker, recordings.

Three threads: the tick thread owns performer and session; the editing thread compiles, loads clips and writes files;
whoever calls the methods only leaves word for them.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from demon_patch.engine.contracts import FamilySpec, Source
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.overlay import Key
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch, Song
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.live_inputs import Fed
from demon_patch.runtime.graph.scopes import Scopes
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.recording import Recordings
from demon_patch.runtime.live.scheduled_edits import ScheduledEdit, ScheduledEdits
from demon_patch.runtime.live.status import Status, of_engine, of_sound
from demon_patch.runtime.live.tap_tempo import TapTempo
from demon_patch.runtime.live.tick_loop import TickLoop
from demon_patch.runtime.performance.prepare import measure_sounds, parts_of, perform, tempo_of, wired_recordings
from demon_patch.runtime.performance.resources import Resources
from demon_patch.runtime.performance.trace import Trace
from demon_patch.threads import quiet_gc, restore_gc

KEPT_EVENTS, KEPT_SECONDS = 4096, 600.0  # of each kind, of a performance without end
MESSAGES = 50  # that are shown
NUMBERED = 1000  # that are kept
SWITCH_SECONDS = 0.001  # for which a thread keeps the interpreter from the others


class Host:
    """A live performance of a patch; a context manager. All methods may be called from any thread, `start` and `close`
    from the one that made it.

    document: what is played, for all who edit it. folder: of the patch's files. into: the folder that it writes
    files into, the same by default. clip: takes the place of the patch's source. device: part of a device's name.
    """

    def __init__(
        self,
        patch: Patch,
        session: Session,
        *,
        folder: str | Path = ".",
        into: str | Path | None = None,
        clip: Source | None = None,
        device: str | None = None,
    ) -> None:
        self._resources, self._clip = Resources(session, folder, into), clip
        spec = session.spec
        trace = Trace(KEPT_EVENTS, round(KEPT_SECONDS * spec.frame_rate))
        self.performer = perform(patch, session, folder=folder, into=into, clip=clip, trace=trace)
        samples = self.performer.source.frames * spec.samples_per_frame
        self.link = AudioLink(spec.sample_rate, spec.channels, samples, device)
        try:
            self._make(patch, spec)
        except BaseException:
            self.link.close()
            raise

    def _make(self, patch: Patch, spec: FamilySpec) -> None:
        """What stands on the link."""
        self.live = TickLoop(self.performer, self.link, watch=self._watch)
        self.document = LiveDocument(patch, self._refresh)
        self.status = Status()
        self._bpm = tempo_of(Song(), self.performer.source)  # of a patch without a tempo of its own
        self._scheduled = ScheduledEdits(self.performer, patch.song, self._bpm, self.add_message)
        self._mistakes: list[str] = []  # of what was compiled last
        self._program = self.performer.program  # what was compiled last
        self._lock = threading.Lock()  # of what is to be compiled, and of taps
        self._messages: deque[tuple[int, str]] = deque(maxlen=NUMBERED)
        self._numbers = count(1)
        self._editing = ThreadPoolExecutor(1, "editing", torch.set_num_threads, (1,))
        self._newest = 0
        self._compiled: Future[None] = self._editing.submit(lambda: None)
        self._tapes = Recordings(self.link, spec, self._resources.into, self.add_message)
        self._tapping = TapTempo()
        self._muted = False
        self._told = 0
        self._interval: float | None = None  # the interpreter's own, while it is ours
        self._thread = threading.Thread(target=self.live.run, name="tick", daemon=True)

    # -- life ---------------------------------------------------------------------------------------------------
    def start(self, check: Callable[[], None] = lambda: None) -> None:
        """Opens the device and begins to play; raises DeviceError without one. After an error `close` is still due.

        check: called while it waits; what it raises ends the start.
        """
        self.link.start(check)
        for file in wired_recordings(self.patch):
            self.record(self._resources.written(file))
        quiet_gc()
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()

    def close(self) -> None:
        """Stops; recordings are finished. Each part is closed whatever becomes of the others; a second time it does
        nothing."""
        with ExitStack() as parts:  # from the last to the first
            parts.callback(self.link.close)
            parts.callback(self._editing.shutdown)
            parts.callback(self.stop_recording)
            parts.callback(self.link.fill)
            parts.callback(self._rest)
            self.live.end()

    def _rest(self) -> None:
        """Waits for the end of the tick thread, and takes back what `start` did to the whole program."""
        if self._thread.is_alive():
            self._thread.join()
        if self._interval is not None:
            sys.setswitchinterval(self._interval)
            self._interval = None
            restore_gc()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_message(self, message: str) -> None:
        """Adds a message for the player."""
        self._messages.append((next(self._numbers), message))

    @property
    def messages(self) -> tuple[str, ...]:
        """The latest messages, oldest first; also after `close`."""
        return tuple(text for _, text in self.numbered_messages[-MESSAGES:])

    @property
    def numbered_messages(self) -> tuple[tuple[int, str], ...]:
        """As `messages`, more of them, each with its number, from 1."""
        return tuple(self._messages)

    def _watch(self, events: list[dict[str, Any]]) -> None:
        """On the tick thread, before each tick: publishes the status."""
        for event in events:
            self.add_message(_told(event))
        for key in self._scheduled.landed():
            self._editing.submit(self.document.landed, key)
        for fault in self.live.faults[self._told :]:
            self.add_message(f"the engine begins anew: {fault}")
        self._told = len(self.live.faults)
        self.status = replace(
            Status(),
            **of_engine(self.live),  # type: ignore[arg-type]
            **of_sound(self.link),  # type: ignore[arg-type]
            muted=self._muted,
            recording=self._tapes.names,
            live=self.live_values,
            coming=self._scheduled.coming,
            messages=self.messages,
        )

    # -- the document -------------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        """The document as it stands."""
        return self.document.patch

    @property
    def folder(self) -> Path:
        """Where the files lie that the document names."""
        return self._resources.folder

    def edit(self, patch: Patch, at: Grid | None = None) -> Future[None]:
        """Makes the document equal to another patch, in one step; phases and envelopes of the nodes that stay go on. A
        mistake is told, and the performance goes on as it was. The result is there once that is compiled."""
        self.document.edit(patch, at=at)
        return self._compiled

    def turn(self, node: str, port: str, value: Value) -> None:
        """Gives a knob a live value, which wins over its base until it is kept or released; a mistake is told."""
        self._tried(lambda: self.document.turn(node, port, value))

    def feed(self, node: str, port: str, value: Fed) -> None:
        """Gives a fed port what a device sent; what nothing can be done with is told."""
        self.live.post(lambda: self._tried(lambda: self.performer.feed(node, port, value)))

    @property
    def scopes(self) -> Scopes:
        """The latest seconds of the signals that someone watches."""
        return self.performer.forecast.taps

    def keep(self) -> Patch:
        """Makes the live values the base, in one step; the patch as it then is."""
        return self.document.keep()

    def release(self, *keys: Key) -> None:
        """Drops the live values, or only those of some knobs."""
        self.document.release(*keys)

    @property
    def live_values(self) -> dict[Key, Value]:
        """The live values by (node, port), as they were last turned."""
        return dict(self.document.live.values)

    def _text(self) -> str:
        """The file of the patch as it sounds."""
        return dumps(self.document.sounding)

    def _refresh(self) -> None:
        """After every change of the document or of live values: what plays follows."""
        with self._lock:
            self._newest += 1
            self._compiled = self._editing.submit(self._compile, self._newest)

    def _compile(self, number: int) -> None:
        """On the editing thread: brings what plays to what is written, unless something newer waits."""
        if number != self._newest:
            return
        frames, scheduled = self.performer.source.frames, []
        geometry = Geometry.of_family(self.performer.spec, frames, self._bpm)
        mistakes: list[str] = []
        for stage in self.document.stages():
            try:
                program = compile(stage.patch, CATALOGUE, geometry, self._program)
                parts = parts_of(program, self._resources, self._clip, frames)
                measure_sounds(program, self._resources, parts, self._clip)
                self._program = program
                scheduled.append(ScheduledEdit(stage.key, stage.at, stage.label, stage.patch.song, program, parts))
            except DemonError as error:
                mistakes.append(str(error))
                if not scheduled:
                    break
        for mistake in mistakes:
            if mistake not in self._mistakes:
                self.add_message(mistake)
        self._mistakes = mistakes
        if scheduled:
            self.live.post(lambda: self._scheduled.play(scheduled))

    # -- transport ----------------------------------------------------------------------------------------------
    def play(self, on: bool) -> None:
        """Lets the transport run, or stand."""
        self.live.post(lambda: self.live.play(on))

    def seek(self, seconds: float, beats: float | Grid = 0.0) -> None:
        """Jumps to a moment of the song; on a grid (a number: of so many beats), or as soon as it can be heard."""
        rate = self.performer.spec.frame_rate
        self._retime(lambda: self.live.seek(round(seconds * rate), beats))

    def loop(self, region: tuple[float, float] | None, beats: float | Grid = 0.0) -> None:
        """Repeats a stretch of the song, (from, to) in seconds, or with None all of it; one too short is told."""
        rate, song = self.performer.spec.frame_rate, self.performer.source.frames
        lo, hi = (0, song) if region is None else (round(region[0] * rate), round(region[1] * rate))
        self._retime(lambda: self.live.loop(lo, hi, beats))

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        """Another tempo, 20 to 400 beats a minute, by hand: edits of the patch's own do not change it any more."""
        wanted = min(max(bpm, 20.0), 400.0)

        def change() -> None:
            self._scheduled.take_tempo()
            self.live.tempo(wanted, beats)

        self._retime(change)

    def tap(self) -> None:
        """A beat tapped by hand: the tempo becomes that of the taps, from the second one on (`TapTempo`)."""
        with self._lock:
            bpm = self._tapping.tap(perf_counter())
        if bpm is not None:
            self.tempo(bpm)

    def follow(self, on: bool) -> None:
        """Makes the transport's beats the song's beats."""
        self._retime(lambda: self.live.follow(on))

    def bypass(self, on: bool) -> None:
        """Plays the source as it is, in place of what is generated."""

        def change() -> None:
            self.performer.bypass = on

        self.live.post(change)

    def mute(self, on: bool) -> None:
        """Silences the sound; the transport runs on."""
        self._muted = on
        self.link.set_mute(on)

    def panic(self) -> None:
        """Silence at once, and every live value released; `mute(False)` brings the sound back."""
        self.mute(True)
        self.release()

    def _retime(self, change: Callable[[], None]) -> None:
        """A change of the transport, a mistake in which is told; edits that wait find their new place."""

        def retime() -> None:
            self._tried(change)
            self._scheduled.retimed()

        self.live.post(retime)

    def _tried(self, change: Callable[[], None]) -> None:
        try:
            change()
        except DemonError as error:
            self.add_message(str(error))

    # -- recordings ---------------------------------------------------------------------------------------------
    def record(self, path: str | Path) -> None:
        """Begins to record what is heard into a new file, which carries the patch as it sounds now: `jam-2.flac` where
        there is a `jam.flac`. Tells the name, and mistakes."""
        self._tapes.record(path, self._text())

    def stop_recording(self) -> None:
        """Ends all recordings; tells of each whether its file is good."""
        self._tapes.stop()

    def save_take(self, path: str | Path) -> Future[None]:
        """Writes the last two minutes that were heard into a new file, which carries the patch as it sounds now."""
        return self._editing.submit(lambda: self._tapes.save(path, self._text()))


def _told(event: dict[str, Any]) -> str:
    """An event of the audio process in words."""
    name = event.get("name") or event.get("what") or ""
    silent = float(event.get("silent") or 0.0)
    after = f" after {silent:.1f} s, which are silence in recordings" if silent >= 0.05 else ""
    words = {
        "opened": f"playing on {name}",
        "lost": "the sound device is gone; waiting for it",
        "back": f"the sound device is back: {name}{after}",
        "died": f"the audio process ended and was started again {name}".strip(),
        "stuck": f"no sound: the audio process cannot be started, tried again every second: {name}",
    }
    return words.get(str(event.get("event")), f"{event.get('event')}: {name}")
