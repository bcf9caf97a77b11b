"""Admission: estimates when each generation will be heard, and gives it the controls of that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import ceil
from typing import Any

import torch
from torch import Tensor

from demon_patch.engine.between_blocks import CallsBetweenBlocks
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
from demon_patch.runtime.performance.notes import PlayedNotes
from demon_patch.runtime.performance.reach import Reach
from demon_patch.runtime.performance.sounding import SoundingQueue
from demon_patch.runtime.performance.tick_time import TickTime
from demon_patch.runtime.performance.touches import alike
from demon_patch.runtime.performance.trace import Trace

EARLY = 50  # transport frames: a generation may be ready this much earlier than expected
UNEVEN = 1.5  # times the mean, the longest piece of a forward that is cut between its blocks
UNSURE = 4  # transport frames: the next one may be this much later, where ticks are measured

StepValues = Mapping[str, Tensor | str]


@dataclass(frozen=True, slots=True)
class HeldControls:
    """The controls and moments that a generation keeps from its admission on. All moments are transport frames.

    values: the number of each control of class `request` at admission, as the engine takes it. A live change may
        have moved the strength since (`Slot.strength`). They are read for the middle of the time for which the
        generation is heard.
    edge: the jump of a control after which `values` hold; the generation is not heard before it. None without one.
    heard_at: the frame from which it was expected to be heard at its admission.
    cuts: whether it is the first generation after that edge.
    cover: the clips that it covers; None where there is none.
    """

    values: Mapping[str, float]
    edge: int | None
    heard_at: int
    cuts: bool = False
    cover: Cover | None = None


class Admission:
    """Admits generations to the ring of one performance, with the controls of what plays. Owned by one thread."""

    def __init__(self, session: Session, soundings: SoundingQueue, trace: Trace) -> None:
        self.feedback = Feedback()
        self._session, self._soundings, self._trace = session, soundings, trace
        self._drift, self._played = Drift(), PlayedNotes()
        self._changed_at = -1  # the ring's tick at the latest live change of a control of generations in flight
        self._first, self._narrows = True, False  # narrows: those in flight, before the next tick
        self.reach: Reach | None = None  # of a live performance
        self._latest_heard_at = 0  # the frame from which the latest one admitted is heard
        self._tick = 0.0  # frames, as of the latest admission
        sounding = soundings.now
        self.ring = session.ring(sounding.source, int(sounding.controls.control_value("depth", 0)))

    def recover(self, now: int) -> None:
        """Replaces the ring by an empty one after an error at transport frame `now`: what is in flight is lost."""
        sounding = self._soundings.now
        self.ring = self._session.ring(sounding.source, int(sounding.controls.control_value("depth", max(now, 0))))
        self._changed_at = -1

    # -- admission ----------------------------------------------------------------------------------------------
    def admit(self, pace: TickTime) -> None:
        """Estimates `Slot.heard_at` (a transport frame) of each generation in flight, and admits the next if due."""
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
        """Returns the number of denoising steps of a generation that is heard at a transport frame."""
        frame = max(frame, 0)
        sounding = self._soundings.sounding_at(frame)
        taken = sounding.controls.taken((field.name for field in fields(SchedulePlan)), frame)
        plan = SchedulePlan.from_controls(RequestControls(taken, self._session.spec))
        return (plan if sounding.covers(frame, self.feedback) else replace(plan, strength=1.0)).count

    def next_free_frame(self, pace: TickTime) -> int:
        """Returns the first transport frame at which a generation can be heard that is not in flight yet."""
        pace = self._foreseen(pace)
        coming = pace.after(self.ring.opening - self.ring.tick_index + self.count(pace.now))
        return max([coming, *(int(slot.heard_at or 0) + 1 for slot in self.ring.slots)])

    def stretch(self, heard_at: int) -> Stretch | None:
        """Returns the stretch of the song that a generation heard at a transport frame makes, as its first latent frame
        and its length in frames; None for the whole song."""
        sounding = self._soundings.sounding_at(heard_at)
        focus = str(sounding.program.ring.options.get("focus", CONTROLS["focus"].default))
        frame = sounding.forecast.transport.song_frame(heard_at)
        if focus == "auto" and self.reach is not None:
            return self._reached(heard_at, self.reach.length)
        return stretch(frame, focus, self._session.spec, sounding.source.frames)

    def _submit(self, pace: TickTime) -> None:
        """Submits the request of the generation that is admitted on this tick, with the controls of the moment at which
        it will be heard."""
        count = self.count(pace.after(self.count(pace.after(self.ring.depth))))
        heard_at = pace.after(count)
        if self._first:  # the transport waits for the first
            count, heard_at = self.count(0), 0
        after = ceil(heard_at + pace.span(count, count + self.ring.next_admission(count) - self.ring.tick_index))
        edges = self._soundings.edges(heard_at - EARLY, after if pace.sure else after + UNSURE)
        passed, coming = edges[edges < heard_at], edges[edges >= heard_at]
        edge = int(passed[-1]) if len(passed) else None
        if heard_at == 0:  # nothing can sound before the first generation: it keeps its place
            edge = 0
        elif len(coming):
            heard_at = edge = int(coming[-1])
        self._trace.missed += len(self._soundings.edges(self._latest_heard_at + 1, heard_at if edge is None else edge))
        cuts, self._latest_heard_at = edge is not None and edge > self._latest_heard_at, heard_at
        self.ring.submit(self._request(heard_at, edge, pace.now, cuts))
        self._first = False

    def _request(self, heard_at: int, edge: int | None, now: int, cuts: bool) -> Request:
        """Returns the request of a generation that is heard from a transport frame on, see `HeldControls`."""
        sounding = self._soundings.sounding_at(heard_at)
        moment = self._middle(heard_at, self.count(heard_at))
        numbers, others = sounding.controls.request_values(moment, now)
        given: dict[str, Any] = {name: whole(name, number) for name, number in numbers.items()}
        given |= others
        given = {name: value for name, value in given.items() if CONTROLS[name].becomes is None}
        if "noise_drift" in numbers:
            given["noise_position"] = self.drift(heard_at)
        given |= sounding.admitted_parts(moment, self.feedback)
        given |= sounding.controls.notes_at(heard_at, now, self._played)
        if "feedback" in numbers:
            covered, back = given.get("source_latent", given["source"].latent), round(numbers["feedback_tap"])
            fed = self.feedback.mixed(covered, numbers["feedback"], back)
            given |= {} if fed is None else {"source_latent": fed}
        # The first is made whole: until then there is no song that a stretch could lie in.
        given["stretch"] = None if self._first else self.stretch(heard_at)
        tag = HeldControls(numbers, edge, heard_at, cuts, sounding.cover(moment, self.feedback))
        return self._session.request(**given, tag=tag, heard_at=heard_at)

    def drift(self, frame: int) -> float:
        """Returns the position of the noise at a transport frame, in keys (`Drift`)."""

        def bars(lo: int, hi: int) -> float:
            heard = self._soundings.heard(lo, hi)
            return sum(drifted(s.forecast, s.controls.port_numbers["noise_drift"], *frames) for s, *frames in heard)

        return self._drift.position_at(self._soundings.now.forecast.now, frame, bars)

    # -- how much of the song -----------------------------------------------------------------------------------
    @property
    def _auto(self) -> bool:
        """Whether the host chooses how much of the song a generation makes: a live performance with `focus` at
        `auto`."""
        focus = self._soundings.now.program.ring.options.get("focus", CONTROLS["focus"].default)
        return self.reach is not None and focus == "auto"

    @property
    def blocking(self) -> bool:
        """Whether a generation in flight makes a longer stretch than `Reach.quick`, so that the next tick takes longer
        than a tick after a touch would."""
        quick = self.reach.quick if self.reach is not None and self._auto else 0
        return any(slot.request.frames > quick > 0 for slot in self.ring.slots)

    @property
    def stretch_in_flight(self) -> Stretch | None:
        """The stretch that the latest generation in flight makes, as its first latent frame of the song and its length
        in frames; None for the whole song, and where nothing is in flight."""
        latest = self.ring.slots[-1].request if self.ring.slots else None
        return None if latest is None or latest.song is None else (latest.start, latest.frames)

    @property
    def _whole(self) -> bool:
        """Whether all generations in flight make the whole song."""
        return all(slot.request.song is None for slot in self.ring.slots)

    @property
    def _rows(self) -> int:
        """The largest number of rows, which is to say forwards in a tick, that a generation in flight has; 1 where
        nothing is in flight."""
        return max((len(slot.rows) for slot in self.ring.slots), default=1)

    def touch(self) -> None:
        """Notes that a person has moved something that generations are made with. The next tick shortens what is made,
        so that the change is heard soon."""
        self._narrows = True

    @property
    def wait_seconds(self) -> float:
        """The longest seconds of the next tick in which no window can be decoded: its longest row, or a block of it
        where the executor calls between blocks. 0 where `tick_seconds` is None."""
        if self.reach is None or not self._auto:
            return 0.0
        longest = max([slot.request.frames for slot in self.ring.slots], default=self.reach.length)
        row = self.reach.seconds([longest], self._rows) or 0.0
        executor = self._session.executor
        pieces = executor.pieces if isinstance(executor, CallsBetweenBlocks) else 1
        return row if pieces == 1 else row * min(UNEVEN / (pieces * self._rows), 1.0)

    def tick_seconds(self) -> float | None:
        """Returns the seconds of a tick with a full ring of generations as long as the next one. None where the host
        does not choose how much of the song is made, or has measured no tick yet."""
        if self.reach is None or not self._auto:
            return None
        return self.reach.seconds([self.reach.length] * self.ring.depth, self._rows)

    def _chooses(self, pace: TickTime) -> bool:
        """Chooses how many latent frames of the song the next generation makes. Returns whether the generations in
        flight are to be shortened to that length. Until the first generation is finished all of them make the whole
        song, since there is no song yet that a stretch could be put into."""
        if self.reach is None or not self._auto or not self._trace.completions:
            return False
        narrows, self._narrows = self._narrows, False
        if narrows:
            begins = self.reach.is_quiet(pace.now)
            self.reach.note_touch(pace.now)
            if begins:
                self._drop_latest()
        self.reach.choose_length(pace.now, self.count(pace.now), self.ring.depth, self._rows)
        return narrows and not self.reach.is_whole

    def _drop_latest(self) -> None:
        """Drops the latest generation in flight at the first touch after a quiet time, so that the one with what was
        touched is admitted at once in its place: where it makes more than a generation after a touch would, and
        another one goes on."""
        slots = self.ring.slots
        if self.reach is not None and len(slots) > 1 and slots[-1].request.frames > self.reach.quick:
            self.ring.drop(slots[-1])

    def _foreseen(self, pace: TickTime, narrows: bool = False) -> TickTime:
        """Returns the pace with an estimate of each coming tick, from the lengths of the stretches that are in flight
        during it. Returns the same pace where ticks are nominal or were not measured.

        narrows: whether the generations in flight make no more than the next one from now on.
        """
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
        """Shortens every generation in flight to a stretch of the length `Reach.length` around the frame at which it is
        heard."""
        assert self.reach is not None
        for slot in self.ring.slots:
            part = self._reached(round(slot.heard_at or 0), self.reach.length)
            if part is not None:
                self.ring.narrow(slot, *part)
        self._latest_heard_at = max(
            (int(slot.heard_at or 0) for slot in self.ring.slots), default=self._latest_heard_at
        )

    def _reached(self, heard_at: int, frames: int) -> Stretch | None:
        """Returns the stretch of `frames` latent frames for a generation heard at a transport frame; None for the whole
        song. A loop region that fits into the stretch is covered from its beginning."""
        sounding, spec = self._soundings.sounding_at(heard_at), self._session.spec
        transport = sounding.forecast.transport
        frame, (lo, hi) = transport.song_frame(heard_at), transport.region(heard_at)
        if before(spec) + hi - lo + spec.playing_margin + JOIN + spec.border <= frames:
            frame = lo
        return from_there(frame, frames, spec, sounding.source.frames)

    # -- moments ------------------------------------------------------------------------------------------------
    def moments(self) -> list[int]:
        """Returns for each generation in flight the transport frame for which its scalars are read."""
        return [self._middle(round(slot.heard_at or 0), slot.request.count) for slot in self.ring.slots]

    def _middle(self, heard_at: int, count: int) -> int:
        """Returns the transport frame in the middle of the time for which a generation of `count` steps is heard:
        between `heard_at` and the next generation's. It lies before the first jump of a control after `heard_at`."""
        middle = heard_at + max(int(max(count / self.ring.depth, 1.0) * self._tick) - 1, 0) // 2
        jumps = self._soundings.edges(heard_at + 1, middle + 1)
        return int(jumps[0]) - 1 if len(jumps) else middle

    # -- in flight ----------------------------------------------------------------------------------------------
    def step_controls(self, now: int) -> StepValues:
        """Returns by name what this tick gives the ring for each control of class `step` (`Ring.advance`): the option,
        or numbers [1 | n, 1 | T, 1] in the control's own unit, n the slots in flight and T the latent frames of the
        song. Channel gains are [1, 1 | T, C]."""
        slots = self.ring.slots
        return self._soundings.step_values(now, self.moments(), [slot.stage for slot in slots])

    def scalars_of(self, slot: Slot, now: int) -> Mapping[str, float]:
        """Returns by control the scalars that a finished generation was made with, as the engine takes them. Strength
        is the slot's present one: where a live change moved the generation, it is not the one that it began with."""
        moment = self._middle(round(slot.heard_at or 0), slot.request.count)
        found = {**held_controls(slot).values, **self._soundings.sounding_at(moment).controls.scalars(moment, now)}
        return found | ({"strength": slot.strength} if "strength" in found else {})

    def step_values(self, now: int) -> StepValues:
        """Returns what `step_controls` gives, and under `strength` the strength, 0 to 1, that each generation in flight
        would have if it were read now, [n]."""
        return {**self.step_controls(now), "strength": torch.tensor([*map(self._strength, self.moments())])}

    def flight_and_next(self, now: int) -> tuple[StepValues, object]:
        """Returns two things that `note_live_change` compares: the controls of the generations in flight
        (`step_values`), and those of the next generation. The second is None where the performance is not live
        (`reach` is None)."""
        if self.reach is None:
            return self.step_values(now), None
        moment = max(now, 0) + self._session.spec.frame_rate
        controls, parts = self._soundings.now.controls, self._soundings.now.parts_at(moment, self.feedback)
        coming = controls.request_values(moment, now), controls.step_values(now, [moment]), controls.notes_known(now)
        return self.step_values(now), (*coming, parts)

    def note_live_change(self, before: tuple[StepValues, object], now: int) -> None:
        """Compares the present controls with the result of `flight_and_next` from before a change. Notes a live change
        where those of the generations in flight differ, and a touch where those or the next generation's differ."""
        in_flight, coming = self.flight_and_next(now)
        if not alike(before[0], in_flight):
            self.note_jump()
            self.touch()
        elif not alike(before[1], coming):
            self.touch()

    def note_retiming(self, before: tuple[StepValues, object], now: int, jumped: bool) -> None:
        """Compares the step values as `note_live_change` does, after a change of the transport, and notes a live change
        where they differ. `jumped`: whether the song position jumped; this counts as a touch where parts of the song
        may be older than others."""
        if not alike(before[0], self.step_values(now)):
            self.note_jump()
        if jumped and self.reach is not None and not (self.reach.is_whole and self._whole):
            self.touch()

    def note_jump(self) -> None:
        """Notes at the ring's present tick that a control of the generations in flight has changed (a live change)."""
        self._changed_at = self.ring.tick_index
        self.ring.watch = True

    @property
    def changed_in_flight(self) -> bool:
        """Whether a generation is in flight that was admitted before the latest live change."""
        return any(slot.admitted <= self._changed_at for slot in self.ring.slots)

    def follow_strength(self, now: int) -> None:
        """Moves each generation that was admitted before the latest live change to the strength that is read for its
        moment now, as far as `Ring.move_strength` can. Moves nothing where live strength is off."""
        if not self.changed_in_flight:
            self.ring.watch = False
        elif self._soundings.now.controls.is_on("live_strength", now):
            for slot, moment in zip(self.ring.slots, self.moments(), strict=True):
                if slot.admitted <= self._changed_at:
                    self.ring.move_strength(slot, self._strength(moment))

    def _strength(self, frame: int) -> float:
        """Returns the strength, 0 to 1, of a generation whose scalars are read for a transport frame. It is the one
        control of class `request` that also moves generations in flight (live strength)."""
        return self._soundings.sounding_at(frame).controls.control_value("strength", frame)


def held_controls(slot: Slot) -> HeldControls:
    """Returns the controls and moments that a slot of a performance keeps from its admission."""
    assert isinstance(slot.request.tag, HeldControls)
    return slot.request.tag
