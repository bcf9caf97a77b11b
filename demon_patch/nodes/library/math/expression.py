"""A node whose text is its body."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from demon_patch.codegen import vocabulary
from demon_patch.codegen.body import Body, Checker, Names
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import inf
from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import out, text, value

LONGEST = 500  # characters of a formula
DEEPEST = 32  # nested brackets and operators
_TOUCHING = re.compile(  # a number before a word, of which Python warns: 1if a<b else 2
    r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?=(?:if|else|and|or|not|in|is)\b)"
)
_INPUTS = ("a", "b", "c", "d")
_TIME = {"t": "s", "beat": "beat", "k": "k", "song": "song", "length": "length", "dt": "dt"}
_PLAIN: dict[str, Any] = {
    **{name: getattr(vocabulary, name) for name in vocabulary.FUNCTIONS if hasattr(vocabulary, name)},
    **vocabulary.CONSTANTS,
    "abs": abs,
    "min": min,
    "max": max,
    "__builtins__": {},
}


def parse_formula(formula: str) -> ast.expr:
    """Returns the checked expression of a formula, its numbers as floats. Raises PatchError that says what is not
    allowed."""

    def complain(what: str, where: ast.AST) -> NoReturn:
        column = getattr(where, "col_offset", 0) + 1
        called = where.func if isinstance(where, ast.Call) else where
        words = (*_INPUTS, *_TIME, *vocabulary.CONSTANTS, *vocabulary.FUNCTIONS)
        near = did_you_mean(called.id, words) if isinstance(called, ast.Name) and called.id not in words else ""
        raise PatchError(
            f"formula {formula[:60]!r}, column {column}: {what}",
            port="formula",
            mend=f"{near} write arithmetic with {', '.join(words)}".lstrip(),
        )

    if len(formula) > LONGEST:
        raise PatchError(f"the formula is longer than {LONGEST} characters", port="formula", mend="split it")
    try:
        tree = ast.parse(_TOUCHING.sub(r"\1 ", formula.strip()), mode="eval").body
        depth = _depth(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        what = getattr(error, "msg", None) or "it cannot be read"
        raise PatchError(
            f"formula {formula[:60]!r}: {what}", port="formula", mend="write one expression, for example a * b"
        ) from None
    if depth > DEEPEST:
        raise PatchError("the formula is nested too deeply", port="formula", mend="split it over two nodes")
    Checker(Names(frozenset((*_INPUTS, *_TIME)), frozenset(), {}, frame=""), complain).check_number(tree)
    return ast.fix_missing_locations(_Floats().visit(tree))


def _depth(e: ast.AST) -> int:
    return 1 + max((_depth(child) for child in ast.iter_child_nodes(e)), default=0)


class _Floats(ast.NodeTransformer):
    """Numbers as floats, so that no power can grow beyond one."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        assert isinstance(node.value, (int, float))
        return ast.copy_location(ast.Constant(float(node.value)), node)


class _Times(ast.NodeTransformer):
    """The names of time as fields of the frame."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in _TIME:
            return node
        return ast.Attribute(ast.Name("t", ast.Load()), _TIME[node.id], ast.Load())


def _write(settings: Mapping[str, str]) -> Body:
    return Body((), ((_Times().visit(parse_formula(settings["formula"])),),), ())


@node(
    "expression",
    "Expression",
    "Moves a control by a formula of your own.",
    out=out("out", doc="What the formula comes to."),
    category="math",
    display="formula",
    tags=("formula", "function", "code", "math"),
    write=_write,
)
def expression(
    t: Frame,
    formula: str = text(
        "a", doc="Arithmetic with a b c d; t song length dt in seconds, beat, k; sin cos tanh exp ... hash01."
    ),
    a: float = value(0, -inf, inf, doc="A signal to compute with."),
    b: float = value(0, -inf, inf, doc="A signal to compute with."),
    c: float = value(0, -inf, inf, doc="A signal to compute with."),
    d: float = value(0, -inf, inf, doc="A signal to compute with."),
):
    """The value of the formula; where it has none (a division by 0), the last one that it had."""
    code = compile(ast.Expression(parse_formula(formula)), "<formula>", "eval")
    times = {name: float(getattr(t, field)) for name, field in _TIME.items()}
    result = eval(code, _PLAIN, {"a": a, "b": b, "c": c, "d": d, **times})
    if isinstance(result, complex) or not math.isfinite(result):
        raise ArithmeticError(f"{formula} has no value here")
    return result
