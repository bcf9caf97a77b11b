"""Plans and runs a program for many control frames at once.

Nodes of one kind at one level become one function over arrays (`Group`). Loops and delay lines run one frame after the
other (`Scan`). The plan has two parts: the forecast part, then the live part, which live sources reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.codegen.array_code import ArrayCode, GroupForm, NodeKind, array_code_of, node_kind
from demon_patch.codegen.discontinuities import Discontinuities, discontinuities
from demon_patch.codegen.float_code import GeneratedFunction, NodeCode, scan_function
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.inputs import BusSource
from demon_patch.codegen.node_cache import CachedByNodes
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.to_text import template

Indices = NDArray[np.int64]
Unit = tuple[NodeCode, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """m nodes of one kind that one function computes together."""

    nodes: tuple[NodeCode, ...]
    code: ArrayCode
    read: Indices
    """The rows that the nodes read, [sources, m]."""
    written: tuple[Indices, ...]
    """For each wanted output, the rows that the nodes write, [m]."""
    cells: Indices
    """The state cells of the nodes, [states, m]."""
    params: tuple[tuple[int, ...], ...]
    """For each parameter of the function, the number of that parameter in each of the m nodes."""


@dataclass(frozen=True, eq=False)
class Scan:
    """A loop of nodes, or a node with a delay line, which runs one control frame after the other."""

    nodes: tuple[NodeCode, ...]
    function: GeneratedFunction


Block: TypeAlias = Group | Scan


@dataclass(frozen=True, eq=False)
class PlanPart:
    """The forecast part or the live part of a plan. Its rows are the bus slots, then the curve tables, in reverse
    order: the first table is the last row."""

    blocks: tuple[Block, ...]
    """The blocks (groups and scans) of the part, in running order."""
    written: Indices
    """The bus slots that the part writes."""
    cells: tuple[int, ...]
    """The state cells of the part."""
    shown: Indices
    """The places in the plan's `kept` whose numbers this part computes."""
    columns: tuple[Indices | None, ...] = ()
    """For a part that runs only some nodes of groups: for each block, the numbers of its nodes within the plan's group;
    None for a whole block."""
    whole: tuple[Block, ...] = ()
    """For such a part: for each block, the plan's block that it is of."""


@dataclass(frozen=True, eq=False)
class BatchPlan:
    """The plan of a program for many control frames at once."""

    parts: tuple[PlanPart, PlanPart]
    """The forecast part, and the live part."""
    slots: int
    """Number of bus slots."""
    fixed: Indices
    """The bus slots that are read but not written."""
    border: tuple[int, ...]
    """The bus slots of the forecast part that the live part reads."""
    kept: tuple[int, ...]
    """The bus slots of the engine ports, then the border."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of both parts, in running order."""
        return (*self.parts[0].blocks, *self.parts[1].blocks)

    @cached_property
    def places(self) -> Mapping[NodeCode, tuple[Block, int]]:
        """By node, its block, and its number within the block."""
        return {step: (block, number) for block in self.blocks for number, step in enumerate(block.nodes)}


class BatchProgram:
    """A plan with the parameters of one program, which owns it.

    rises: bus slots of live gates' rises. They are set to 0 after the first control frame of a run.
    """

    def __init__(
        self, plan: BatchPlan, params: Mapping[NodeCode, tuple[float, ...]], dt: float, rises: Sequence[int] = ()
    ) -> None:
        self.plan, self._rises, self._dt = plan, list(rises), dt
        self._given: dict[Block, Any] = {}
        self._own: set[Block] = set()  # the groups whose parameters no other program shares
        self._params: dict[NodeCode, tuple[float, ...]] = {}  # of nodes in scans
        for part in plan.blocks:
            given = tuple(params[code] for code in part.nodes)
            scanned = isinstance(part, Scan)
            self._given[part] = part.function.bound(given, dt) if scanned else _parameter_rows(part, given)
            self._params |= zip(part.nodes, given, strict=True) if scanned else ()

    def turn(self, step: NodeCode, params: tuple[float, ...]) -> None:
        """Gives a node other parameters."""
        if step not in self.plan.places:
            return
        block, number = self.plan.places[step]
        if isinstance(block, Scan):
            self._params[step] = params
            self._given[block] = block.function.bound_anew([self._params[node] for node in block.nodes], self._dt)
            return
        if block not in self._own:
            self._given[block] = self._given[block].copy()
            self._own.add(block)
        self._given[block][:, number, 0] = [params[row[number]] for row in block.params]

    def run(
        self, bus: list[float], cells: list[float], tables: Sequence[list[float]], arrays: Sequence[Array],
        frames: Frame, n: int, parts: Sequence[PlanPart] = (), border: Array | None = None,
    ) -> Array:  # fmt: skip
        """Runs n control frames of some parts, on `bus` and `cells` themselves, and returns every row [slots + tables,
        n].

        Rows that no engine port needs are undefined.

        parts: those of the plan, or what knobs reach (`Downstream.part`); by default the whole plan.
        border: where the live part runs alone, the rows [n_border, n] of the forecast part that it reads.
        Raises ArithmeticError, ValueError or TypeError where a node fails; bus and cells have then partly changed.
        """
        plan = self.plan
        rows = np.empty((plan.slots + len(arrays), n))
        rows[plan.fixed] = np.array([bus[slot] for slot in plan.fixed.tolist()])[:, None]
        parts = parts or plan.parts
        if self._rises and plan.parts[1] in parts:
            rows[self._rises, 1:] = 0.0
            for slot in self._rises:
                bus[slot] = 0.0
        if border is not None and plan.border:
            rows[list(plan.border)] = border
        for i in range(len(arrays)):
            rows[-1 - i] = arrays[i][frames.frame]
        for part in parts:
            self._run_part(part, rows, bus, cells, tables, arrays, frames, n)
        return rows

    def _run_part(
        self, part: PlanPart, rows: Array, bus: list[float], cells: list[float], tables: Sequence[list[float]],
        arrays: Sequence[Array], frames: Frame, n: int,
    ) -> None:  # fmt: skip
        for block, given in self._parameters(part):
            if isinstance(block, Scan):
                given(rows, bus, cells, tables, frames, n)
                continue
            states = np.array([cells[cell] for cell in block.cells.ravel().tolist()]).reshape(*block.cells.shape, 1)
            outs, last = block.code.function(rows[block.read], given, states, frames, len(block.nodes), n)
            for into, out in zip(block.written, outs, strict=True):
                rows[into] = out
            for into, state in zip(block.cells.tolist(), last, strict=True):
                for cell, x in zip(into, state[:, 0].tolist(), strict=True):
                    cells[cell] = x
        for slot, x in zip(part.written.tolist(), rows[part.written, -1].tolist(), strict=True):
            bus[slot] = x
        if not (np.isfinite(np.add.reduce(rows[part.written], axis=None)) and np.isfinite(sum(cells))):
            raise ArithmeticError("a number is not finite")

    def _parameters(self, part: PlanPart) -> Iterator[tuple[Block, Any]]:
        """Yields each block of a part with its parameters."""
        if not part.whole:
            yield from ((block, self._given[block]) for block in part.blocks)
            return
        for block, whole, columns in zip(part.blocks, part.whole, part.columns, strict=True):
            yield block, self._given[whole] if columns is None else self._given[whole][:, columns]


@cached_on_object
def _parameter_rows(group: Group, params: tuple[tuple[float, ...], ...]) -> Array:
    """Returns the parameters of a group, [k, m, 1]."""
    rows = [[given[number] for given, number in zip(params, row, strict=True)] for row in group.params]
    return np.array(rows, dtype=np.float64).reshape(-1, len(params), 1)


@lru_cache(maxsize=8)
def batch_plan(
    codes: tuple[NodeCode, ...], engine_slots: tuple[int, ...], slots: int, reached: frozenset[int] = frozenset()
) -> BatchPlan:
    """Returns the plan of a program, without the nodes that no engine port and no state needs.

    engine_slots: the bus slots of the engine ports. slots: the number of bus slots. reached: the bus slots of the live
    part.
    """
    needed, feeding = _needed(codes, engine_slots)
    level: dict[int, int] = {}
    found: tuple[defaultdict[int, list[Unit]], ...] = (defaultdict(list), defaultdict(list))
    reads: tuple[set[int], ...] = (set(), set())
    for unit in _units([code for code in codes if code in needed]):
        written = {slot for code in unit for slot in code.slots_written}
        taken = {slot for code in unit for slot in code.slots_read}
        place = 1 + max((level.get(slot, 0) for slot in taken - written), default=0)
        level |= dict.fromkeys(written, place)
        live = not reached.isdisjoint(taken)
        found[live][place].append(unit)
        reads[live].update(taken)
    read = frozenset(engine_slots).union(*reads)
    made = [_blocks(levels, read, feeding) for levels in found]
    moved = [set(chain.from_iterable(_slots_written(part) for part in parts)) for parts in made]
    border = tuple(sorted(reads[1] & moved[0]))
    kept = (*engine_slots, *border)
    shown = [[i for i, slot in enumerate(kept) if (slot in moved[1]) == live] for live in (False, True)]
    parts = [
        PlanPart(tuple(parts), _indices(sorted(slots)), tuple(c for part in parts for s in part.nodes for c in s.cells),
             _indices(rows))
        for parts, slots, rows in zip(made, moved, shown, strict=True)
    ]  # fmt: skip
    return BatchPlan((parts[0], parts[1]), slots, _indices(sorted(read - moved[0] - moved[1])), border, kept)


def _blocks(levels: Mapping[int, list[Unit]], read: frozenset[int], feeding: Collection[NodeCode]) -> list[Block]:
    """Returns the blocks of some units in running order. levels: the units by level."""
    parts: list[Block] = []
    for place in sorted(levels):
        alike: defaultdict[GroupForm, list[NodeCode]] = defaultdict(list)
        for unit in levels[place]:
            if unit[0].frame_by_frame:
                parts.append(Scan(unit, scan_function(unit, read)))
            else:
                (code,) = unit
                alike[_form(code, read, code in feeding or any(_jumps(code)))].append(code)
        parts += [_group(form, tuple(members)) for form, members in alike.items()]
    return parts


def _slots_written(part: Block) -> Iterator[int]:
    """Yields the bus slots that a block writes."""
    if isinstance(part, Scan):
        yield from (slot for code in part.nodes for slot in code.slots_written)
    else:
        yield from chain.from_iterable(row.tolist() for row in part.written)


def _indices(numbers: Sequence[int]) -> Indices:
    return np.array(numbers, dtype=np.int64)


def _needed(codes: Sequence[NodeCode], engine_slots: Collection[int]) -> tuple[set[NodeCode], set[NodeCode]]:
    """Returns the nodes that an engine port or a state needs, and those of them that a state, a loop or a jump
    needs."""
    heard, felt = set(engine_slots), set[int]()
    needed: set[NodeCode] = set()
    feeding: set[NodeCode] = set()
    for code in reversed(codes):
        written = code.slots_written
        if not felt.isdisjoint(written):
            feeding.add(code)
        if code in feeding or not code.stateless or not heard.isdisjoint(written):
            needed.add(code)
            heard |= code.slots_read
        if code in feeding or not code.stateless or _jumps(code).ports:
            felt |= code.slots_read
    return needed, feeding


@cached_on_object
def _jumps(code: NodeCode) -> Discontinuities:
    return discontinuities(code.body, frozenset(port for port, given in code.inputs.items() if given.sources))


def _units(codes: Sequence[NodeCode]) -> Iterator[Unit]:
    """Yields each node by itself, and the members of a loop together."""
    for loop, members in groupby(codes, key=lambda code: code.loop):
        if loop is None:
            yield from ((code,) for code in members)
        else:
            yield tuple(members)


def _form(code: NodeCode, read: Collection[int], exact: bool) -> GroupForm:
    return GroupForm(_kind(code), tuple(slot in read for slot in code.slots_written), exact)


@cached_on_object
def _kind(code: NodeCode) -> NodeKind:
    uses = template(code.body, "scalar").uses
    return node_kind(
        code.body,
        tuple((port, given.text, len(given.sources)) for port, given in code.inputs.items() if port in uses),
        tuple((port, len(pairs)) for port, pairs in code.gates.items()),
    )


@CachedByNodes
def _group(form: GroupForm, codes: tuple[NodeCode, ...]) -> Group:
    vector = array_code_of(form)

    def row(source: BusSource) -> int:
        return source.slot if source.table < 0 else -1 - source.table

    def reads(code: NodeCode) -> Iterator[int]:
        for port, number, which in vector.rows:
            inputs = code.inputs
            yield row(inputs[port].sources[number] if port in inputs else code.gates[port][number][which])

    def columns(rows: Iterable[Sequence[int]]) -> Indices:
        return np.array(list(rows), dtype=np.int64).reshape(len(codes), -1).T

    written = columns(code.slots_written for code in codes)
    return Group(
        codes,
        vector,
        columns(list(reads(code)) for code in codes),
        tuple(row for row, take in zip(written, form.wanted, strict=True) if take),
        columns(code.cells for code in codes),
        tuple(tuple(code.inputs[port].params[number] for code in codes) for port, number in vector.params),
    )
