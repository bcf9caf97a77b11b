"""How a body runs over many frames at once: what can be computed for all of them, and which states need a loop.

Most states need none. One that only adds up is a running sum; one whose next value does not depend on a state is that
value a frame later. What is left, the true recurrences, runs as a loop of floats over just the lines that need it.
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
Kind = Literal["still", "sum", "held", "loop"]

_RISKY = (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_TOTAL = frozenset({"min", "max", "clamp", "abs", "floor", "hash01", "sin", "cos", "tanh"})


@dataclass(frozen=True, slots=True)
class ArrayStage:
    """`before`: lines for all frames at once. Then the states it settles: `still` (they never change), `sum` (each adds
    a number that is known), `held` (the next value is known) or `loop` (over `lines`). `following`: that number, or
    the next value, of each. A stage without states ends the body."""

    before: tuple[Line, ...]
    kind: Kind | None = None
    states: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    following: tuple[ast.expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Vectorised:
    """The stages of a body in order; `later`: names that are the next value of a state, with the state."""

    stages: tuple[ArrayStage, ...]
    later: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[ast.expr, ...], ...]


def vectorise(body: Body, wanted: tuple[bool, ...]) -> Vectorised:
    """The stages of a body, of which only the halves of outputs that are `wanted` count, in order."""
    return _Unroller(body).result(wanted)


class _Unroller:
    def __init__(self, body: Body) -> None:
        self.body = body
        self.line = dict(body.lines)
        self.next = dict(zip(body.state_names, body.states, strict=True))
        self.open = set(self.next)  # states that are not settled yet
        self.done: set[str] = set()  # lines that are computed
        self.later: dict[str, str] = {}
        self.hoisted = 0

    def result(self, wanted: tuple[bool, ...]) -> Vectorised:
        """The whole of it."""
        halves = [half for pair in self.body.outputs for half in pair]
        zero = ast.Constant(0.0)
        kept = iter([half if take else zero for half, take in zip(halves, wanted, strict=True)])
        outputs = tuple(tuple(next(kept) for _ in pair) for pair in self.body.outputs)
        stages = list(self._stages())
        last = tuple(self._ready({name for pair in outputs for half in pair for name in names_read(half)}))
        return Vectorised((*stages, ArrayStage(last)), tuple(self.later.items()), outputs)

    def _stages(self) -> Iterator[ArrayStage]:
        still = tuple(s for s, e in self.next.items() if isinstance(e, ast.Name) and e.id == s)
        if still:
            self._settle(still)
            yield ArrayStage((), "still", still)
        while self.open:
            state = min(self.open, key=lambda s: (len(self._needs(s)), self.body.state_names.index(s)))
            needs = self._needs(state)
            if not needs:
                yield self._known("held", state, self.next[state])
            elif needs == {state} and (step := self._added(state)) is not None:
                yield self._known("sum", state, step)
            else:
                yield self._loop(tuple(s for s in self.body.state_names if s in needs | {state}))

    def _known(self, kind: Kind, state: str, following: ast.expr) -> ArrayStage:
        before = tuple(self._ready(names_read(following)))
        self._settle((state,))
        return ArrayStage(before, kind, (state,), (), (following,))

    def _loop(self, states: tuple[str, ...]) -> ArrayStage:
        names = self._lines({n for s in states for n in names_read(self.next[s])})
        inside = [n for n in names if self._states(names_read(self.line[n])) & self.open]
        moving = {*states, *inside}
        hoist = _Hoist(moving.isdisjoint, self.hoisted)
        lines = tuple((n, hoist(self.line[n])) for n in inside)
        following = tuple(hoist(self.next[s]) for s in states)
        self.hoisted = hoist.count
        read = {n for e in (*(e for _, e in lines), *following, *(e for _, e in hoist.made)) for n in names_read(e)}
        before = (*self._ready(read - moving), *hoist.made)
        self._settle(states)
        return ArrayStage(before, "loop", states, lines, following)

    def _settle(self, states: tuple[str, ...]) -> None:
        self.open -= set(states)
        for state in states:
            following = self.next[state]
            if isinstance(following, ast.Name) and following.id in self.line and following.id not in self.done:
                self.later[following.id] = state
                self.done.add(following.id)

    def _added(self, state: str) -> ast.expr | None:
        """What a state adds to itself in a frame, if that is all that happens to it."""
        match self.next[state]:
            case ast.BinOp(left=ast.Name(id=left), op=ast.Add(), right=step) if left == state:
                pass
            case ast.BinOp(left=step, op=ast.Add(), right=ast.Name(id=right)) if right == state:
                pass
            case ast.BinOp(left=ast.Name(id=left), op=ast.Sub(), right=taken) if left == state:
                step = ast.UnaryOp(ast.USub(), taken)
            case _:
                return None
        return None if self._states(names_read(step)) & self.open else step

    def _needs(self, state: str) -> set[str]:
        """The open states that the next value of a state depends on, through each other."""
        found: set[str] = set()
        waiting = {state}
        while waiting:
            more = self._states(names_read(self.next[waiting.pop()])) & self.open
            waiting |= more - found
            found |= more
        return found

    def _states(self, names: set[str]) -> set[str]:
        """The states behind names, lines looked into as far as they are not computed."""
        return {n for n in names if n in self.next} | {
            s for n in self._lines(names) for s in names_read(self.line[n]) if s in self.next
        }

    def _lines(self, names: set[str]) -> list[str]:
        """The lines that names need and that are not computed, in the body's order."""
        found: set[str] = set()
        waiting = {n for n in names if n in self.line and n not in self.done}
        while waiting:
            found.add(name := waiting.pop())
            waiting |= {n for n in names_read(self.line[name]) if n in self.line and n not in self.done} - found
        return [n for n, _ in self.body.lines if n in found]

    def _ready(self, names: set[str]) -> Iterator[Line]:
        for name in self._lines(names):
            self.done.add(name)
            yield name, self.line[name]


class _Hoist(ast.NodeTransformer):
    """Takes out of expressions what reads only names that are `known` beforehand: all but bare names and constants,
    and what may fail within a branch that is perhaps not taken."""

    def __init__(self, known: Callable[[set[str]], bool], count: int = 0) -> None:
        self.known, self.count = known, count
        self.made: list[Line] = []
        self.branch = 0

    def __call__(self, e: ast.expr) -> ast.expr:
        return self.visit(copied(e))

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, (ast.BinOp, ast.Call, ast.IfExp)) and self.known(names_read(node)):
            if self.branch and _fails(node):
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


def _fails(e: ast.expr) -> bool:
    """Whether arithmetic may have no value."""
    return any(
        (isinstance(part, ast.BinOp) and isinstance(part.op, _RISKY))
        or (isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id not in _TOTAL)
        for part in ast.walk(e)
    )


@cached_on_object
def split_steady_lines(body: Body, steady: frozenset[str]) -> tuple[tuple[Line, ...], Body]:
    """What of a body can be computed once, from the names that are `steady`; and the body that is left of it."""
    known = {*steady, *CONSTANTS}
    ahead: list[Line] = []
    hoist = _Hoist(known.issuperset)
    lines: list[Line] = []
    for name, e in body.lines:
        if names_read(e) <= known:
            ahead.append((name, e))
            known.add(name)
        else:
            lines.append((name, hoist(e)))
    outputs = tuple(tuple(hoist(half) for half in pair) for pair in body.outputs)
    states = tuple(hoist(e) for e in body.states)
    return (*ahead, *hoist.made), Body(tuple(lines), outputs, states, body.state_names)
