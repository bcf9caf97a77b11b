"""Finds what an edit has changed in a program, so that only this is forecast anew."""

from __future__ import annotations

from typing import NamedTuple

from demon_patch.codegen.float_code import NodeCode
from demon_patch.runtime.graph.program import Program


class ProgramDifference(NamedTuple):
    """What a program has that the one before it does not have.

    codes: the codes that are new or have other parameters.
    slots: the bus slots of constant engine ports that are new or have another number, with their numbers.
    """

    codes: frozenset[NodeCode]
    slots: dict[int, float]


def program_difference(old: Program, new: Program) -> ProgramDifference | None:
    """Returns what an edit has changed. None where everything may differ: with live inputs, loops, other curves, or
    engine ports that are new, and after a node has failed."""
    if old.live_inputs.ports or new.live_inputs.ports or old.faults:
        return None
    if (old.rate, old.song_frames, old.tables) != (new.rate, new.song_frames, new.tables):
        return None
    if any(code.loop is not None for program in (old, new) for code in program.codes):
        return None
    if not {(s.node, s.port, s.kind) for s in new.engine_ports} <= {(s.node, s.port, s.kind) for s in old.engine_ports}:
        return None
    before = dict(zip(old.codes, old.params, strict=True))
    codes = frozenset(code for code, params in zip(new.codes, new.params, strict=True) if before.get(code) != params)
    known = {slot: old.bus[slot] for slot in old.constants}
    slots = {slot: new.bus[slot] for slot in new.constants if known.get(slot) != new.bus[slot]}
    return ProgramDifference(codes, slots)
