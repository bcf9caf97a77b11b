"""Inlines phrases (arithmetic that bodies share) and expands rows of ports into single ports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from demon_patch.codegen.expressions import copied, parsed


@dataclass(frozen=True, eq=False)
class Phrase:
    """Arithmetic that bodies share: it takes numbers and returns one number. A plain Python call runs its function."""

    function: Callable[..., float]
    parameters: tuple[str, ...]
    lines: tuple[tuple[str, ast.expr], ...]
    result: ast.expr

    def __call__(self, *args: float) -> float:
        return self.function(*args)


class Inliner(ast.NodeTransformer):
    """Inlines phrases and rows in the expressions of one body, in their order. Adds the lines of the phrases that they
    call to `lines`.

    rows: by row, as a body writes it, its members; None for a table, which `specialise` replaces.
    The arguments of a phrase are computed even where its branch is not taken.
    """

    def __init__(self, rows: Mapping[str, tuple[str, ...] | None], phrases: Mapping[str, Phrase]) -> None:
        self.rows, self.phrases = rows, phrases
        self.lines: list[tuple[str, ast.expr]] = []
        self.calls_inlined = 0

    def __call__(self, e: ast.expr) -> ast.expr:
        """Returns the inlined expression. The expression must have passed the checker."""
        return self.visit(copied(e))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        node.args = [self._row_members(a) if ast.unparse(a) in self.rows else self.visit(a) for a in node.args]
        for word in node.keywords:
            word.value = self.visit(word.value)
        if name in self.phrases:
            return self._inline_phrase(self.phrases[name], node.args)
        rows = [a.elts for a in node.args if isinstance(a, ast.Tuple)]
        if not rows or name not in ("total", "most", "least"):
            return node
        if name == "total":
            terms: list[ast.expr] = [
                reduce(lambda a, b: ast.BinOp(a, ast.Mult(), b), factors) for factors in zip(*rows, strict=True)
            ]
            return reduce(lambda a, b: ast.BinOp(a, ast.Add(), b), terms)
        end = ast.Name("max" if name == "most" else "min", ast.Load())
        return reduce(lambda a, b: ast.Call(end, [a, b], []), rows[0])

    def _row_members(self, e: ast.expr) -> ast.expr:
        members = self.rows[ast.unparse(e)]
        if members is None:
            return e
        return ast.Tuple([parsed(member) for member in members], ast.Load())

    def _inline_phrase(self, phrase: Phrase, arguments: list[ast.expr]) -> ast.expr:
        self.calls_inlined += 1
        prefix = f"_{self.calls_inlined}_"
        replacements: dict[str, ast.expr] = {}
        for name, argument in zip(phrase.parameters, arguments, strict=True):
            if isinstance(argument, (ast.Name, ast.Constant, ast.Attribute)):
                replacements[name] = argument
            else:
                self.lines.append((prefix + name, argument))
                replacements[name] = ast.Name(prefix + name, ast.Load())
        for name, e in phrase.lines:
            self.lines.append((prefix + name, _Substitute(replacements).visit(copied(e))))
            replacements[name] = ast.Name(prefix + name, ast.Load())
        return _Substitute(replacements).visit(copied(phrase.result))


class _Substitute(ast.NodeTransformer):
    def __init__(self, replacements: Mapping[str, ast.expr]) -> None:
        self.replacements = replacements

    def visit_Name(self, node: ast.Name) -> Any:
        return self.replacements.get(node.id, node)
