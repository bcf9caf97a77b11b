"""Plans how a body runs over many control frames at once: what is computed for all frames, and which states need a
loop.

Most states need no loop. A state that only adds up is a running sum. A state whose next number depends on no state is
that number, one frame later. The rest are true recurrences: they run as a loop over floats, together with the lines
that need them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import copied, names_read
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.vocabulary import CONSTANTS

Line = tuple[str, ast.expr]
StageKind = Literal["still", "sum", "held", "loop"]

_MAY_FAIL = (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_NEVER_FAIL = frozenset({"min", "max", "clamp", "abs", "floor", "hash01", "sin", "cos", "tanh"})


@dataclass(frozen=True, slots=True)
class ArrayStage:
    """One stage of a body: some lines for all control frames at once, then some states. The last stage has no
    states."""

    before: tuple[Line, ...]
    """The lines that are computed for all control frames at once."""
    kind: StageKind | None = None
    """How the states are computed. still: they never change. sum: each adds a number that depends on no state without a
    stage. held: the next number depends on no such state. loop: frame by frame."""
    states: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    """The lines within a loop, computed frame by frame."""
    following: tuple[ast.expr, ...] = ()
    """For each state its next number; in a sum the number that is added."""


@dataclass(frozen=True, slots=True)
class Vectorised:
    """A body as stages, in running order."""

    stages: tuple[ArrayStage, ...]
    next_state_names: tuple[tuple[str, str], ...]
    """The names of lines that are the next number of a state: (name of the line, state)."""
    outputs: tuple[tuple[ast.expr, ...], ...]


def vectorise(body: Body, wanted: tuple[bool, ...]) -> Vectorised:
    """Returns the stages of a body. wanted: for each number of its outputs, whether it is needed (a gate has two, level
    and rises); the others become 0."""
    return _StagePlanner(body).result(wanted)


class _StagePlanner:
    def __init__(self, body: Body) -> None:
        self.body = body
        self.line = dict(body.lines)
        self.next = dict(zip(body.state_names, body.states, strict=True))
        self.open = set(self.next)  # states without a stage
        self.done: set[str] = set()  # lines within a stage
        self.next_state_names: dict[str, str] = {}
        self.hoisted = 0

    def result(self, wanted: tuple[bool, ...]) -> Vectorised:
        """Returns all stages."""
        zero = ast.Constant(0.0)
        kept = iter([number if take else zero for number, take in zip(self.body.output_numbers, wanted, strict=True)])
        outputs = tuple(tuple(next(kept) for _ in pair) for pair in self.body.outputs)
        stages = list(self._stages())
        last = tuple(
            self._take_pending_lines({name for pair in outputs for number in pair for name in names_read(number)})
        )
        return Vectorised((*stages, ArrayStage(last)), tuple(self.next_state_names.items()), outputs)

    def _stages(self) -> Iterator[ArrayStage]:
        still = tuple(s for s, e in self.next.items() if isinstance(e, ast.Name) and e.id == s)
        if still:
            self._mark_settled(still)
            yield ArrayStage((), "still", still)
        while self.open:
            state = min(self.open, key=lambda s: (len(self._open_states_behind(s)), self.body.state_names.index(s)))
            needs = self._open_states_behind(state)
            if not needs:
                yield self._stage_of_one("held", state, self.next[state])
            elif needs == {state} and (step := self._increment(state)) is not None:
                yield self._stage_of_one("sum", state, step)
            else:
                yield self._loop_stage(tuple(s for s in self.body.state_names if s in needs | {state}))

    def _stage_of_one(self, kind: StageKind, state: str, following: ast.expr) -> ArrayStage:
        before = tuple(self._take_pending_lines(names_read(following)))
        self._mark_settled((state,))
        return ArrayStage(before, kind, (state,), (), (following,))

    def _loop_stage(self, states: tuple[str, ...]) -> ArrayStage:
        names = self._pending_lines({n for s in states for n in names_read(self.next[s])})
        inside = [n for n in names if self._states_behind(names_read(self.line[n])) & self.open]
        moving = {*states, *inside}
        hoist = _Hoister(moving.isdisjoint, self.hoisted)
        lines = tuple((n, hoist(self.line[n])) for n in inside)
        following = tuple(hoist(self.next[s]) for s in states)
        self.hoisted = hoist.count
        read = {n for e in (*(e for _, e in lines), *following, *(e for _, e in hoist.made)) for n in names_read(e)}
        before = (*self._take_pending_lines(read - moving), *hoist.made)
        self._mark_settled(states)
        return ArrayStage(before, "loop", states, lines, following)

    def _mark_settled(self, states: tuple[str, ...]) -> None:
        self.open -= set(states)
        for state in states:
            following = self.next[state]
            if isinstance(following, ast.Name) and following.id in self.line and following.id not in self.done:
                self.next_state_names[following.id] = state
                self.done.add(following.id)

    def _increment(self, state: str) -> ast.expr | None:
        """Returns what a state adds to itself in a control frame; None where it does anything else."""
        match self.next[state]:
            case ast.BinOp(left=ast.Name(id=left), op=ast.Add(), right=step) if left == state:
                pass
            case ast.BinOp(left=step, op=ast.Add(), right=ast.Name(id=right)) if right == state:
                pass
            case ast.BinOp(left=ast.Name(id=left), op=ast.Sub(), right=taken) if left == state:
                step = ast.UnaryOp(ast.USub(), taken)
            case _:
                return None
        return None if self._states_behind(names_read(step)) & self.open else step

    def _open_states_behind(self, state: str) -> set[str]:
        """Returns the states without a stage on which the next number of a state depends, directly or through each
        other."""
        found: set[str] = set()
        waiting = {state}
        while waiting:
            more = self._states_behind(names_read(self.next[waiting.pop()])) & self.open
            waiting |= more - found
            found |= more
        return found

    def _states_behind(self, names: set[str]) -> set[str]:
        """Returns the states on which names depend, through lines without a stage."""
        return {n for n in names if n in self.next} | {
            s for n in self._pending_lines(names) for s in names_read(self.line[n]) if s in self.next
        }

    def _pending_lines(self, names: set[str]) -> list[str]:
        """Returns the lines without a stage that names need, in the body's order."""
        found: set[str] = set()
        waiting = {n for n in names if n in self.line and n not in self.done}
        while waiting:
            found.add(name := waiting.pop())
            waiting |= {n for n in names_read(self.line[name]) if n in self.line and n not in self.done} - found
        return [n for n, _ in self.body.lines if n in found]

    def _take_pending_lines(self, names: set[str]) -> Iterator[Line]:
        for name in self._pending_lines(names):
            self.done.add(name)
            yield name, self.line[name]


class _Hoister(ast.NodeTransformer):
    """Moves the parts of expressions that read only `known` names into lines of their own (`made`).

    Bare names and constants stay. Arithmetic that may fail stays too, within a branch that is perhaps not taken.
    """

    def __init__(self, known: Callable[[set[str]], bool], count: int = 0) -> None:
        self.known, self.count = known, count
        self.made: list[Line] = []
        self.branch = 0

    def __call__(self, e: ast.expr) -> ast.expr:
        return self.visit(copied(e))

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, (ast.BinOp, ast.Call, ast.IfExp)) and self.known(names_read(node)):
            if self.branch and _may_fail(node):
                return node
            name = f"_h{self.count}"
            self.count += 1
            self.made.append((name, node))
            return ast.Name(name, ast.Load())
        if isinstance(node, ast.IfExp):
            node.test = self.visit(node.test)
            self.branch += 1
            node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
            self.branch -= 1
            return node
        if isinstance(node, ast.Call):
            node.args = [self.visit(a) for a in node.args]
            return node
        return self.generic_visit(node)


def _may_fail(e: ast.expr) -> bool:
    """Returns whether an expression may have no result, such as a division by 0."""
    return any(
        (isinstance(part, ast.BinOp) and isinstance(part.op, _MAY_FAIL))
        or (isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id not in _NEVER_FAIL)
        for part in ast.walk(e)
    )


@cached_on_object
def split_steady_lines(body: Body, steady: frozenset[str]) -> tuple[tuple[Line, ...], Body]:
    """Returns the lines that are computed once, and the rest of the body, which reads them. steady: names whose numbers
    never change.

    Computed once are the lines that read only names of `steady`, and such parts of other expressions, which become
    lines of their own called _h0, _h1 and so on.
    """
    known = {*steady, *CONSTANTS}
    ahead: list[Line] = []
    hoist = _Hoister(known.issuperset)
    lines: list[Line] = []
    for name, e in body.lines:
        if names_read(e) <= known:
            ahead.append((name, e))
            known.add(name)
        else:
            lines.append((name, hoist(e)))
    outputs = tuple(tuple(hoist(number) for number in numbers) for numbers in body.outputs)
    states = tuple(hoist(e) for e in body.states)
    return (*ahead, *hoist.made), Body(tuple(lines), outputs, states, body.state_names)
