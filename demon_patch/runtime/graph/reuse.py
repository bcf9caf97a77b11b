"""Keeps the results of a compilation, so that the next compilation takes over all that an edit did not touch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from demon_patch.codegen.body import Body
from demon_patch.codegen.float_code import NodeCode
from demon_patch.engine.contracts import FamilySpec
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.document import Node
from demon_patch.runtime.graph.parameters import KnobPart
from demon_patch.runtime.graph.untouched import Given

Key = tuple[str, ...]
"""Identifies a bus slot or a state cell across edits: node, type, version, and port or state."""

SpecialisedNode = tuple[Node, tuple[Collection[str], ...], Declaration, Body, tuple[str, ...]]
"""A node, three sets of its ports (unwired ones, those of them with a silent cable, wired whole-number ports), its
declaration, its specialised body, and the whole-number ports that the body reads."""


@dataclass(slots=True)
class ComputedNode:
    """A computed node, or an adapter within a cable, before its code is generated."""

    declaration: Declaration
    body: Body
    owner: str
    whole: tuple[str, ...] = ()
    """The whole-number ports that have a cable and that the body reads."""

    @property
    def outs(self) -> tuple[str, ...]:
        """The names of its outputs."""
        return tuple(out.name for out in self.declaration.signals)


class CompiledNode(NamedTuple):
    """The code of a node with its parameters and the parts of its knobs, by port, and everything from which these were
    made.

    folded: the knobs that went into the scaling of its cables.
    states: the keys of its state cells.
    """

    made_of: tuple[Any, ...]
    code: NodeCode
    params: tuple[float, ...]
    knobs: tuple[tuple[str, KnobPart], ...] = ()
    folded: frozenset[tuple[str, str]] = frozenset()
    states: tuple[Key, ...] = ()


@dataclass(eq=False)
class Reuse:
    """The results of one compilation. They are written while its program is compiled, and only read afterwards."""

    compiled: dict[str, CompiledNode] = field(default_factory=dict)
    """The code of each node, by the name of the code."""
    bus: Mapping[Key, int] = field(default_factory=dict)
    """The bus slot of each key."""
    cells: Mapping[Key, int] = field(default_factory=dict)
    """The state cell of each key."""
    bodies: dict[str, SpecialisedNode] = field(default_factory=dict)
    """The specialised bodies, by node id."""
    given: Mapping[str, Given] = field(default_factory=dict)
    """What each node was compiled from, by id."""
    tables: Mapping[str, int] = field(default_factory=dict)
    """The number of each curve's table."""
    family: FamilySpec | None = None
    """The family whose defaults it has."""


class Numbering:
    """Gives each key the bus slot or state cell that it had in the previous program; new keys get the numbers after
    those. Where most numbers would be unused, it starts from 0.

    keys: the key of each number, () where it is unused.
    first: what each slot or cell holds before the first control frame.
    goes_on: whether all keys of the previous program keep their numbers.
    """

    def __init__(self, before: Mapping[Key, int]) -> None:
        size = max(before.values(), default=-1) + 1
        self._before = before if size <= 2 * len(before) + 64 else {}
        self.goes_on = self._before is before
        size = size if self._before else 0
        self.numbers: dict[Key, int] = {}
        self.keys: list[Key] = [()] * size
        self.first: list[Any] = [0.0] * size

    def take(self, key: Key, first: Any = 0.0) -> int:
        """Returns the slot or cell of a key. first: what it holds before the first control frame."""
        if key in self.numbers:
            return self.numbers[key]
        number = self._before.get(key)
        if number is None:
            number = len(self.keys)
            self.keys.append(key)
            self.first.append(first)
        else:
            self.keys[number], self.first[number] = key, first
        self.numbers[key] = number
        return number
