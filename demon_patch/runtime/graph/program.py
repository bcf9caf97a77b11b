"""A compiled patch: generated functions over a bus of numbers, run one frame after the other or many at once."""

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

BATCH_FROM, BATCH_PER_BLOCK = 16, 120
"""Array code is faster from BATCH_FROM frames on, plus BATCH_PER_BLOCK node-frames a block (measured)."""


@dataclass(frozen=True, slots=True)
class EnginePort:
    """A port whose value leaves the graph: of an engine node, a speaker or a recorder; or a weight of a mix, or a gain
    of a surface."""

    node: str
    port: str
    control: Control | None
    """Its row of the control table, if it has one."""
    kind: EnginePortKind
    """value, curve: a number in the port's unit, of a family taper the knob position. gate: the rises of a gate.
    level: the level of the same gate."""
    lo: float
    hi: float
    taper: Taper = "linear"

    def position(self, values: Array) -> Array:
        """Values as positions 0..1 in the declared range."""
        return np.asarray(norm(values, self.lo, self.hi, self.taper))


@dataclass(slots=True)
class State:
    """What a program remembers from frame to frame."""

    bus: list[float]
    """The last value of every bus slot."""
    cells: list[Any]
    """The state cells of all nodes."""
    bus_keys: Sequence[Key]
    """The key of every slot, by which a later program finds it."""
    cell_keys: Sequence[Key]
    lines: Sequence[int] = ()
    """The cells that are delay lines."""

    def copy(self) -> State:
        """An independent copy."""
        made = State(self.bus[:], self.cells[:], self.bus_keys, self.cell_keys, self.lines)
        for cell in self.lines:
            made.cells[cell] = made.cells[cell].copy()
        return made


@dataclass(eq=False)
class Program:
    """A compiled patch. `compile` makes it; one thread runs it."""

    steps: tuple[NodeCode, ...]
    """The code of all nodes, adapters and engine ports, in running order."""
    sinks: tuple[EnginePort, ...]
    """The engine ports."""
    sink_slots: tuple[int, ...]
    """The bus slot of each engine port."""
    resources: Mapping[str, Hashable]
    """The keys of resource nodes (prompts, clips, curves), by node id."""
    ring: RingPlan
    """What the engine is asked to do, apart from what moves."""
    rate: float
    """Control frames a second."""
    params: Sequence[tuple[float, ...]]
    """The parameters of each code in `steps`."""
    bus: list[float]
    """The first value of every bus slot."""
    cells: list[Any]
    """The first value of every state cell."""
    bus_keys: Sequence[Key]
    """Of every bus slot: node, type, version, port, part; () where it is unused."""
    cell_keys: Sequence[Key]
    """Of every state cell: node, type, version, state."""
    owners: Mapping[str, str]
    """The node id that each code belongs to."""
    tables: list[list[float]]
    """The curves over the song."""
    table_of: Mapping[str, int]
    """The table of each curve, by node id."""
    drawn: Mapping[str, DrawnCurve]
    """How each drawn curve is made, by node id."""
    delays: frozenset[Any] = frozenset()
    """The keys of the cables that carry the value of the frame before."""
    feeds: LiveInputs = field(default_factory=LiveInputs)
    """The live inputs."""
    song_frames: int = 0
    bpm: float = 120.0
    faults: dict[str, str] = field(default_factory=dict)
    """What each node has done wrong, by id. Such a node keeps its last good values."""
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
        """The engine ports (node, port) in the live part: their forecast is the newest value."""
        return self.feeds.held

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """The nodes that devices feed, by id, and what they listen to."""
        return self.feeds.listeners

    def sink(self, node: str, port: str, kind: EnginePortKind | None = None) -> int:
        """The number of an engine port; of a gate the one of its rises, unless `kind` is level. Raises PatchError."""
        for i, s in enumerate(self.sinks):
            if (s.node, s.port) == (node, port) and kind in (None, s.kind):
                return i
        raise PatchError("there is no such input of the engine", node=node, port=port)

    # -- curves -------------------------------------------------------------------------------------------------
    def use_song(self, frames: int, bpm: float | None = None) -> None:
        """Sets the length of the song, and its tempo where given. Drawn curves are drawn again, others are 0."""
        if frames < 1:
            raise ValueError(f"a song has at least one frame, not {frames}")
        self.song_frames, self.bpm = frames, bpm or self.bpm
        for table in self.table_of.values():
            self._store_curve(table, np.zeros(frames))
        self._draw()

    def set_curve(self, node: str, curve: NDArray[Any]) -> None:
        """Sets the table [T] of a curve node, T the frames of the song. Forecasts made before become wrong.

        Raises PatchError for another length, or a number that is not finite.
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
        """Draws all curves, or only those that are made of the curve of the node `after`."""
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
        """A state to run on. Nodes that `previous` has too go on from there; without it, from the last state of the
        program that this one replaces."""
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
        """Runs one control frame on `state`: the value of every engine port. Rises of live inputs are 0 afterwards."""
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
        """From now on measures one node every `every` frames, or none; returns the measurements."""
        dt = 1.0 / self.rate
        self._profile = Profile(self.steps, self.params, self.owners, dt, every) if every else None
        return self._profile

    def _run_guarded(self, state: State, frame: Frame) -> None:
        """Runs function by function, or node by node in one that fails. What is not finite keeps its last value."""
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
        """Runs n frames from k0 on a copy of `state`: the engine ports [n_ports, n]."""
        return self.extend(state.copy(), k0, n, transport)[: len(self.sinks)]

    def extend(self, state: State, k0: int, n: int, transport: Transport) -> Array:
        """Runs n frames from k0 on `state` itself: the engine ports, then the border of the plan, [n_kept, n].

        Equal to n calls of `run`: state cells bit for bit, engine ports and whatever they need of the bus within 1e-12.
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
        self, part: int, state: State, k0: int, n: int, transport: Transport, border: Array
    ) -> Array | None:
        """Runs one part of the plan as `extend` runs both: the rows that it gives, [n_shown, n].

        part: 0 the forecast part, 1 the live part, which reads `border` [n_border, n] of the first.
        None where a node fails; `state` has then partly changed.
        """
        found: list[Array] = []
        for at, length in _steady_stretches(k0, n, transport):
            given = border[:, at - k0 : at - k0 + length] if part else None
            rows = self._run_batch(state, transport.frames(at, length), length, (part,), given)
            if rows is None:
                return None
            found.append(rows[self.plan.parts[part].shown])
        return np.concatenate(found, axis=1)

    def _run_batch(
        self, state: State, frames: Frame, n: int, parts: Sequence[int] = (0, 1), border: Array | None = None
    ) -> Array | None:
        """All kept rows [n_kept, n]; None where a node fails: float code then says which."""
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                rows = self._batch.run(
                    state.bus, state.cells, self.tables, self._arrays, frames, n, parts, border
                )  # fmt: skip
        except (ArithmeticError, ValueError, LookupError, TypeError):
            return None
        return rows[list(self.plan.kept)]


def _steady_stretches(k0: int, n: int, transport: Transport) -> Iterator[tuple[int, int]]:
    """Cuts n frames from k0 on into stretches of one tempo: (first frame, length)."""
    at = k0
    while at < k0 + n:
        length = transport.steady(at, k0 + n - at)
        yield at, length
        at += length


def _adopt(values: list[Any], keys: Sequence[Key], old: Sequence[Any], old_keys: Sequence[Key]) -> None:
    known = {key: x for key, x in zip(old_keys, old, strict=True) if math.isfinite(x)}
    for i, key in enumerate(keys):
        values[i] = known.get(key, values[i])
