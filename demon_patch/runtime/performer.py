"""Plays a compiled patch on a session by a virtual clock: control frames, ring ticks, windows, splices.

Time. `now` is the transport frame at the loudspeaker. The engine runs ahead of the transport: before frame 0
the ring fills, so that the first generation is heard exactly at frame 0. A tick lasts the family's nominal number
of control frames at the ring's depth, never a measured time, so that the same patch gives the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.family import Conditioning, Source
from demon_patch.engine.limiter import Limiter
from demon_patch.engine.ring import Finished
from demon_patch.engine.session import Session
from demon_patch.engine.splice import Splicer
from demon_patch.engine.window import Window, WindowPlanner
from demon_patch.runtime.clock import Transport
from demon_patch.runtime.forecast import Forecast
from demon_patch.runtime.program import Program

Samples = NDArray[np.float32]

FADE_SECONDS = 0.02  # a join: long enough not to click, short enough to stand on the beat
LIMITER_SECONDS = 0.01
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

    sinks: per engine input ("strength", ...) its value at every transport frame from 0. takes: every completion
    without its latent. windows: every decoded stretch as (start, stop, heard_at of its take). missed: edges that a
    generation had to skip because another came before it could be heard.
    """

    sinks: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    takes: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    windows: list[tuple[int, int, int]] = field(default_factory=list)
    late: int = 0
    missed: int = 0


class Performer:
    """One performance of a program: `blocks()` yields sound until it is no longer asked for.

    Owned by one thread. program: compiled for the length of `source`. All values are taken from the forecast at the
    moment at which they will be heard: `request` controls at their slot's heard_at, per-frame controls by the
    map of song frames to coming moments. recordings: the files of the patch's Recorder nodes.
    """

    def __init__(
        self,
        program: Program,
        session: Session,
        transport: Transport,
        prompt: Conditioning,
        source: Source,
        recordings: Sequence[Path] = (),
    ) -> None:
        self.recordings = tuple(recordings)
        self.program, self.session, self.transport = program, session, transport
        self.prompt, self.source, self.spec = prompt, source, session.spec
        self.forecast = Forecast(program, transport)
        self.trace = Trace()
        self._sinks = {sink.control.name: index for index, sink in enumerate(program.sinks) if sink.control is not None}
        self._scalars = [
            index
            for name, index in self._sinks.items()
            if not CONTROLS[name].per_frame and CONTROLS[name].propagation in ("request", "step", "late step")
        ]
        self._shared = [
            name
            for name, index in self._sinks.items()
            if CONTROLS[name].per_frame
            and CONTROLS[name].propagation in ("step", "late step")
            and name in program.ring.active
        ]
        self._gains = [index for index, sink in enumerate(program.sinks) if sink.port == "gain"]
        self._guard = self.spec.playing_margin + SPLICE_FRAMES + 2
        depth, steps = (int(self.forecast.at(self._sinks[name], 0)) for name in ("depth", "steps"))
        self.ring = session.ring(source, depth)
        self.lead = round((CONTROLS["lead"].default or 0.4) * self.spec.frame_rate)  # type: ignore[operator]
        self.now = -(steps * self.tick_frames + self.lead)
        self._takes: list[Take] = []
        self._planner = WindowPlanner(0)
        half = round(FADE_SECONDS * self.spec.sample_rate / 2)
        self._splicer = Splicer(2 * half)
        self._limiter = Limiter(-0.3, round(LIMITER_SECONDS * self.spec.sample_rate))

    @property
    def tick_frames(self) -> int:
        """Control frames of a tick at the ring's present depth."""
        return self.spec.nominal_tick(self.ring.depth, self.source.frames)

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
        finished = self.ring.advance(self._shared_values())
        self.now += self.tick_frames
        for done in finished:
            self._take(done)
        coming = [int(slot.heard_at) for slot in self.ring.slots if slot.heard_at is not None]
        windows = self._planner.plan(self.now + self.lead, self._window_frames(), self._takes, coming)
        return [block for window in windows if len(block := self._sound(window))]

    def curve(self, name: str, frames: int) -> NDArray[np.float64]:
        """A control at the transport frames 0 to `frames` - 1, as it was and as it is forecast."""
        past = self.trace.sinks.get(name, [])
        known = sum(map(len, past))
        return np.concatenate([*past, self.forecast.span(self._sinks[name], known, max(frames, known))])[:frames]

    def _value(self, name: str, frame: int) -> float:
        return self.forecast.at(self._sinks[name], frame)

    def _control_frames(self) -> None:
        """Runs the control frames that have fallen due and follows the controls of class `ring`."""
        before = max(self.forecast.now, 0)
        due = max(self.now, 0)
        if due > before:
            for name, index in self._sinks.items():
                self.trace.sinks.setdefault(name, []).append(self.forecast.span(index, before, due))
            self.forecast.advance(due)
        depth = int(self._value("depth", due))
        if depth != self.ring.depth:
            self.ring.resize(depth)

    def _submit(self) -> None:
        """Submits the request of the slot that is admitted on this tick, with the controls it will be heard at."""
        tick = self.tick_frames
        steps = int(self._value("steps", max(self.now + self.ring.depth * tick + self.lead, 0)))
        heard_at = self.now + steps * tick + self.lead
        after = heard_at + (self.ring.next_admission(steps) - self.ring.tick_index) * tick
        edges = self.forecast.edges(self._scalars, heard_at, after)
        if heard_at == 0:  # nothing can sound before the first generation: it keeps its place
            self.trace.missed += int(np.count_nonzero(edges))
        elif len(edges):
            heard_at = int(edges[-1])
            self.trace.missed += len(edges) - 1
        values = {name: self._value(name, heard_at) for name in ("strength", "structure", "seed", "shift")}
        initial = None
        if "initial_noise" in self.program.ring.active:
            initial = self._curve("initial_noise")
        request = self.session.request(
            self.prompt,
            self.source,
            strength=values["strength"],
            structure=values["structure"],
            seed=int(values["seed"]),
            shift=values["shift"],
            steps=steps,
            initial_noise=initial,
            tag=values,
            heard_at=heard_at,
        )
        self.ring.submit(request)

    def _curve(self, name: str) -> Tensor:
        """A per-frame control as [T], each song frame at the moment it will next be heard."""
        values = self.forecast.per_frame(self._sinks[name], self.now, self._guard)
        return torch.from_numpy(values.astype(np.float32))

    def _shared_values(self) -> dict[str, Tensor | str]:
        """What every step of this tick reads, [1, T, 1] each."""
        values: dict[str, Tensor | str] = {name: self._curve(name)[None, :, None] for name in self._shared}
        if "solver" in self.program.ring.options:
            values["solver"] = self.program.ring.options["solver"]
        return values

    def _take(self, done: Finished) -> None:
        due = int(done.slot.heard_at) if done.slot.heard_at is not None else self._planner.next_start
        heard_at = max(due, self._planner.next_start)
        take = Take(done.latent, heard_at, done.slot.request.tag or {}, heard_at - due)  # type: ignore[arg-type]
        self.trace.late += take.late > 0
        self.trace.takes.append((heard_at, take.values))
        current = [old for old in self._takes if old.heard_at <= self._planner.next_start][-1:]
        later = [old for old in self._takes if old.heard_at > self._planner.next_start]
        self._takes = sorted([*current, *later, take], key=lambda old: old.heard_at)

    def _window_frames(self) -> int:
        return max(round(self._value("window", max(self.now, 0)) * self.spec.frame_rate), 1)

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
        decibels = sum(self.forecast.at(sink, window.start) for sink in self._gains)
        return self._limiter.push(joined * np.float32(10.0 ** (decibels / 20.0)))

    def _source_sound(self, start: int, frames: int) -> Samples:
        """The source's own sound, for a bypassed Decoder."""
        per = self.spec.samples_per_frame
        return self.source.audio[np.arange(start * per, (start + frames) * per) % len(self.source.audio)]
