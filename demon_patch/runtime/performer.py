"""Plays a compiled patch on a session in heard time: control frames, generations, the windows that fall due.

Time. `now` is the transport frame at the loudspeaker, and whoever drives the performer says what it is: a virtual clock
when a patch is rendered (`render`), the sound device's when it is played (`live`). A tick lasts `tick_frames` control
frames: the family's nominal number, so that the same patch gives the same samples, unless the driver measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.family import Conditioning, Source
from demon_patch.engine.focus import Stretch, laid_into, stretch
from demon_patch.engine.lora import Lora
from demon_patch.engine.ring import Finished, Request
from demon_patch.engine.schedule import Plan
from demon_patch.engine.session import Session
from demon_patch.engine.slots import Slot
from demon_patch.engine.window import Window, WindowPlanner
from demon_patch.runtime.clock import Transport
from demon_patch.runtime.feedback import Drift, Feedback
from demon_patch.runtime.forecast import Forecast
from demon_patch.runtime.loras import LoraRack
from demon_patch.runtime.program import Program
from demon_patch.runtime.readings import Readings
from demon_patch.runtime.scene import Parts, Scene, Scenes
from demon_patch.runtime.trace import Take, Trace

Samples = NDArray[np.float32]

DERIVED = frozenset({"noise_drift", "feedback", "feedback_tap"})  # rows that reach a request as something else
EARLY = 50  # frames by which a generation may be ready before it was expected
UNSURE = 2  # frames by which the next one may be later, where ticks are measured
SPLICE_FRAMES = 1  # latent frames decoded beyond a window for its joins


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a slot carries: the controls of class `request` it was made with, and the edge after which they hold, before
    which it is not heard; `heard_at`: the moment that they were taken for."""

    values: Mapping[str, float]
    edge: int | None
    heard_at: int


class Performer:
    """One performance of a program. A tick is `begin`, `forward`, `finish`; `due` and `sound` give what is heard.

    Owned by one thread. program: compiled for the length of `source`. All values are taken from the forecast at the
    moment at which they will be heard: `request` controls at their slot's heard_at, per-frame controls by the
    map of song frames to coming moments. parts: prompts and clips by the control that takes them, clips of one length;
    `prompt` and `source` are always there. recordings: the files of the patch's Recorder nodes. pace: control frames
    of a tick as they were measured; None for the nominal ones. bypass: the source sounds as it is. lora: loads what a
    LoRA node names. Raises DemonError for a LoRA that cannot be loaded.
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
    ) -> None:
        self.recordings = tuple(recordings)
        self.session, self.spec = session, session.spec
        self.guard = self.spec.playing_margin + SPLICE_FRAMES + 2
        self.scenes = Scenes(Scene(Forecast(program, transport), parts, self.guard, self.spec.latent_channels))
        self.loras = LoraRack(session, program, lora or session.lora)
        self.trace = trace or Trace()
        self.pace: float | None = None
        self.bypass = False
        self._song = self.source.latent  # the song as it was generated last, stretch by stretch
        self._feedback = Feedback()
        self._drift = Drift()
        self._stirred = -1  # the ring's tick at the latest live change
        self.ring = session.ring(self.source, int(self.controls.value("depth", 0)))
        self.lead = max(round(self.controls.value("lead", 0) * self.spec.frame_rate), 1)
        self.now = -(self._count(0) * ceil(self.tick_frames) + self.lead)
        self.takes: list[Take] = []
        self.planner = WindowPlanner(0)
        self._finished: list[Finished] = []

    @property
    def program(self) -> Program:
        """What runs."""
        return self.scenes.now.program

    @property
    def forecast(self) -> Forecast:
        """All sinks over the coming frames."""
        return self.scenes.now.forecast

    @property
    def controls(self) -> Readings:
        """What the engine is told."""
        return self.scenes.now.controls

    @property
    def source(self) -> Source:
        """The clip that is covered."""
        return self.scenes.now.source

    @property
    def prompt(self) -> Conditioning:
        """The first prompt."""
        return self.scenes.now.prompt

    @property
    def parts(self) -> Parts:
        """The other prompts and clips, by control."""
        return self.scenes.now.others

    @property
    def transport(self) -> Transport:
        """Time as the patch sees it."""
        return self.forecast.transport

    @property
    def tick_frames(self) -> float:
        """Control frames of a tick: as measured, or nominal for the ring's present depth, less in proportion where only
        a stretch is made."""
        if self.pace is not None:
            return self.pace
        song = self.source.frames
        whole = self.spec.nominal_tick(self.ring.depth, song)
        stretch = self._stretch(0)
        return whole if stretch is None else max(ceil(whole * stretch[1] / max(song, self.spec.tick_song)), 1)

    def _stretch(self, heard_at: int) -> Stretch | None:
        """What is generated of the song for a generation heard at a transport frame; None for all of it."""
        focus = self.scenes.at(heard_at).program.ring.options.get("focus", "song")
        return stretch(self.transport.song_frame(heard_at), focus, self.spec, self.source.frames)

    # -- a tick -------------------------------------------------------------------------------------------------
    def begin(self, now: int) -> None:
        """Before a tick's forward, at transport frame `now`: runs the control frames due, and admits."""
        self.now = now
        self._control_frames()
        for slot in self.ring.slots:
            slot.heard_at = self._expected(slot)
        if self.ring.admits():
            self._submit()
        self.ring.admit()
        self._stirring = self._follow()
        self.loras.follow(self.forecast, [round(slot.heard_at or 0) for slot in self.ring.slots])

    def forward(self, between: Callable[[], None] | None = None) -> None:
        """The tick's forward. between: called on this thread between its rows; it may call `due` and `sound`."""
        self._finished = self.ring.advance(self._step_values(), between)

    def finish(self, now: int) -> None:
        """After the forward, at transport frame `now`: what it finished can be played."""
        self.now = now
        for done in self._finished:
            self._take(done)
        if self._stirring and not self._finished:
            self._preview()

    # -- changes ------------------------------------------------------------------------------------------------
    def swap(self, program: Program, parts: Parts | None = None, at: int | None = None) -> None:
        """A live change between ticks: a program compiled to replace this one, for a song of the same length, and
        where prompts or clips have changed, all parts.

        New generations take its values at once; those in flight take its `step` values with their next step, and a
        changed strength by being moved to it, unless Live strength is off. at: a transport frame to come, from which it
        is heard (from `free` on, all of it); it takes the place of one that waits.
        """
        if at is not None and at > max(self.now, 0):
            self.scenes.stage(at, program, parts)
            return
        before = self._in_flight()
        scene, self.scenes.next = self.scenes.now, None
        scene.forecast.swap(program)
        self.loras.read(program)
        self.scenes.now = Scene(scene.forecast, parts or scene.parts, self.guard, scene.channels)
        self._stir(before)

    @property
    def free(self) -> int:
        """The first transport frame at which a generation can be heard that is not in flight yet."""
        ticks = self.ring.opening - self.ring.tick_index + self._count(max(self.now, 0))
        flying = [int(slot.heard_at or 0) + 1 for slot in self.ring.slots]
        return max([self.planner.next_start, ceil(self.now + ticks * self.tick_frames) + self.lead, *flying])

    def recover(self) -> None:
        """After an error within a tick: gives up what is in flight; what is finished stays."""
        self.ring = self.session.ring(self.source, int(self.controls.value("depth", max(self.now, 0))))
        self._finished = []
        self._stirred = -1

    def retime(self, transport: Transport) -> None:
        """A change of the transport between ticks, which begins at `now` or later."""
        before = self._in_flight()
        self.forecast.retime(transport)
        if self.scenes.next is not None:
            frame, scene = self.scenes.next
            self.scenes.stage(frame, scene.program, scene.parts)
        self._stir(before)

    def _stir(self, before: Mapping[str, Tensor | str]) -> None:
        """Notes a live change, if what the generations in flight are told is other than before."""
        after = self._in_flight()
        if before.keys() != after.keys() or not all(_equal(before[name], after[name]) for name in before):
            self._stirred = self.ring.tick_index
            self.ring.watch = True

    def _in_flight(self) -> dict[str, Tensor | str]:
        """What the generations in flight are told, their strengths included."""
        strengths = [self._strength(slot) for slot in self.ring.slots]
        return {**self._step_values(), "strength": torch.tensor(strengths)}

    def _strength(self, slot: Slot) -> float:
        """The strength at which a slot in flight will be heard."""
        frame = round(slot.heard_at or 0)
        return self.scenes.at(frame).controls.value("strength", frame)

    # -- control frames and generations -------------------------------------------------------------------------
    def curve(self, name: str, frames: int) -> NDArray[np.float64]:
        """A control at the transport frames 0 to `frames` - 1, as it was and as it is forecast."""
        past = self.trace.sinks.get(name, ())
        known = sum(map(len, past))
        coming = self.forecast.span(self.controls.sinks[name], known, max(frames, known))
        return np.concatenate([*past, coming])[:frames]

    def _control_frames(self) -> None:
        """Runs the control frames that have fallen due and follows the controls of class `ring`."""
        due = max(self.now, 0)
        if self.scenes.next is not None and self.scenes.next[0] <= due:
            self._advance(self.scenes.next[0])
            self.scenes.land(due)
            self.loras.read(self.program)
        self._advance(due)
        depth = int(self.controls.value("depth", due))
        if depth != self.ring.depth:
            self.ring.resize(depth)

    def _advance(self, due: int) -> None:
        before = max(self.forecast.now, 0)
        if due > before:
            for name, index in self.controls.sinks.items():
                self.trace.sinks[name].append(self.forecast.span(index, before, due))
            self.forecast.advance(due)

    def _expected(self, slot: Slot) -> int:
        """The transport frame at which a slot in flight will be heard: when it can be, but not before its edge."""
        ready = ceil(self.now + slot.remaining * self.tick_frames) + self.lead
        ticket = slot.request.tag
        assert isinstance(ticket, Ticket)
        edge = ticket.edge
        return ready if edge is None else max(ready, edge)

    def _submit(self) -> None:
        """Submits the request of the slot that is admitted on this tick, with the controls it will be heard at."""
        tick = self.tick_frames
        count = self._count(max(ceil(self.now + self.ring.depth * tick) + self.lead, 0))
        count = self._count(max(ceil(self.now + count * tick) + self.lead, 0))
        heard_at = ceil(self.now + count * tick) + self.lead
        if self.ring.tick_index == 0:  # the transport waits for the first
            count, heard_at = self._count(0), 0
        after = ceil(heard_at + (self.ring.next_admission(count) - self.ring.tick_index) * tick)
        edges = self.scenes.edges(heard_at - EARLY, after if self.pace is None else after + UNSURE)
        passed, coming = edges[edges < heard_at], edges[edges >= heard_at]
        edge = int(passed[-1]) if len(passed) else None
        if heard_at == 0:  # nothing can sound before the first generation: it keeps its place
            self.trace.missed += len(coming)
            edge = 0
        elif len(coming):
            heard_at = edge = int(coming[-1])
            self.trace.missed += len(coming) - 1
        self.ring.submit(self._request(heard_at, edge))

    def _count(self, frame: int) -> int:
        """The steps that a generation heard at a transport frame takes."""
        scene = self.scenes.at(frame)
        strength, steps, shift = (scene.controls.value(name, frame) for name in ("strength", "steps", "shift"))
        options = scene.program.ring.options
        choices = {name: options[name] for name in ("steps_mode", "timesteps") if name in options}
        return Plan(strength, round(steps), shift, **choices).count

    def _request(self, heard_at: int, edge: int | None) -> Request:
        """The request of a generation heard at `heard_at`."""
        scene = self.scenes.at(heard_at)
        numbers, others = scene.controls.request(heard_at, self.now)
        given: dict[str, Any] = {
            name: round(number) if CONTROLS[name].shape == "integer" else number
            for name, number in numbers.items()
            if name not in DERIVED
        }
        if "noise_drift" in numbers:
            drift = scene.controls.sinks["noise_drift"]
            given["noise_position"] = self._drift.at(scene.forecast, drift, heard_at)
        if "feedback" in numbers:
            tap = round(numbers["feedback_tap"])
            given["source_latent"] = self._feedback.mixed(scene.source.latent, numbers["feedback"], tap)
        first = self.ring.tick_index == 0  # made whole: until then there is no song that a stretch could lie in
        given |= {**others, **scene.others, "focus": None if first else self._stretch(heard_at)}
        tag = Ticket(numbers, edge, heard_at)
        return self.session.request(scene.prompt, scene.source, **given, tag=tag, heard_at=heard_at)

    def _step_values(self) -> Mapping[str, Tensor | str]:
        """What every step of this tick reads."""
        heard_at = [round(slot.heard_at) if slot.heard_at is not None else self.now for slot in self.ring.slots]
        return self.scenes.step(self.now, heard_at)

    def _follow(self) -> bool:
        """After a live change: moves the generations admitted before it to their strength as it is now; whether there
        are any."""
        old = [slot for slot in self.ring.slots if slot.admitted <= self._stirred and slot.heard_at is not None]
        if not old:
            self.ring.watch = False
        elif self.controls.on("live_strength", self.now):
            for slot in old:
                self.ring.relive(slot, self._strength(slot))
        return bool(old)

    # -- takes --------------------------------------------------------------------------------------------------
    def _preview(self) -> None:
        """Plays the ripest generation as it is, until it or another one is done."""
        ripest = self.ring.preview() if self.controls.on("preview", self.now) else None
        at = self.planner.next_start
        if ripest is not None and ripest.slot.heard_at is not None and at < ripest.slot.heard_at:
            ticket = ripest.slot.request.tag
            assert isinstance(ticket, Ticket)
            self._keep(Take(self._whole(ripest), at, ticket.values))
            self.trace.previews += 1

    def _take(self, done: Finished) -> None:
        due = int(done.slot.heard_at or 0)
        heard_at = max(due, self.planner.next_start) if self.takes else self.planner.next_start
        self._song = self._whole(done)
        ticket = done.slot.request.tag
        assert isinstance(ticket, Ticket)
        late = 0 if ticket.edge is None or ticket.edge < ticket.heard_at else heard_at - ticket.edge
        take = Take(self._song, heard_at, ticket.values, late, heard_at - ticket.heard_at)
        if self.controls.has("feedback"):
            self._feedback.add(self._song)
        self.trace.completed(take)
        self._keep(take)

    def _whole(self, done: Finished) -> Tensor:
        """A generation as a whole song: a stretch without its borders, in the song as it was before."""
        return laid_into(self._song, done.latent, done.start, self.spec)

    def _keep(self, take: Take) -> None:
        """Adds a take to those that are still to be played; of those that are due, only the latest is kept."""
        current = [old for old in self.takes if old.heard_at <= self.planner.next_start][-1:]
        later = [old for old in self.takes if old.heard_at > self.planner.next_start]
        self.takes = sorted([*current, *later, take], key=lambda old: old.heard_at)

    @property
    def window_frames(self) -> int:
        """Latent frames of a window, at most."""
        return max(round(self.controls.value("window", max(self.now, 0)) * self.spec.frame_rate), 1)

    # -- sound --------------------------------------------------------------------------------------------------
    def due(self, until: int) -> list[Window]:
        """The windows that start before transport frame `until` and have not been asked for yet."""
        frames = self.window_frames
        start = self.planner.next_start
        cuts = [int(slot.heard_at) for slot in self.ring.slots if slot.heard_at is not None]
        cuts += self.transport.seams(start, max(until - start, 0) + frames)
        return self.planner.plan(until, frames, self.takes, cuts)

    def sound(self, window: Window) -> Samples:
        """A window decoded at its gain, with SPLICE_FRAMES more on either side, [samples, channels]."""
        assert isinstance(window.take, Take)
        self.trace.windows.append((window.start, window.stop, window.take.heard_at))
        start = self.transport.song_frame(window.start) - SPLICE_FRAMES
        frames = window.stop - window.start + 2 * SPLICE_FRAMES
        scene = self.scenes.at(window.start)
        if scene.program.ring.bypass or self.bypass:
            sound = self._source_sound(start, frames)
        else:
            sound = self.session.decode(window.take.latent, start=start, frames=frames)
        return sound * scene.gain(window.start)

    def _source_sound(self, start: int, frames: int) -> Samples:
        """The source's own sound, for a bypassed Decoder."""
        per = self.spec.samples_per_frame
        return self.source.audio[np.arange(start * per, (start + frames) * per) % len(self.source.audio)]


def _equal(a: Tensor | str, b: Tensor | str) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else isinstance(a, str) and a == b
