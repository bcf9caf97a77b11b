"""The knobs of a program: how the knob of a number port becomes parameters of its code, so that a turned knob compiles
nothing.

`compile` makes parameters by the same arithmetic as a later turn (`NumberInput.code`), so both give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from demon_patch.nodes.language.ports import Port, misfit
from demon_patch.runtime.graph.wiring import clamped, input_text

Key = tuple[str, str]
"""A port of a flat patch: path of the node, name of the port."""


@dataclass(frozen=True, slots=True)
class AddCable:
    """What an add cable brings to a number port: `depth` times the signal, scaled by `scale` and moved by `shift`
    (`Nominal.scaling`), plus the cable's offset."""

    depth: float
    offset: float
    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class NumberInput:
    """All that the arithmetic of a number port depends on, apart from its knob.

    ends: the playing range.
    sets: whether a cable replaces the knob.
    adds: the add cables, in order.
    """

    port: Port
    ends: tuple[float, float]
    sets: bool = False
    adds: tuple[AddCable, ...] = ()

    def code(self, knob: float) -> tuple[str, list[float]]:
        """Returns the arithmetic of the port as text (`input_text`), and its parameters, for a knob in the port's
        unit."""
        port, (lo, hi) = self.port, self.ends
        if not self.sets and not self.adds:
            return "p0", [clamped(knob, lo, hi)]
        limits = math.isfinite(lo) or math.isfinite(hi)
        text = input_text(port.taper, port.bounded, limits, self.sets, len(self.adds))
        if not port.bounded:
            base = sum((cable.offset for cable in self.adds), 0.0 if self.sets else knob)
            alone = not self.adds if self.sets else len(self.adds) == 1 and self.adds[0].depth == 1.0
            if not limits and base == 0.0 and alone:
                return "x0", []
            return text, [base, *(cable.depth for cable in self.adds), lo, hi]
        span = math.log(port.hi / port.lo) if port.taper == "log" else port.hi - port.lo
        base, gains = 0.0 if self.sets else self._place(knob), []
        for cable in self.adds:
            gains.append(cable.depth * cable.scale * span)
            base += cable.depth * (cable.shift + cable.offset) * span
        return text, [base, *gains, lo, hi, port.lo, port.hi, self._place(lo), self._place(hi)]

    def _place(self, x: float) -> float:
        """Returns a number in the space in which depths add up: the port's unit, or natural logarithms for a log
        taper."""
        return math.log(x / self.port.lo) if self.port.taper == "log" else float(x)


@dataclass(frozen=True, slots=True)
class KnobPart:
    """One place of a program that a knob moves: some parameters of a node's code, or a constant engine port.

    number: the arithmetic of the port.
    text: its text, which the code has. A knob that gives another text needs another program.
    absent: the knob where the patch gives none; None where the program itself depends on whether it is given.
    first: the number of the first parameter within the node's code; -1 for a constant engine port.
    slot: the bus slot of a constant engine port; -1 otherwise.
    """

    number: NumberInput
    text: str
    absent: float | None
    first: int = -1
    slot: int = -1

    def at(self, value: float | None) -> list[float] | None:
        """Returns the parameters for a knob, or the number of a constant engine port as the only one. None where the
        program cannot take it without being compiled.

        value: in the port's unit; None for the one that the port has where the patch gives none.
        """
        knob = self.absent if value is None else value
        if knob is None or misfit(self.number.port, knob):
            return None
        text, params = self.number.code(float(knob))
        return params if text == self.text else None


class Turned(NamedTuple):
    """What a turn of some knobs has changed in a program.

    codes: the numbers of the codes with other parameters.
    slots: the bus slots of constant engine ports, with their new numbers.
    refused: the knobs that need another program; they have not moved.
    """

    codes: frozenset[int]
    slots: Mapping[int, float]
    refused: frozenset[Key]

    def __bool__(self) -> bool:
        """Whether anything has changed."""
        return bool(self.codes or self.slots)


Knobs = Mapping[Key, Sequence[tuple[int, KnobPart]]]
"""By port, the parts that its knob moves, each with the number of its code in `Program.codes`; -1 for a constant engine
port."""


def turn_knobs(
    knobs: Knobs, values: Mapping[Key, float | None], params: list[tuple[float, ...]], bus: list[float]
) -> Turned:
    """Writes knobs into parameters and constants, in place. A knob of which one part cannot move does not move at all.

    values: see `KnobPart.at`. params: of each code. bus: the number of each bus slot before the first control frame.
    """
    codes, slots, refused = set[int](), dict[int, float](), set[Key]()
    for key, value in values.items():
        parts = knobs.get(key, ())
        found = [part.at(value) for _, part in parts]
        if not parts or any(given is None for given in found):
            refused.add(key)
            continue
        for (code, part), given in zip(parts, found, strict=True):
            assert given is not None
            if part.slot >= 0:
                if bus[part.slot] != given[0]:
                    slots[part.slot] = bus[part.slot] = given[0]
                continue
            before = params[code]
            after = (*before[: part.first], *given, *before[part.first + len(given) :])
            if after != before:
                params[code] = after
                codes.add(code)
    return Turned(frozenset(codes), slots, frozenset(refused))
