"""Runs a compiled patch: functions that read and write a bus of numbers, one control frame at a time or many."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.codegen.delay_line import DelayLine
from demon_patch.codegen.float_code import GeneratedFunction, NodeCode, float_function, function_groups
from demon_patch.codegen.frame import Frame
from demon_patch.engine.controls import Control, Taper
from demon_patch.errors import PatchError
from demon_patch.nodes.language.taper import norm
from demon_patch.runtime.graph.batch_plan import BatchProgram, PlanPart, batch_plan
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.downstream import downstream
from demon_patch.runtime.graph.drawn_curves import DrawnCurve
from demon_patch.runtime.graph.live_inputs import Listener, LiveInputs, LivePort
from demon_patch.runtime.graph.parameters import Knobs, Turned, turn_knobs
from demon_patch.runtime.graph.profile import Profile
from demon_patch.runtime.graph.reuse import Reuse
from demon_patch.runtime.graph.ring_plan import RingPlan

Key = tuple[str, ...]
EnginePortKind = Literal["value", "curve", "gate", "level"]

BATCH_FROM, BATCH_PER_BLOCK = 16, 120
"""Array code is used for BATCH_FROM + BATCH_PER_BLOCK * blocks / nodes control frames, at least (measured)."""


@dataclass(frozen=True, slots=True)
class EnginePort:
    """A port whose number leaves the graph: of an engine node, a speaker or a recorder; or a weight of a mix, or a gain
    of a surface."""

    node: str
    port: str
    control: Control | None
    """Its row of the control table; None for a port without a control."""
    kind: EnginePortKind
    """value, curve: a number in the port's unit; for the family taper the knob position. gate: the number of rises
    within a control frame. level: the level of the same gate, 0 or 1."""
    lo: float
    hi: float
    taper: Taper = "linear"

    def position(self, values: Array) -> Array:
        """Returns values, in the port's unit, as positions of 0 to 1 in the range lo..hi."""
        return np.asarray(norm(values, self.lo, self.hi, self.taper))


@dataclass(slots=True)
class State:
    """What a program keeps from one control frame to the next."""

    bus: list[float]
    """The newest number of each bus slot."""
    cells: list[Any]
    """The newest number or delay line of each state cell, of all nodes."""
    bus_keys: Sequence[Key]
    """The key of each bus slot, by which a later program finds the same slot."""
    cell_keys: Sequence[Key]
    lines: Sequence[int] = ()
    """The numbers of the cells that hold delay lines."""

    def copy(self) -> State:
        """Returns an independent copy."""
        made = State(self.bus[:], self.cells[:], self.bus_keys, self.cell_keys, self.lines)
        for cell in self.lines:
            made.cells[cell] = made.cells[cell].copy()
        return made


@dataclass(eq=False)
class Program:
    """A compiled patch. `compile` makes it; one thread runs it."""

    codes: tuple[NodeCode, ...]
    """The code of all nodes, adapters and engine ports, in running order."""
    engine_ports: tuple[EnginePort, ...]
    """The engine ports."""
    engine_slots: tuple[int, ...]
    """The bus slot of each engine port, in the order of `engine_ports`."""
    resources: Mapping[str, Hashable]
    """The keys of resource nodes (prompts, clips, curves), by node id."""
    ring: RingPlan
    """What the patch asks of the engine, apart from the numbers of the engine ports."""
    rate: float
    """Control frames a second."""
    params: list[tuple[float, ...]]
    """The parameters of each entry of `codes`; `turn` replaces them."""
    bus: list[float]
    """The number of each bus slot before the first control frame."""
    cells: list[Any]
    """The number or delay line of each state cell before the first control frame."""
    bus_keys: Sequence[Key]
    """The key of each bus slot: (node, type, version, port, part, ...); () where the slot is unused."""
    cell_keys: Sequence[Key]
    """The key of each state cell: (node, type, version, state), or (node, type, version, port, "last") for the last
    whole number at an engine port."""
    owners: Mapping[str, str]
    """The node id that each entry of `codes` belongs to, by its name (`NodeCode.node`)."""
    tables: list[list[float]]
    """The curves over the song: one number for each latent frame, in the curve's unit."""
    table_of: Mapping[str, int]
    """The number of each curve's table in `tables`, by node id or name."""
    drawn: Mapping[str, DrawnCurve]
    """How the table of each drawn curve is computed, by node id."""
    delays: frozenset[Any] = frozenset()
    """The keys of the cables that carry the number of the control frame before."""
    live_inputs: LiveInputs = field(default_factory=LiveInputs)
    """The live inputs."""
    knobs: Knobs = field(default_factory=dict)
    """The knobs that can be turned without compiling, by (node, port)."""
    constants: tuple[int, ...] = ()
    """The bus slots of engine ports without a cable. Their number is always the one in `bus`."""
    song_frames: int = 0
    bpm: float = 120.0
    faults: dict[str, str] = field(default_factory=dict)
    """By node id, the latest error of each node that has failed. Such a node keeps its last good numbers; a state that
    is not finite begins again."""
    inherited: State | None = None
    latest: State | None = None
    memory: Reuse = field(default_factory=Reuse)

    def __post_init__(self) -> None:
        self._groups: list[tuple[int, GeneratedFunction]] = []  # the number of the first code, and the function
        done = 0
        for part in function_groups(self.codes):
            self._groups.append((done, float_function(part)))
            done += len(part)
        self._functions = [
            (function.nodes, function.bound(self.params[first : first + len(function.nodes)], 1.0 / self.rate))
            for first, function in self._groups
        ]
        self._run = [function for _, function in self._functions]
        self.turns = 0  # how often knobs have changed parameters
        self._lines = [i for i, x in enumerate(self.cells) if isinstance(x, DelayLine)]
        self._number = {code: i for i, code in enumerate(self.codes)}
        self._profile: Profile | None = None
        self._rises = self.live_inputs.rises
        self.plan = batch_plan(self.codes, self.engine_slots, len(self.bus), self.live_inputs.reached)
        self._batch = BatchProgram(
            self.plan, dict(zip(self.codes, self.params, strict=True)), 1.0 / self.rate, self._rises
        )  # fmt: skip
        self._batch_from = BATCH_FROM + BATCH_PER_BLOCK * len(self.plan.blocks) // max(len(self.codes), 1)
        self._arrays = [np.asarray(table, dtype=np.float64) for table in self.tables]
        slots = self.engine_slots
        self._gather: Callable[[list[float]], Sequence[float]] = (
            itemgetter(*slots) if len(slots) > 1 else lambda bus: [bus[i] for i in slots]
        )

    @property
    def held(self) -> frozenset[LivePort]:
        """The ports (node, port) in the live part. Their forecast is the newest number."""
        return self.live_inputs.held

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """By node id, the nodes that devices feed, with what each listens to."""
        return self.live_inputs.listeners

    def engine_port(self, node: str, port: str, kind: EnginePortKind | None = None) -> int:
        """Returns the number of an engine port: its place in `engine_ports`. A gate has two; the one of its rises is
        returned, unless `kind` is level. Raises PatchError if there is no such engine port."""
        for i, s in enumerate(self.engine_ports):
            if (s.node, s.port) == (node, port) and kind in (None, s.kind):
                return i
        raise PatchError("there is no such input of the engine", node=node, port=port)

    # -- curves -------------------------------------------------------------------------------------------------
    def use_song(self, frames: int, bpm: float | None = None) -> None:
        """Sets the length of the song in latent frames, and its tempo in beats a minute where given. Draws all drawn
        curves again and sets the other curves to 0. Raises ValueError for less than one frame."""
        if frames < 1:
            raise ValueError(f"a song has at least one frame, not {frames}")
        self.song_frames, self.bpm = frames, bpm or self.bpm
        for table in self.table_of.values():
            self._store_curve(table, np.zeros(frames))
        self._draw()

    def set_curve(self, node: str, curve: NDArray[Any]) -> None:
        """Replaces the table [T] of a curve node, in the curve's unit, with T the latent frames of the song. Draws the
        curves that are made of it again. Forecasts made before become wrong.

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
        """Computes the tables of all drawn curves, or only of those that are made of the curve of the node `after`."""
        tables = {node: self._arrays[table] for node, table in self.table_of.items()}
        fresh = {after}
        for node, drawing in self.drawn.items():
            if after is None or (
                node != after and any(src in fresh for curve_input in drawing.inputs for src, *_ in curve_input.cables)
            ):
                fresh.add(node)
                tables[node] = drawing(tables, self.song_frames, self.rate, self.bpm)
                self._store_curve(self.table_of[node], tables[node])

    def _store_curve(self, table: int, curve: Array) -> None:
        self.tables[table], self._arrays[table] = curve.tolist(), curve

    # -- state --------------------------------------------------------------------------------------------------
    def state(self, previous: State | None = None) -> State:
        """Returns a new state to run on. It takes over the numbers of nodes that `previous` has too; without
        `previous`, those of the last state of the program that this one replaces. All others have their first
        numbers."""
        self.latest = self.state_after(previous or self.inherited)
        return self.latest

    def state_after(self, adopted: State | None) -> State:
        """As `state`, from the numbers of `adopted`; no later program takes it over."""
        made = State(self.bus[:], self.cells[:], self.bus_keys, self.cell_keys, self._lines)
        if adopted is not None:
            _adopt(made.bus, self.bus_keys, adopted.bus, adopted.bus_keys)
            _adopt(made.cells, self.cell_keys, adopted.cells, adopted.cell_keys)
            for cell in self._lines:
                made.cells[cell] = made.cells[cell].copy()
        for slot in self.constants:
            made.bus[slot] = self.bus[slot]
        return made

    # -- knobs --------------------------------------------------------------------------------------------------
    def turn(self, values: Mapping[tuple[str, str], float | None]) -> Turned:
        """Gives knobs other values, by (node, port) in the port's unit; None for what the port has where the patch
        gives nothing. All further frames are computed as if the patch had been compiled with them. Returns what has
        changed; forecasts of it become wrong, and states keep their constants until the caller writes these."""
        turned = turn_knobs(self.knobs, values, self.params, self.bus)
        for group in {bisect_right(self._groups, code, key=itemgetter(0)) - 1 for code in turned.codes}:
            first, function = self._groups[group]
            bound = function.bound_anew(self.params[first : first + len(function.nodes)], 1.0 / self.rate)
            self._functions[group], self._run[group] = (function.nodes, bound), bound
        for code in turned.codes:
            self._batch.turn(self.codes[code], self.params[code])
        self.turns += bool(turned.codes)
        return turned

    def prepare_turns(self) -> None:
        """Computes what each knob reaches, so that the first turn does not have to. Before the program plays."""
        downstream(self.plan, (), frozenset())

    # -- one frame ----------------------------------------------------------------------------------------------
    def run(self, state: State, frame: Frame) -> list[float]:
        """Runs one control frame on `state` and returns the number of each engine port. The rises of live inputs are 0
        then. A node that fails keeps its last numbers, and `faults` has the error."""
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
        """Begins to measure one node every `every` control frames, and returns the measurements; None ends measuring
        and returns None."""
        dt = 1.0 / self.rate
        self._profile = Profile(self.codes, self.params, self.owners, dt, every) if every else None
        return self._profile

    def _run_guarded(self, state: State, frame: Frame) -> None:
        """Runs one control frame function by function, and node by node where a function fails. A bus slot that would
        not be finite keeps its last finite number; a state cell goes back to its first one."""
        bus, cells = state.bus, state.cells
        for codes, chunk in self._functions:
            slots = [s for code in codes for s in code.slots_written]
            held = [c for code in codes for c in code.cells]
            bus_before, cells_before = bus[:], cells[:]
            try:
                chunk(bus, cells, self.tables, frame)
                if all(math.isfinite(bus[s]) for s in slots) and all(math.isfinite(cells[c]) for c in held):
                    continue
            except (ArithmeticError, ValueError, LookupError, TypeError):
                pass
            bus[:], cells[:] = bus_before, cells_before
            for code in codes:
                self._run_node(code, bus, cells, frame)

    def _run_node(self, code: NodeCode, bus: list[float], cells: list[Any], frame: Frame) -> None:
        outs, kept = [bus[s] for s in code.slots_written], [cells[c] for c in code.cells]
        try:
            float_function((code,)).bound([self.params[self._number[code]]], 1.0 / self.rate)(
                bus, cells, self.tables, frame
            )
            fault = ""
        except (ArithmeticError, ValueError, LookupError, TypeError) as error:
            fault = f"stands still: {error}"
            for cell, before in zip(code.cells, kept, strict=True):
                cells[cell] = before
            for slot, before in zip(code.slots_written, outs, strict=True):
                bus[slot] = before
        for slot, before in zip(code.slots_written, outs, strict=True):
            if not math.isfinite(bus[slot]):
                bus[slot], fault = before, "gave no finite number"
        for cell, first in zip(code.cells, code.first, strict=True):
            if not math.isfinite(cells[cell]):
                cells[cell], fault = first, "lost its state"
        if fault:
            self.faults[self.owners[code.node]] = fault

    # -- many frames --------------------------------------------------------------------------------------------
    def scan(self, state: State, k0: int, n: int, transport: Transport) -> Array:
        """Runs n control frames from k0 on, on a copy of `state`, and returns the engine ports [n_ports, n]."""
        return self.extend(state.copy(), k0, n, transport)[: len(self.engine_ports)]

    def extend(self, state: State, k0: int, n: int, transport: Transport) -> Array:
        """Runs n control frames from k0 on, on `state` itself. Returns the engine ports, then the border of the plan,
        [n_kept, n].

        The result equals n calls of `run`: state cells bit for bit, engine ports and the bus slots that they need
        within 1e-12.
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
        self, part: PlanPart, state: State, k0: int, n: int, transport: Transport, border: Array | None = None
    ) -> Array | None:
        """Runs n control frames of one part of the plan, or of what knobs reach (`Downstream.part`), on `state` itself.
        Returns the rows that this part shows, [n_shown, n]; None where a node fails, and `state` has then partly
        changed.

        border: for the live part, the rows [n_border, n] of the forecast part that it reads.
        """
        found: list[Array] = []
        for at, length in _steady_stretches(k0, n, transport):
            given = None if border is None else border[:, at - k0 : at - k0 + length]
            rows = self._run_batch(state, transport.frames(at, length), length, (part,), given)
            if rows is None:
                return None
            found.append(rows[part.shown])
        return np.concatenate(found, axis=1)

    def _run_batch(
        self, state: State, frames: Frame, n: int, parts: Sequence[PlanPart] = (), border: Array | None = None
    ) -> Array | None:
        """Runs array code of some parts, by default of the whole plan, and returns all kept rows [n_kept, n]; None
        where a node fails. Float code can then find the node."""
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                rows = self._batch.run(
                    state.bus, state.cells, self.tables, self._arrays, frames, n, parts, border
                )  # fmt: skip
        except (ArithmeticError, ValueError, LookupError, TypeError):
            return None
        return rows[list(self.plan.kept)]


def _steady_stretches(k0: int, n: int, transport: Transport) -> Iterator[tuple[int, int]]:
    """Cuts n control frames from k0 on into stretches of one tempo and one metre, and yields (first frame, number of
    frames)."""
    at = k0
    while at < k0 + n:
        length = transport.steady(at, k0 + n - at)
        yield at, length
        at += length


def _adopt(values: list[Any], keys: Sequence[Key], old: Sequence[Any], old_keys: Sequence[Key]) -> None:
    known = {key: x for key, x in zip(old_keys, old, strict=True) if math.isfinite(x)}
    for i, key in enumerate(keys):
        values[i] = known.get(key, values[i])
