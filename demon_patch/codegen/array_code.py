"""Like nodes as one function of many frames at once: rows of numbers [m nodes, n frames] in, rows and states out.

The text depends on the form of the nodes alone (body, kinds of inputs), never on their places or parameters, so that
an edit hardly ever compiles one. States come out as the float program has them, bit for bit: what leads to them is
computed with the functions of floats. What leads to sinks alone, and without a jump, may differ in the last bit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from demon_patch.arrays import Array
from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import names_read
from demon_patch.codegen.float_code import GATES
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.to_text import Text, TextWriter, text_template
from demon_patch.codegen.vectorise import ArrayStage, vectorise
from demon_patch.codegen.vocabulary import ARRAY, EXACT, SCALAR

_ROUNDED = re.compile(rf"\b({'|'.join(EXACT)})\(")
_STEADY = ("t.dt", "t.dbeat", "t.length")  # fields of a frame that are numbers in a run of frames


@dataclass(frozen=True, eq=False)
class Kind:
    """What nodes have in common that may run as one: `inputs` (port, text, number of sources), `gates` (port, number
    of cables). There is one for the same of each: see `kind_of`."""

    body: Body
    inputs: tuple[tuple[str, str, int], ...]
    gates: tuple[tuple[str, int], ...]


_KINDS: WeakValueDictionary[tuple[Any, ...], Kind] = WeakValueDictionary()  # those that steps are of


def kind_of(body: Body, inputs: tuple[tuple[str, str, int], ...], gates: tuple[tuple[str, int], ...]) -> Kind:
    """The kind of such nodes."""
    key = body, inputs, gates
    kind = _KINDS.get(key)
    if kind is None:
        _KINDS[key] = kind = Kind(body, inputs, gates)
    return kind


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of node in its place: which halves of outputs are `wanted`, and whether every bit counts, because they
    lead to a state or a jump."""

    kind: Kind
    wanted: tuple[bool, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class ArrayCode:
    """The function of a form: `function(x, p, c, X0, t, m, n)` of rows x [sources, m, n], parameters p [k, m, 1] and
    states c [s, m, 1] gives the wanted rows and the states after n frames. `rows` and `params`: which of a node's
    sources and parameters it takes, in order, as (port, number) or (port, number, half of a gate)."""

    function: Callable[..., tuple[tuple[Any, ...], tuple[Any, ...]]]
    rows: tuple[tuple[str, int, int], ...]
    params: tuple[tuple[str, int], ...]
    text: str


@dataclass(slots=True)
class _Writer:
    form: Form
    names: dict[str, str] = field(default_factory=dict)
    steady: set[str] = field(default_factory=lambda: set(_STEADY))
    moved: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    rows: list[tuple[str, int, int]] = field(default_factory=list)
    params: list[tuple[str, int]] = field(default_factory=list)
    space: dict[str, Any] = field(default_factory=dict)

    def result(self) -> ArrayCode:
        """The whole of it."""
        form, kind = self.form, self.form.kind
        body = kind.body
        unrolled = vectorise(body, form.wanted)
        moving = any(stage.kind not in (None, "still") for stage in unrolled.stages)
        used = {n for e in _expressions(unrolled.stages, unrolled.outputs) for n in names_read(e)}
        for port, text, count in kind.inputs:
            if port in used:
                self._input(port, text, count, moving or form.exact)
        for port, count in kind.gates:
            for half, name in enumerate(("level", "rises")):
                if f"{port}.{name}" in used:
                    self._gate(f"{port}.{name}", port, count, half)
        self.names |= {n: f"t.{n[2:]}" for n in used if n.startswith("t.")}
        for stage in unrolled.stages:
            for name, e in stage.before:
                self._line(name, e, stage.kind is not None or form.exact)
            self._settle(stage)
            for name, state in unrolled.later:
                if state in stage.states:
                    self.names[name] = f"s_{state}[:, 1:]"
        halves = [half for pair in unrolled.outputs for half in pair]
        outs = [self._text(half, form.exact) for half, take in zip(halves, form.wanted, strict=True) if take]
        last = [f"s_{s}[:, -1:]" if s in self.moved else f"c[{i}]" for i, s in enumerate(body.state_names)]
        self.lines.append(f"return ({''.join(f'{o}, ' for o in outs)}), ({''.join(f'{x}, ' for x in last)})")
        text = "def group(x, p, c, X0, t, m, n):\n" + "".join(f"    {line}\n" for line in self.lines)
        return ArrayCode(_made(text, {**_SPACE, **self.space}, "group"), tuple(self.rows), tuple(self.params), text)

    # -- what comes in ------------------------------------------------------------------------------------------
    def _input(self, port: str, text: str, count: int, exact: bool) -> None:
        made, counts = text_template(text, "array")
        parts: dict[str, str] = {"X0": "X0"}
        for token in sorted(counts):
            if token[0] == "x":
                parts[token] = f"x[{self._row(port, int(token[1:]), 0)}]"
            elif token[0] == "p":
                parts[token] = f"p[{len(self.params)}]"
                self.params.append((port, int(token[1:])))
        if not count:
            self.steady.add(port)
        filled = made.fill(parts, "")
        self.names[port] = f"i_{port}"
        self.lines.append(f"i_{port} = {_exactly(filled) if exact else filled}")

    def _row(self, port: str, number: int, half: int) -> int:
        self.rows.append((port, number, half))
        return len(self.rows) - 1

    def _gate(self, token: str, port: str, count: int, half: int) -> None:
        self.names[token] = name = f"g_{port}_{half}"
        text = f"x[{self._row(port, 0, half)}]" if count else "0.0"
        for i in range(1, count):
            text = f"max({text}, x[{self._row(port, i, half)}])"
            if i % GATES == 0:
                self.lines.append(f"{name} = {text}")
                text = name
        if not count:
            self.steady.add(token)
        self.lines.append(f"{name} = {text}")

    # -- the body -----------------------------------------------------------------------------------------------
    def _text(self, e: Any, exact: bool) -> str:
        filled = Text.parsed(TextWriter("array")(e)).fill(self.names, "l_")
        return _exactly(filled) if exact else filled

    def _line(self, name: str, e: Any, exact: bool) -> None:
        text = self._text(e, exact)
        if names_read(e) <= self.steady:
            self.steady.add(name)
        self.names[name] = f"l_{name}"
        self.lines.append(f"l_{name} = {text}")

    def _settle(self, stage: ArrayStage) -> None:
        index = {state: i for i, state in enumerate(self.form.kind.body.state_names)}
        if stage.kind == "still":
            self.names |= {state: f"c[{index[state]}]" for state in stage.states}
            self.steady |= set(stage.states)
            return
        if stage.kind in ("sum", "held"):
            (state,), (following,) = stage.states, stage.following
            filled = self._text(following, True)
            self.lines.append(f"s_{state} = {stage.kind}(c[{index[state]}], {filled}, m, n)")
        elif stage.kind == "loop":
            self._loop(stage, index)
        self.names |= {state: f"s_{state}[:, :-1]" for state in stage.states}
        self.moved |= set(stage.states)

    def _loop(self, stage: ArrayStage, index: Mapping[str, int]) -> None:
        local = {*stage.states, *(name for name, _ in stage.lines)}
        read = sorted({n for e in (*(e for _, e in stage.lines), *stage.following) for n in names_read(e)} - local)
        read = [n for n in read if n in self.names]
        steady = [n for n in read if n in self.steady]
        running = [n for n in read if n not in self.steady]
        name = f"loop{len(self.space)}"
        self.space[name] = _made(_loop_text(stage, steady, running), _LOOP_SPACE, "loop")
        states = "".join(f"s_{s}, " for s in stage.states)
        given = (f"({''.join(f'{self.names[n]}, ' for n in group)})" for group in (steady, running))
        first = f"({''.join(f'c[{index[s]}], ' for s in stage.states)})"
        self.lines.append(f"{states}= looped({name}, {', '.join(given)}, {first}, m, n)")


def _loop_text(stage: ArrayStage, steady: Sequence[str], running: Sequence[str]) -> str:
    """`loop(n, numbers..., lists..., first states...)`: the lists of n + 1 values of each state."""
    names = {name: f"a{i}" for i, name in enumerate(steady)}
    lists = [f"b{i}" for i in range(len(running))]
    names |= {name: f"x{i}" for i, name in enumerate(running)}
    states = [f"s{i}" for i in range(len(stage.states))]
    names |= dict(zip(stage.states, states, strict=True))
    speller = TextWriter("scalar")
    lines = [f"l_{name} = {Text.parsed(speller(e)).fill(names, 'l_')}" for name, e in stage.lines]
    following = [Text.parsed(speller(e)).fill(names, "l_") for e in stage.following]
    runs = {0: "for _ in range(n):", 1: "for x0 in b0:"}.get(
        len(running), f"for {', '.join(f'x{i}' for i in range(len(running)))} in zip({', '.join(lists)}):"
    )
    head = [f"o{i} = [{s}]" for i, s in enumerate(states)]
    head += [f"put{i} = o{i}.append" for i in range(len(states))]
    inner = [*lines, f"{', '.join(states)} = {', '.join(following)}", *(f"put{i}({s})" for i, s in enumerate(states))]
    arguments = ", ".join(["n", *(names[n] for n in steady), *lists, *states])
    last = f"return ({''.join(f'o{i}, ' for i in range(len(states)))})"
    return f"def loop({arguments}):\n" + "".join(
        f"    {line}\n" for line in (*head, runs, *(f"    {line}" for line in inner), last)
    )


def _exactly(text: str) -> str:
    return _ROUNDED.sub(r"exact_\1(", text)


def _expressions(stages: Iterable[ArrayStage], outputs: Iterable[Iterable[Any]]) -> Iterable[Any]:
    for stage in stages:
        yield from (e for _, e in (*stage.before, *stage.lines))
        yield from stage.following
    for pair in outputs:
        yield from pair


# -- what generated functions call --------------------------------------------------------------------------------
def _summed(first: Array, step: Any, m: int, n: int) -> Array:
    """[m, n + 1]: `first` and what it grows to; added up from left to right, as a loop would."""
    line = _held(first, step, m, n)
    return np.add.accumulate(line, axis=1, out=line)


def _held(first: Array, following: Any, m: int, n: int) -> Array:
    """[m, n + 1]: `first`, then what follows."""
    line = np.empty((m, n + 1))
    line[:, :1] = first
    line[:, 1:] = following
    return line


def _looped(
    loop: Callable[..., Any], steady: Sequence[Any], running: Sequence[Any], first: Sequence[Array], m: int, n: int
) -> list[Array]:
    """Each state [m, n + 1], by a loop of floats for each of the m nodes."""
    numbers = [np.broadcast_to(x, (m, 1))[:, 0].tolist() for x in steady]
    lists = [np.broadcast_to(x, (m, n)).tolist() for x in running]
    starts = [x[:, 0].tolist() for x in first]
    found = [np.empty((m, n + 1)) for _ in first]
    for row in range(m):
        given = [x[row] for x in (*numbers, *lists, *starts)]
        for line, state in zip(found, loop(n, *given), strict=True):
            line[row] = state
    return found


_SPACE: dict[str, Any] = {
    **ARRAY, **{f"exact_{name}": function for name, function in EXACT.items()},
    "sum": _summed, "held": _held, "looped": _looped, "__builtins__": {},
}  # fmt: skip
_LOOP_SPACE: dict[str, Any] = {**SCALAR, "range": range, "zip": zip, "__builtins__": {}}


def _made(text: str, space: Mapping[str, Any], name: str) -> Callable[..., Any]:
    room = dict(space)
    exec(compile(text, "<nodes>", "exec"), room)
    return room[name]


def array_code_of(form: Form) -> ArrayCode:
    """The function of a form, made once."""
    return _vector(form.kind, form.wanted, form.exact)


@cached_on_object
def _vector(kind: Kind, wanted: tuple[bool, ...], exact: bool) -> ArrayCode:
    return _Writer(Form(kind, wanted, exact)).result()
