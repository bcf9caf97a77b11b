"""Writes the float code of nodes: functions for one control frame, and scans, which run loops of nodes over many
frames.

A generated function takes `bus`, the state cells `states`, the curves over the song `tables` and the frame `t`. A scan
also takes `rows`, the numbers of every bus slot in many control frames. Within a function

- `v7` is the new number of bus slot 7, `a7[i]` the number of slot 7 in frame i of a scan;
- `s4` is state cell 4 in a scan;
- `t_beat` is the field `beat` of the frame;
- `n2_p` is the name `p` in the body of the function's node number 2, counted from 0;
- `p5` is a parameter.

Parameters are default arguments, so a turned knob compiles nothing. The text is written once for the same nodes, and
compiled once for the same text, so an edit compiles only what it changes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from types import CodeType, FunctionType
from typing import Any, Literal, NamedTuple
from zlib import crc32

import numpy as np

from demon_patch.codegen.body import Body
from demon_patch.codegen.delay_line import DelayLine
from demon_patch.codegen.expressions import names_read
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.inputs import BusSource, InputCode
from demon_patch.codegen.node_cache import CachedByNodes
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.to_text import Template, Text, TextWriter, template, text_template
from demon_patch.codegen.vectorise import split_steady_lines
from demon_patch.codegen.vocabulary import SCALAR
from demon_patch.codegen.whole_numbers import with_whole_ports

CodeForm = Literal["scalar", "scan"]
Params = Sequence[tuple[float, ...]]
"""The parameters of each node of a program, in running order."""
KEPT = 128
"""How many compiled texts are kept: those of a patch of about a thousand nodes, or of the latest edits of a smaller
one."""
MOST_NODES = 16
"""Most nodes in one generated function."""
MOST_GATES = 16
"""Most gates that one expression joins."""
APART = 12
"""About one node in APART begins a function because of its id, so that an inserted node changes the functions of only a
few nodes after it."""

# The bodies of engine ports: a number, a whole number and a gate, as they arrive at `x`.
VALUE = Body((), ((ast.Name("x", ast.Load()),),), ())
WHOLE = with_whole_ports(VALUE, ("x",))[0]
GATE = Body((), (tuple(ast.Attribute(ast.Name("x", ast.Load()), part, ast.Load()) for part in ("level", "rises")),), ())

_RUNNING = frozenset(Frame._fields) - {"dt", "length"}
"""Fields of a frame that may be arrays [n] in a run of n control frames: all that can change from frame to frame."""


@dataclass(frozen=True, eq=False)
class NodeCode:
    """One node of a program, ready to be written as code. The numbers of its parameters are kept elsewhere, so a turned
    knob does not change this object."""

    node: str
    body: Body
    inputs: Mapping[str, InputCode]
    """The code of each number port."""
    gates: Mapping[str, tuple[tuple[BusSource, BusSource], ...]]
    """For each gate port the (level, rises) sources of its cables."""
    slots: tuple[tuple[int, ...], ...]
    """The bus slots of each output: one of a number, two of a gate (level, rises)."""
    cells: tuple[int, ...]
    """The node's state cells, in the order of the body's states."""
    first: tuple[float | DelayLine, ...] = ()
    """For each state cell, the number or delay line before the first control frame."""
    loop: int | None = None
    """The number of the loop of cables that the node is in; None outside of loops."""

    def does_the_same(self, other: NodeCode) -> bool:
        """Returns whether another node has the same name and code, in the same slots and cells."""
        return (self.node, self.body, self.slots, self.cells, self.loop, self.first, self.inputs, self.gates) == (
            other.node, other.body, other.slots, other.cells, other.loop, other.first, other.inputs, other.gates
        )  # fmt: skip

    @property
    def stateless(self) -> bool:
        """Whether all control frames can be computed at once, because the node has no state and is in no loop."""
        return not self.cells and self.loop is None

    @cached_property
    def frame_by_frame(self) -> bool:
        """Whether the node runs one control frame after the other even in array code: in a loop, or with a delay
        line."""
        return self.loop is not None or any(isinstance(x, DelayLine) for x in self.first)

    @cached_property
    def slots_read(self) -> frozenset[int]:
        """The bus slots that the node reads."""
        sources = [s for given in self.inputs.values() for s in given.sources]
        sources += [s for pairs in self.gates.values() for pair in pairs for s in pair]
        return frozenset(s.slot for s in sources if s.slot >= 0)

    @cached_property
    def slots_written(self) -> tuple[int, ...]:
        """The bus slots that the node writes, in the order of its outputs."""
        return tuple(chain.from_iterable(self.slots))


@dataclass(frozen=True, eq=False)
class GeneratedFunction:
    """One generated function that computes some nodes, as text."""

    nodes: tuple[NodeCode, ...]
    form: CodeForm
    text: str
    params: tuple[tuple[int, int], ...]
    """For each parameter p0, p1..., the number of its node in the function and its number within that node."""
    constants_text: str
    """A function of dt and the parameters, as text. It computes the numbers that depend on them alone, which become
    further default arguments."""
    wanted: frozenset[int] = frozenset()
    """In a scan, the bus slots whose number is kept for every control frame."""
    begins: tuple[int, ...] = ()
    """For each node, the line of the text at which it begins, counted from 0."""

    def bound(self, params: Params, dt: float) -> Callable[..., None]:
        """Returns the callable, with the parameters of its nodes and the numbers that depend on them alone. dt: length
        of a control frame, in seconds."""
        return _bound(self, tuple(params), dt)

    def bound_anew(self, params: Params, dt: float) -> Callable[..., None]:
        """Returns the callable as `bound` does, without keeping it for the next call with the same parameters."""
        return _bind(self, tuple(params), dt)


@dataclass(slots=True)
class _FunctionWriter:
    """Writes one generated function: collects its lines and what they read."""

    form: CodeForm
    hoisting: bool = True
    lines: list[str] = field(default_factory=list)
    local: set[int] = field(default_factory=set)
    outside: set[int] = field(default_factory=set)
    frame_fields: set[str] = field(default_factory=set)
    params: list[tuple[int, int]] = field(default_factory=list)
    constants: list[tuple[str, str]] = field(default_factory=list)
    wanted: set[int] = field(default_factory=set)
    begins: list[int] = field(default_factory=list)

    def source(self, source: BusSource) -> str:
        """Returns the text that reads a source."""
        if source.table >= 0:
            return f"tables[{source.table}][{self.time('frame')}]"
        if source.slot in self.local:
            return f"v{source.slot}"
        self.outside.add(source.slot)
        return f"bus[{source.slot}]" if self.form == "scalar" else f"a{source.slot}[i]"

    def param(self, code: int, number: int) -> str:
        """Returns the text that reads a parameter. code: number of the node in the function. number: number of the
        parameter within that node."""
        self.params.append((code, number))
        return f"p{len(self.params) - 1}"

    def time(self, name: str) -> str:
        """Returns the text that reads a field of the frame."""
        self.frame_fields.add(name)
        return f"t_{name}[i]" if self.form == "scan" and name in _RUNNING else f"t_{name}"

    def add_node(self, code: NodeCode, number: int) -> None:
        """Adds the lines of one node. number: its place in the function, from 0."""
        self.begins.append(len(self.lines))
        parts = float_parts(code) if self.hoisting else FloatParts((), frozenset(), template(code.body, "scalar"))
        made, prefix = parts.every_frame, f"n{number}_"
        names: dict[str, str] = {}
        self._add_constants(code, number, parts)
        self._add_inputs(code, number, made, names)
        for token in made.uses:
            if token.startswith("t."):
                names[token] = self.time(token[2:])
        self._name_states(code, made, prefix, names)
        for name, text in made.lines:
            self.lines.append(f"{prefix}{name} = {text.fill(names, prefix)}")
        for slots, texts in zip(code.slots, made.outputs, strict=True):
            for slot, text in zip(slots, texts, strict=True):
                self.lines.append(self._store(slot, text.fill(names, prefix)))
        moving = [
            (cell, text)
            for cell, name, text in zip(code.cells, code.body.state_names, made.states, strict=True)
            if text.parts != ("", name, "")
        ]
        if moving:
            left = ", ".join(self._cell(cell) for cell, _ in moving)
            right = ", ".join(text.fill(names, prefix) for _, text in moving)
            self.lines.append(f"{left} = {right}")
        self.local.update(code.slots_written)

    def _add_constants(self, code: NodeCode, number: int, parts: FloatParts) -> None:
        """Adds the lines that depend on parameters alone, which are computed once."""
        names = {
            port: self.param(number, given.params[0])
            for port, given in code.inputs.items()
            if port in parts.read_once and not given.sources
        }
        names["t.dt"] = "t_dt"
        self.constants += [(f"n{number}_{name}", text.fill(names, f"n{number}_")) for name, text in parts.once]

    def _store(self, slot: int, text: str) -> str:
        if self.form == "scan":
            return f"o{slot}[i] = v{slot} = {text}" if slot in self.wanted else f"v{slot} = {text}"
        return f"v{slot} = bus[{slot}] = {text}"

    def _cell(self, cell: int) -> str:
        return f"s{cell}" if self.form == "scan" else f"states[{cell}]"

    def _name_states(self, code: NodeCode, made: Template, prefix: str, names: dict[str, str]) -> None:
        for cell, state in zip(code.cells, code.body.state_names, strict=True):
            names[state] = self._cell(cell)
            if made.uses.get(state, 0) > 1 and self.form == "scalar":
                self.lines.append(f"{prefix}{state} = states[{cell}]")
                names[state] = prefix + state

    def _add_inputs(self, code: NodeCode, number: int, made: Template, names: dict[str, str]) -> None:
        prefix = f"n{number}_"
        for port, given in code.inputs.items():
            uses = made.uses.get(port, 0)
            if not uses:
                continue
            text, counts = text_template(given.text, "scalar")
            parts = {f"p{i}": self.param(number, p) for i, p in enumerate(given.params) if f"p{i}" in counts}
            parts |= {f"x{i}": self.source(s) for i, s in enumerate(given.sources)}
            simple = len(counts) == 1 and text.parts[::2] == ("", "")
            filled = text.fill(parts, f"{prefix}{port}__")
            if simple and (uses == 1 or filled[0] in "vp"):
                names[port] = filled
            else:
                self.lines.append(f"{prefix}{port} = {filled}")
                names[port] = prefix + port
        for port, sources in code.gates.items():
            for which, field_name in enumerate(("level", "rises")):
                if f"{port}.{field_name}" in made.uses:
                    read = [pair[which] for pair in sources]
                    names[f"{port}.{field_name}"] = self._add_gate(read, prefix + port, field_name)

    def _add_gate(self, sources: Sequence[BusSource], local: str, field_name: str) -> str:
        if not sources:
            return "0.0"
        name = f"{local}__{field_name}"
        read = [self.source(source) for source in sources]
        for part in (read[at : at + MOST_GATES] for at in range(0, len(read), MOST_GATES)):
            given = part if part[0] is read[0] else [name, *part]
            text = "x0"
            for i in range(1, len(given)):
                text = f"max({text}, x{i})"
            filled = text_template(text, "scalar")[0].fill({f"x{i}": x for i, x in enumerate(given)}, f"{local}__")
            self.lines.append(f"{name} = {filled}")
        return name

    # -- the function -------------------------------------------------------------------------------------------
    def function(self, codes: tuple[NodeCode, ...], wanted: frozenset[int]) -> GeneratedFunction:
        """Returns the generated function of some nodes. wanted: in a scan, the bus slots that are kept for every
        control frame."""
        inside = [slot for code in codes for slot in code.slots_written]
        if self.form == "scan":
            self.local, self.wanted = set(inside), set(wanted.intersection(inside))
        for number, code in enumerate(codes):
            self.add_node(code, number)
        if self.form == "scalar":
            arguments = "bus, states, tables, t"
            before = [f"t_{name} = t.{name}" for name in sorted(self.frame_fields)]
            lines = [*before, *self.lines] or ["pass"]
        else:
            arguments = "rows, bus, states, tables, t, n"
            before, after = self._scan_head_and_tail(codes, inside)
            lines = [*before, *(f"    {line}" for line in self.lines or ["pass"]), *after]
        params = "".join(f", p{i}" for i in range(len(self.params)))
        names = "".join(f", {name}" for name, _ in self.constants)
        text = f"def nodes({arguments}{params}{names}):\n" + "".join(f"    {line}\n" for line in lines)
        once = "".join(f"    {name} = {made}\n" for name, made in self.constants)
        once = f"def constants(t_dt{params}):\n{once}    return ({names[2:]}{',' if names else ''})\n"
        begins = tuple(1 + len(before) + begin for begin in self.begins)
        return GeneratedFunction(codes, self.form, text, tuple(self.params), once, wanted, begins)

    def _scan_head_and_tail(self, codes: Sequence[NodeCode], inside: Sequence[int]) -> tuple[list[str], list[str]]:
        cells = [cell for code in codes for cell in code.cells]
        kept = sorted(self.wanted)
        head = [
            *(f"t_{name} = frames(t.{name}, n)" if name in _RUNNING else f"t_{name} = t.{name}"
              for name in sorted(self.frame_fields)),
            *(f"a{slot} = frames(rows[{slot}], n)" for slot in sorted(self.outside)),
            *(f"v{slot} = bus[{slot}]" for slot in inside),
            *(f"o{slot} = [0.0] * n" for slot in kept),
            *(f"s{cell} = states[{cell}]" for cell in cells),
            "for i in range(n):",
        ]  # fmt: skip
        tail = [
            *(f"rows[{slot}] = o{slot}" for slot in kept),
            *(f"rows[{slot}] = v{slot}" for slot in inside if slot not in self.wanted),
            *(f"states[{cell}] = s{cell}" for cell in cells),
        ]
        return head, tail


def function_groups(codes: Sequence[NodeCode]) -> Iterator[tuple[NodeCode, ...]]:
    """Yields the nodes of a program in groups of at most MOST_NODES, one for each function. The ids of the nodes decide
    where groups begin."""
    first = 0
    for i in range(1, len(codes) + 1):
        if i == len(codes) or i - first >= MOST_NODES or begins_function(codes[i].node):
            yield tuple(codes[first:i])
            first = i


def _bind(function: GeneratedFunction, params: tuple[tuple[float, ...], ...], dt: float) -> Callable[..., None]:
    values = tuple(params[code][number] for code, number in function.params)
    ahead = FunctionType(_code(function.constants_text), _SPACES["scalar"], "constants")
    try:
        values = (*values, *ahead(dt, *values))
    except (ArithmeticError, ValueError, LookupError, TypeError):  # the node itself fails when it runs
        plain = _FunctionWriter(function.form, hoisting=False).function(function.nodes, function.wanted)
        return _bind(plain, params, dt)
    return FunctionType(_code(function.text), _SPACES[function.form], "nodes", values)


_bound = cached_on_object(_bind)


class FloatParts(NamedTuple):
    """The float code of a node before its slots and parameters are filled in."""

    once: tuple[tuple[str, Text], ...]
    """The lines that depend on ports without a cable alone; they are computed once for all control frames."""
    read_once: frozenset[str]
    """The names that the lines of `once` read."""
    every_frame: Template
    """The rest of the body, which runs in every control frame."""


def float_parts(code: NodeCode) -> FloatParts:
    """Returns the float code of a node before its slots and parameters are filled in."""
    return _float_parts(code.body, frozenset(port for port, given in code.inputs.items() if not given.sources))


@cached_on_object
def _float_parts(body: Body, steady: frozenset[str]) -> FloatParts:
    once, rest = split_steady_lines(body, steady | {"t.dt"})
    writer = TextWriter("scalar")
    read = frozenset(name for _, e in once for name in names_read(e))
    return FloatParts(tuple((name, Text.parsed(writer(e))) for name, e in once), read, template(rest, "scalar"))


@lru_cache(maxsize=2048)
def begins_function(node: str) -> bool:
    """Returns whether a node of this id begins a function."""
    return crc32(node.encode()) % APART == 0


@CachedByNodes
def float_function(codes: tuple[NodeCode, ...]) -> GeneratedFunction:
    """Returns the float code of some nodes in running order: `nodes(bus, states, tables, t)`."""
    return _FunctionWriter("scalar").function(codes, frozenset())


@CachedByNodes
def scan_function(codes: tuple[NodeCode, ...], wanted: frozenset[int]) -> GeneratedFunction:
    """Returns the function that runs nodes over n control frames, one after the other: `nodes(rows, bus, states,
    tables, t, n)`.

    Numbers pass from node to node as in float code: from a node that runs after it, a node reads the number of the
    frame before.
    wanted: the bus slots of which `rows` has the number of every frame; the others have their last number in all
    frames.
    """
    return _FunctionWriter("scan").function(codes, wanted)


def _list_of_frames(x: Any, n: int) -> list[float]:
    return x.tolist() if isinstance(x, np.ndarray) and x.ndim else [float(x)] * n


_SPACES: dict[CodeForm, dict[str, Any]] = {
    "scalar": {**SCALAR, "__builtins__": {}},
    "scan": {**SCALAR, "frames": _list_of_frames, "range": range, "__builtins__": {}},
}


@lru_cache(maxsize=KEPT)
def _code(text: str) -> CodeType:
    """Returns the code object of the one function in a text."""
    module = compile(text, "<patch>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))
