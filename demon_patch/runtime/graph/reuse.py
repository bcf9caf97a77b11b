"""What a program knows of how it was made, so that the next one is made of the same parts where they are the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from demon_patch.codegen.body import Body
from demon_patch.codegen.float_code import NodeCode
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.document import Node

Key = tuple[str, ...]


SpecialisedNode = tuple[Node, tuple[Collection[str], ...], Declaration, Body, tuple[str, ...]]


class CompiledNode(NamedTuple):
    """A step with its parameters, and all that both are made of."""

    made_of: tuple[Any, ...]
    code: NodeCode
    params: tuple[float, ...]


@dataclass(eq=False)
class Reuse:
    """Steps by name; places on the bus and in the state by key; bodies by node id, with what they were settled from.

    Written while its program is compiled, only read afterwards.
    """

    compiled: dict[str, CompiledNode] = field(default_factory=dict)
    bus: Mapping[Key, int] = field(default_factory=dict)
    cells: Mapping[Key, int] = field(default_factory=dict)
    bodies: dict[str, SpecialisedNode] = field(default_factory=dict)


class Numbering:
    """Numbers for keys: those of the program before, new ones behind them. keys: of each number, () where it is unused;
    first: the value that it begins with. Where most would be unused it numbers anew."""

    def __init__(self, before: Mapping[Key, int]) -> None:
        size = max(before.values(), default=-1) + 1
        self._before = before if size <= 2 * len(before) + 64 else {}
        size = size if self._before else 0
        self.numbers: dict[Key, int] = {}
        self.keys: list[Key] = [()] * size
        self.first: list[Any] = [0.0] * size

    def take(self, key: Key, first: Any = 0.0) -> int:
        """The number of a key."""
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
