"""Plays a compiled patch on a session in heard time: control frames, generations, and the windows to decode.

`now` is the transport frame at the loudspeaker. The caller sets it: from a virtual clock when a patch is rendered
(`runtime.render`), from the sound device's clock when it plays live (`runtime.live`). A tick lasts `tick_frames`
control frames. This is the family's nominal number, so that the same patch gives the same samples, unless the caller
measures ticks and sets `pace`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.contracts import Conditioning, Source
from demon_patch.engine.lora.merge import Lora
from demon_patch.engine.ring.focus import laid_into
from demon_patch.engine.ring.ring import Completion, Ring
from demon_patch.engine.session import Session
from demon_patch.engine.sound.dry_path import Covered
from demon_patch.engine.sound.window import Window, WindowPlanner
from demon_patch.engine.steering.vector import Steering
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.live_inputs import Fed
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.graph.rates import Rates
from demon_patch.runtime.performance.admission import Admission, held_controls
from demon_patch.runtime.performance.completion_queue import CompletionQueue
from demon_patch.runtime.performance.control_values import ControlValues
from demon_patch.runtime.performance.loras import LoraRack
from demon_patch.runtime.performance.mixes import Parts
from demon_patch.runtime.performance.recalls import AskedRecalls
from demon_patch.runtime.performance.resolved import node_shares
from demon_patch.runtime.performance.self_feed import RingFeed, SelfFeed
from demon_patch.runtime.performance.sounding import Sounding, SoundingQueue
from demon_patch.runtime.performance.tick_time import TickTime
from demon_patch.runtime.performance.touches import Touches
from demon_patch.runtime.performance.trace import QueuedCompletion, Trace

SPLICE_FRAMES = 1  # latent frames decoded beyond a window for its joins


class Performer:
    """One performance of a program. A tick is `begin`, `forward`, `finish`; `due` and `sound` give what is heard.

    Owned by one thread. All controls are read from the forecast for the moment at which they will be heard: those of
    class `request` for their generation's time, numbers per song frame for the transport frame at which that song
    frame is heard next. Raises DemonError for a LoRA or a steering vector that cannot
    be loaded.

    program: compiled for the length of `source`.
    parts: prompts, clips and mixes by control, clips of one length; `prompt` and `source` are always there.
    recordings: the files of the patch's Recorder nodes.
    trace: where events are noted; a trace without end by default.
    lora, steering: load a LoRA or a steering vector by the name in its node; the session's own by default.
    text: the text of the patch file, which recordings carry.

    now: the transport frame at the loudspeaker; less than 0 until the first generation is heard.
    lead: the lead in transport frames.
    pace: the measured length of a tick in control frames; None for the nominal length.
    bypass: whether the source is heard in place of what is generated.
    queue: the finished generations that are heard now or later.
    recalls: the snapshot that Snapshot nodes have asked for.
    forecasts_anew: see `Forecast.swap`; the same edits then give the same samples, bit for bit.
    """

    def __init__(
        self,
        program: Program,
        session: Session,
        transport: Transport,
        parts: Parts,
        recordings: Sequence[Path] = (),
        trace: Trace | None = None,
        lora: Callable[[str], Lora] | None = None,
        steering: Callable[[str], Steering] | None = None,
        text: str = "",
    ) -> None:
        self.recordings, self.text = tuple(recordings), text
        self.session, self.spec = session, session.spec
        self.guard = self.spec.playing_margin + SPLICE_FRAMES + 2
        self.soundings = SoundingQueue(Sounding(Forecast(program, transport), parts, self.guard, self.spec))
        self.loras = LoraRack(session, self.soundings.sides, lora or session.lora, steering or session.steering)
        self.trace = trace or Trace()
        self.pace: float | None = None
        self.bypass = False
        self._song = self.source.latent  # the song as it was generated last, stretch by stretch
        self.admission = Admission(session, self.soundings, self.trace)
        self.lead = max(round(self.controls.control_value("lead", 0) * self.spec.frame_rate), 1)
        self.now = -(self.admission.count(0) * ceil(self.tick_frames) + self.lead)
        self.queue = CompletionQueue()
        self.self_feed = SelfFeed(self.spec)
        self._finished: list[Completion] = []
        self._changed_in_flight = False  # of this tick: see `Admission.changed_in_flight`
        self._touches = Touches()
        self.recalls = AskedRecalls()
        self.forecasts_anew = True

    @property
    def ring(self) -> Ring:
        """The generations in flight."""
        return self.admission.ring

    @property
    def program(self) -> Program:
        """The program that is heard now."""
        return self.soundings.now.program

    @property
    def forecast(self) -> Forecast:
        """The forecast of all engine ports, in the ports' units."""
        return self.soundings.now.forecast

    @property
    def controls(self) -> ControlValues:
        """Reads all controls, as the engine takes them."""
        return self.soundings.now.controls

    @property
    def source(self) -> Source:
        """The clip that is covered; of a mix the first."""
        return self.soundings.now.source

    @property
    def prompt(self) -> Conditioning:
        """The prompt; of a mix the first."""
        return self.soundings.now.prompt

    @property
    def parts(self) -> Parts:
        """The prompts, clips and mixes by control, without `prompt` and `source`."""
        return self.soundings.now.others

    @property
    def transport(self) -> Transport:
        """The transport: frames, seconds, beats and bars since play began, and the song position."""
        return self.forecast.transport

    @property
    def tick_frames(self) -> float:
        """The length of a tick in control frames. Measured (`pace`), or else nominal for the ring's present depth;
        shorter in proportion where a generation makes only a stretch of the song."""
        if self.pace is not None:
            return self.pace
        song = self.source.frames
        whole = self.spec.nominal_tick(self.ring.depth, song)
        part = self.admission.stretch(0)
        return whole if part is None else max(ceil(whole * part[1] / max(song, self.spec.tick_song)), 1)

    @property
    def rates(self) -> Rates:
        """How often controls are read at present, times a second: by generations, by steps, by control frames and by
        windows."""
        step = self.spec.frame_rate / max(self.tick_frames, 1e-6)
        count = max(self.admission.count(self.now), 1)
        generation = step * min(self.ring.depth, count) / count
        return Rates(generation, step, float(self.spec.frame_rate), self.spec.frame_rate / self.window_frames)

    @property
    def _tick_time(self) -> TickTime:
        return TickTime(self.now, self.tick_frames, self.lead, self.pace is None)

    @property
    def queued(self) -> list[QueuedCompletion]:
        """The completions that are heard now or later, in order of `heard_at`."""
        return self.queue.completions

    @property
    def planner(self) -> WindowPlanner:
        """Cuts what is heard into windows."""
        return self.queue.planner

    # -- a tick -------------------------------------------------------------------------------------------------
    def begin(self, now: int) -> None:
        """Does what comes before a tick's forward, at transport frame `now`: runs the control frames up to it, follows
        touches and live changes, and admits generations."""
        self.now = now
        self._control_frames()
        moved = self._touches.moved(self.controls, max(now, 0), self.self_feed.touched)
        if jumped := self.self_feed.has_jumped(self.controls, max(now, 0)):
            self.admission.note_jump()
        if moved or jumped:
            self.admission.touch()
        self.admission.admit(self._tick_time)
        self._changed_in_flight = self.admission.changed_in_flight
        self.admission.follow_strength(now)
        self.loras.follow(self.soundings.sides, self.ring)

    def forward(self, between: Callable[[], None] | None = None) -> None:
        """Runs the forwards of a tick. `between` is called on this thread between the rows; it may call `due` and
        `sound`."""
        self._finished = self.ring.advance(self.admission.step_controls(self.now), between)
        self.session.streams.settle()

    def finish(self, now: int) -> None:
        """Does what comes after the forward, at transport frame `now`: queues the generations that it finished, so that
        they can be decoded."""
        self.now = now
        if self._changed_in_flight and self._finished:
            self.queue.decode_again(self.now + self.lead)
        for done in self._finished:
            self._complete(done)
        if self._changed_in_flight and not self._finished:
            self._preview()
        self.session.streams.mark()

    # -- changes ------------------------------------------------------------------------------------------------
    def swap(self, program: Program, parts: Parts | None = None, at: int | None = None) -> None:
        """Makes a live change between two ticks. `program` replaces the present one and is compiled for a song of the
        same length; `parts` replace all parts, and are given where prompts, clips or their mixes have changed.

        New generations take their controls from the new program at once. Generations in flight take its `step`
        values with their next step, and are moved to a changed strength as far as `Ring.move_strength` can, unless
        Live strength is off.

        at: a coming transport frame from which the program is heard; from `next_free_frame` on, all of it. The
            program then replaces those that wait for that frame or a later one. Without a frame it replaces all that
            wait.
        """
        if at is not None and at > max(self.now, 0):
            self.soundings.schedule(at, program, parts)
            return
        before = self.admission.flight_and_next(self.now)
        self.soundings.clear()
        sounding = self.soundings.now
        sounding.forecast.swap(program, self.forecasts_anew)
        self.soundings.now = sounding.after(sounding.forecast, parts)
        self.loras.follow(self.soundings.sides, self.ring)
        self.admission.note_live_change(before, self.now)

    def turn(self, values: Mapping[tuple[str, str], float | None]) -> frozenset[tuple[str, str]]:
        """Turns knobs without another program, in what is heard and in all that waits, from the next control frame on.
        Generations in flight follow them as they follow `swap`. Returns the knobs that a program cannot take.

        values: by (node, port) of the flat patch, in the port's unit; None for what the port has where the patch gives
            nothing.
        """
        before = self.admission.flight_and_next(self.now)
        turned = self.soundings.turn(values)
        if turned or self.soundings.waiting:
            self.admission.note_live_change(before, self.now)
        return turned.refused

    def feed(self, node: str, port: str, value: Fed, at: int | None = None) -> None:
        """Passes what a device sends on to a live input (`Forecast.feed`). Generations in flight follow it as they
        follow a knob. Raises PatchError."""
        self.forecast.feed(node, port, value, at)
        self.self_feed.touched = True

    @property
    def next_free_frame(self) -> int:
        """The first transport frame at which a generation can be heard that is not in flight yet, and for which no
        window was planned."""
        return max(self.planner.next_start, self.admission.next_free_frame(self._tick_time))

    def recover(self) -> None:
        """Drops all generations in flight after an error within a tick. Queued completions stay."""
        self.admission.recover(self.now)
        self._finished = []

    def retime(self, transport: Transport) -> None:
        """Replaces the transport between two ticks. The new one may differ from the present one from `now` on only."""
        before, route = self.admission.flight_and_next(self.now), self.transport.route
        self.forecast.retime(transport)
        self.soundings.reschedule()
        self.admission.note_retiming(before, self.now, transport.route != route)

    def shares(self, control: str, frame: float | None) -> dict[str, float]:
        """Returns the share of each prompt or clip that a control (`prompt` or `source`) takes at a transport frame, by
        the node that it comes from."""
        at = max(int(frame or 0), 0)
        return {
            node: round(share, 4) for node, share in node_shares(self.soundings.sounding_at(at), control, at).items()
        }

    # -- control frames -----------------------------------------------------------------------------------------
    def curve(self, name: str, frames: int) -> NDArray[np.float64]:
        """Returns a control at the transport frames 0 to `frames` - 1, [frames], as the engine takes it (strength, not
        the position of its knob): the noted past, then the forecast.

        name: a key of `ControlValues.port_numbers`.
        """
        past = self.trace.signals.get(name, ())
        known = sum(map(len, past))
        coming = self.forecast.span(self.controls.port_numbers[name], known, max(frames, known))
        return self.controls.as_taken(name, np.concatenate([*past, coming])[:frames])

    def _control_frames(self) -> None:
        """Runs the control frames up to `now`, switches to programs whose frame has come, and gives the ring its
        depth."""
        due = max(self.now, 0)
        while self.soundings.next is not None and self.soundings.next[0] <= due:
            self._advance(self.soundings.next[0])
            self.admission.drift(self.soundings.next[0])
            self.soundings.renew()
            self.soundings.land(due)
        self._advance(due)
        self.soundings.renew()
        depth = int(self.controls.control_value("depth", due))
        if depth != self.ring.depth:
            self.ring.resize(depth)

    def _advance(self, due: int) -> None:
        before = max(self.forecast.now, 0)
        if due > before:
            ring = RingFeed.measured(self.ring, self.trace, self.lead, self.spec.frame_rate)
            self.self_feed.feed(self.forecast, before, due, self.source, ring)
            self.forecast.advance(due)
            self.recalls.note(self.forecast, before, due)
            for name, index in self.controls.port_numbers.items():
                self.trace.signals[name].append(self.forecast.span(index, before, due))

    # -- completions --------------------------------------------------------------------------------------------------
    def _preview(self) -> None:
        """Queues the generation that has done most steps, unfinished, where preview is on. It plays until that or
        another generation is finished."""
        ripest = self.ring.preview() if self.controls.is_on("preview", self.now) else None
        if ripest is not None and ripest.slot.heard_at is not None:
            self.queue.decode_again(self.now + self.lead)
            at = self.planner.next_start
            if at < ripest.slot.heard_at:
                song = self._covered(ripest, self._whole(ripest))
                shown = QueuedCompletion(song, at, held_controls(ripest.slot).values)
                self.queue.add(shown, self.now + self.lead)
                self.trace.previews += 1

    def _complete(self, done: Completion) -> None:
        due = int(done.slot.heard_at or 0)
        heard_at = max(due, self.planner.next_start) if self.queued else self.planner.next_start
        self._song = self._whole(done)
        made = held_controls(done.slot)
        late = heard_at - made.edge if made.cuts and made.edge is not None else 0
        completion = QueuedCompletion(
            self._covered(done, self._song), heard_at, made.values, late, heard_at - made.heard_at
        )
        if self.soundings.now.feeds:
            self.admission.feedback.add(self._song.cpu())
        self.trace.completed(completion)
        self.trace.as_made.append((heard_at, self.admission.scalars_of(done.slot, self.now)))
        self.queue.add(completion, self.now + self.lead)

    def _whole(self, done: Completion) -> Tensor:
        """Returns the latent of a whole song, [T, C]: a completion's stretch without its borders, put into the latest
        song."""
        return laid_into(self._song, done.latent, done.start, self.spec)

    def _covered(self, done: Completion, song: Tensor) -> Covered:
        """Joins the latent of a whole song with the clips that its latest generation covers."""
        return self.session.covered(song, held_controls(done.slot).cover)

    @property
    def window_frames(self) -> int:
        """The largest length of a window in latent frames, at least 1."""
        return max(round(self.controls.control_value("window", max(self.now, 0)) * self.spec.frame_rate), 1)

    # -- sound --------------------------------------------------------------------------------------------------
    def due(self, until: int) -> list[Window]:
        """Returns the windows that start before transport frame `until` and were not returned by an earlier call."""
        frames, start = self.window_frames, self.planner.next_start
        cuts = [int(slot.heard_at) for slot in self.ring.slots if slot.heard_at is not None]
        cuts += self.transport.seams(start, max(until - start, 0) + frames)
        cuts += self.soundings.bypass_changes(start, max(until, start) + frames)
        return self.planner.plan(until, frames, self.queued, cuts)

    def sound(self, window: Window) -> Samples:
        """Returns a window decoded and with its gain, [samples, channels] at the family's rate. SPLICE_FRAMES latent
        frames are added on either side."""
        assert isinstance(window.completion, QueuedCompletion)
        self.trace.windows.append((window.start, window.stop, window.completion.heard_at))
        sound = self._decoded(window)
        self.self_feed.keep(window.start, sound[SPLICE_FRAMES * self.spec.samples_per_frame :], window.stop)
        return sound * self.soundings.sounding_at(window.start).gain(window.start)

    def ahead(self, start: int, stop: int) -> Samples:
        """Returns the transport frames [start, stop) decoded like `sound`, from the completions that are queued now.
        `due` still returns their windows afterwards."""
        completion = [completion for completion in self.queued if completion.heard_at <= start][-1:] or self.queued[:1]
        return self._decoded(Window(start, stop, completion[0])) * self.soundings.sounding_at(start).gain(start)

    def _decoded(self, window: Window) -> Samples:
        """Returns a window with SPLICE_FRAMES latent frames more on either side, before its gain, [samples,
        channels]."""
        assert isinstance(window.completion, QueuedCompletion)
        start = self.transport.song_frame(window.start) - SPLICE_FRAMES
        frames = window.stop - window.start + 2 * SPLICE_FRAMES
        sounding = self.soundings.sounding_at(window.start)
        if self.bypass or sounding.bypasses(window.start):
            per = self.spec.samples_per_frame
            return sounding.source_sound(window.start, np.arange(start * per, (start + frames) * per))
        dry, match = (sounding.controls.control_value(name, window.start) for name in ("dry", "match"))
        with self.session.streams.decoding(window.completion.latent):
            return window.completion.song.sound(start, frames, dry=dry, match=match >= 0.5)
