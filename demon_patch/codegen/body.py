"""Reads and checks the body of a node, once, when its module is imported.

A body is straight-line arithmetic: assignments to new names, then one return. It may use

- numbers: parameters, states, earlier names, constants, `t.<field>`, `gate.level`, `gate.rises`, `inlet.wired`,
  `inlet.rank`;
- functions of the vocabulary, and phrases (arithmetic that bodies share);
- conditions, in conditional expressions only;
- options, compared with the names of their choices or given to `choose`;
- rows of ports and tables, read by the functions of rows only.
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
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class DeclarationError(DemonError):
    """A mistake in the declaration of a node. It is raised when the node's module is imported."""


@dataclass(frozen=True, eq=False)
class Body:
    """The checked arithmetic of a node. Two bodies are equal only if they are the same object."""

    lines: tuple[tuple[str, ast.expr], ...]
    """Its assignments in order: (name, expression of a number)."""
    outputs: tuple[tuple[ast.expr, ...], ...]
    """For each output the expressions of its numbers: one of a value, two of a gate (level, rises)."""
    states: tuple[ast.expr, ...]
    """For each state the expression of its next number or delay line."""
    state_names: tuple[str, ...] = ()

    @property
    def output_numbers(self) -> tuple[ast.expr, ...]:
        """The expressions of all outputs' numbers, one after the other."""
        return tuple(number for output in self.outputs for number in output)


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a body may use."""

    numbers: frozenset[str]
    """Value ports, curve ports and states."""
    gates: frozenset[str]
    options: Mapping[str, tuple[str, ...]]
    """By option, the names of its choices."""
    inlets: frozenset[str] = frozenset()
    """The inputs of a mix."""
    frame: str = "t"
    rows: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """By row, as a body writes it, its members; None for a table, whose numbers a setting decides."""
    phrases: Mapping[str, Phrase] = field(default_factory=dict)
    lines: frozenset[str] = frozenset()
    """States that are delay lines."""


class Checker:
    """Checks that expressions contain only what a body may contain. `complain(what, where)` raises the error of the
    first mistake."""

    def __init__(self, names: Names, complain: Callable[[str, ast.AST], NoReturn]) -> None:
        self.names, self.complain = names, complain
        self.locals: set[str] = set()

    def check_number(self, e: ast.expr) -> None:  # noqa: PLR0912 (one case for each form of the vocabulary)
        """Checks an expression that gives a number."""
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
                self.check_number(left)
                self.check_number(right)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self.check_number(operand)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.check_condition(test)
                self.check_number(body)
                self.check_number(orelse)
            case ast.Call():
                self.check_call(e)
            case _:
                self.complain(f"{type(e).__name__} is not part of the vocabulary", e)

    def check_call(self, e: ast.Call) -> None:
        """Checks a call of the vocabulary or of a phrase, and its number of arguments."""
        name = e.func.id if isinstance(e.func, ast.Name) else ""
        arguments = e.args
        if name == CHOOSE and self.names.options:
            self.check_choose(e)
            return
        if name in ROWS and self.names.rows:
            least, most = ROWS[name]
            rows = 2 if name == "total" else 1
            for row in e.args[:rows]:
                self.check_row(name, row)
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
            self.check_number(argument)

    def check_next_state(self, state: str, e: ast.expr) -> None:
        """Checks the next value of a state: a number; for a delay line, the line itself or `push` of a number into
        it."""
        match e:
            case _ if state not in self.names.lines:
                self.check_number(e)
            case ast.Name(id=name) if name == state:
                pass
            case ast.Call(func=ast.Name(id="push"), args=[ast.Name(id=name), x], keywords=[]) if name == state:
                self.check_number(x)
            case _:
                self.complain(f"the next state of the line {state} is push({state}, a number)", e)

    def check_row(self, function: str, e: ast.expr) -> None:
        """Checks the row that a function reads: `reached` reads only tables, `pick` and `count` read tables and rows of
        ports, other functions only rows of ports."""
        written, table = ast.unparse(e), ast.unparse(e) in self.names.rows and self.names.rows[ast.unparse(e)] is None
        if written not in self.names.rows:
            self.complain(f"{function} reads a row of ports or a table, which {written[:40]} is not", e)
        if table != (function == "reached") and function not in ("pick", "count"):
            self.complain(f"{function} reads {'no' if table else 'only a'} table, unlike {written}", e)

    def check_choose(self, e: ast.Call) -> None:
        """Checks a call of `choose`: it must have a number for every choice of an option."""
        option = e.args[0].id if len(e.args) == 1 and isinstance(e.args[0], ast.Name) else ""
        given = [word.arg for word in e.keywords]
        if option not in self.names.options or sorted(map(str, given)) != sorted(self.names.options[option]):
            self.complain("choose takes an option, and a number under the name of each of its choices", e)
        for word in e.keywords:
            self.check_number(word.value)

    def check_condition(self, e: ast.expr) -> None:
        """Checks an expression that is true or false."""
        match e:
            case ast.BoolOp(values=values):
                for part in values:
                    self.check_condition(part)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.check_condition(operand)
            case ast.Compare(left=ast.Name(id=name)) if name in self.names.options:
                self.check_choice(name, e)
            case ast.Compare(left=left, ops=ops, comparators=rest):
                if not all(type(op) in COMPARISONS for op in ops):
                    self.complain("numbers are compared with < <= > >= == !=", e)
                for part in (left, *rest):
                    self.check_number(part)
            case _:
                self.complain("a condition compares numbers or options", e)

    def check_choice(self, name: str, e: ast.Compare) -> None:
        """Checks a comparison of an option with the name of one of its choices, or with a tuple of them."""
        names = compared_choices(e)
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


def compared_choices(e: ast.Compare) -> tuple[str, ...] | None:
    """Returns the choices that a comparison names; None for a comparison that is not allowed for options."""
    if len(e.ops) != 1:
        return None
    right, many = e.comparators[0], isinstance(e.ops[0], (ast.In, ast.NotIn))
    parts = right.elts if many and isinstance(right, ast.Tuple) else [right]
    if not isinstance(e.ops[0], (ast.Eq, ast.NotEq, ast.In, ast.NotIn)) or (many and parts == [right]):
        return None
    words = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
    return tuple(words) if len(words) == len(parts) else None


def read_body(function: Callable[..., Any], node: str, names: Names, outs: list[bool], states: tuple[str, ...]) -> Body:
    """Returns the checked body of `function`, with its phrases and rows inlined.

    outs: for each output, whether it is a gate.
    states: the names of the states.
    Raises DeclarationError with node, file and line for anything that a body may not contain.
    """
    definition, complain = _definition_of(function, node)
    checker, inliner = Checker(names, complain), Inliner(names.rows, names.phrases)
    last = _read_lines(definition, checker, inliner)
    parts = _returned_parts(last, len(outs) + len(states), complain)
    checked = [
        _output_parts(part, is_gate, checker, complain) for part, is_gate in zip(parts[: len(outs)], outs, strict=True)
    ]
    for name, part in zip(states, parts[len(outs) :], strict=True):
        checker.check_next_state(name, part)
    outputs = tuple(tuple(inliner(number) for number in output) for output in checked)
    following = tuple(inliner(part) for part in parts[len(outs) :])
    return Body(tuple(inliner.lines), outputs, following, states)


def phrase(function: Callable[..., float]) -> Phrase:
    """Declares arithmetic that bodies share: a function of numbers that returns one number, written like a body.
    Returns the phrase.

    Bodies of its module, and of modules that import it, call it by name. Raises DeclarationError for anything that a
    body may not contain.
    """
    definition, complain = _definition_of(function, f"phrase {function.__name__}")
    parameters = tuple(a.arg for a in definition.args.args)
    phrases = {name: it for name, it in function.__globals__.items() if isinstance(it, Phrase)}
    names = Names(frozenset(parameters), frozenset(), {}, frame="", phrases=phrases)
    checker, inliner = Checker(names, complain), Inliner({}, phrases)
    result = _read_lines(definition, checker, inliner)
    checker.check_number(result)
    result = inliner(result)
    return Phrase(function, parameters, tuple(inliner.lines), result)


def _definition_of(
    function: Callable[..., Any], node: str
) -> tuple[ast.FunctionDef, Callable[[str, ast.AST], NoReturn]]:
    """Returns the definition of a function, and a function that raises DeclarationError for a place in it."""
    source = textwrap.dedent(inspect.getsource(function))
    first, file = function.__code__.co_firstlineno, inspect.getsourcefile(function)

    def complain(what: str, where: ast.AST) -> NoReturn:
        line = first + getattr(where, "lineno", 1) - 1
        raise DeclarationError(f"line {line}: {what}", file=file, node=node)

    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition, complain


def _read_lines(definition: ast.FunctionDef, checker: Checker, inliner: Inliner) -> ast.expr:
    """Checks and inlines the lines of a body, and returns the expression behind its `return`."""
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
        checker.check_number(statement.value)
        taken.add(name)
        checker.locals.add(name)
        inliner.lines.append((name, inliner(statement.value)))
    if not statements or not isinstance(statements[-1], ast.Return) or statements[-1].value is None:
        complain(
            "a body ends with a return of its outputs and next state", statements[-1] if statements else definition
        )
    return statements[-1].value


def _returned_parts(value: ast.expr, count: int, complain: Callable[[str, ast.AST], NoReturn]) -> list[ast.expr]:
    if count == 1:
        return [value]
    if not isinstance(value, ast.Tuple) or len(value.elts) != count:
        complain(f"the return has {count} parts: outputs, then next state", value)
    return value.elts


def _output_parts(
    part: ast.expr, is_gate: bool, checker: Checker, complain: Callable[[str, ast.AST], NoReturn]
) -> tuple[ast.expr, ...]:
    if not is_gate:
        checker.check_number(part)
        return (part,)
    if not isinstance(part, ast.Tuple) or len(part.elts) != 2:
        complain("a gate output returns the pair (level, rises)", part)
    for number in part.elts:
        checker.check_number(number)
    return tuple(part.elts)
