"""Program text: chunks of nodes as functions of floats, as functions of arrays, and as scans.

A generated function sees the bus B (or A: one entry an array), state cells S, parameters P, tables X and the frame t.
Functions are cached by their text, so that an edit compiles only what it changed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, Literal

import numpy as np

from demon_patch.nodes.body import Body
from demon_patch.nodes.spell import Mode, Template, phrase, template
from demon_patch.nodes.vocabulary import ARRAY, SCALAR
from demon_patch.runtime.wiring import Input, Source

Way = Literal["scalar", "array", "scan"]
CHUNK = 25  # nodes of a generated function

# Bodies that give what arrives at `x`: of a number, of a gate.
VALUE = Body((), ((ast.Name("x", ast.Load()),),), ())
GATE = Body((), (tuple(ast.Attribute(ast.Name("x", ast.Load()), half, ast.Load()) for half in ("level", "rises")),), ())

_RUNNING = ("k", "s", "beat", "song", "frame")  # fields of a frame that are arrays in a run of frames


@dataclass(frozen=True, slots=True)
class Step:
    """One node in the program: `slots` of the bus for each output (two for a gate: level, rises), `cells` of the state
    with their first values, `loop` its loop's number. `gates`: for each gate input the (level, rises) sources."""

    node: str
    body: Body
    inputs: Mapping[str, Input]
    gates: Mapping[str, tuple[tuple[Source, Source], ...]]
    slots: tuple[tuple[int, ...], ...]
    cells: range
    first: tuple[float, ...] = ()
    loop: int | None = None

    @property
    def stateless(self) -> bool:
        """Whether all frames can be computed at once."""
        return not self.cells and self.loop is None

    @property
    def read(self) -> Iterator[int]:
        """All slots that it reads."""
        sources = [s for given in self.inputs.values() for s in given.sources]
        sources += [s for pairs in self.gates.values() for pair in pairs for s in pair]
        return (s.slot for s in sources if s.slot >= 0)

    @property
    def written(self) -> tuple[int, ...]:
        """All slots that it writes."""
        return tuple(chain.from_iterable(self.slots))


@dataclass(slots=True)
class _Writer:
    """Collects the lines of one function and what they read."""

    way: Way
    lines: list[str] = field(default_factory=list)
    local: set[int] = field(default_factory=set)
    outside: set[int] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    params: set[int] = field(default_factory=set)
    wanted: set[int] = field(default_factory=set)

    @property
    def mode(self) -> Mode:
        return "array" if self.way == "array" else "scalar"

    def source(self, source: Source) -> str:
        """How the value at a source is read."""
        if source.table >= 0:
            return f"X[{source.table}][{self.time('frame')}]"
        if source.slot in self.local:
            return f"v{source.slot}"
        self.outside.add(source.slot)
        return {"scalar": f"B[{source.slot}]", "array": f"A[{source.slot}]", "scan": f"a{source.slot}[i]"}[self.way]

    def param(self, number: int) -> str:
        """How a parameter is read."""
        self.params.add(number)
        return f"p{number}" if self.way == "scan" else f"P[{number}]"

    def time(self, name: str) -> str:
        """How a field of the frame is read."""
        self.fields.add(name)
        return f"t_{name}[i]" if self.way == "scan" and name in _RUNNING else f"t_{name}"

    def step(self, step: Step, number: int) -> None:
        """Adds the lines of one node."""
        made, prefix = template(step.body, self.mode), f"n{number}_"
        names: dict[str, str] = {}
        self._inputs(step, made, prefix, names)
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

    def _kept(self, slot: int, text: str) -> str:
        if self.way == "scan":
            return f"o{slot}[i] = v{slot} = {text}" if slot in self.wanted else f"v{slot} = {text}"
        return f"v{slot} = {'A' if self.way == 'array' else 'B'}[{slot}] = {text}"

    def _cell(self, cell: int) -> str:
        return f"s{cell}" if self.way == "scan" else f"S[{cell}]"

    def _cells(self, step: Step, made: Template, prefix: str, names: dict[str, str]) -> None:
        for cell, state in zip(step.cells, step.body.state_names, strict=True):
            names[state] = self._cell(cell)
            if made.uses.get(state, 0) > 1 and self.way == "scalar":
                self.lines.append(f"{prefix}{state} = S[{cell}]")
                names[state] = prefix + state

    def _inputs(self, step: Step, made: Template, prefix: str, names: dict[str, str]) -> None:
        for port, given in step.inputs.items():
            uses = made.uses.get(port, 0)
            if not uses:
                continue
            text, counts = phrase(given.text, self.mode)
            parts = {f"p{i}": self.param(p) for i, p in enumerate(given.params)} | {"X0": "X[0]"}
            parts |= {f"x{i}": self.source(s) for i, s in enumerate(given.sources)}
            simple = len(counts) == 1 and text.parts[::2] == ("", "")
            filled = text.fill(parts, f"{prefix}{port}__")
            if simple and (uses == 1 or filled.startswith("v")):
                names[port] = filled
            else:
                self.lines.append(f"{prefix}{port} = {filled}")
                names[port] = prefix + port
        for port, sources in step.gates.items():
            for half, field_name in enumerate(("level", "rises")):
                if f"{port}.{field_name}" in made.uses:
                    names[f"{port}.{field_name}"] = self._gate([pair[half] for pair in sources], prefix + port, half)

    def _gate(self, sources: Sequence[Source], local: str, half: int) -> str:
        if not sources:
            return "0.0"
        text = "x0"
        for i in range(1, len(sources)):
            text = f"max({text}, x{i})"
        filled = phrase(text, self.mode)[0].fill({f"x{i}": self.source(s) for i, s in enumerate(sources)}, f"{local}__")
        name = f"{local}__{'level' if half == 0 else 'rises'}"
        self.lines.append(f"{name} = {filled}")
        return name


def chunk_text(steps: Sequence[Step], way: Way) -> str:
    """The function of some steps, in order: `chunk(B, S, P, X, t)`, or with arrays `chunk(A, P, X, t)`."""
    writer = _Writer(way)
    for number, step in enumerate(steps):
        writer.step(step, number)
    head = [f"t_{name} = t.{name}" for name in sorted(writer.fields)]
    arguments = "A, P, X, t" if way == "array" else "B, S, P, X, t"
    return _function(arguments, [*head, *writer.lines])


def scan_text(steps: Sequence[Step], wanted: Container[int]) -> str:
    """The function that runs steps with state or in a loop over n frames: `chunk(A, B, S, P, X, t, n)`.

    Values within the scan pass from node to node as in the float program: those of later nodes are of the frame before.
    Slots that are not wanted leave only their last value.
    """
    inside = [slot for step in steps for slot in step.written]
    cells = [cell for step in steps for cell in step.cells]
    writer = _Writer("scan", local=set(inside), wanted={slot for slot in inside if slot in wanted})
    for number, step in enumerate(steps):
        writer.step(step, number)
    kept = sorted(writer.wanted)
    head = [
        *(f"t_{name} = column(t.{name}, n)" if name in _RUNNING else f"t_{name} = t.{name}"
          for name in sorted(writer.fields)),
        *(f"p{number} = P[{number}]" for number in sorted(writer.params)),
        *(f"a{slot} = column(A[{slot}], n)" for slot in sorted(writer.outside)),
        *(f"v{slot} = B[{slot}]" for slot in inside),
        *(f"o{slot} = [0.0] * n" for slot in kept),
        *(f"s{cell} = S[{cell}]" for cell in cells),
        "for i in range(n):",
    ]  # fmt: skip
    tail = [
        *(f"A[{slot}] = array(o{slot})" for slot in kept),
        *(f"A[{slot}] = v{slot}" for slot in inside if slot not in writer.wanted),
        *(f"S[{cell}] = s{cell}" for cell in cells),
    ]
    return _function("A, B, S, P, X, t, n", [*head, *(f"    {line}" for line in writer.lines), *tail])


def _function(arguments: str, lines: Sequence[str]) -> str:
    return f"def chunk({arguments}):\n" + "\n".join(f"    {line}" for line in lines or ["pass"]) + "\n"


def _column(x: Any, n: int) -> list[float]:
    return x.tolist() if isinstance(x, np.ndarray) and x.ndim else [float(x)] * n


_SPACES: dict[Way, dict[str, Any]] = {
    "scalar": {**SCALAR, "__builtins__": {}},
    "array": {**ARRAY, "__builtins__": {}},
    "scan": {**SCALAR, "column": _column, "array": np.array, "range": range, "__builtins__": {}},
}


@lru_cache(maxsize=4096)
def function_of(text: str, way: Way) -> Callable[..., None]:
    """The compiled function of a program text."""
    space = dict(_SPACES[way])
    exec(compile(text, "<patch>", "exec"), space)
    return space["chunk"]
