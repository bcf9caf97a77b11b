"""The program for many frames at once: array code for nodes without state, scans for the others, in phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from demon_patch.runtime.emit import CHUNK, Step, chunk_text, function_of, scan_text

Unit = list[Step]


@dataclass(frozen=True, slots=True)
class Part:
    """A function of arrays, `function(A, P, X, t)`, or where `scanned` one over frames,
    `function(A, B, S, P, X, t, n)`."""

    scanned: bool
    function: Callable[..., Any]


def lift(steps: Sequence[Step], sink_slots: Collection[int]) -> list[Part]:
    """The parts of a program in running order.

    Even phases compute arrays, odd ones scan, each with all that is ready, so that few values change between arrays
    and lists.
    """
    phases: defaultdict[int, list[Unit]] = defaultdict(list)
    phase_of: dict[int, int] = {}
    for unit in _units(steps):
        scanned = not unit[0].stateless
        reads = {slot for step in unit for slot in step.read} - {slot for step in unit for slot in step.written}
        phase = int(scanned)
        for before in (phase_of[slot] for slot in reads if slot in phase_of):
            phase = max(phase, before if before % 2 == scanned else before + 1)
        phase_of |= {slot: phase for step in unit for slot in step.written}
        phases[phase].append(unit)
    readers: defaultdict[int, list[str]] = defaultdict(list)
    for step in steps:
        for slot in step.read:
            readers[slot].append(step.node)
    parts: list[Part] = []
    for phase in sorted(phases):
        for chunk in _chunks(phases[phase]):
            if phase % 2 == 0:
                parts.append(Part(False, function_of(chunk_text(chunk, "array"), "array")))
                continue
            names = {step.node for step in chunk}
            wanted = {slot for slot, nodes in readers.items() if not names.issuperset(nodes)}
            parts.append(Part(True, function_of(scan_text(chunk, wanted | set(sink_slots)), "scan")))
    return parts


def _units(steps: Sequence[Step]) -> Iterable[Unit]:
    """Each step by itself, the members of a loop together."""
    for loop, members in groupby(steps, key=lambda step: step.loop):
        if loop is None:
            yield from ([step] for step in members)
        else:
            yield list(members)


def _chunks(units: Sequence[Unit]) -> Iterable[list[Step]]:
    """Units together up to the size of a generated function; none is divided."""
    chunk: list[Step] = []
    for unit in units:
        if chunk and len(chunk) + len(unit) > CHUNK:
            yield chunk
            chunk = []
        chunk = [*chunk, *unit]
    if chunk:
        yield chunk
