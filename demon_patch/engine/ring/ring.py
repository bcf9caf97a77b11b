"""The ring: generations in flight, all advanced by each tick's forward.

A tick admits what is due, runs one forward for every slot, and returns the latents which that forward finished. Slots
share nothing but the forward and its weights: each has its own schedule, seed, prompt, source and length (the DEMON
design, arXiv 2605.28657). Weights may change between ticks. Used from one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked
from demon_patch.engine.contracts import Executor, FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.cadence import Cadence
from demon_patch.engine.ring.focus import narrow
from demon_patch.engine.ring.live_strength import follow
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.ring.pool import LatentPool
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.schedule import SOURCE_ONLY, Schedule, Schedules
from demon_patch.engine.ring.slot import Completion, Slot
from demon_patch.engine.ring.step_values import NOTHING, StepValues, check_values, slewed
from demon_patch.engine.step import formulas
from demon_patch.engine.step.chunk_step import ChunkStep, Row
from demon_patch.errors import DemonError

__all__ = ["Completion", "Request", "Ring", "Slot"]

MAX_DEPTH = int(CONTROLS["depth"].hi)
CONDITIONS = 3
"""Prompts that a generation may have: its own, a second, and a negative."""

RIPE = 0.75
"""The share of the full schedule after which a clean prediction is worth hearing: at most 3 % of its variance is amiss
then, after 6 of 8 steps as after 3 of 4."""


class Ring:
    """Up to `depth` generations in flight, evenly spaced.

    A request waits until a slot is free and due; in mode `latest` a newer request replaces a waiting one, in mode
    `queue` all are made in order. A request is used once. All tensors live where the noise bank's do. depth: by
    default the family's. rows: the executor's rows that this ring may place prompts in, by default 3 for each slot;
    rings that share an executor need rows of their own.
    """

    def __init__(
        self,
        executor: Executor,
        spec: FamilySpec,
        noise: NoiseBank,
        depth: int | None = None,
        mode: Literal["latest", "queue"] = "latest",
        rows: range | None = None,
    ) -> None:
        if mode not in ("latest", "queue"):
            raise DemonError(f"ring mode {mode!r}", mend="choose latest or queue")
        self._rows = list(range(CONDITIONS * MAX_DEPTH) if rows is None else rows)
        self._conditions = len(self._rows) // MAX_DEPTH
        if len(self._rows) < MAX_DEPTH:
            raise DemonError(f"{len(self._rows)} rows for a ring", mend=f"give a ring {MAX_DEPTH} executor rows")
        self.tick_index = 0
        self.depth = int(checked("depth", spec.depth if depth is None else depth))
        self.mode = mode
        self._executor, self._spec, self._noise = executor, spec, noise
        self._slots: list[Slot] = []
        self._waiting: deque[Request] = deque()
        self._cadence = Cadence()
        self._schedules = Schedules(executor, noise.device)
        self._pool = LatentPool()
        self._lanes = [ChunkStep(executor, spec, noise, 1 + max(self._rows)) for _ in range(executor.lanes.count)]
        self._watch = self._interrupted = False
        self._frames = 0
        self._epoch = executor.weights_epoch

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots in flight, in the order of their admission: the order of per-row values."""
        return tuple(self._slots)

    @property
    def waiting(self) -> tuple[Request, ...]:
        """The requests that are not admitted yet."""
        return tuple(self._waiting)

    def submit(self, request: Request) -> None:
        """Hands in a request for the next admission; raises DemonError for one that cannot be made."""
        request.check(self._spec, self._executor, self._noise.device)
        if len(request.handles) > self._conditions:
            raise DemonError(
                f"{len(request.handles)} conditions where each generation has {self._conditions} rows",
                port="prompt",
                mend=f"use fewer prompts, or give the ring {len(request.handles) * MAX_DEPTH} executor rows",
            )
        if self.mode == "latest":
            self._waiting.clear()
        self._waiting.append(request)

    def admits(self) -> bool:
        """Whether a request submitted now would be admitted on this tick: only then need it be worked out."""
        before = self._waiting if self.mode == "queue" else ()
        cadence = self._cadence
        for request in before:
            cadence = cadence.after(self.tick_index, request.count, self.depth)
        return len(self._slots) + len(before) < self.depth and self.tick_index >= cadence.tick

    @property
    def opening(self) -> int:
        """The tick at which a request can be admitted next: one is due, and a slot is free. Waiting ones apart."""
        ends = sorted(slot.remaining for slot in self._slots)
        crowd = len(ends) - self.depth
        free = self.tick_index if crowd < 0 else self.tick_index + ends[crowd]
        return max(free, self._cadence.tick)

    def next_admission(self, steps: int) -> int:
        """The tick of the admission that follows, if a request that takes `steps` steps is admitted now: when the next
        slot is due, and one is free."""
        ends = sorted([slot.remaining for slot in self._slots] + [steps])
        due = self._cadence.after(self.tick_index, steps, self.depth).tick
        crowd = len(ends) - self.depth
        return due if crowd < 0 else max(due, self.tick_index + ends[crowd])

    def admit(self) -> list[Slot]:
        """Moves the waiting requests that are due into free slots; they take their first step in this tick."""
        self._renew()
        admitted: list[Slot] = []
        while self._waiting and len(self._slots) < self.depth and self.tick_index >= self._cadence.tick:
            admitted.append(self._place(self._waiting.popleft()))
        return admitted

    @torch.no_grad()
    def advance(self, values: StepValues = NOTHING, between: Callable[[], None] | None = None) -> list[Completion]:
        """One step for every slot under the step controls `values`; returns what finished, oldest first.

        values: see `step_values.StepValues`; n is the number of slots, in the order of `slots`.
        between: called on this thread between the rows of the forward; it must not touch the ring, but may `interrupt`
            it.
        Raises DemonError for values that are no step controls or do not fit.
        """
        check_values(values, len(self._slots), self._spec.latent_channels)
        values = slewed(values, self._slots)
        self._renew()
        chunks, self._interrupted = list(self._chunks()), False
        self._executor.lanes.run(lambda lane, rows: self._chunk(lane, rows, values), chunks, between)
        done = [slot for slot in self._slots if slot.remaining == 0]
        if done:
            self._slots = [slot for slot in self._slots if slot.remaining > 0]
            self._rows.extend(row for slot in done for row in slot.rows)
        finished = [Completion(slot.x, slot, self.tick_index) for slot in done]
        self.tick_index += 1
        return finished

    def interrupt(self) -> None:
        """Within `advance`, from its `between`: rows that are not begun are left out; their slots take that step with
        the next tick."""
        self._interrupted = True

    @property
    def interrupted(self) -> bool:
        """Whether the latest tick was."""
        return self._interrupted

    def tick(self, values: StepValues = NOTHING) -> list[Completion]:
        """Admits what is due, then advances every slot by one step under `values`, as `advance` takes them."""
        self.admit()
        return self.advance(values)

    def drain(self, values: StepValues = NOTHING) -> list[Completion]:
        """Ticks until nothing waits and nothing is in flight; at depth 1, one request is generated in one go."""
        finished: list[Completion] = []
        while self._waiting or self._slots:
            finished += self.tick(values)
        return finished

    @property
    def watch(self) -> bool:
        """Whether slots keep the x0 predicted by their last step; `preview` and `move_strength` need it. Off first."""
        return self._watch

    @watch.setter
    def watch(self, on: bool) -> None:
        self._watch = on
        for chunk in self._lanes:
            chunk.watch = on
        if not on:
            for slot in self._slots:
                slot.clean = None

    def preview(self) -> Completion | None:
        """The ripest generation in flight as its latest step predicts it, if one has done three quarters of the full
        schedule; its latent is the caller's to keep. Without `watch` there is none."""
        ripe = [
            slot
            for slot in self._slots
            if slot.position >= RIPE * slot.request.plan.steps and (slot.source_only or slot.clean is not None)
        ]
        if not ripe:
            return None
        slot = max(ripe, key=lambda slot: (slot.stage, -slot.admitted))
        latent = slot.x if slot.source_only or slot.clean is None else slot.clean
        out = self._pool.take(slot.request.frames, self._spec.latent_channels, self._noise.device)
        return Completion(out.copy_(latent), slot, self.tick_index)

    @torch.no_grad()
    def move_strength(self, slot: Slot, strength: float) -> bool:
        """Moves a generation in flight to another strength, at most once a tick; whether it was moved.

        Before its first step it begins anew. Later, a lower strength pulls it to its source, which needs `watch`; a
        higher one adds noise within the first three eighths of the steps. Generations without a source, at noise level
        0 or 1, or whose number of steps follows their strength stay as they are. Raises DemonError for an impossible
        strength.
        """
        checked("strength", strength)
        plan = slot.times.plan
        still = strength == plan.strength or slot.remaining == 0 or slot.moved == self.tick_index
        if still or slot.request.source is None or not plan.moves:
            return False
        times = self._schedules.get(replace(plan, strength=strength))
        if slot.step == 0:
            slot.times = times
            self._begin(slot.request, times, slot.x)
        elif not follow(slot, times, self._spec, self._noise):
            return False
        slot.moved = self.tick_index
        return True

    @torch.no_grad()
    def narrow(self, slot: Slot, start: int, frames: int) -> None:
        """Between ticks: a generation in flight goes on with a stretch of `frames` frames alone, as near to song frame
        `start` as it has them. Raises DemonError for a stretch that the family cannot play."""
        if frames < slot.request.frames:
            x = self._pool.take(frames, self._spec.latent_channels, self._noise.device)
            narrow(slot, start, frames, self._spec, x)

    def resize(self, depth: int) -> None:
        """Changes the depth from the next admission on: new slots are staggered, surplus ones finish."""
        if int(checked("depth", depth)) != self.depth:
            self.depth = int(depth)
            self._cadence = self._cadence.resized(self.depth)

    @torch.no_grad()
    def _place(self, request: Request) -> Slot:
        """Gives a request its rows and its first latent."""
        rows = tuple(self._rows[: len(request.handles)])
        for row, handle in zip(rows, request.handles, strict=True):
            self._executor.place(row, handle)
        times = self._schedules.get(request.plan)
        x = self._pool.take(request.frames, self._spec.latent_channels, self._noise.device)
        self._begin(request, times, x)
        slot = Slot(request, rows, self.tick_index, times, x, heard_at=request.heard_at)
        if request.frames != self._frames:
            for chunk in self._lanes:
                chunk.release()
            self._frames = request.frames
        del self._rows[: len(rows)]
        self._slots.append(slot)
        self._cadence = self._cadence.after(self.tick_index, request.count, self.depth)
        return slot

    def _renew(self) -> None:
        """After a change of the weights: prepares again, and places again, the prompts and times of all generations."""
        executor = self._executor
        if self._epoch == executor.weights_epoch:
            return
        self._epoch = executor.weights_epoch
        for request in (*self._waiting, *(slot.request for slot in self._slots)):
            for handle in request.handles:
                executor.renew(handle)
        for slot in self._slots:
            slot.times = self._schedules.get(slot.times.plan)
            for row, handle in zip(slot.rows, slot.request.handles, strict=True):
                executor.place(row, handle)

    def _begin(self, request: Request, times: Schedule, x: Tensor) -> None:
        """Writes a generation's first latent: its source alone, noise alone, or a mix of both."""
        if request.source is not None and times.plan.strength <= SOURCE_ONLY:
            x.copy_(request.source)
            return
        noise = request.noise(self._noise, Stream.INIT, 0)
        if request.source is None:
            x.copy_(noise)
        else:
            curve = request.controls.curve("initial_noise")
            share = times.at[0, 0] if curve is None else curve[:, None]
            formulas.initial(noise, request.source, share, out=x)

    def _chunk(self, lane: int, rows: list[Row], values: StepValues) -> None:
        """One step of a chunk, unless the tick is interrupted. On any lane."""
        if not self._interrupted:
            self._lanes[lane].advance(rows, values)

    def _chunks(self) -> Iterator[list[Row]]:
        """The slots that need a forward, in chunks of equal length T and at most a bucket of rows.

        Slots that only deliver their source are counted on instead; those that a failed tick left done are left so.
        """
        lengths: dict[int, list[Row]] = {}
        for at, slot in enumerate(self._slots):
            if slot.remaining == 0:
                continue
            if slot.source_only:
                slot.step += 1
            else:
                lengths.setdefault(slot.request.frames, []).append((at, slot))
        bucket = self._executor.bucket
        for rows in lengths.values():
            for first in range(0, len(rows), bucket):
                yield rows[first : first + bucket]
