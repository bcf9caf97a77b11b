"""A patch that plays live: what its clients see and do, and the life of its threads and its audio process.

Threads. The *tick thread* owns performer, session and scheduled edits. The *editing thread* compiles, loads clips
and writes takes. Each recording has a thread of its own, and so has `devices_hub`, which reads MIDI and OSC. A client
calls the methods of `Host` from any thread: each passes the call on to the thread that does the work, and returns at
once.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from math import floor
from pathlib import Path
from time import perf_counter
from typing import Any

from demon_patch.engine.contracts import FamilySpec, Source
from demon_patch.engine.session import Session
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.overlay import Key
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.assets.assets import save_patch
from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.sound_format import SoundFormat
from demon_patch.runtime.devices.feeds import FedEvent
from demon_patch.runtime.devices.hub import DevicesHub
from demon_patch.runtime.devices.performance import HeardMoment
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.live_inputs import Fed, Listener
from demon_patch.runtime.graph.scopes import Scopes
from demon_patch.runtime.live import memory
from demon_patch.runtime.live.conversion import Conversion
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.graph_recalls import GraphRecalls
from demon_patch.runtime.live.live_performance import Cast, LivePerformance, Surroundings, cast
from demon_patch.runtime.live.messages import Messages, event_message
from demon_patch.runtime.live.notice import Notice
from demon_patch.runtime.live.opening import Opening
from demon_patch.runtime.live.ramps import Ramps
from demon_patch.runtime.live.recording import Recordings
from demon_patch.runtime.live.status import Meter, Status, engine_fields, sound_fields
from demon_patch.runtime.live.tap_tempo import TapTempo
from demon_patch.runtime.live.transport_controls import TransportControls
from demon_patch.runtime.performance.prepare import replaced_clips, wired_recordings
from demon_patch.runtime.performance.resources import Resources
from demon_patch.threads import quiet_gc, restore_gc

SWITCH_SECONDS = 0.0001  # for which a thread keeps the interpreter from the others


class Host(TransportControls, Opening):
    """A live performance of a patch; a context manager. Another performance may take over from it (`Opening`).

    patch: what is played first.
    session: the loaded model.
    folder: the folder of the files that the patch names.
    into: the folder that the performance writes files into; `folder` by default.
    clip: replaces the patch's own source.
    device: what is asked of the sound device; a text is part of its name.
    load: loads the model of another performance by its name.
    model: plays every song that is opened later, in place of its own model.
    free: returns the bytes of memory that another performance may take; None where that is not known.
    sound_format: what is played and recorded, whatever model sounds; by default as the first model has it.

    document: the patch, edited by all clients.
    status: the state of the performance; a new value before every tick.
    devices_hub: MIDI and OSC.
    soon: does what an edit leads to, once the client has its answer; by default at once. From any thread.
    """

    def __init__(
        self,
        patch: Patch,
        session: Session,
        *,
        folder: str | Path = ".",
        into: str | Path | None = None,
        clip: Source | None = None,
        device: DeviceChoice | str | None = None,
        load: Callable[[str], Session] = Session.load,
        model: str | None = None,
        free: Callable[[], int | None] = memory.free,
        sound_format: SoundFormat | None = None,
    ) -> None:
        made = cast(patch, Resources(session, folder, into), session, clip)
        self._begin_opening(load, model, free, self._note_takeover)
        spec = session.spec
        played = sound_format or SoundFormat(spec.sample_rate, spec.channels)
        self.link = AudioLink(played.rate, played.channels, Conversion(spec, played).place(made.samples), device)
        try:
            self._assemble(made, spec)
        except BaseException:
            self.link.close()
            raise

    def _assemble(self, made: Cast, spec: FamilySpec) -> None:
        """Creates all parts that need the audio link."""
        self.status = Status()
        self._messages = Messages()
        self._looks: list[Callable[[], object]] = []
        self.soon: Callable[[Callable[[], None]], object] = lambda work: work()
        self.document = LiveDocument(made.patch, self._compile_newest)
        self.around = Surroundings(
            self.link, self.document, self._before_tick, self._compile_newest, self._note_compiled, self.add_message
        )
        self.playing = LivePerformance(made, self.link.song, self.around)
        self.document.knobs = self.playing.knobs
        self._ramps = Ramps(self.document, spec.frame_rate, self.add_message)
        self._graph_recalls = GraphRecalls(self.document, self._ramps, self.add_message)
        self._recordings = Recordings(self.link, self.into, self.add_message)
        self._meter = Meter(self.link)
        self._tap_tempo = TapTempo()
        self._tap_lock = threading.Lock()
        self._muted = self.safe = False
        self._interval: float | None = None  # the interpreter's own, while ours is in its place
        self._moment: tuple[float, float | None, bool] = (0.0, None, False)  # time, frame heard then, whether it runs
        self._note_takeover(0)
        self.devices_hub = DevicesHub(self, spec.frame_rate)
        for fault in self.playing.faults.values():
            self.add_message(fault, stage="file")

    def _note_takeover(self, frames: int) -> None:
        """Forgets what was told of the performance that played until now.

        frames: its transport frame at which the other one has frame 0.
        """
        self._told_faults = 0  # of the tick loop
        self._told_loras: list[str] = []  # faults of the LoRAs that play
        at, frame, runs = self._moment
        self._moment = at, None if frame is None else frame - frames, runs

    # -- life ---------------------------------------------------------------------------------------------------
    def start(self, check: Callable[[], None] = lambda: None) -> None:
        """On the thread that made it. Opens the device and begins to play; without one on a clock of its own, unless
        the device has a name or is required: then it raises DeviceError. `close` must be called after an error, too.

        check: called while it waits; an error that it raises ends the start.
        """
        self.link.start(check)
        for file in wired_recordings(self.patch):
            self.record(self._resources.written(file))
        quiet_gc()
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        self.playing.start()
        self.devices_hub.start()

    def close(self) -> None:
        """On the thread that made it. Stops, and ends recordings. Each part is closed even if another one raises an
        error. A second call does nothing."""
        with ExitStack() as parts:  # from the last to the first
            parts.callback(self.link.close)
            parts.callback(self.playing.close)
            parts.callback(self._ramps.close)
            parts.callback(self._graph_recalls.close)
            parts.callback(self.stop_recording)
            parts.callback(self.link.fill)
            parts.callback(self._end_tick_thread)
            parts.callback(self.devices_hub.close)
            parts.callback(self._end_opening)

    def _end_tick_thread(self) -> None:
        """Ends the tick thread, waits for its end, and restores what `start` changed for the whole program."""
        self.playing.end()
        if self._interval is not None:
            sys.setswitchinterval(self._interval)
            self._interval = None
            restore_gc()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- messages and status ------------------------------------------------------------------------------------
    def add_message(self, message: str, about: Exception | None = None, stage: str = "") -> None:
        """From any thread. Adds a message for the player; `about`: the error that it tells; `stage`: see `Notice`."""
        self._messages.add(message, about, stage)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """From any thread, also after `close`. As `numbered_messages`, each with the place that it is about."""
        return self._messages.notices

    def clear_messages(self, until: int) -> None:
        """From any thread. Forgets the messages up to a number."""
        self._messages.clear(until)

    def look(self, see: Callable[[], object]) -> Callable[[], None]:
        """From any thread. Calls `see` on the tick thread before every tick from now on. Returns a function that ends
        this, for any thread."""
        self._looks.append(see)
        return lambda: self._looks.remove(see)

    @property
    def messages(self) -> tuple[str, ...]:
        """From any thread, also after `close`. The latest messages, oldest first."""
        return self._messages.latest

    @property
    def numbered_messages(self) -> tuple[tuple[int, str], ...]:
        """From any thread, also after `close`. As `messages`, but more of them, each as (number, text); numbers count
        from 1."""
        return self._messages.numbered

    def _before_tick(self, performance: LivePerformance, events: list[dict[str, Any]]) -> None:
        """On the tick thread of a performance, before each of its ticks."""
        if performance is self.playing:
            self._publish(events)

    def _publish(self, events: list[dict[str, Any]]) -> None:
        """On the tick thread, before each tick. Publishes the status, and adds a message for each event since the last
        tick."""
        for event in events:
            self.add_message(event_message(event), stage="sound")
        self._ramps.note_frame(max(self.tick_loop.now, 0))
        asked = self.performer.recalls.take()
        self._graph_recalls.note(None if self.safe else asked)
        for key in self._scheduled.take_landed():
            self._edit_thread.submit(self.document.note_landing, key)
            if self._edit_thread.awaits_fit:
                self._compile_newest()
        faults = self.tick_loop.faults[self._told_faults :]
        for fault in faults:
            self.add_message(f"the engine starts again after an error: {fault}", stage="engine")
        self._told_faults += len(faults)
        frame = self.playing.speaker.frame if self.tick_loop.begun else None
        self._moment = (perf_counter(), frame, self.tick_loop.playing)
        loras = list(map(str, self.performer.loras.faults.values()))
        for fault in loras:
            if fault not in self._told_loras:
                self.add_message(f"{fault}; the music goes on without it")
        self._told_loras = loras
        if not self.tick_loop.playing:  # what is given back costs time when it is taken again
            self._edit_thread.rest()
        self.status = replace(
            Status(),
            **engine_fields(self.tick_loop),  # type: ignore[arg-type]
            **sound_fields(self.link, self._meter),  # type: ignore[arg-type]
            faults=self.playing.faults,
            muted=self._muted,
            recording=self._recordings.names,
            recordings=self._recordings.status,
            live_mutes=tuple(self.document.mutes.held),
            safe=self.safe,
            live_values=self.live_values,
            ramp=self._ramps.status,
            waiting=self._scheduled.waiting,
            messages=self.messages,
        )
        for see in tuple(self._looks):
            see()

    # -- the document -------------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        """From any thread. The document with all edits, those that are not heard yet included; without live values."""
        return self.document.patch

    def unread_clips(self, patch: Patch) -> frozenset[str]:
        """From any thread. Returns the ids of the nodes of a patch whose files are not opened when it plays here,
        because the host's own clip replaces them; none for a patch that cannot be compiled."""
        if self.playing.clip is None:
            return frozenset()
        try:
            return replaced_clips(compile(patch, CATALOGUE, Geometry.of_family(self.performer.spec)))
        except PatchError:
            return frozenset()

    def edit(self, patch: Patch, at: Grid | None = None) -> Future[None]:
        """From any thread. Makes the document equal to another patch, in one undo step. Returns a future that is done
        when the patch is compiled. Nodes that stay keep their phases and envelopes. A mistake becomes a message, and
        the performance goes on without the mistake.

        at: the grid from which the edit is heard; as soon as possible by default.
        """
        self.document.edit(patch, at=at)
        return self._edit_thread.compiled

    def turn(self, node: str, port: str, value: Value) -> None:
        """From any thread. Gives a knob a live value, in the port's unit, which is heard in place of its base until it
        is kept or released; a mistake becomes a message."""
        self._messages.add_mistake_of(lambda: self.document.turn(node, port, value))

    def feed(self, node: str, port: str, value: Fed) -> None:
        """From any thread. Passes what a device sent on to a live input; a mistake becomes a message."""
        self.tick_loop.post(
            lambda: self._messages.add_mistake_of(lambda: self.performer.feed(node, port, value)),
        )

    def feed_many(self, events: Sequence[FedEvent]) -> None:
        """From any thread. As `feed`, many at once, each with the control frame that has it first; mistakes become
        messages."""
        self.feed_from(lambda: events)

    def feed_from(self, take: Callable[[], Sequence[FedEvent]]) -> None:
        """From any thread. Has the tick thread call `take` before its next tick, and feeds what it returns."""

        def feed() -> None:
            soon = self.performer.forecast.now + self.performer.spec.frame_rate
            for node, port, value, frame in take():
                try:  # a frame far ahead is one of the performance that was heard before a takeover
                    at = frame if frame is None or frame <= soon else None
                    self.performer.feed(node, port, value, at)
                except PatchError as error:
                    self.add_message(str(error))

        self.tick_loop.post(feed)

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """From any thread. The nodes that devices feed, by id."""
        return self.performer.program.listeners

    def heard(self, now: float) -> HeardMoment:
        """From any thread. What is heard at a time of `perf_counter`, from where the loudspeaker was at the latest
        tick."""
        (at, frame, runs), transport = self._moment, self.performer.transport
        if frame is None:
            return HeardMoment(None, 0.0, transport.tempo(0), False)
        frame += (now - at) * transport.rate if runs else 0.0
        here = transport.frame(floor(frame))
        beat = float(here.beat + here.dbeat * (frame - floor(frame)))
        return HeardMoment(frame, beat, transport.tempo(floor(frame)), runs)

    @property
    def scopes(self) -> Scopes:
        """From any thread. The latest seconds of the signals that a client watches."""
        return self.performer.forecast.scopes

    def keep(self) -> Patch:
        """From any thread. Makes the live values the base, in one undo step, and returns the new patch."""
        return self.document.keep()

    def write(self, path: Path) -> None:
        """From any thread but the tick thread. Keeps the live values and writes the document into a patch file or pack;
        waits for the disk. Raises DemonError."""
        save_patch(self.keep(), path, self.folder)

    def release(self, *keys: Key) -> None:
        """From any thread. Drops the live values of some knobs, or of all."""
        self.document.release(*keys)

    def ramp(self, one: str, other: str, seconds: float, at: Grid | None = None) -> None:
        """From any thread. Morphs between two snapshots, given by their ids, within some seconds of the transport; a
        ramp that is under way ends. A knob that is touched leaves the ramp. A mistake becomes a message.

        at: the grid on which it begins; at once by default.
        """

        def begin() -> None:
            now = max(self.tick_loop.now, 0)
            frame = now if at is None else self.performer.transport.next_grid(now, at)
            self._messages.add_mistake_of(lambda: self._ramps.start(one, other, seconds, frame))

        self.tick_loop.post(begin)

    def cancel_ramp(self) -> None:
        """From any thread. Ends the ramp; its knobs stay where they are."""
        self.tick_loop.post(self._ramps.cancel)

    @property
    def live_values(self) -> dict[Key, Value]:
        """From any thread. The latest live values by (node, port), each in the port's unit."""
        return dict(self.document.live.values)

    def _compile_newest(self) -> None:
        """From any thread. Has the editing thread compile the newest document; called after every change of it or of a
        live value that a program cannot take as a parameter."""
        self.soon(self._compile_now)

    def _compile_now(self) -> None:
        self._edit_thread.compile_newest()

    def safe_mode(self, on: bool) -> None:
        """From any thread. Silences the sound, releases all live values and mutes, ends the ramp, and hears no MIDI and
        OSC, so that a patch or a device that goes wrong can be mended in peace; or ends this. The document and the
        transport are not touched; live values do not come back."""
        self.safe = on
        self.devices_hub.set_deaf(on)
        self.mute(on)
        if on:
            self.cancel_ramp()
            self.release()

    def panic(self) -> None:
        """From any thread. Silences the sound at once and releases all live values; `mute(False)` brings the sound
        back."""
        self.mute(True)
        self.release()
