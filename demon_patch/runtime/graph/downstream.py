"""Finds what turned knobs reach in a plan, and what must run so that only this is forecast anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from demon_patch.codegen.float_code import NodeCode
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.runtime.graph.batch_plan import BatchPlan, Block, Group, Indices, PlanPart, Scan


@dataclass(frozen=True, eq=False)
class Downstream:
    """What some knobs reach in a plan.

    part: the nodes of the forecast part that are reached, with all nodes that these read from. It shows the reached
        rows alone.
    slots, cells: the bus slots and state cells of the reached nodes of the forecast part.
    live: whether the live part is reached.
    """

    part: PlanPart
    slots: tuple[int, ...]
    cells: tuple[int, ...]
    live: bool


def downstream(plan: BatchPlan, codes: Collection[NodeCode], constants: frozenset[int]) -> Downstream:
    """Returns what the knobs reach whose parameters are in `codes`, and those that are the bus slots `constants`. What
    is equal is made once for a plan."""
    paths, reached = _paths(plan), 0
    for code in codes:
        if code in paths.unit_of:
            reached |= paths.below[paths.unit_of[code]]
    return _downstream(paths, reached, constants)


@cached_on_object
def _paths(plan: BatchPlan) -> _Paths:
    return _Paths(plan)


@cached_on_object
def _downstream(paths: _Paths, reached: int, constants: frozenset[int]) -> Downstream:
    return paths.downstream(reached, constants)


@dataclass(frozen=True, eq=False)
class _Unit:
    """A node of a group, or a whole scan."""

    block: Block
    number: int
    nodes: tuple[NodeCode, ...]

    def slots_read(self) -> Iterator[int]:
        return chain.from_iterable(code.slots_read for code in self.nodes)

    def slots_written(self) -> Iterator[int]:
        """Yields the bus slots that the block computes for this unit: not those of outputs that nothing reads, whose
        rows are undefined."""
        if isinstance(self.block, Scan):
            return chain.from_iterable(code.slots_written for code in self.nodes)
        return (int(row[self.number]) for row in self.block.written)


class _Paths:
    """The units of a plan in running order, and what each leads to. Sets of units are integers with one bit for each
    unit. They are kept in the plan, and so do not hold it."""

    def __init__(self, plan: BatchPlan) -> None:
        self.blocks, self.shown, self.kept = plan.blocks, plan.parts[0].shown, plan.kept
        self.units = [unit for block in plan.blocks for unit in _units_of(block)]
        self.unit_of = {code: number for number, unit in enumerate(self.units) for code in unit.nodes}
        self.writer = {slot: number for number, unit in enumerate(self.units) for slot in unit.slots_written()}
        forecast = {id(block) for block in plan.parts[0].blocks}
        self.forecast = sum(1 << n for n, unit in enumerate(self.units) if id(unit.block) in forecast)
        self.before = self._before()
        self.above, self.below = self._above(), self._below()

    def _before(self) -> list[int]:
        """For each unit, the units that it reads from directly."""
        found: list[int] = []
        for number, unit in enumerate(self.units):
            read = {self.writer[slot] for slot in unit.slots_read() if slot in self.writer} - {number}
            found.append(sum(1 << other for other in read))
        return found

    def _above(self) -> list[int]:
        """For each unit, itself and all units that lead to it."""
        found: list[int] = []
        for number, direct in enumerate(self.before):
            total = 1 << number
            for other in _bits(direct):
                total |= found[other]
            found.append(total)
        return found

    def _below(self) -> list[int]:
        """For each unit, itself and all units that it leads to."""
        found = [1 << number for number in range(len(self.units))]
        for number in reversed(range(len(self.units))):
            for other in _bits(self.before[number]):
                found[other] |= found[number]
        return found

    def downstream(self, reached: int, constants: frozenset[int]) -> Downstream:
        """Returns what is reached, from the units that are reached and the constants that have changed."""
        here = reached & self.forecast
        needed = 0
        for number in _bits(here):
            needed |= self.above[number]
        moved = {slot for number in _bits(here) for slot in self.units[number].slots_written()}
        written = {slot for number in _bits(needed) for slot in self.units[number].slots_written()}
        shown = [i for i in self.shown.tolist() if self.kept[i] in moved | constants]
        blocks = list(self._blocks(needed))
        part = PlanPart(
            tuple(block for block, _, _ in blocks),
            _indices(sorted(written)),
            tuple(cell for block, _, _ in blocks for code in block.nodes for cell in code.cells),
            _indices(shown),
            tuple(columns for _, _, columns in blocks),
            tuple(whole for _, whole, _ in blocks),
        )
        cells = (cell for number in _bits(here) for code in self.units[number].nodes for cell in code.cells)
        return Downstream(part, tuple(sorted(moved)), tuple(cells), reached != here)

    def _blocks(self, units: int) -> Iterator[tuple[Block, Block, Indices | None]]:
        """Yields the blocks of some units, in running order: with only these units, the plan's own block, and the
        numbers of the units in it."""
        taken: dict[int, list[int]] = {}
        for number in _bits(units):
            taken.setdefault(id(self.units[number].block), []).append(self.units[number].number)
        for block in self.blocks:
            if (numbers := taken.get(id(block))) is None:
                continue
            if isinstance(block, Scan) or len(numbers) == len(block.nodes):
                yield block, block, None
            else:
                columns = _indices(numbers)
                yield _with_columns(block, columns), block, columns


def _with_columns(group: Group, columns: Indices) -> Group:
    """Returns a group with only some of its nodes."""
    numbers = columns.tolist()
    return replace(
        group,
        nodes=tuple(group.nodes[number] for number in numbers),
        read=group.read[:, columns],
        written=tuple(row[columns] for row in group.written),
        cells=group.cells[:, columns],
        params=tuple(tuple(row[number] for number in numbers) for row in group.params),
    )


def _units_of(block: Block) -> Iterator[_Unit]:
    if isinstance(block, Scan):
        yield _Unit(block, 0, block.nodes)
    else:
        yield from (_Unit(block, number, (code,)) for number, code in enumerate(block.nodes))


def _bits(units: int) -> Iterator[int]:
    """Yields the numbers of the units in a set, in order."""
    while units:
        lowest = units & -units
        yield lowest.bit_length() - 1
        units ^= lowest


def _indices(numbers: Collection[int]) -> Indices:
    return np.array(list(numbers), dtype=np.int64)
