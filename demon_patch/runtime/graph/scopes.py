"""Keeps the latest seconds of chosen signals: the tick thread writes them, any other thread reads them without a lock.

The memory is a ring of RING control frames, twice as many as are read. A reader copies its frames, then checks whether
the writer has meanwhile overwritten any of them; if so, it copies again. While a patch plays, the writer needs seconds
to overwrite them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from demon_patch.codegen.float_code import GATE, VALUE, NodeCode, float_function
from demon_patch.codegen.frame import Frame
from demon_patch.runtime.graph.program import Program, State

SHOWN = 256  # control frames that can be read: 10 s at 25 a second
RING = 2 * SHOWN

Point = tuple[str, str, str]  # node, port or state variable, "in", "out" or "state"
Found = dict[tuple[str, str], tuple[int, ...]]  # bus slots by (node, port)


@dataclass(frozen=True, slots=True)
class ScopeValues:
    """A signal in the control frames `first` to first + n - 1.

    values: [n], in the signal's unit; for a gate its level, or 1 where it rose. Empty for a signal that does not exist.
    """

    first: int
    values: NDArray[np.float64]


@dataclass(eq=False)
class _Recorded:
    """The memory of some points of one program."""

    program: Program
    points: frozenset[Point]
    rows: dict[Point, tuple[int, ...]]
    """By point, its rows in `values`."""
    gather: Callable[[Sequence[float]], Sequence[float]]
    """Returns the number of each row, from the bus."""
    reading: tuple[tuple[int, NodeCode], ...]
    """The codes that compute the points that are inputs of nodes, into further slots of a copy of the bus, each with
    the number of the code in the program whose parameters it has."""
    inputs: Callable[..., None] | None
    """The generated function of `reading`; None where there is nothing to compute."""
    turns: int
    """`Program.turns` as of the parameters of `inputs`."""
    extra: int
    """Number of further slots that `inputs` needs."""
    cells: tuple[int, ...]
    """The state cells that are kept; in a copy of the bus they follow the further slots."""
    values: NDArray[np.float64]
    """The numbers [rows, RING]; control frame k is in column k modulo RING. NaN where nothing is known."""
    stop: int
    """The control frame after the newest one."""


class Scopes:
    """Chooses signals and keeps their latest numbers. `watch` and `read`: any thread. `note`: the tick thread."""

    def __init__(self) -> None:
        self._points: frozenset[Point] = frozenset()
        self._ring: _Recorded | None = None

    def watch(self, points: Collection[Point]) -> None:
        """From any thread. Keeps these signals, and no others, from the next control frame on. An empty collection
        keeps none."""
        self._points = frozenset(points)

    @property
    def watched(self) -> frozenset[Point]:
        """From any thread. The signals that are kept."""
        return self._points

    def read(self, point: Point) -> ScopeValues:
        """From any thread. Returns the latest SHOWN control frames of a signal, or fewer where fewer are known."""
        ring = self._ring
        if ring is None or point not in ring.rows:
            return ScopeValues(0, np.zeros(0))
        rows = list(ring.rows[point])
        while True:
            stop = ring.stop
            frames = np.arange(stop - SHOWN, stop)
            values = ring.values[rows][:, frames % RING]
            if ring.stop - stop < RING - SHOWN:
                break
        shown = np.minimum(values, 1.0).max(axis=0) if len(values) > 1 else values[0]
        unknown = int(np.isnan(shown).sum())
        return ScopeValues(int(frames[0]) + unknown, shown[unknown:])

    def read_since(self, points: Sequence[Point], first: int) -> tuple[int, NDArray[np.float32]]:
        """From any thread. Returns several signals in the control frames from `first` on that have run, at most the
        latest SHOWN: the first of these frames, and the numbers [points, frames] as `read` has them, with NaN where
        nothing is known. A `first` below 0 counts from the end: -1 for the newest frame."""
        ring = self._ring
        if ring is None:
            return max(first, 0), np.zeros((len(points), 0), np.float32)
        while True:
            stop = ring.stop
            begin = min(max(first if first >= 0 else stop + first, stop - SHOWN, 0), stop)
            frames = np.arange(begin, stop) % RING
            found = np.full((len(points), len(frames)), np.nan, np.float32)
            known = [place for place, point in enumerate(points) if point in ring.rows]
            rows = [ring.rows[points[place]] for place in known]
            if known:
                found[known] = ring.values[np.array([row[0] for row in rows])[:, None], frames]
            for place, row in zip(known, rows, strict=True):
                if len(row) > 1:
                    found[place] = np.minimum(ring.values[list(row)][:, frames], 1.0).max(axis=0)
            if ring.stop - stop < RING - SHOWN:
                return begin, found

    def note(self, k: int, program: Program, state: State, frame: Frame) -> None:
        """On the tick thread. Stores the watched signals of control frame k, which the program has just run."""
        points, ring = self._points, self._ring
        if not points:
            self._ring = None
            return
        if ring is None or ring.program is not program or ring.points != points or ring.stop != k:
            ring = _recorded(points, program, k, ring)
        elif ring.turns != program.turns:
            ring.inputs, ring.turns = _inputs(ring.reading, program), program.turns
        bus = state.bus
        if ring.inputs is not None or ring.cells:
            bus = [*bus, *([0.0] * ring.extra), *(state.cells[cell] for cell in ring.cells)]
        if ring.inputs is not None:
            ring.inputs(bus, state.cells, program.tables, frame)
        ring.values[:, k % RING] = ring.gather(bus)
        ring.stop = k + 1
        self._ring = ring


def _recorded(points: frozenset[Point], program: Program, k: int, before: _Recorded | None) -> _Recorded:
    """Returns the memory for some points of a program, from control frame k on. It takes over what `before` knows of
    them, if that ends at k."""
    outputs, ends = _slots_by_port(program)
    codes = {code.node: number for number, code in enumerate(program.codes)}
    slots: list[int] = []
    rows: dict[Point, tuple[int, ...]] = {}
    reading: list[tuple[int, NodeCode]] = []
    states = _states(program) if any(side == "state" for _, _, side in points) else {}
    cells: list[tuple[Point, int]] = []
    free = len(program.bus)
    for point in sorted(points):
        node, port, side = point
        if side == "state":
            cells += [(point, states[node, port])] if (node, port) in states else []
            continue
        found = outputs.get((node, port), ()) if side == "out" else ends.get((node, port), ())
        if side == "in" and not found and node in codes:
            code = program.codes[codes[node]]
            gates = {"x": code.gates[port]} if port in code.gates else {}
            inputs = {"x": code.inputs[port]} if port in code.inputs else {}
            if gates or inputs:
                found = tuple(range(free, free + 1 + len(gates)))
                free += len(found)
                code = NodeCode(node, GATE if gates else VALUE, inputs, gates, (found,), ())
                reading.append((codes[node], code))
        if found:
            rows[point] = tuple(range(len(slots), len(slots) + len(found)))
            slots += found
    for place, (point, _) in enumerate(cells, len(slots)):
        rows[point] = (place,)
    slots += range(free, free + len(cells))
    values = np.full((len(slots), RING), np.nan)
    if before is not None and before.stop == k:
        for point in rows.keys() & before.rows.keys():
            values[list(rows[point])] = before.values[list(before.rows[point])]
    return _Recorded(
        program, points, rows, _gather(slots), tuple(reading), _inputs(reading, program), program.turns,
        free - len(program.bus), tuple(cell for _, cell in cells), values, k,
    )  # fmt: skip


def _inputs(reading: Sequence[tuple[int, NodeCode]], program: Program) -> Callable[..., None] | None:
    """Returns the function of some codes, with the program's present parameters."""
    if not reading:
        return None
    params = [program.params[number] for number, _ in reading]
    return float_function(tuple(code for _, code in reading)).bound_anew(params, 1.0 / program.rate)


def _gather(slots: list[int]) -> Callable[[Sequence[float]], Sequence[float]]:
    return itemgetter(*slots) if len(slots) > 1 else lambda bus: [bus[slot] for slot in slots]


def _slots_by_port(program: Program) -> tuple[Found, Found]:
    """Returns the bus slots of every output of a node, and those of every engine port, by (node, port)."""
    outputs: Found = {}
    ends: Found = {}
    for slot, key in enumerate(program.bus_keys):
        if not key or key[4] == "fed":
            continue
        node, _, _, port, *_ = key
        found = ends if f"{node}.{port}" in program.owners else outputs
        found[node, port] = (*found.get((node, port), ()), slot)
    return outputs, ends


def _states(program: Program) -> dict[tuple[str, str], int]:
    """Returns the cell of every state variable that is a number, by (node, name)."""
    return {
        (key[0], key[3]): cell
        for cell, key in enumerate(program.cell_keys)
        if len(key) == 4 and isinstance(program.cells[cell], float)
    }
