"""Reads the body of a node: straight-line arithmetic in the fixed vocabulary, checked once at import.

A body is assignments to new names and one return. Numbers are parameters, state, earlier names, `t.<field>`,
`gate.level`, `gate.rises`, `inlet.wired`, `inlet.rank`, constants and calls of the vocabulary; conditions stand only in
conditional expressions; options are only compared with their names.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from demon_patch.errors import DemonError
from demon_patch.nodes.frame import Frame, Gate, Inlet
from demon_patch.nodes.vocabulary import CONSTANTS, FUNCTIONS

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_SIGNS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ENDS: dict[str, Callable[[Any], Any]] = {"min": min, "max": max}


class DeclarationError(DemonError):
    """A node that is declared wrongly; raised when its module is imported."""


@dataclass(frozen=True, slots=True)
class Body:
    """A checked body: `lines` (name, number); `outputs`, one expression for a value, two (level, rises) for a gate;
    `states`, the next value of each state in order, and `state_names`."""

    lines: tuple[tuple[str, ast.expr], ...]
    outputs: tuple[tuple[ast.expr, ...], ...]
    states: tuple[ast.expr, ...]
    state_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What a body may name: numbers (value and curve ports, state), gates, options with their choices, and the inlets
    of a mix."""

    numbers: frozenset[str]
    gates: frozenset[str]
    options: Mapping[str, tuple[str, ...]]
    inlets: frozenset[str] = frozenset()
    frame: str = "t"


class Checker:
    """Walks expressions and refuses what is outside the form; `complain(what, where)` raises."""

    def __init__(self, names: Names, complain: Callable[[str, ast.AST], NoReturn]) -> None:
        self.names, self.complain = names, complain
        self.locals: set[str] = set()

    def number(self, e: ast.expr) -> None:  # noqa: PLR0912 (one case for each form of the vocabulary)
        """Checks an expression that yields a number."""
        match e:
            case ast.Constant(value=bool() | str() | None):
                self.complain("only numbers can be computed with", e)
            case ast.Constant(value=int() | float() as constant):
                if not math.isfinite(_as_float(constant)):
                    self.complain("a number is too large", e)
            case ast.Name(id=name):
                if name in self.names.options:
                    self.complain(f"option {name} can only be compared with its choices", e)
                if name not in self.names.numbers | self.locals and name not in CONSTANTS:
                    self.complain(f"unknown name {name}", e)
            case ast.Attribute(value=ast.Name(id=name), attr=field):
                known = {self.names.frame: Frame._fields} | dict.fromkeys(self.names.gates, Gate._fields)
                known |= dict.fromkeys(self.names.inlets, Inlet._fields)
                if field not in known.get(name, ()):
                    self.complain(f"unknown name {name}.{field}", e)
            case ast.BinOp(left=left, op=op, right=right):
                if not isinstance(op, _ARITHMETIC):
                    self.complain(f"{type(op).__name__} is not part of the vocabulary", e)
                self.number(left)
                self.number(right)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self.number(operand)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.condition(test)
                self.number(body)
                self.number(orelse)
            case ast.Call():
                self.call(e)
            case _:
                self.complain(f"{type(e).__name__} is not part of the vocabulary", e)

    def call(self, e: ast.Call) -> None:
        """Checks a call of the vocabulary and its number of arguments."""
        if not isinstance(e.func, ast.Name) or e.func.id not in FUNCTIONS:
            self.complain(f"{ast.unparse(e.func)[:40]} is not a function of the vocabulary", e)
        least, most = FUNCTIONS[e.func.id]
        if e.keywords or not least <= len(e.args) <= most:
            self.complain(f"{e.func.id} takes {least if least == most else f'{least} to {most}'} numbers", e)
        for argument in e.args:
            self.number(argument)

    def condition(self, e: ast.expr) -> None:
        """Checks an expression that yields true or false."""
        match e:
            case ast.BoolOp(values=values):
                for part in values:
                    self.condition(part)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.condition(operand)
            case ast.Compare(left=ast.Name(id=name)) if name in self.names.options:
                self.choice(name, e)
            case ast.Compare(left=left, ops=ops, comparators=rest):
                if not all(type(op) in _SIGNS for op in ops):
                    self.complain("numbers are compared with < <= > >= == !=", e)
                for part in (left, *rest):
                    self.number(part)
            case _:
                self.complain("a condition compares numbers or options", e)

    def choice(self, name: str, e: ast.Compare) -> None:
        """Checks a comparison of an option with one of its names, or with a tuple of them."""
        names = _compared(e)
        if names is None:
            self.complain(f"option {name} is compared by ==, != or in, with its choices", e)
        for word in names:
            if word not in self.names.options[name]:
                self.complain(f"{word!r} is not a choice of option {name}", e)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _compared(e: ast.Compare) -> tuple[str, ...] | None:
    """The words an option is compared with, or None where the form is another."""
    if len(e.ops) != 1:
        return None
    right, many = e.comparators[0], isinstance(e.ops[0], (ast.In, ast.NotIn))
    parts = right.elts if many and isinstance(right, ast.Tuple) else [right]
    if not isinstance(e.ops[0], (ast.Eq, ast.NotEq, ast.In, ast.NotIn)) or (many and parts == [right]):
        return None
    words = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
    return tuple(words) if len(words) == len(parts) else None


def read_body(function: Callable[..., Any], node: str, names: Names, outs: list[bool], states: tuple[str, ...]) -> Body:
    """The checked body of `function`.

    outs: for each output whether it is a gate; states: the names of its state. Raises DeclarationError with
    node, file and line for anything outside the form.
    """
    source = textwrap.dedent(inspect.getsource(function))
    first, file = function.__code__.co_firstlineno, inspect.getsourcefile(function)

    def complain(what: str, where: ast.AST) -> NoReturn:
        line = first + getattr(where, "lineno", 1) - 1
        raise DeclarationError(f"line {line}: {what}", file=file, node=node)

    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    statements = definition.body
    if statements and isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
        statements = statements[1:]
    checker = Checker(names, complain)
    taken = {*names.numbers, *names.gates, *names.options, *names.inlets, *FUNCTIONS, *CONSTANTS, names.frame}
    lines: list[tuple[str, ast.expr]] = []
    for statement in statements[:-1]:
        if isinstance(statement, ast.Return):
            complain("a body has one return, at its end", statement)
        if (
            not isinstance(statement, ast.Assign)
            or len(statement.targets) != 1
            or not isinstance(statement.targets[0], ast.Name)
        ):
            complain("a body is a straight line of assignments to names", statement)
        name = statement.targets[0].id
        if name in taken:
            complain(f"{name} is assigned twice or already means something", statement)
        checker.number(statement.value)
        taken.add(name)
        checker.locals.add(name)
        lines.append((name, statement.value))
    if not statements or not isinstance(statements[-1], ast.Return) or statements[-1].value is None:
        complain(
            "a body ends with a return of its outputs and next state", statements[-1] if statements else definition
        )
    parts = _parts(statements[-1].value, len(outs) + len(states), complain)
    outputs = tuple(
        _output(part, is_gate, checker, complain) for part, is_gate in zip(parts[: len(outs)], outs, strict=True)
    )
    for part in parts[len(outs) :]:
        checker.number(part)
    return Body(tuple(lines), outputs, tuple(parts[len(outs) :]), states)


def _parts(value: ast.expr, count: int, complain: Callable[[str, ast.AST], NoReturn]) -> list[ast.expr]:
    if count == 1:
        return [value]
    if not isinstance(value, ast.Tuple) or len(value.elts) != count:
        complain(f"the return has {count} parts: outputs, then next state", value)
    return value.elts


def _output(
    part: ast.expr, is_gate: bool, checker: Checker, complain: Callable[[str, ast.AST], NoReturn]
) -> tuple[ast.expr, ...]:
    if not is_gate:
        checker.number(part)
        return (part,)
    if not isinstance(part, ast.Tuple) or len(part.elts) != 2:
        complain("a gate output returns the pair (level, rises)", part)
    for half in part.elts:
        checker.number(half)
    return tuple(part.elts)


class Folder(ast.NodeTransformer):
    """Replaces comparisons of options and readings of unwired gates and of inlets by what they come to, and drops the
    branches not taken."""

    def __init__(self, options: Mapping[str, str], unwired: frozenset[str], inlets: Mapping[str, Inlet]) -> None:
        self.options, self.unwired, self.inlets = options, unwired, inlets
        self.known: dict[str, ast.expr] = {}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        if name in self.inlets:
            return ast.Constant(getattr(self.inlets[name], node.attr))
        return ast.Constant(0.0) if name in self.unwired else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        known = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if isinstance(node.func, ast.Name) and node.func.id in _ENDS and len(known) == len(node.args):
            return ast.Constant(_ENDS[node.func.id](known))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if isinstance(node.left, ast.Name) and node.left.id in self.options:
            words, equal = _compared(node) or (), isinstance(node.ops[0], (ast.Eq, ast.In))
            return ast.Constant((self.options[node.left.id] in words) == equal)
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        known: list[Any] = [side.value for side in sides if isinstance(side, ast.Constant)]
        if len(known) < len(sides):
            return node
        return ast.Constant(
            all(_SIGNS[type(op)](a, b) for a, op, b in zip(known[:-1], node.ops, known[1:], strict=True))
        )

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        decisive = isinstance(node.op, ast.Or)
        open_parts = [v for v in node.values if not isinstance(v, ast.Constant)]
        if any(isinstance(v, ast.Constant) and v.value is decisive for v in node.values):
            return ast.Constant(decisive)
        if len(open_parts) < 2:
            return open_parts[0] if open_parts else ast.Constant(not decisive)
        return ast.BoolOp(node.op, open_parts)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node


def fold(
    body: Body,
    options: Mapping[str, str],
    unwired: frozenset[str] = frozenset(),
    inlets: Mapping[str, Inlet] = MappingProxyType({}),
) -> Body:
    """The body with its options settled, its unwired gates at rest and its inlets known.

    Names that only repeat another name or a constant are replaced by it, and names no longer used are dropped.
    """
    folder = Folder(options, unwired, inlets)

    def settle(e: ast.expr) -> ast.expr:
        return folder.visit(ast.parse(ast.unparse(e), mode="eval").body)

    settled: list[tuple[str, ast.expr]] = []
    for name, e in body.lines:
        made = settle(e)
        if isinstance(made, (ast.Name, ast.Constant)):
            folder.known[name] = made
        else:
            settled.append((name, made))
    outputs = tuple(tuple(settle(e) for e in pair) for pair in body.outputs)
    states = tuple(settle(e) for e in body.states)
    used = {n for e in (*states, *(e for pair in outputs for e in pair)) for n in names_in(e)}
    lines: list[tuple[str, ast.expr]] = []
    for name, e in reversed(settled):
        if name in used:
            used |= names_in(e)
            lines.append((name, e))
    return Body(tuple(reversed(lines)), outputs, states, body.state_names)


def names_in(e: ast.expr) -> set[str]:
    """Every plain name in an expression."""
    return {n.id for n in ast.walk(e) if isinstance(n, ast.Name)}
