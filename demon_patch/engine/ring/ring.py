"""The ring of generations in flight. Each tick moves all of them on by one denoising step.

A tick admits the requests that are due, runs one step for every slot, and returns the generations that this step
finished. Slots share only the forward and its weights: each has its own schedule, seed, prompt, source and length (the
DEMON design, arXiv 2605.28657). Weights may change between ticks. Used from one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from demon_patch.engine.between_blocks import CallsBetweenBlocks, ForwardEnded
from demon_patch.engine.check_controls import checked_number
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
from demon_patch.engine.row_buckets import FollowsDepth
from demon_patch.engine.steering.vector import Steering
from demon_patch.engine.step import formulas
from demon_patch.engine.step.chunk_step import ChunkStep, Row
from demon_patch.errors import DemonError

__all__ = ["Completion", "Request", "Ring", "Slot"]

MAX_DEPTH = int(CONTROLS["depth"].hi)
CONDITIONS = 3
"""The largest number of prompts of a generation: its own, a second, and a negative one."""

RIPE = 0.75
"""The stage (share of all steps, 0 to 1) from which a clean prediction is good enough to be heard. At most 3 % of its
variance is wrong there, after 6 of 8 steps and also after 3 of 4."""


class Ring:
    """Up to `depth` generations in flight, whose completions are evenly spaced in ticks.

    A request waits until a slot is free and the next admission is due. It is used once. Its tensors are moved to the
    noise bank's device, where the ring works and completions lie; step values stay on the processor. A tick waits for
    no device.

    depth: the number of slots, by default the family's ring depth.
    mode: with `latest`, a newer request replaces the waiting one. With `queue`, all requests are admitted in order.
    steering: the vectors that the step value `steer_depth` means, in its order; none at first. Set between ticks.
    rows: the executor's prompt places that this ring may use; by default the first 3 * MAX_DEPTH, 3 for each possible
        slot. Two rings that share an executor need different places.
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
            raise DemonError(f"{len(self._rows)} prompt places for a ring", mend=f"give it at least {MAX_DEPTH}")
        self.tick_index = 0
        self.depth = int(checked_number("depth", spec.depth if depth is None else depth))
        self.mode = mode
        self._executor, self._spec, self._noise = executor, spec, noise
        self._follower = executor if isinstance(executor, FollowsDepth) else None
        self._block_calls = executor if isinstance(executor, CallsBetweenBlocks) and executor.pieces > 1 else None
        self._slots: list[Slot] = []
        self._waiting: deque[Request] = deque()
        self._cadence = Cadence()
        self._schedules = Schedules(executor, noise.device)
        self._pool = LatentPool()
        self._lanes = [ChunkStep(executor, spec, noise, 1 + max(self._rows)) for _ in range(executor.lanes.count)]
        self.steering = ()
        self._watch = self._interrupted = False
        self._frames = 0
        self._epoch = executor.weights_epoch

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Returns the slots in flight in the order of admission. Step values [n, ...] have their entries in this
        order."""
        return tuple(self._slots)

    @property
    def waiting(self) -> tuple[Request, ...]:
        """Returns the requests that are not yet admitted, oldest first."""
        return tuple(self._waiting)

    def submit(self, request: Request) -> None:
        """Adds a request for the next admission. In mode `latest` it replaces the waiting one.

        Raises DemonError for a request that `Request.check` refuses, or with more prompts than a slot has prompt
        places.
        """
        request.check(self._spec, self._executor, self._noise.device)
        if len(request.handles) > self._conditions:
            raise DemonError(
                f"{len(request.handles)} conditions where each generation has {self._conditions} prompt places",
                port="prompt",
                mend=f"use fewer prompts, or give the ring {len(request.handles) * MAX_DEPTH} prompt places",
            )
        if self.mode == "latest":
            self._waiting.clear()
        self._waiting.append(request.on(self._noise.device))

    def admits(self) -> bool:
        """Returns whether a request submitted now would be admitted on this tick. Where it would not, no request needs
        to be prepared."""
        before = self._waiting if self.mode == "queue" else ()
        cadence = self._cadence
        for request in before:
            cadence = cadence.after(self.tick_index, request.count, self.depth)
        return len(self._slots) + len(before) < self.depth and self.tick_index >= cadence.tick

    @property
    def opening(self) -> int:
        """Returns the number of the next tick on which an admission is due and a slot is free. Waiting requests are
        ignored."""
        ends = sorted(slot.remaining for slot in self._slots)
        crowd = len(ends) - self.depth
        free = self.tick_index if crowd < 0 else self.tick_index + ends[crowd]
        return max(free, self._cadence.tick)

    def next_admission(self, steps: int) -> int:
        """Returns the number of the tick on which the following admission can happen, if a request with `steps`
        denoising steps is admitted on this tick."""
        ends = sorted([slot.remaining for slot in self._slots] + [steps])
        due = self._cadence.after(self.tick_index, steps, self.depth).tick
        crowd = len(ends) - self.depth
        return due if crowd < 0 else max(due, self.tick_index + ends[crowd])

    def admit(self) -> list[Slot]:
        """Moves the waiting requests that are due into free slots. Returns the new slots, which take their first step
        in this tick."""
        self._renew()
        admitted: list[Slot] = []
        while self._waiting and len(self._slots) < self.depth and self.tick_index >= self._cadence.tick:
            admitted.append(self._place(self._waiting.popleft()))
        return admitted

    @torch.no_grad()
    def advance(self, values: StepValues = NOTHING, between: Callable[[], None] | None = None) -> list[Completion]:
        """Runs one denoising step for every slot and returns the generations that it finished, oldest first.

        values: the step values of this tick (`step_values.StepValues`); n is the number of slots, in the order of
            `slots`.
        between: called on this thread after each chunk that lane 0 has finished, and between the blocks of its
            forwards where the executor can (`CallsBetweenBlocks`). It must not touch the ring, except that it may call
            `interrupt`.
        Raises DemonError for names that are no step controls, and for values of a wrong type or shape.
        """
        check_values(values, len(self._slots), self._spec.latent_channels)
        values = slewed(values, self._slots)
        self._renew()
        if self._follower is not None:
            self._follower.follow_depth(max(self.depth, len(self._slots)))
        chunks, self._interrupted = list(self._chunks()), False
        self._executor.lanes.run(lambda lane, rows: self._chunk(lane, rows, values, between), chunks, between)
        done = [slot for slot in self._slots if slot.remaining == 0]
        if done:
            self._slots = [slot for slot in self._slots if slot.remaining > 0]
            self._rows.extend(row for slot in done for row in slot.rows)
        finished = [Completion(slot.x, slot, self.tick_index) for slot in done]
        self.tick_index += 1
        return finished

    def interrupt(self) -> None:
        """Ends the tick early: chunks that have not begun are left out, and those under way at their next block. Their
        slots take this step with the next tick. Called from `between`."""
        self._interrupted = True

    @property
    def interrupted(self) -> bool:
        """Returns whether the latest tick was interrupted."""
        return self._interrupted

    def tick(self, values: StepValues = NOTHING) -> list[Completion]:
        """Admits the requests that are due, then runs one step for every slot. Returns the generations that it
        finished.

        values: see `advance`.
        """
        self.admit()
        return self.advance(values)

    def drain(self, values: StepValues = NOTHING) -> list[Completion]:
        """Ticks until no request waits and no generation is in flight. Returns all completions, oldest first. At depth
        1 this runs one request after the other from start to end."""
        finished: list[Completion] = []
        while self._waiting or self._slots:
            finished += self.tick(values)
        return finished

    @property
    def steering(self) -> tuple[Steering, ...]:
        """Returns the vectors that the step value `steer_depth` means, in its order."""
        return self._steering

    @steering.setter
    def steering(self, vectors: Sequence[Steering]) -> None:
        self._steering = tuple(vectors)
        for chunk in self._lanes:
            chunk.steering = self._steering

    @property
    def watch(self) -> bool:
        """Returns whether slots keep the clean latent that their latest step predicted. `preview` and `move_strength`
        need it. It is off at first."""
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
        """Returns the generation in flight with the highest stage, its latent being the clean latent that its latest
        step predicted (the source where no forward is run). The caller may keep the latent.

        None if no generation has reached stage `RIPE`, or if none has a prediction because `watch` is off.
        """
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
        """Moves a generation in flight to another strength (0 to 1), at most once a tick. Returns whether it was moved.

        Before its first step, the generation begins again. Later, a lower strength pulls its latent to its source,
        which needs a step done since `watch` was set. A higher strength adds noise, within the first three eighths of
        the steps. A generation is not moved if it has no source, if its noise level is 0 or 1 after its first step, or
        if its number of steps depends on its strength. Raises DemonError for a strength out of range.
        """
        checked_number("strength", strength)
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
        """Between ticks. Cuts a generation in flight to `frames` latent frames from song frame `start`, or from the
        frame nearest to it that leaves the stretch inside the generation's own. It does nothing if `frames` is not less
        than the generation has. Raises DemonError for a stretch that the family cannot play."""
        if frames < slot.request.frames:
            x = self._pool.take(frames, self._spec.latent_channels, self._noise.device)
            narrow(slot, start, frames, self._spec, x)

    def drop(self, slot: Slot) -> None:
        """Between ticks. Takes a generation in flight out of the ring, unfinished. The next admission is due at
        once."""
        self._slots.remove(slot)
        self._rows.extend(slot.rows)
        self._cadence = self._cadence.due_on(self.tick_index)

    def resize(self, depth: int) -> None:
        """Changes the ring depth (number of slots) from the next admission on. New slots are spread evenly in ticks.
        Generations above the new depth run to their end. Raises DemonError for a depth out of range."""
        if int(checked_number("depth", depth)) != self.depth:
            self.depth = int(depth)
            self._cadence = self._cadence.resized(self.depth)

    @torch.no_grad()
    def _place(self, request: Request) -> Slot:
        """Puts a request into a new slot, with its prompts in prompt places and its first latent. Returns the slot."""
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
        """Prepares all prompts and times again, and places the prompts again, if the weights have changed since the
        last call."""
        executor = self._executor
        if self._epoch == executor.weights_epoch:
            return
        self._epoch = executor.weights_epoch
        for request in (*self._waiting, *(slot.request for slot in self._slots)):
            for handle in request.handles:
                executor.renew(handle)
        for slot in self._slots:
            slot.times, slot.velocity = self._schedules.get(slot.times.plan), None
            for row, handle in zip(slot.rows, slot.request.handles, strict=True):
                executor.place(row, handle)

    def _begin(self, request: Request, times: Schedule, x: Tensor) -> None:
        """Writes a generation's first latent to x [T, C]: its source, noise, or a mix of both."""
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

    def _chunk(self, lane: int, rows: list[Row], values: StepValues, between: Callable[[], None] | None) -> None:
        """On any lane. Runs one step of a chunk, unless the tick is interrupted. `between`: as for `advance`."""
        if self._interrupted:
            return
        if between is None or self._block_calls is None:
            self._lanes[lane].advance(rows, values)
            return
        call = partial(self._between_blocks, between if lane == 0 else None)
        with suppress(ForwardEnded), self._block_calls.calling(call):
            self._lanes[lane].advance(rows, values)

    def _between_blocks(self, between: Callable[[], None] | None) -> None:
        """On any lane, within a forward. Ends the forward where the tick is interrupted."""
        if between is not None:
            between()
        if self._interrupted:
            raise ForwardEnded

    def _chunks(self) -> Iterator[list[Row]]:
        """Yields the slots that need a forward, in chunks of equal length T with at most `bucket` slots each.

        A slot that only delivers its source counts a step without a forward. A slot that is finished already, because
        the tick that finished it failed, is left out.
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
