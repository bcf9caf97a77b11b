"""Plays a compiled patch on a session by a virtual clock: control frames, ring ticks, windows, splices.

Time. `now` is the transport frame at the loudspeaker. The engine runs ahead of the transport: before frame 0
the ring fills, so that the first generation is heard exactly at frame 0. A tick lasts the family's nominal number
of control frames at the ring's depth, never a measured time, so that the same patch gives the same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from demon_patch.engine.limiter import Limiter
from demon_patch.engine.lora import Lora
from demon_patch.engine.ring import Finished, Request
from demon_patch.engine.schedule import Plan
from demon_patch.engine.session import Session
from demon_patch.engine.splice import Splicer
from demon_patch.engine.window import Window, WindowPlanner
from demon_patch.runtime.clock import Transport
from demon_patch.runtime.feedback import Drift, Feedback
from demon_patch.runtime.forecast import Forecast
from demon_patch.runtime.loras import LoraRack
from demon_patch.runtime.program import Program
from demon_patch.runtime.readings import Readings

Samples = NDArray[np.float32]

FADE_SECONDS = 0.02  # a join: long enough not to click, short enough to stand on the beat
LIMITER_SECONDS = 0.01
DERIVED = frozenset({"noise_drift", "feedback", "feedback_tap"})  # rows that reach a request as something else
SPLICE_FRAMES = 1  # latent frames decoded beyond a window for its joins


@dataclass(frozen=True, slots=True)
class Take:
    """A finished generation: its latent [T, C], the transport frame from which it is played, the controls of
    class `request` that it was made with, and by how many frames it came late."""

    latent: Tensor
    heard_at: int
    values: Mapping[str, float]
    late: int = 0


@dataclass(slots=True)
class Trace:
    """What happened, for pictures, meters and tests.

    sinks: per engine input ("strength", ...; of several LoRAs the last node's) its value at every transport frame from
    0. takes: every completion without its latent. windows: every decoded stretch as (start, stop, heard_at of its
    take). missed: edges that a generation had to skip because another came before it could be heard. previews:
    unfinished generations played.
    """

    sinks: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    takes: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    windows: list[tuple[int, int, int]] = field(default_factory=list)
    late: int = 0
    missed: int = 0
    previews: int = 0


class Performer:
    """One performance of a program: `blocks()` yields sound until it is no longer asked for.

    Owned by one thread. program: compiled for the length of `source`. All values are taken from the forecast at the
    moment at which they will be heard: `request` controls at their slot's heard_at, per-frame controls by the
    map of song frames to coming moments. parts: prompts and clips by the control that takes them, clips of one length;
    `prompt` and `source` are always there. recordings: the files of the patch's Recorder nodes. lora: loads what a LoRA
    node names. Raises DemonError for a LoRA that cannot be loaded.
    """

    def __init__(
        self,
        program: Program,
        session: Session,
        transport: Transport,
        parts: Mapping[str, Conditioning | Source],
        recordings: Sequence[Path] = (),
        lora: Callable[[str], Lora] | None = None,
    ) -> None:
        prompt, source = parts["prompt"], parts["source"]
        assert isinstance(prompt, Conditioning)
        assert isinstance(source, Source)
        self.recordings = tuple(recordings)
        self.session, self.transport = session, transport
        self.prompt, self.source, self.spec = prompt, source, session.spec
        self.parts = {name: part for name, part in parts.items() if name not in ("prompt", "source")}
        self.forecast = Forecast(program, transport)
        self.loras = LoraRack(session, program, lora or session.lora)
        self.trace = Trace()
        self._guard = self.spec.playing_margin + SPLICE_FRAMES + 2
        self._song = source.latent  # the song as it was generated last, stretch by stretch
        self._feedback = Feedback()
        self._drift = Drift(self.forecast, transport)
        self._stirred = -1  # the ring's tick at the latest live change
        self._read(program)
        self.ring = session.ring(source, int(self.controls.value("depth", 0)))
        self.lead = max(round(self.controls.value("lead", 0) * self.spec.frame_rate), 1)
        self.now = -(self._count(0) * self.tick_frames + self.lead)
        self.takes: list[Take] = []
        self._planner = WindowPlanner(0)
        half = round(FADE_SECONDS * self.spec.sample_rate / 2)
        self._splicer = Splicer(2 * half)
        self._limiter = Limiter(self.controls.value("limiter", 0), round(LIMITER_SECONDS * self.spec.sample_rate))

    @property
    def tick_frames(self) -> int:
        """Control frames of a tick at the ring's present depth: less in proportion where only a stretch is made."""
        song = self.source.frames
        whole = self.spec.nominal_tick(self.ring.depth, song)
        stretch = self._stretch(0)
        return whole if stretch is None else max(ceil(whole * stretch[1] / max(song, self.spec.tick_song)), 1)

    def _stretch(self, heard_at: int) -> Stretch | None:
        """What is generated of the song for a generation heard at a transport frame; None for all of it."""
        focus = self.program.ring.options.get("focus", "song")
        return stretch(heard_at, focus, self.spec, self.source.frames)

    def blocks(self) -> Iterator[Samples]:
        """The performance from transport frame 0, as blocks [n, channels] at the family's sample rate."""
        while True:
            yield from self.tick()

    def tick(self) -> list[Samples]:
        """One engine tick: due control frames, admission, one batched forward, the windows that fell due."""
        self._control_frames()
        if self.ring.admits():
            self._submit()
        self.ring.admit()
        stirred = self._follow()
        self.loras.follow(self.forecast, [round(slot.heard_at or 0) for slot in self.ring.slots])
        finished = self.ring.advance(self._step_values())
        self.now += self.tick_frames
        for done in finished:
            self._take(done)
        if stirred and not finished:
            self._preview()
        coming = [int(slot.heard_at) for slot in self.ring.slots if slot.heard_at is not None]
        windows = self._planner.plan(self.now + self.lead, self._window_frames(), self.takes, coming)
        return [block for window in windows if len(block := self._sound(window))]

    def swap(self, program: Program) -> None:
        """A live change between ticks: a program compiled to replace this one, for the same song and resources.

        New generations take its values at once; those in flight take its `step` values with their next step, and a
        changed strength by being moved to it, unless Live strength is off.
        """
        before = self._in_flight()
        self.forecast.swap(program)
        self.loras.read(program)
        self._read(program)
        after = self._in_flight()
        if before.keys() != after.keys() or not all(_equal(before[name], after[name]) for name in before):
            self._stirred = self.ring.tick_index
            self.ring.watch = True

    def _in_flight(self) -> dict[str, Tensor | str]:
        """What the generations in flight are told, their strengths included."""
        strengths = [self.controls.value("strength", round(slot.heard_at or 0)) for slot in self.ring.slots]
        return {**self._step_values(), "strength": torch.tensor(strengths)}

    def _read(self, program: Program) -> None:
        self.program = program
        self.controls = Readings(program, self.forecast, self._guard, self.spec.latent_channels)
        self._gains = [index for index, sink in enumerate(program.sinks) if sink.port == "gain"]

    def curve(self, name: str, frames: int) -> NDArray[np.float64]:
        """A control at the transport frames 0 to `frames` - 1, as it was and as it is forecast."""
        past = self.trace.sinks.get(name, [])
        known = sum(map(len, past))
        coming = self.forecast.span(self.controls.sinks[name], known, max(frames, known))
        return np.concatenate([*past, coming])[:frames]

    def _control_frames(self) -> None:
        """Runs the control frames that have fallen due and follows the controls of class `ring`."""
        before = max(self.forecast.now, 0)
        due = max(self.now, 0)
        if due > before:
            for name, index in self.controls.sinks.items():
                self.trace.sinks.setdefault(name, []).append(self.forecast.span(index, before, due))
            self.forecast.advance(due)
        depth = int(self.controls.value("depth", due))
        if depth != self.ring.depth:
            self.ring.resize(depth)

    def _submit(self) -> None:
        """Submits the request of the slot that is admitted on this tick, with the controls it will be heard at."""
        tick = self.tick_frames
        count = self._count(max(self.now + self.ring.depth * tick + self.lead, 0))
        count = self._count(max(self.now + count * tick + self.lead, 0))
        heard_at = self.now + count * tick + self.lead
        if self.ring.tick_index == 0:  # the transport waits for the first
            count, heard_at = self._count(0), 0
        after = heard_at + (self.ring.next_admission(count) - self.ring.tick_index) * tick
        edges = self.controls.edges(heard_at, after)
        if heard_at == 0:  # nothing can sound before the first generation: it keeps its place
            self.trace.missed += int(np.count_nonzero(edges))
        elif len(edges):
            heard_at = int(edges[-1])
            self.trace.missed += len(edges) - 1
        self.ring.submit(self._request(heard_at))

    def _count(self, frame: int) -> int:
        """The steps that a generation heard at a transport frame takes."""
        strength, steps, shift = (self.controls.value(name, frame) for name in ("strength", "steps", "shift"))
        options = self.program.ring.options
        choices = {name: options[name] for name in ("steps_mode", "timesteps") if name in options}
        return Plan(strength, round(steps), shift, **choices).count

    def _request(self, heard_at: int) -> Request:
        """The request of a generation heard at `heard_at`."""
        numbers, others = self.controls.request(heard_at, self.now)
        given: dict[str, Any] = {
            name: round(number) if CONTROLS[name].shape == "integer" else number
            for name, number in numbers.items()
            if name not in DERIVED
        }
        if "noise_drift" in numbers:
            given["noise_position"] = self._drift.at(self.controls.sinks["noise_drift"], heard_at)
        if "feedback" in numbers:
            tap = round(numbers["feedback_tap"])
            given["source_latent"] = self._feedback.mixed(self.source.latent, numbers["feedback"], tap)
        first = self.ring.tick_index == 0  # made whole: until then there is no song that a stretch could lie in
        given |= others | self.parts | {"focus": None if first else self._stretch(heard_at)}
        return self.session.request(self.prompt, self.source, **given, tag=numbers, heard_at=heard_at)

    def _step_values(self) -> Mapping[str, Tensor | str]:
        """What every step of this tick reads."""
        heard_at = [round(slot.heard_at) if slot.heard_at is not None else self.now for slot in self.ring.slots]
        return self.controls.step(self.now, heard_at)

    def _follow(self) -> bool:
        """After a live change: moves the generations admitted before it to their strength as it is now; whether there
        are any."""
        old = [slot for slot in self.ring.slots if slot.admitted <= self._stirred and slot.heard_at is not None]
        if not old:
            self.ring.watch = False
        elif self.controls.on("live_strength", self.now):
            for slot in old:
                self.ring.relive(slot, self.controls.value("strength", round(slot.heard_at or 0)))
        return bool(old)

    def _preview(self) -> None:
        """Plays the ripest generation as it is, until it or another one is done."""
        ripest = self.ring.preview() if self.controls.on("preview", self.now) else None
        if ripest is not None and ripest.slot.heard_at is not None:
            at = self._planner.next_start
            if at < ripest.slot.heard_at:
                self._keep(Take(self._whole(ripest), at, ripest.slot.request.tag or {}))  # type: ignore[arg-type]
                self.trace.previews += 1

    def _take(self, done: Finished) -> None:
        due = int(done.slot.heard_at) if done.slot.heard_at is not None else self._planner.next_start
        heard_at = max(due, self._planner.next_start)
        self._song = self._whole(done)
        take = Take(self._song, heard_at, done.slot.request.tag or {}, heard_at - due)  # type: ignore[arg-type]
        self.trace.late += take.late > 0
        if self.controls.has("feedback"):
            self._feedback.add(self._song)
        self.trace.takes.append((heard_at, take.values))
        self._keep(take)

    def _whole(self, done: Finished) -> Tensor:
        """A generation as a whole song: a stretch without its borders, in the song as it was before."""
        return laid_into(self._song, done.latent, done.start, self.spec)

    def _keep(self, take: Take) -> None:
        """Adds a take to those that are still to be played; of those that are due, only the latest is kept."""
        current = [old for old in self.takes if old.heard_at <= self._planner.next_start][-1:]
        later = [old for old in self.takes if old.heard_at > self._planner.next_start]
        self.takes = sorted([*current, *later, take], key=lambda old: old.heard_at)

    def _window_frames(self) -> int:
        return max(round(self.controls.value("window", max(self.now, 0)) * self.spec.frame_rate), 1)

    def _sound(self, window: Window) -> Samples:
        """Decodes a window, joins it to the stream, sets its gain and holds its peaks."""
        assert isinstance(window.take, Take)
        self.trace.windows.append((window.start, window.stop, window.take.heard_at))
        start, frames = window.start - SPLICE_FRAMES, window.stop - window.start + 2 * SPLICE_FRAMES
        if self.program.ring.bypass:
            sound = self._source_sound(start, frames)
        else:
            sound = self.session.decode(window.take.latent, start=start, frames=frames)
        spare = SPLICE_FRAMES * self.spec.samples_per_frame - self._splicer.half
        joined = self._splicer.push(sound[spare : len(sound) - spare])
        self._limiter.hold(self.controls.value("limiter", window.start))
        decibels = sum(self.forecast.at(sink, window.start) for sink in self._gains)
        return self._limiter.push(joined * np.float32(10.0 ** (decibels / 20.0)))

    def _source_sound(self, start: int, frames: int) -> Samples:
        """The source's own sound, for a bypassed Decoder."""
        per = self.spec.samples_per_frame
        return self.source.audio[np.arange(start * per, (start + frames) * per) % len(self.source.audio)]


def _equal(a: Tensor | str, b: Tensor | str) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else isinstance(a, str) and a == b
