"""Reads the body of a node: straight-line arithmetic in the fixed vocabulary, checked once at import.

A body is assignments to new names and one return. Numbers are parameters, state, earlier names, `t.<field>`,
`gate.level`, `gate.rises`, `inlet.wired`, `inlet.rank`, constants and calls of the vocabulary and of phrases;
conditions stand only in conditional expressions; options are only compared with their names, or chosen by; rows are
only read by functions of rows.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from demon_patch.codegen.frame import Frame, Gate, MixInput
from demon_patch.codegen.inline import Inliner, Phrase
from demon_patch.codegen.vocabulary import CHOOSE, CONSTANTS, FUNCTIONS, ROWS
from demon_patch.errors import DemonError

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
SIGNS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class DeclarationError(DemonError):
    """A node that is declared wrongly; raised when its module is imported."""


@dataclass(frozen=True, eq=False)
class Body:
    """A checked body: `lines` (name, number); `outputs`, one expression for a value, two (level, rises) for a gate;
    `states`, the next value of each state in order, and `state_names`. One equals only itself."""

    lines: tuple[tuple[str, ast.expr], ...]
    outputs: tuple[tuple[ast.expr, ...], ...]
    states: tuple[ast.expr, ...]
    state_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What a body may name: numbers (value and curve ports, state), gates, options with their choices, the inlets of a
    mix, rows by how they are written, with what stands in each (None for a table, which a setting decides), phrases,
    and states that are delay lines."""

    numbers: frozenset[str]
    gates: frozenset[str]
    options: Mapping[str, tuple[str, ...]]
    inlets: frozenset[str] = frozenset()
    frame: str = "t"
    rows: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    phrases: Mapping[str, Phrase] = field(default_factory=dict)
    lines: frozenset[str] = frozenset()


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
                known |= dict.fromkeys(self.names.inlets, MixInput._fields)
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
        """Checks a call of the vocabulary or of a phrase, and its number of arguments."""
        name = e.func.id if isinstance(e.func, ast.Name) else ""
        arguments = e.args
        if name == CHOOSE and self.names.options:
            self.chosen(e)
            return
        if name in ROWS and self.names.rows:
            least, most = ROWS[name]
            rows = 2 if name == "total" else 1
            for row in e.args[:rows]:
                self.row(name, row)
            arguments = e.args[rows:]
        elif name == "past" and self.names.lines:
            least = most = 2
            if not e.args or not isinstance(e.args[0], ast.Name) or e.args[0].id not in self.names.lines:
                self.complain("past reads a state that is a line", e)
            arguments = e.args[1:]
        elif name in self.names.phrases:
            least = most = len(self.names.phrases[name].parameters)
        elif name in FUNCTIONS:
            least, most = FUNCTIONS[name]
        else:
            self.complain(f"{ast.unparse(e.func)[:40]} is not a function of the vocabulary", e)
        if e.keywords or not least <= len(e.args) <= most:
            self.complain(f"{name} takes {least if least == most else f'{least} to {most}'} numbers", e)
        for argument in arguments:
            self.number(argument)

    def following(self, state: str, e: ast.expr) -> None:
        """Checks the next value of a state: a number, or of a line itself or what is pushed into it."""
        match e:
            case _ if state not in self.names.lines:
                self.number(e)
            case ast.Name(id=name) if name == state:
                pass
            case ast.Call(func=ast.Name(id="push"), args=[ast.Name(id=name), x], keywords=[]) if name == state:
                self.number(x)
            case _:
                self.complain(f"the next state of the line {state} is push({state}, a number)", e)

    def row(self, function: str, e: ast.expr) -> None:
        """Checks the row that a function of rows reads: of a table only what reads tables, `reached` nothing else."""
        written, table = ast.unparse(e), ast.unparse(e) in self.names.rows and self.names.rows[ast.unparse(e)] is None
        if written not in self.names.rows:
            self.complain(f"{function} reads a row of ports or a table, which {written[:40]} is not", e)
        if table != (function == "reached") and function not in ("pick", "count"):
            self.complain(f"{function} reads {'no' if table else 'only a'} table, unlike {written}", e)

    def chosen(self, e: ast.Call) -> None:
        """Checks that every choice of an option has its number."""
        option = e.args[0].id if len(e.args) == 1 and isinstance(e.args[0], ast.Name) else ""
        given = [word.arg for word in e.keywords]
        if option not in self.names.options or sorted(map(str, given)) != sorted(self.names.options[option]):
            self.complain("choose takes an option, and a number under the name of each of its choices", e)
        for word in e.keywords:
            self.number(word.value)

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
                if not all(type(op) in SIGNS for op in ops):
                    self.complain("numbers are compared with < <= > >= == !=", e)
                for part in (left, *rest):
                    self.number(part)
            case _:
                self.complain("a condition compares numbers or options", e)

    def choice(self, name: str, e: ast.Compare) -> None:
        """Checks a comparison of an option with one of its names, or with a tuple of them."""
        names = compared(e)
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


def compared(e: ast.Compare) -> tuple[str, ...] | None:
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
    """The checked body of `function`, its phrases and rows opened.

    outs: for each output whether it is a gate; states: the names of its state. Raises DeclarationError with
    node, file and line for anything outside the form.
    """
    definition, complain = _source(function, node)
    checker, opener = Checker(names, complain), Inliner(names.rows, names.phrases)
    last = _assignments(definition, checker, opener)
    parts = _parts(last, len(outs) + len(states), complain)
    halves = [_output(part, is_gate, checker, complain) for part, is_gate in zip(parts[: len(outs)], outs, strict=True)]
    for name, part in zip(states, parts[len(outs) :], strict=True):
        checker.following(name, part)
    outputs = tuple(tuple(opener(half) for half in pair) for pair in halves)
    following = tuple(opener(part) for part in parts[len(outs) :])
    return Body(tuple(opener.lines), outputs, following, states)


def phrase(function: Callable[..., float]) -> Phrase:
    """Declares arithmetic that bodies share: a function of numbers with a body as of a node, and one number out.

    Bodies of its module, and of modules that import it, call it by name. Raises DeclarationError.
    """
    definition, complain = _source(function, f"phrase {function.__name__}")
    parameters = tuple(a.arg for a in definition.args.args)
    phrases = {name: it for name, it in function.__globals__.items() if isinstance(it, Phrase)}
    names = Names(frozenset(parameters), frozenset(), {}, frame="", phrases=phrases)
    checker, opener = Checker(names, complain), Inliner({}, phrases)
    result = _assignments(definition, checker, opener)
    checker.number(result)
    result = opener(result)
    return Phrase(function, parameters, tuple(opener.lines), result)


def _source(function: Callable[..., Any], node: str) -> tuple[ast.FunctionDef, Callable[[str, ast.AST], NoReturn]]:
    """The definition of a function, and how to complain of a place in it."""
    source = textwrap.dedent(inspect.getsource(function))
    first, file = function.__code__.co_firstlineno, inspect.getsourcefile(function)

    def complain(what: str, where: ast.AST) -> NoReturn:
        line = first + getattr(where, "lineno", 1) - 1
        raise DeclarationError(f"line {line}: {what}", file=file, node=node)

    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition, complain


def _assignments(definition: ast.FunctionDef, checker: Checker, opener: Inliner) -> ast.expr:
    """Checks and opens the lines of a body up to its return, whose expression is left."""
    names, complain = checker.names, checker.complain
    statements = definition.body
    if statements and isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
        statements = statements[1:]
    members = [member for row, inside in names.rows.items() for member in (row, *(inside or ()))]
    taken = {*names.numbers, *names.lines, *names.gates, *names.options, *names.inlets, *names.phrases, names.frame}
    taken |= {*FUNCTIONS, *ROWS, *CONSTANTS, *(("past", "push") if names.lines else ())}
    taken |= {member.partition(".")[0] for member in members}
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
        opener.lines.append((name, opener(statement.value)))
    if not statements or not isinstance(statements[-1], ast.Return) or statements[-1].value is None:
        complain(
            "a body ends with a return of its outputs and next state", statements[-1] if statements else definition
        )
    return statements[-1].value


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
