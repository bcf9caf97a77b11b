"""Program text: chunks of nodes as functions of floats, and loops of nodes as scans over many frames.

A generated function sees the bus B, state cells S, tables X and the frame t; a scan also the rows A of many frames.
Parameters are defaults of the function, so that a turned knob compiles nothing; texts are made once for the same steps,
and code once for the same text, so that an edit compiles only what it changed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from types import CodeType, FunctionType
from typing import Any, Literal
from zlib import crc32

import numpy as np

from demon_patch.codegen.body import Body
from demon_patch.codegen.delay_line import DelayLine
from demon_patch.codegen.expressions import names_read
from demon_patch.codegen.inputs import BusSource, InputCode
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.to_text import Template, Text, TextWriter, template, text_template
from demon_patch.codegen.vectorise import split_steady_lines
from demon_patch.codegen.vocabulary import SCALAR
from demon_patch.codegen.whole_numbers import with_whole_ports

Way = Literal["scalar", "scan"]
Params = Sequence[tuple[float, ...]]  # of each step of a program, in its order
CHUNK = 16  # nodes of a generated function, at most
GATES = 16  # gates that one expression joins
APART = 12  # one node in so many begins a function by its id, so that an inserted node shifts few of those after it

# Bodies that give what arrives at `x`: of a number, of a whole number, of a gate.
VALUE = Body((), ((ast.Name("x", ast.Load()),),), ())
WHOLE = with_whole_ports(VALUE, ("x",))[0]
GATE = Body((), (tuple(ast.Attribute(ast.Name("x", ast.Load()), half, ast.Load()) for half in ("level", "rises")),), ())

_RUNNING = ("k", "s", "beat", "song", "frame")  # fields of a frame that are arrays in a run of frames


@dataclass(frozen=True, eq=False)
class NodeCode:
    """One node in the program: `slots` of the bus for each output (two for a gate: level, rises), `cells` of the state
    with their first values, `loop` its loop's number. `gates`: for each gate input the (level, rises) sources. What
    its parameters are stands elsewhere, so that a turned knob leaves it the same object."""

    node: str
    body: Body
    inputs: Mapping[str, InputCode]
    gates: Mapping[str, tuple[tuple[BusSource, BusSource], ...]]
    slots: tuple[tuple[int, ...], ...]
    cells: tuple[int, ...]
    first: tuple[float | DelayLine, ...] = ()
    loop: int | None = None

    def same(self, other: NodeCode) -> bool:
        """Whether another step does the same in the same places."""
        return (self.node, self.body, self.slots, self.cells, self.loop, self.first, self.inputs, self.gates) == (
            other.node, other.body, other.slots, other.cells, other.loop, other.first, other.inputs, other.gates
        )  # fmt: skip

    @property
    def stateless(self) -> bool:
        """Whether all frames can be computed at once."""
        return not self.cells and self.loop is None

    @cached_property
    def single(self) -> bool:
        """Whether it runs frame by frame even where many are computed: in a loop, or with a delay line."""
        return self.loop is not None or any(isinstance(x, DelayLine) for x in self.first)

    @cached_property
    def read(self) -> frozenset[int]:
        """All slots that it reads."""
        sources = [s for given in self.inputs.values() for s in given.sources]
        sources += [s for pairs in self.gates.values() for pair in pairs for s in pair]
        return frozenset(s.slot for s in sources if s.slot >= 0)

    @cached_property
    def written(self) -> tuple[int, ...]:
        """All slots that it writes."""
        return tuple(chain.from_iterable(self.slots))


@dataclass(frozen=True, eq=False)
class GeneratedFunction:
    """Some steps as one function: its text, and its parameters as (number of the step, number of the parameter)."""

    steps: tuple[NodeCode, ...]
    way: Way
    text: str
    params: tuple[tuple[int, int], ...]
    ahead: str
    wanted: frozenset[int] = frozenset()

    def bound(self, params: Params, dt: float) -> Callable[..., None]:
        """The function with the parameters of its steps, and what they alone decide, at frames of dt seconds."""
        return _bound(self, tuple(params), dt)


@dataclass(slots=True)
class _Writer:
    """Collects the lines of one function and what they read."""

    way: Way
    hoisting: bool = True
    lines: list[str] = field(default_factory=list)
    local: set[int] = field(default_factory=set)
    outside: set[int] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    params: list[tuple[int, int]] = field(default_factory=list)
    ahead: list[tuple[str, str]] = field(default_factory=list)
    wanted: set[int] = field(default_factory=set)

    def source(self, source: BusSource) -> str:
        """How the value at a source is read."""
        if source.table >= 0:
            return f"X[{source.table}][{self.time('frame')}]"
        if source.slot in self.local:
            return f"v{source.slot}"
        self.outside.add(source.slot)
        return f"B[{source.slot}]" if self.way == "scalar" else f"a{source.slot}[i]"

    def param(self, step: int, number: int) -> str:
        """How a parameter of a step is read."""
        self.params.append((step, number))
        return f"p{len(self.params) - 1}"

    def time(self, name: str) -> str:
        """How a field of the frame is read."""
        self.fields.add(name)
        return f"t_{name}[i]" if self.way == "scan" and name in _RUNNING else f"t_{name}"

    def step(self, step: NodeCode, number: int) -> None:
        """Adds the lines of one node."""
        steady = frozenset(port for port, given in step.inputs.items() if not given.sources)
        ahead, read, body = _parted(step.body, steady) if self.hoisting else ((), frozenset[str](), step.body)
        made, prefix = template(body, "scalar"), f"n{number}_"
        names: dict[str, str] = {}
        self._ahead(step, number, ahead, read)
        self._inputs(step, number, made, names)
        for token in made.uses:
            if token.startswith("t."):
                names[token] = self.time(token[2:])
        self._cells(step, made, prefix, names)
        for name, text in made.lines:
            self.lines.append(f"{prefix}{name} = {text.fill(names, prefix)}")
        for slots, texts in zip(step.slots, made.outputs, strict=True):
            for slot, text in zip(slots, texts, strict=True):
                self.lines.append(self._kept(slot, text.fill(names, prefix)))
        moving = [
            (cell, text)
            for cell, name, text in zip(step.cells, step.body.state_names, made.states, strict=True)
            if text.parts != ("", name, "")
        ]
        if moving:
            left = ", ".join(self._cell(cell) for cell, _ in moving)
            right = ", ".join(text.fill(names, prefix) for _, text in moving)
            self.lines.append(f"{left} = {right}")
        self.local.update(step.written)

    def _ahead(self, step: NodeCode, number: int, lines: Sequence[tuple[str, Text]], read: frozenset[str]) -> None:
        """Adds what is computed once, of parameters alone."""
        names = {
            port: self.param(number, given.params[0])
            for port, given in step.inputs.items()
            if port in read and not given.sources
        }
        names["t.dt"] = "t_dt"
        self.ahead += [(f"n{number}_{name}", text.fill(names, f"n{number}_")) for name, text in lines]

    def _kept(self, slot: int, text: str) -> str:
        if self.way == "scan":
            return f"o{slot}[i] = v{slot} = {text}" if slot in self.wanted else f"v{slot} = {text}"
        return f"v{slot} = B[{slot}] = {text}"

    def _cell(self, cell: int) -> str:
        return f"s{cell}" if self.way == "scan" else f"S[{cell}]"

    def _cells(self, step: NodeCode, made: Template, prefix: str, names: dict[str, str]) -> None:
        for cell, state in zip(step.cells, step.body.state_names, strict=True):
            names[state] = self._cell(cell)
            if made.uses.get(state, 0) > 1 and self.way == "scalar":
                self.lines.append(f"{prefix}{state} = S[{cell}]")
                names[state] = prefix + state

    def _inputs(self, step: NodeCode, number: int, made: Template, names: dict[str, str]) -> None:
        prefix = f"n{number}_"
        for port, given in step.inputs.items():
            uses = made.uses.get(port, 0)
            if not uses:
                continue
            text, counts = text_template(given.text, "scalar")
            parts = {f"p{i}": self.param(number, p) for i, p in enumerate(given.params) if f"p{i}" in counts}
            parts["X0"] = "X[0]"
            parts |= {f"x{i}": self.source(s) for i, s in enumerate(given.sources)}
            simple = len(counts) == 1 and text.parts[::2] == ("", "")
            filled = text.fill(parts, f"{prefix}{port}__")
            if simple and (uses == 1 or filled[0] in "vp"):
                names[port] = filled
            else:
                self.lines.append(f"{prefix}{port} = {filled}")
                names[port] = prefix + port
        for port, sources in step.gates.items():
            for half, field_name in enumerate(("level", "rises")):
                if f"{port}.{field_name}" in made.uses:
                    names[f"{port}.{field_name}"] = self._gate([pair[half] for pair in sources], prefix + port, half)

    def _gate(self, sources: Sequence[BusSource], local: str, half: int) -> str:
        if not sources:
            return "0.0"
        name = f"{local}__{'level' if half == 0 else 'rises'}"
        read = [self.source(source) for source in sources]
        for part in (read[at : at + GATES] for at in range(0, len(read), GATES)):
            given = part if part[0] is read[0] else [name, *part]
            text = "x0"
            for i in range(1, len(given)):
                text = f"max({text}, x{i})"
            filled = text_template(text, "scalar")[0].fill({f"x{i}": x for i, x in enumerate(given)}, f"{local}__")
            self.lines.append(f"{name} = {filled}")
        return name

    # -- the function -------------------------------------------------------------------------------------------
    def chunk(self, steps: tuple[NodeCode, ...], wanted: frozenset[int]) -> GeneratedFunction:
        """The function of some steps."""
        inside = [slot for step in steps for slot in step.written]
        if self.way == "scan":
            self.local, self.wanted = set(inside), set(wanted.intersection(inside))
        for number, step in enumerate(steps):
            self.step(step, number)
        if self.way == "scalar":
            arguments, lines = "B, S, X, t", [f"t_{name} = t.{name}" for name in sorted(self.fields)] + self.lines
        else:
            arguments, lines = "A, B, S, X, t, n", self._scanned(steps, inside)
        params = "".join(f", p{i}" for i in range(len(self.params)))
        names = "".join(f", {name}" for name, _ in self.ahead)
        text = f"def chunk({arguments}{params}{names}):\n" + "".join(f"    {line}\n" for line in lines or ["pass"])
        once = "".join(f"    {name} = {made}\n" for name, made in self.ahead)
        once = f"def ahead(t_dt{params}):\n{once}    return ({names[2:]}{',' if names else ''})\n"
        return GeneratedFunction(steps, self.way, text, tuple(self.params), once, wanted)

    def _scanned(self, steps: Sequence[NodeCode], inside: Sequence[int]) -> list[str]:
        cells = [cell for step in steps for cell in step.cells]
        kept = sorted(self.wanted)
        head = [
            *(f"t_{name} = column(t.{name}, n)" if name in _RUNNING else f"t_{name} = t.{name}"
              for name in sorted(self.fields)),
            *(f"a{slot} = column(A[{slot}], n)" for slot in sorted(self.outside)),
            *(f"v{slot} = B[{slot}]" for slot in inside),
            *(f"o{slot} = [0.0] * n" for slot in kept),
            *(f"s{cell} = S[{cell}]" for cell in cells),
            "for i in range(n):",
        ]  # fmt: skip
        tail = [
            *(f"A[{slot}] = o{slot}" for slot in kept),
            *(f"A[{slot}] = v{slot}" for slot in inside if slot not in self.wanted),
            *(f"S[{cell}] = s{cell}" for cell in cells),
        ]
        return [*head, *(f"    {line}" for line in self.lines or ["pass"]), *tail]


def grouped(steps: Sequence[NodeCode]) -> Iterator[tuple[NodeCode, ...]]:
    """The steps of a program in groups of at most CHUNK, with borders that depend on the nodes' ids."""
    first = 0
    for i in range(1, len(steps) + 1):
        if i == len(steps) or i - first >= CHUNK or begins_function(steps[i].node):
            yield tuple(steps[first:i])
            first = i


@lru_cache(maxsize=1024)
def _bound(chunk: GeneratedFunction, params: tuple[tuple[float, ...], ...], dt: float) -> Callable[..., None]:
    values = tuple(params[step][number] for step, number in chunk.params)
    ahead = FunctionType(_code(chunk.ahead), _SPACES["scalar"], "ahead")
    try:
        values = (*values, *ahead(dt, *values))
    except (ArithmeticError, ValueError, LookupError, TypeError):  # for the node to fail by itself when it runs
        plain = _Writer(chunk.way, hoisting=False).chunk(chunk.steps, chunk.wanted)
        return _bound(plain, params, dt)
    return FunctionType(_code(chunk.text), _SPACES[chunk.way], "chunk", values)


@cached_on_object
def _parted(body: Body, steady: frozenset[str]) -> tuple[tuple[tuple[str, Text], ...], frozenset[str], Body]:
    """What of a body its steady ports alone decide, as text, with the names that it reads; and the rest of the body."""
    ahead, rest = split_steady_lines(body, steady | {"t.dt"})
    speller = TextWriter("scalar")
    read = frozenset(name for _, e in ahead for name in names_read(e))
    return tuple((name, Text.parsed(speller(e))) for name, e in ahead), read, rest


@lru_cache(maxsize=8192)
def begins_function(node: str) -> bool:
    """Whether a node begins a function."""
    return crc32(node.encode()) % APART == 0


@lru_cache(maxsize=2048)
def float_function(steps: tuple[NodeCode, ...]) -> GeneratedFunction:
    """The float function of some steps, in order: `chunk(B, S, X, t)`."""
    return _Writer("scalar").chunk(steps, frozenset())


@lru_cache(maxsize=512)
def scan_function(steps: tuple[NodeCode, ...], wanted: frozenset[int]) -> GeneratedFunction:
    """The function that runs steps over n frames, one after another: `chunk(A, B, S, X, t, n)`.

    Values within the scan pass from node to node as in the float program: those of later nodes are of the frame before.
    Slots that are not wanted leave only their last value.
    """
    return _Writer("scan").chunk(steps, wanted)


def _column(x: Any, n: int) -> list[float]:
    return x.tolist() if isinstance(x, np.ndarray) and x.ndim else [float(x)] * n


_SPACES: dict[Way, dict[str, Any]] = {
    "scalar": {**SCALAR, "__builtins__": {}},
    "scan": {**SCALAR, "column": _column, "range": range, "__builtins__": {}},
}


@lru_cache(maxsize=2048)
def _code(text: str) -> CodeType:
    """The code of the one function in a text."""
    module = compile(text, "<patch>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))
