"""Writes the array code of nodes: one function for all nodes of one kind and for many control frames at once.

The function takes and returns arrays [m nodes, n frames]. Its text depends on the kind of the nodes alone (the body and
how each input is wired), not on bus slots or parameters, so an edit rarely compiles one.

States equal those of the float code bit for bit: everything that leads to a state is computed with the functions of
floats. What leads to engine ports alone, without a jump, may differ in the last bit.
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
from demon_patch.codegen.float_code import MOST_GATES
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.to_text import Text, TextWriter, text_template
from demon_patch.codegen.vectorise import ArrayStage, vectorise
from demon_patch.codegen.vocabulary import ARRAY, EXACT, SCALAR

_ROUNDED = re.compile(rf"\b({'|'.join(EXACT)})\(")
_STEADY = ("t.dt", "t.dbeat", "t.length")
"""Fields of a frame that are single numbers, not arrays, in a run of control frames."""


@dataclass(frozen=True, eq=False)
class NodeKind:
    """What nodes must have in common to run as one function. Equal kinds are one object: see `node_kind`."""

    body: Body
    inputs: tuple[tuple[str, str, int], ...]
    """For each number port that the body reads: (port, text of its `InputCode`, number of sources)."""
    gates: tuple[tuple[str, int], ...]
    """For each gate port: (port, number of cables)."""


_KINDS: WeakValueDictionary[tuple[Any, ...], NodeKind] = WeakValueDictionary()


def node_kind(body: Body, inputs: tuple[tuple[str, str, int], ...], gates: tuple[tuple[str, int], ...]) -> NodeKind:
    """Returns the one `NodeKind` object with this body and these inputs."""
    key = body, inputs, gates
    kind = _KINDS.get(key)
    if kind is None:
        _KINDS[key] = kind = NodeKind(body, inputs, gates)
    return kind


@dataclass(frozen=True, slots=True)
class GroupForm:
    """What the array code of some nodes of one kind must compute."""

    kind: NodeKind
    wanted: tuple[bool, ...]
    """For each number of the outputs, whether it is needed: one for each value output, two for each gate output (level,
    rises)."""
    exact: bool
    """Whether every bit must equal the float code, because the outputs lead to a state or a jump."""


@dataclass(frozen=True, slots=True)
class ArrayCode:
    """The generated function for some nodes of one kind."""

    function: Callable[..., tuple[tuple[Any, ...], tuple[Any, ...]]]
    """`function(rows, params, states, t, m, n)` takes rows [sources, m, n], params [k, m, 1] and states [s, m, 1]. It
    returns the wanted outputs [m, n] and the states [m, 1] after n control frames."""
    rows: tuple[tuple[str, int, int], ...]
    """The sources of a node that it takes, in order: (port, number of the cable, part). part: 0, or 1 for the rises of
    a gate."""
    params: tuple[tuple[str, int], ...]
    """The parameters of a node that it takes, in order: (port, number of the parameter)."""
    text: str
    loops: tuple[str, ...] = ()
    """The texts of the loops over floats that it calls."""


@dataclass(slots=True)
class _ArrayWriter:
    form: GroupForm
    names: dict[str, str] = field(default_factory=dict)
    steady: set[str] = field(default_factory=lambda: set(_STEADY))
    changing: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    rows: list[tuple[str, int, int]] = field(default_factory=list)
    params: list[tuple[str, int]] = field(default_factory=list)
    space: dict[str, Any] = field(default_factory=dict)
    loops: list[str] = field(default_factory=list)

    def result(self) -> ArrayCode:
        """Returns the function of the whole group."""
        form, kind = self.form, self.form.kind
        body = kind.body
        stages_of_body = vectorise(body, form.wanted)
        moving = any(stage.kind not in (None, "still") for stage in stages_of_body.stages)
        used = {n for e in _expressions(stages_of_body.stages, stages_of_body.outputs) for n in names_read(e)}
        for port, text, count in kind.inputs:
            if port in used:
                self._add_input(port, text, count, moving or form.exact)
        for port, count in kind.gates:
            for part, name in enumerate(("level", "rises")):
                if f"{port}.{name}" in used:
                    self._add_gate(f"{port}.{name}", port, count, part)
        self.names |= {n: f"t.{n[2:]}" for n in used if n.startswith("t.")}
        for stage in stages_of_body.stages:
            for name, e in stage.before:
                self._add_line(name, e, stage.kind is not None or form.exact)
            self._add_states(stage)
            for name, state in stages_of_body.next_state_names:
                if state in stage.states:
                    self.names[name] = f"s_{state}[:, 1:]"
        numbers = [number for pair in stages_of_body.outputs for number in pair]
        outs = [self._text(number, form.exact) for number, take in zip(numbers, form.wanted, strict=True) if take]
        last = [f"s_{s}[:, -1:]" if s in self.changing else f"states[{i}]" for i, s in enumerate(body.state_names)]
        self.lines.append(f"return ({''.join(f'{o}, ' for o in outs)}), ({''.join(f'{x}, ' for x in last)})")
        text = "def nodes(rows, params, states, t, m, n):\n" + "".join(f"    {line}\n" for line in self.lines)
        return ArrayCode(
            _function_of_text(text, {**_SPACE, **self.space}, "nodes"), tuple(self.rows), tuple(self.params),
            text, tuple(self.loops),
        )  # fmt: skip

    # -- inputs ------------------------------------------------------------------------------------------
    def _add_input(self, port: str, text: str, count: int, exact: bool) -> None:
        made, counts = text_template(text, "array")
        parts: dict[str, str] = {}
        for token in sorted(counts):
            if token[0] == "x":
                parts[token] = f"rows[{self._row(port, int(token[1:]), 0)}]"
            elif token[0] == "p":
                parts[token] = f"params[{len(self.params)}]"
                self.params.append((port, int(token[1:])))
        if not count:
            self.steady.add(port)
        filled = made.fill(parts, "")
        self.names[port] = f"i_{port}"
        self.lines.append(f"i_{port} = {_with_exact_functions(filled) if exact else filled}")

    def _row(self, port: str, number: int, part: int) -> int:
        self.rows.append((port, number, part))
        return len(self.rows) - 1

    def _add_gate(self, token: str, port: str, count: int, part: int) -> None:
        self.names[token] = name = f"g_{port}_{part}"
        text = f"rows[{self._row(port, 0, part)}]" if count else "0.0"
        for i in range(1, count):
            text = f"max({text}, rows[{self._row(port, i, part)}])"
            if i % MOST_GATES == 0:
                self.lines.append(f"{name} = {text}")
                text = name
        if not count:
            self.steady.add(token)
        self.lines.append(f"{name} = {text}")

    # -- the body -----------------------------------------------------------------------------------------------
    def _text(self, e: Any, exact: bool) -> str:
        filled = Text.parsed(TextWriter("array")(e)).fill(self.names, "l_")
        return _with_exact_functions(filled) if exact else filled

    def _add_line(self, name: str, e: Any, exact: bool) -> None:
        text = self._text(e, exact)
        if names_read(e) <= self.steady:
            self.steady.add(name)
        self.names[name] = f"l_{name}"
        self.lines.append(f"l_{name} = {text}")

    def _add_states(self, stage: ArrayStage) -> None:
        index = {state: i for i, state in enumerate(self.form.kind.body.state_names)}
        if stage.kind == "still":
            self.names |= {state: f"states[{index[state]}]" for state in stage.states}
            self.steady |= set(stage.states)
            return
        if stage.kind in ("sum", "held"):
            (state,), (following,) = stage.states, stage.following
            filled = self._text(following, True)
            self.lines.append(f"s_{state} = {stage.kind}(states[{index[state]}], {filled}, m, n)")
        elif stage.kind == "loop":
            self._add_loop(stage, index)
        self.names |= {state: f"s_{state}[:, :-1]" for state in stage.states}
        self.changing |= set(stage.states)

    def _add_loop(self, stage: ArrayStage, index: Mapping[str, int]) -> None:
        local = {*stage.states, *(name for name, _ in stage.lines)}
        read = sorted({n for e in (*(e for _, e in stage.lines), *stage.following) for n in names_read(e)} - local)
        read = [n for n in read if n in self.names]
        steady = [n for n in read if n in self.steady]
        running = [n for n in read if n not in self.steady]
        name = f"loop{len(self.space)}"
        text = _loop_text(stage, steady, running)
        self.loops.append(text.replace("def loop(", f"def {name}(", 1))
        self.space[name] = _function_of_text(text, _LOOP_SPACE, "loop")
        states = "".join(f"s_{s}, " for s in stage.states)
        given = (f"({''.join(f'{self.names[n]}, ' for n in group)})" for group in (steady, running))
        first = f"({''.join(f'states[{index[s]}], ' for s in stage.states)})"
        self.lines.append(f"{states}= looped({name}, {', '.join(given)}, {first}, m, n)")


def _loop_text(stage: ArrayStage, steady: Sequence[str], running: Sequence[str]) -> str:
    """Returns the text of `loop(n, numbers..., lists..., first states...)`, which returns the n + 1 numbers of each
    state."""
    names = {name: f"a{i}" for i, name in enumerate(steady)}
    lists = [f"b{i}" for i in range(len(running))]
    names |= {name: f"x{i}" for i, name in enumerate(running)}
    states = [f"s{i}" for i in range(len(stage.states))]
    names |= dict(zip(stage.states, states, strict=True))
    writer = TextWriter("scalar")
    lines = [f"l_{name} = {Text.parsed(writer(e)).fill(names, 'l_')}" for name, e in stage.lines]
    following = [Text.parsed(writer(e)).fill(names, "l_") for e in stage.following]
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


def _with_exact_functions(text: str) -> str:
    return _ROUNDED.sub(r"exact_\1(", text)


def _expressions(stages: Iterable[ArrayStage], outputs: Iterable[Iterable[Any]]) -> Iterable[Any]:
    for stage in stages:
        yield from (e for _, e in (*stage.before, *stage.lines))
        yield from stage.following
    for pair in outputs:
        yield from pair


# -- what generated functions call --------------------------------------------------------------------------------
def _running_sum(first: Array, step: Any, m: int, n: int) -> Array:
    """Returns the running sum [m, n + 1] that begins with `first`, added from left to right, as a loop does."""
    line = _shifted(first, step, m, n)
    return np.add.accumulate(line, axis=1, out=line)


def _shifted(first: Array, following: Any, m: int, n: int) -> Array:
    """Returns [m, n + 1]: `first`, then `following`."""
    line = np.empty((m, n + 1))
    line[:, :1] = first
    line[:, 1:] = following
    return line


def _looped(
    loop: Callable[..., Any], steady: Sequence[Any], running: Sequence[Any], first: Sequence[Array], m: int, n: int
) -> list[Array]:
    """Runs a loop over floats for each of the m nodes, and returns each state, [m, n + 1]."""
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
    "sum": _running_sum, "held": _shifted, "looped": _looped, "__builtins__": {},
}  # fmt: skip
_LOOP_SPACE: dict[str, Any] = {**SCALAR, "range": range, "zip": zip, "__builtins__": {}}


def _function_of_text(text: str, space: Mapping[str, Any], name: str) -> Callable[..., Any]:
    room = dict(space)
    exec(compile(text, "<nodes>", "exec"), room)
    return room.pop(name)  # a function among its own globals would hold itself


def array_code_of(form: GroupForm) -> ArrayCode:
    """Returns the array code for a form. It is generated once and kept in the form's kind."""
    return _array_code(form.kind, form.wanted, form.exact)


@cached_on_object
def _array_code(kind: NodeKind, wanted: tuple[bool, ...], exact: bool) -> ArrayCode:
    return _ArrayWriter(GroupForm(kind, wanted, exact)).result()
