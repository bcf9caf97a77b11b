"""Admission: when each generation will be heard, and the controls that it is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import ceil
from typing import Any

import torch
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.focus import JOIN, Stretch, before, from_there, stretch
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.request_controls import RequestControls
from demon_patch.engine.ring.schedule import SchedulePlan
from demon_patch.engine.ring.slot import Slot
from demon_patch.engine.session import Session
from demon_patch.engine.sound.dry_path import Cover
from demon_patch.runtime.performance.control_values import whole
from demon_patch.runtime.performance.feedback import Drift, Feedback, drifted
from demon_patch.runtime.performance.reach import Reach
from demon_patch.runtime.performance.sounding import SoundingQueue
from demon_patch.runtime.performance.touches import alike
from demon_patch.runtime.performance.trace import Trace

EARLY = 50  # frames by which a generation may be ready before it was expected
UNSURE = 4  # frames by which the next one may be later, where ticks are measured

StepValues = Mapping[str, Tensor | str]


@dataclass(frozen=True, slots=True)
class HeldControls:
    """What a slot carries from its admission on; all moments are transport frames.

    values: by control of class `request`, the number that it began with, as the engine takes it; a live change may have
        moved its strength since (`Slot.strength`).
    edge: the jump of a control after which the values hold, before which it is not heard; None without one.
    heard_at: from when it was expected to be heard at its admission; `values` are of the middle of what is heard.
    cuts: it is the first after that edge.
    cover: the clips that it covers.
    """

    values: Mapping[str, float]
    edge: int | None
    heard_at: int
    cuts: bool = False
    cover: Cover | None = None


@dataclass(frozen=True, slots=True)
class TickTime:
    """Time as a tick sees it, in transport frames: `now` at the loudspeaker, the frames of a `tick`, the `lead`; `sure`
    where ticks are nominal and not measured. coming: the frames of each of the next ticks, where they differ."""

    now: int
    tick: float
    lead: int
    sure: bool
    coming: tuple[float, ...] = ()

    def after(self, ticks: int) -> int:
        """The frame at which something finished in a number of ticks can be heard."""
        return ceil(self.now + self.span(0, ticks)) + self.lead

    def span(self, first: int, stop: int) -> float:
        """The frames of the coming ticks [first, stop)."""
        known = self.coming[first:stop]
        return sum(known) + (stop - first - len(known)) * self.tick


class Admission:
    """The ring of one performance, fed from its scenes. Owned by one thread."""

    def __init__(self, session: Session, scenes: SoundingQueue, trace: Trace) -> None:
        self.feedback = Feedback()
        self._session, self._scenes, self._trace = session, scenes, trace
        self._drift = Drift()
        self._changed_at = -1  # the ring's tick at the latest live change of a control of generations in flight
        self._first = True
        self._narrows = False  # those in flight, before the next tick
        self.reach: Reach | None = None  # of a live performance
        self._latest_heard_at = 0  # the frame from which the latest one admitted is heard
        self._tick = 0.0  # frames, as of the latest admission
        scene = scenes.now
        self.ring = session.ring(scene.source, int(scene.controls.control_value("depth", 0)))

    def recover(self, now: int) -> None:
        """After an error within a tick: gives up what is in flight."""
        scene = self._scenes.now
        self.ring = self._session.ring(scene.source, int(scene.controls.control_value("depth", max(now, 0))))
        self._changed_at = -1

    # -- admission ----------------------------------------------------------------------------------------------
    def admit(self, pace: TickTime) -> None:
        """Says when each generation in flight will be heard, and admits the next one if it is due."""
        narrows = self._chooses(pace)
        pace = self._foreseen(pace, narrows)
        self._tick = pace.tick
        for slot in self.ring.slots:
            slot.heard_at = pace.after(slot.remaining)
            edge = held_controls(slot).edge
            if edge is not None:
                slot.heard_at = max(slot.heard_at, edge)
        if narrows:
            self._narrow()
        if self.ring.admits():
            self._submit(pace)
            if self.reach is not None and self._auto:
                self.reach.note_admission(pace.now)
        self.ring.admit()

    def count(self, frame: int) -> int:
        """The steps that a generation heard at a transport frame takes."""
        frame = max(frame, 0)
        scene = self._scenes.sounding_at(frame)
        taken = scene.controls.taken((field.name for field in fields(SchedulePlan)), frame)
        return SchedulePlan.from_controls(RequestControls(taken, self._session.spec)).count

    def next_free_frame(self, pace: TickTime) -> int:
        """The first transport frame at which a generation can be heard that is not in flight yet."""
        pace = self._foreseen(pace)
        coming = pace.after(self.ring.opening - self.ring.tick_index + self.count(pace.now))
        return max([coming, *(int(slot.heard_at or 0) + 1 for slot in self.ring.slots)])

    def stretch(self, heard_at: int) -> Stretch | None:
        """What is generated of the song for a generation heard at a transport frame; None for all of it."""
        scene = self._scenes.sounding_at(heard_at)
        focus = str(scene.program.ring.options.get("focus", CONTROLS["focus"].default))
        frame = scene.forecast.transport.song_frame(heard_at)
        if focus == "auto" and self.reach is not None:
            return self._reached(heard_at, self.reach.length)
        return stretch(frame, focus, self._session.spec, scene.source.frames)

    def _submit(self, pace: TickTime) -> None:
        """Submits the request of the slot that is admitted on this tick, with the controls it will be heard at."""
        count = self.count(pace.after(self.ring.depth))
        count = self.count(pace.after(count))
        heard_at = pace.after(count)
        if self._first:  # the transport waits for the first
            count, heard_at = self.count(0), 0
        after = ceil(heard_at + pace.span(count, count + self.ring.next_admission(count) - self.ring.tick_index))
        edges = self._scenes.edges(heard_at - EARLY, after if pace.sure else after + UNSURE)
        passed, coming = edges[edges < heard_at], edges[edges >= heard_at]
        edge = int(passed[-1]) if len(passed) else None
        if heard_at == 0:  # nothing can sound before the first generation: it keeps its place
            edge = 0
        elif len(coming):
            heard_at = edge = int(coming[-1])
        self._trace.missed += len(self._scenes.edges(self._latest_heard_at + 1, heard_at if edge is None else edge))
        cuts, self._latest_heard_at = edge is not None and edge > self._latest_heard_at, heard_at
        self.ring.submit(self._request(heard_at, edge, pace.now, cuts))
        self._first = False

    def _request(self, heard_at: int, edge: int | None, now: int, cuts: bool) -> Request:
        """The request of a generation heard from `heard_at` on."""
        scene = self._scenes.sounding_at(heard_at)
        moment = self._middle(heard_at, self.count(heard_at))
        numbers, others = scene.controls.request(moment, now)
        given: dict[str, Any] = {name: whole(name, number) for name, number in numbers.items()}
        given |= others
        given = {name: value for name, value in given.items() if CONTROLS[name].becomes is None}
        if "noise_drift" in numbers:
            given["noise_position"] = self.drift(heard_at)
        given |= scene.parts_at(moment, self.feedback)
        if "feedback" in numbers:
            covered, tap = given.get("source_latent", given["source"].latent), round(numbers["feedback_tap"])
            fed = self.feedback.mixed(covered, numbers["feedback"], tap)
            given["source_latent"] = covered if fed is None else fed
        # The first is made whole: until then there is no song that a stretch could lie in.
        given["stretch"] = None if self._first else self.stretch(heard_at)
        tag = HeldControls(numbers, edge, heard_at, cuts, scene.cover(moment, self.feedback))
        return self._session.request(**given, tag=tag, heard_at=heard_at)

    def drift(self, frame: int) -> float:
        """Where the noise has drifted to at a transport frame, in keys."""

        def bars(lo: int, hi: int) -> float:
            heard = self._scenes.heard(lo, hi)
            return sum(drifted(s.forecast, s.controls.sinks["noise_drift"], *frames) for s, *frames in heard)

        return self._drift.position_at(self._scenes.now.forecast.now, frame, bars)

    # -- how much of the song -----------------------------------------------------------------------------------
    @property
    def _auto(self) -> bool:
        """Whether the host chooses how much of the song is made."""
        focus = self._scenes.now.program.ring.options.get("focus", CONTROLS["focus"].default)
        return self.reach is not None and focus == "auto"

    @property
    def blocking(self) -> bool:
        """Whether the next tick takes longer than one after a touch would."""
        quick = self.reach.quick if self.reach is not None and self._auto else 0
        return any(slot.request.frames > quick > 0 for slot in self.ring.slots)

    @property
    def stretch_in_flight(self) -> Stretch | None:
        """What the latest generation in flight makes of the song; None for all of it."""
        latest = self.ring.slots[-1].request if self.ring.slots else None
        return None if latest is None or latest.song is None else (latest.start, latest.frames)

    @property
    def _whole(self) -> bool:
        """Whether all generations in flight make the whole song."""
        return all(slot.request.song is None for slot in self.ring.slots)

    @property
    def _rows(self) -> int:
        """Forwards of a generation."""
        return max((len(slot.rows) for slot in self.ring.slots), default=1)

    def touch(self) -> None:
        """A person has moved something that generations are made with: what is made is heard soon."""
        self._narrows = True

    @property
    def row_seconds(self) -> float:
        """What the longest row of the next tick takes; 0 where `tick_seconds` is None."""
        if self.reach is None or not self._auto:
            return 0.0
        longest = max([slot.request.frames for slot in self.ring.slots], default=self.reach.length)
        return self.reach.seconds([longest], self._rows) or 0.0

    def tick_seconds(self) -> float | None:
        """What a tick takes with a full ring of generations like the next one; None where that is not chosen here, or
        nothing was measured yet."""
        if self.reach is None or not self._auto:
            return None
        return self.reach.seconds([self.reach.length] * self.ring.depth, self._rows)

    def _chooses(self, pace: TickTime) -> bool:
        """Chooses how much of the song the next generation makes; whether those in flight are to make no more. Until
        one is done all are whole: there is no song yet that a stretch could lie in."""
        if self.reach is None or not self._auto or not self._trace.completions:
            return False
        narrows, self._narrows = self._narrows, False
        if narrows:
            self.reach.note_touch(pace.now)
        self.reach.choose_length(pace.now, self.count(pace.now), self.ring.depth, self._rows)
        return narrows and not self.reach.is_whole

    def _foreseen(self, pace: TickTime, narrows: bool = False) -> TickTime:
        """The pace with the coming ticks as long as the stretches that are in flight then make them. narrows: those in
        flight make no more from now on than the next one."""
        reach, ring = self.reach, self.ring
        if reach is None or pace.sure or not self._auto or not ring.slots:
            return pace
        most = reach.length if narrows else reach.lengths[-1]
        flight = [(s.remaining, 0 if s.source_only else min(s.request.frames, most)) for s in ring.slots]
        new = reach.length if any(length for _, length in flight) else 0  # what delivers its source takes no time
        count = self.count(pace.now)
        gap, opening = count / ring.depth, ring.opening - ring.tick_index
        coming: list[float] = []
        for tick in range(max(count, *(left for left, _ in flight))):
            begun = int((tick - opening) // gap) + 1 if tick >= opening else 0
            lengths = [length for left, length in flight if left > tick] + [new] * begun
            seconds = reach.seconds(lengths[: ring.depth], self._rows)
            if seconds is None:
                return pace
            coming.append(seconds * self._session.spec.frame_rate)
        full = reach.seconds([new] * ring.depth, self._rows)
        assert full is not None
        return replace(pace, tick=full * self._session.spec.frame_rate, coming=tuple(coming))

    def _narrow(self) -> None:
        """Those in flight make no more than what will be heard of them before the next ones."""
        assert self.reach is not None
        for slot in self.ring.slots:
            part = self._reached(round(slot.heard_at or 0), self.reach.length)
            if part is not None:
                self.ring.narrow(slot, *part)
        self._latest_heard_at = max(
            (int(slot.heard_at or 0) for slot in self.ring.slots), default=self._latest_heard_at
        )

    def _reached(self, heard_at: int, frames: int) -> Stretch | None:
        """A stretch of `frames` frames for a transport frame; a loop region that fits into it is in it whole."""
        scene, spec = self._scenes.sounding_at(heard_at), self._session.spec
        transport = scene.forecast.transport
        frame, (lo, hi) = transport.song_frame(heard_at), transport.region(heard_at)
        if before(spec) + hi - lo + spec.playing_margin + JOIN + spec.border <= frames:
            frame = lo
        return from_there(frame, frames, spec, scene.source.frames)

    # -- moments ------------------------------------------------------------------------------------------------
    def moments(self) -> list[int]:
        """By generation in flight, the transport frame that its scalars are taken for."""
        return [self._middle(round(slot.heard_at or 0), slot.request.count) for slot in self.ring.slots]

    def _middle(self, heard_at: int, count: int) -> int:
        """The middle of what is heard of a generation of `count` steps, from heard_at to the next one's; no later than
        the first jump after heard_at."""
        middle = heard_at + max(int(max(count / self.ring.depth, 1.0) * self._tick) - 1, 0) // 2
        jumps = self._scenes.edges(heard_at + 1, middle + 1)
        return int(jumps[0]) - 1 if len(jumps) else middle

    # -- in flight ----------------------------------------------------------------------------------------------
    def step_controls(self, now: int) -> StepValues:
        """By control of class `step`, what this tick gives the ring (`Ring.advance`): the option, or the numbers
        [1 | n, 1 | T, 1] of the n slots in flight, in the controls' own units."""
        slots = self.ring.slots
        return self._scenes.step(now, self.moments(), [slot.stage for slot in slots])

    def scalars_of(self, slot: Slot, now: int) -> Mapping[str, float]:
        """By control, the scalars that a finished generation was made with, as the engine takes them. Strength is the
        slot's present one: where a live change moved the generation, not the one that it began with."""
        moment = self._middle(round(slot.heard_at or 0), slot.request.count)
        found = {**held_controls(slot).values, **self._scenes.sounding_at(moment).controls.scalars(moment, now)}
        return found | ({"strength": slot.strength} if "strength" in found else {})

    def step_values(self, now: int) -> StepValues:
        """What `step_controls` gives, and under `strength` the strength that each generation in flight would have
        now, [n]."""
        strengths = [self._strength(moment) for moment in self.moments()]
        return {**self.step_controls(now), "strength": torch.tensor(strengths)}

    def flight_and_next(self, now: int) -> tuple[StepValues, object]:
        """The controls of the generations in flight (`step_values`), and those of the next one, only to be compared:
        None where the host does not choose how much of the song is made."""
        if self.reach is None:
            return self.step_values(now), None
        scene, moment = self._scenes.now, max(now, 0) + self._session.spec.frame_rate
        parts = scene.parts_at(moment, self.feedback)
        return self.step_values(now), (scene.controls.request(moment, now), scene.controls.step(now, [moment]), parts)

    def note_live_change(self, before: tuple[StepValues, object], now: int) -> None:
        """Compares with `flight_and_next` of before the change: notes a live change where the generations in flight
        have other controls now, and a touch where they or the next one have."""
        in_flight, coming = self.flight_and_next(now)
        if not alike(before[0], in_flight):
            self.note_jump()
            self.touch()
        elif not alike(before[1], coming):
            self.touch()

    def note_retiming(self, before: tuple[StepValues, object], now: int, jumped: bool) -> None:
        """As `note_live_change`, after a change of the transport. A jump to a part of the song that is older than the
        rest counts as a touch."""
        if not alike(before[0], self.step_values(now)):
            self.note_jump()
        if jumped and self.reach is not None and not (self.reach.is_whole and self._whole):
            self.touch()

    def note_jump(self) -> None:
        """Notes a live change of the controls of the generations in flight."""
        self._changed_at = self.ring.tick_index
        self.ring.watch = True

    @property
    def changed_in_flight(self) -> bool:
        """Whether generations are in flight that were admitted before the latest live change of any of their
        controls."""
        return any(slot.admitted <= self._changed_at for slot in self.ring.slots)

    def follow_strength(self, now: int) -> None:
        """Moves the generations that were admitted before the latest live change to the strength that their moment has
        now, as far as `Ring.move_strength` can. Nothing moves where live strength is off."""
        if not self.changed_in_flight:
            self.ring.watch = False
        elif self._scenes.now.controls.is_on("live_strength", now):
            for slot, moment in zip(self.ring.slots, self.moments(), strict=True):
                if slot.admitted <= self._changed_at:
                    self.ring.move_strength(slot, self._strength(moment))

    def _strength(self, frame: int) -> float:
        """The strength, 0 to 1, of a generation whose scalars are taken for a transport frame: the one control of class
        `request` that also moves generations in flight (live strength)."""
        return self._scenes.sounding_at(frame).controls.control_value("strength", frame)


def held_controls(slot: Slot) -> HeldControls:
    """What a slot of a performance carries."""
    assert isinstance(slot.request.tag, HeldControls)
    return slot.request.tag
