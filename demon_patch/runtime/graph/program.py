"""A compiled patch: functions over a bus of numbers, run frame by frame or many frames ahead."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.codegen.delay_line import DelayLine
from demon_patch.codegen.float_code import NodeCode, float_function, function_groups
from demon_patch.codegen.frame import Frame
from demon_patch.engine.controls import Control, Taper
from demon_patch.errors import PatchError
from demon_patch.nodes.language.taper import norm
from demon_patch.runtime.graph.batch_plan import BatchProgram, batch_plan
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.drawn_curves import DrawnCurve
from demon_patch.runtime.graph.live_inputs import Listener, LiveInputs, LivePort
from demon_patch.runtime.graph.profile import Profile
from demon_patch.runtime.graph.reuse import Reuse
from demon_patch.runtime.graph.ring_plan import RingPlan

Key = tuple[str, ...]
EnginePortKind = Literal["value", "curve", "gate", "level"]

BATCH_FROM, BATCH_PER_BLOCK = (
    16,
    120,
)  # rows are faster from so many frames on, and so many node-frames for each part (measured)


@dataclass(frozen=True, slots=True)
class EnginePort:
    """An input that leaves the graph: of an engine node, a speaker or a recorder; or a number that a mix or a surface
    gives.

    kind: value or curve (a number in the port's unit); gate (its rises); level (of the same gate). lo, hi, taper: the
    declared range.
    """

    node: str
    port: str
    control: Control | None
    kind: EnginePortKind
    lo: float
    hi: float
    taper: Taper = "linear"

    def position(self, values: Array) -> Array:
        """Values as positions in the declared range."""
        return np.asarray(norm(values, self.lo, self.hi, self.taper))


@dataclass(slots=True)
class State:
    """What a program remembers from frame to frame: the bus (last value of every output and sink) and state cells,
    each with its keys, by which a later program adopts it; `lines`: the cells that are delay lines."""

    bus: list[float]
    cells: list[Any]
    bus_keys: Sequence[Key]
    cell_keys: Sequence[Key]
    lines: Sequence[int] = ()

    def copy(self) -> State:
        """An independent copy."""
        made = State(self.bus[:], self.cells[:], self.bus_keys, self.cell_keys, self.lines)
        for cell in self.lines:
            made.cells[cell] = made.cells[cell].copy()
        return made


@dataclass(eq=False)
class Program:
    """A compiled patch. `compile` makes it; one thread runs it.

    steps: all nodes in running order. sinks, with `sink_slots` on the bus. resources: keys by node id. delays: sockets
    of the cables that carry the frame before. feeds: what comes from outside. faults: what each node did wrong, by id:
    while it does, it keeps its last good values. bus, cells: first values.
    """

    steps: tuple[NodeCode, ...]
    sinks: tuple[EnginePort, ...]
    sink_slots: tuple[int, ...]
    resources: Mapping[str, Hashable]
    ring: RingPlan
    rate: float
    params: Sequence[tuple[float, ...]]
    bus: list[float]
    cells: list[Any]
    bus_keys: Sequence[Key]
    cell_keys: Sequence[Key]
    owners: Mapping[str, str]
    tables: list[list[float]]
    table_of: Mapping[str, int]
    drawn: Mapping[str, DrawnCurve]
    delays: frozenset[Any] = frozenset()
    feeds: LiveInputs = field(default_factory=LiveInputs)
    song_frames: int = 0
    bpm: float = 120.0
    faults: dict[str, str] = field(default_factory=dict)
    inherited: State | None = None
    latest: State | None = None
    memory: Reuse = field(default_factory=Reuse)

    def __post_init__(self) -> None:
        self._functions: list[tuple[tuple[NodeCode, ...], Callable[..., None]]] = []
        done = 0
        for part in function_groups(self.steps):
            self._functions.append(
                (part, float_function(part).bound(self.params[done : done + len(part)], 1.0 / self.rate))
            )
            done += len(part)
        self._run = [function for _, function in self._functions]
        self._lines = [i for i, x in enumerate(self.cells) if isinstance(x, DelayLine)]
        self._number = {step: i for i, step in enumerate(self.steps)}
        self._profile: Profile | None = None
        self._rises = self.feeds.rises
        self.plan = batch_plan(self.steps, self.sink_slots, len(self.bus), self.feeds.reached)
        self._batch = BatchProgram(
            self.plan, dict(zip(self.steps, self.params, strict=True)), 1.0 / self.rate, self._rises
        )  # fmt: skip
        self._batch_from = BATCH_FROM + BATCH_PER_BLOCK * len(self.plan.blocks) // max(len(self.steps), 1)
        self._arrays = [np.asarray(table, dtype=np.float64) for table in self.tables]
        slots = self.sink_slots
        self._gather: Callable[[list[float]], Sequence[float]] = (
            itemgetter(*slots) if len(slots) > 1 else lambda bus: [bus[i] for i in slots]
        )

    @property
    def held(self) -> frozenset[LivePort]:
        """The inputs (node, port) that a live source reaches: what is forecast of them holds until it moves."""
        return self.feeds.held

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """The nodes that devices feed, and what they listen to."""
        return self.feeds.listeners

    def sink(self, node: str, port: str, kind: EnginePortKind | None = None) -> int:
        """The number of a sink; of a gate, its rises unless `kind` asks for its level. Raises PatchError."""
        for i, s in enumerate(self.sinks):
            if (s.node, s.port) == (node, port) and kind in (None, s.kind):
                return i
        raise PatchError("there is no such input of the engine", node=node, port=port)

    # -- curves -------------------------------------------------------------------------------------------------
    def use_song(self, frames: int, bpm: float | None = None) -> None:
        """Gives every curve the length of the song and, where given, its tempo: drawn curves are drawn again, others
        are level at 0."""
        if frames < 1:
            raise ValueError(f"a song has at least one frame, not {frames}")
        self.song_frames, self.bpm = frames, bpm or self.bpm
        for table in self.table_of.values():
            self._store_curve(table, np.zeros(frames))
        self._draw()

    def set_curve(self, node: str, curve: NDArray[Any]) -> None:
        """The table [T] of a curve node, T the frames of the song; forecasts made before are void.

        Raises PatchError for another length or a number that is not finite.
        """
        curve = np.asarray(curve, dtype=np.float64)
        if curve.shape != (self.song_frames,) or not np.isfinite(curve).all():
            raise PatchError(
                f"a curve needs {self.song_frames} finite numbers, not {curve.shape}", node=node, port="curve"
            )
        if node in self.table_of:
            self._store_curve(self.table_of[node], curve)
            self._draw(node)

    def _draw(self, after: str | None = None) -> None:
        """Draws all curves, or those that are made of the one of a node, whose own stays."""
        tables = {node: self._arrays[table] for node, table in self.table_of.items()}
        fresh = {after}
        for node, drawing in self.drawn.items():
            if after is None or (
                node != after and any(src in fresh for feed in drawing.feeds for src, *_ in feed.cables)
            ):
                fresh.add(node)
                tables[node] = drawing(tables, self.song_frames, self.rate, self.bpm)
                self._store_curve(self.table_of[node], tables[node])

    def _store_curve(self, table: int, curve: Array) -> None:
        self.tables[table], self._arrays[table] = curve.tolist(), curve

    # -- state --------------------------------------------------------------------------------------------------
    def state(self, previous: State | None = None) -> State:
        """A state to run on: fresh, but for what it adopts, by node, from `previous` or from the last state of the
        program that this one was compiled to replace."""
        made = State(self.bus[:], self.cells[:], self.bus_keys, self.cell_keys, self._lines)
        adopted = previous or self.inherited
        if adopted is not None:
            _adopt(made.bus, self.bus_keys, adopted.bus, adopted.bus_keys)
            _adopt(made.cells, self.cell_keys, adopted.cells, adopted.cell_keys)
            for cell in self._lines:
                made.cells[cell] = made.cells[cell].copy()
        self.latest = made
        return made

    # -- one frame ----------------------------------------------------------------------------------------------
    def run(self, state: State, frame: Frame) -> list[float]:
        """Runs one control frame on `state`; the value of every sink. Fed gates have risen with it."""
        bus, cells = state.bus, state.cells
        bus_before, cells_before = bus[:], cells[:]
        try:
            for chunk in self._run:
                chunk(bus, cells, self.tables, frame)
            sound = math.isfinite(sum(bus) + sum(cells))
        except (ArithmeticError, ValueError, LookupError, TypeError):
            sound = False
        if not sound:
            bus[:], cells[:] = bus_before, cells_before
            self._run_guarded(state, frame)
        if self._profile is not None:
            self._profile.after(bus, cells, self.tables, frame)
        for slot in self._rises:
            bus[slot] = 0.0
        return list(self._gather(bus))

    def profile(self, every: int | None = 4) -> Profile | None:
        """Measures from now on one node in `every` frames run, or none; what it measures into is returned."""
        dt = 1.0 / self.rate
        self._profile = Profile(self.steps, self.params, self.owners, dt, every) if every else None
        return self._profile

    def _run_guarded(self, state: State, frame: Frame) -> None:
        """Chunk by chunk, then node by node in a chunk that fails: what is not finite keeps its last good value."""
        bus, cells = state.bus, state.cells
        for steps, chunk in self._functions:
            slots = [s for step in steps for s in step.slots_written]
            held = [c for step in steps for c in step.cells]
            bus_before, cells_before = bus[:], cells[:]
            try:
                chunk(bus, cells, self.tables, frame)
                if all(math.isfinite(bus[s]) for s in slots) and all(math.isfinite(cells[c]) for c in held):
                    continue
            except (ArithmeticError, ValueError, LookupError, TypeError):
                pass
            bus[:], cells[:] = bus_before, cells_before
            for step in steps:
                self._run_node(step, bus, cells, frame)

    def _run_node(self, step: NodeCode, bus: list[float], cells: list[Any], frame: Frame) -> None:
        outs, kept = [bus[s] for s in step.slots_written], [cells[c] for c in step.cells]
        try:
            float_function((step,)).bound([self.params[self._number[step]]], 1.0 / self.rate)(
                bus, cells, self.tables, frame
            )
            fault = ""
        except (ArithmeticError, ValueError, LookupError, TypeError) as error:
            fault = f"stands still: {error}"
            for cell, before in zip(step.cells, kept, strict=True):
                cells[cell] = before
            for slot, before in zip(step.slots_written, outs, strict=True):
                bus[slot] = before
        for slot, before in zip(step.slots_written, outs, strict=True):
            if not math.isfinite(bus[slot]):
                bus[slot], fault = before, "gave no finite number"
        for cell, first in zip(step.cells, step.first, strict=True):
            if not math.isfinite(cells[cell]):
                cells[cell], fault = first, "lost its state"
        if fault:
            self.faults[self.owners[step.node]] = fault

    # -- many frames --------------------------------------------------------------------------------------------
    def scan(self, state: State, k0: int, n: int, transport: Transport) -> Array:
        """Runs n frames from k0 ahead on a copy of `state`: [n_sinks, n]."""
        return self.extend(state.copy(), k0, n, transport)[: len(self.sinks)]

    def extend(self, state: State, k0: int, n: int, transport: Transport) -> Array:
        """Runs n frames from k0 on `state` itself, equal to n times `run` within 1e-12: the sinks, then the border of
        the plan, [n_kept, n].

        State cells come out as after n times `run`, bit for bit; the bus within 1e-12, where a sink or a state needs
        it.
        """
        if transport.steady(k0, n) < n:
            rest = [self.extend(state, at, length, transport) for at, length in _steady_stretches(k0, n, transport)]
            return np.concatenate(rest, axis=1)
        if n >= self._batch_from:
            trial = state.copy()
            found = self._run_batch(trial, transport.frames(k0, n), n)
            if found is not None:
                state.bus[:], state.cells[:] = trial.bus, trial.cells
                return found
        border = self.plan.border
        rows = [
            [*self.run(state, transport.frame(k)), *(state.bus[slot] for slot in border)] for k in range(k0, k0 + n)
        ]
        return np.array(rows, dtype=np.float64).reshape(n, len(self.plan.kept)).T.copy()

    def extend_part(
        self, half: int, state: State, k0: int, n: int, transport: Transport, border: Array
    ) -> Array | None:
        """Runs one half of the plan as `extend` runs both: the rows that it gives [n_shown, n]. The second reads
        `border` [n_border, n], which the first gives. None where a node fails: `state` is then partly run."""
        found: list[Array] = []
        for at, length in _steady_stretches(k0, n, transport):
            given = border[:, at - k0 : at - k0 + length] if half else None
            rows = self._run_batch(state, transport.frames(at, length), length, (half,), given)
            if rows is None:
                return None
            found.append(rows[self.plan.parts[half].shown])
        return np.concatenate(found, axis=1)

    def _run_batch(
        self, state: State, frames: Frame, n: int, halves: Sequence[int] = (0, 1), border: Array | None = None
    ) -> Array | None:
        """All kept rows [n_kept, n], or None where a node fails, so that the float program decides."""
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                rows = self._batch.run(
                    state.bus, state.cells, self.tables, self._arrays, frames, n, halves, border
                )  # fmt: skip
        except (ArithmeticError, ValueError, LookupError, TypeError):
            return None
        return rows[list(self.plan.kept)]


def _steady_stretches(k0: int, n: int, transport: Transport) -> Iterator[tuple[int, int]]:
    """The stretches (first frame, length) of one tempo that n frames from k0 on consist of."""
    at = k0
    while at < k0 + n:
        length = transport.steady(at, k0 + n - at)
        yield at, length
        at += length


def _adopt(values: list[Any], keys: Sequence[Key], old: Sequence[Any], old_keys: Sequence[Key]) -> None:
    known = {key: x for key, x in zip(old_keys, old, strict=True) if math.isfinite(x)}
    for i, key in enumerate(keys):
        values[i] = known.get(key, values[i])
