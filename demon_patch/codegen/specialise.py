"""Specialises a body: replaces its options, tables, inlets and unwired gates by constants. Also returns the body of a
bypassed node."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from demon_patch.codegen.body import COMPARISONS, Body, compared_choices
from demon_patch.codegen.expressions import copied, names_read
from demon_patch.codegen.frame import Gate, MixInput
from demon_patch.codegen.vocabulary import CHOOSE

_FOLDED: dict[str, Callable[[Any], Any]] = {"min": min, "max": max}


class Specialiser(ast.NodeTransformer):
    """Replaces options, tables, inlets and unwired gates by constants, computes what depends on constants alone, and
    drops the branches that are not taken."""

    def __init__(
        self,
        options: Mapping[str, str],
        unwired: frozenset[str],
        tables: Mapping[str, Any],
        inlets: Mapping[str, MixInput],
    ) -> None:
        self.options, self.unwired, self.tables, self.inlets = options, unwired, tables, inlets
        self.known: dict[str, ast.expr] = {}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        if name in self.tables:
            return ast.Tuple([ast.Constant(float(x)) for x in getattr(self.tables[name], node.attr)], ast.Load())
        if name in self.inlets:
            return ast.Constant(getattr(self.inlets[name], node.attr))
        return ast.Constant(0.0) if name in self.unwired else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id == CHOOSE and isinstance(node.args[0], ast.Name):
            choice = self.options[node.args[0].id]
            return next(self.visit(word.value) for word in node.keywords if word.arg == choice)
        self.generic_visit(node)
        if node.args and isinstance(node.args[0], ast.Tuple):
            return self._row_function(node, node.args[0].elts)
        known = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if isinstance(node.func, ast.Name) and node.func.id in _FOLDED and len(known) == len(node.args):
            return ast.Constant(_FOLDED[node.func.id](known))
        return node

    def _row_function(self, node: ast.Call, row: list[ast.expr]) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        if node.func.id == "count":
            return ast.Constant(float(len(row)))
        known = [x.value for x in row if isinstance(x, ast.Constant)]
        if node.func.id == "pick" and len(known) == len(row) and len(set(known)) == 1:
            return row[0]
        at = node.args[1]
        if node.func.id == "pick" and isinstance(at, ast.Constant) and isinstance(at.value, (int, float)):
            return row[min(max(math.floor(at.value), 0), len(row) - 1)]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if isinstance(node.left, ast.Name) and node.left.id in self.options:
            words, equal = compared_choices(node) or (), isinstance(node.ops[0], (ast.Eq, ast.In))
            return ast.Constant((self.options[node.left.id] in words) == equal)
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        known: list[Any] = [side.value for side in sides if isinstance(side, ast.Constant)]
        if len(known) < len(sides):
            return node
        return ast.Constant(
            all(COMPARISONS[type(op)](a, b) for a, op, b in zip(known[:-1], node.ops, known[1:], strict=True))
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


def specialise(
    body: Body,
    options: Mapping[str, str],
    unwired: frozenset[str] = frozenset(),
    tables: Mapping[str, Any] | None = None,
    inlets: Mapping[str, MixInput] | None = None,
) -> Body:
    """Returns the body for the chosen options, tables and wired inlets, with its unwired gates at 0.

    options: by option, the chosen choice.
    unwired: gates without a cable.
    tables: by port with a table, the named tuple that its text or points give.
    inlets: by input of a mix, whether it is wired, and its rank.
    Names that only repeat another name or a constant are replaced by it; unused names are dropped.
    """
    specialiser = Specialiser(options, unwired, tables or {}, inlets or {})

    def specialised(e: ast.expr) -> ast.expr:
        return specialiser.visit(copied(e))

    lines_left: list[tuple[str, ast.expr]] = []
    for name, e in body.lines:
        made = specialised(e)
        if isinstance(made, (ast.Name, ast.Constant)):
            specialiser.known[name] = made
        else:
            lines_left.append((name, made))
    outputs = tuple(tuple(specialised(e) for e in pair) for pair in body.outputs)
    states = tuple(specialised(e) for e in body.states)
    used = {n for e in (*states, *(e for pair in outputs for e in pair)) for n in names_read(e)}
    lines: list[tuple[str, ast.expr]] = []
    for name, e in reversed(lines_left):
        if name in used:
            used |= names_read(e)
            lines.append((name, e))
    return Body(tuple(reversed(lines)), outputs, states, body.state_names)


class Output(Protocol):
    """What `bypassed_body` needs of an output: its type, and the port whose signal it passes on, or None."""

    @property
    def type(self) -> str: ...
    @property
    def passes(self) -> str | None: ...


def bypassed_body(body: Body, outs: Sequence[Output]) -> Body:
    """Returns the body of a bypassed node: each output passes on the signal of a port, or is 0; states do not
    change."""

    def carried(out: Output) -> tuple[ast.expr, ...]:
        parts = Gate._fields if out.type == "gate" else ("",)
        if out.passes is None:
            return tuple(ast.Constant(0.0) for _ in parts)
        port = ast.Name(out.passes, ast.Load())
        return tuple(ast.Attribute(port, part, ast.Load()) if part else port for part in parts)

    still = tuple(ast.Name(name, ast.Load()) for name in body.state_names)
    return Body((), tuple(carried(out) for out in outs), still, body.state_names)
