"""Writes checked expressions as Python text, for floats or for numpy arrays.

A name is written as a «name» placeholder; the compiler replaces it with a bus slot, a parameter or a local name. For
floats, min, max, clamp, abs and floor are written as operators and conditional expressions, which are several times
faster than calls. A number that is read twice is kept in a temporary, so the text grows only as fast as the expression,
however deeply it is nested.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import parsed
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.vocabulary import CONSTANTS

Mode = Literal["scalar", "array"]

LONGEST_NESTED = 64
"""Most constants of a table that nested conditionals read. They take 40 ns at most; a call takes twice that
(measured)."""

_TOKEN = re.compile("«([^»]+)»")
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class TextWriter:
    """Writes the expressions of one body as text, for floats ("scalar") or arrays ("array"). Numbers the temporaries of
    that body."""

    def __init__(self, mode: Mode) -> None:
        self.mode: Mode = mode
        self.temporaries = 0

    def __call__(self, e: ast.expr) -> str:  # noqa: PLR0911, PLR0912 (one case a form)
        """Returns the text of a number or condition. The expression must have passed the checker."""
        match e:
            case ast.Constant(value=number):
                assert isinstance(number, (int, float))
                return repr(float(number)) if number >= 0 else f"({float(number)!r})"
            case ast.Name(id=name):
                return repr(CONSTANTS[name]) if name in CONSTANTS else f"«{name}»"
            case ast.Attribute(value=ast.Name(id=name), attr=field):
                return f"«{name}.{field}»"
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return f"power({self(left)}, {self(right)})"
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(e)
            case ast.BinOp(left=left, op=op, right=right):
                return f"({self(left)} {_OPERATORS[type(op)]} {self(right)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"(not {self(operand)})" if self.mode == "scalar" else f"negated({self(operand)})"
            case ast.UnaryOp(op=op, operand=operand):
                return f"({_OPERATORS[type(op)]}{self(operand)})"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                if self.mode == "scalar":
                    return f"({self(body)} if {self(test)} else {self(orelse)})"
                return f"where({self(test)}, {self(body)}, {self(orelse)})"
            case ast.BoolOp(op=op, values=values):
                return self._logic([self(v) for v in values], isinstance(op, ast.And))
            case ast.Compare(left=left, ops=ops, comparators=rest):
                return self._comparison(left, ops, rest)
            case ast.Call(func=ast.Name(id="pick"), args=[ast.Tuple(elts=row), at]):
                return self._pick(row, self(at))
            case ast.Tuple(elts=row):
                return f"({', '.join(self(x) for x in row)},)"
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, [self(a) for a in args])
        raise TypeError(f"{ast.dump(e)} has not passed the checker")

    def _sum(self, e: ast.expr) -> str:
        """Returns the text of a sum of any length in one pair of brackets, since Python allows at most 200 brackets
        within each other."""
        parts: list[str] = []
        while isinstance(e, ast.BinOp) and isinstance(e.op, (ast.Add, ast.Sub)):
            parts += [self(e.right), _OPERATORS[type(e.op)]]
            e = e.left
        return f"({' '.join(reversed([*parts, self(e)]))})"

    def _logic(self, parts: list[str], every: bool) -> str:
        if self.mode == "scalar":
            return f"({(' and ' if every else ' or ').join(parts)})"
        text = parts[0]
        for part in parts[1:]:
            text = f"{'both' if every else 'either'}({text}, {part})"
        return text

    def _comparison(self, left: ast.expr, ops: list[ast.cmpop], rest: list[ast.expr]) -> str:
        parts = [self(p) for p in (left, *rest)]
        signs = [_OPERATORS[type(op)] for op in ops]
        if self.mode == "scalar":
            return f"({parts[0]} {' '.join(f'{s} {p}' for s, p in zip(signs, parts[1:], strict=True))})"
        middles = [
            self._read_twice(part) for part in parts[1:-1]
        ]  # each is read by two comparisons, the first one first
        lefts = [parts[0], *(again for again, _ in middles)]
        rights = [*(first for _, first in middles), parts[-1]]
        return self._logic([f"({a} {sign} {b})" for a, sign, b in zip(lefts, signs, rights, strict=True)], True)

    def _call(self, name: str, args: list[str]) -> str:  # noqa: PLR0911 (one return a function)
        if name in ("min", "max") and len(args) > 2:
            return self._call(name, [self._call(name, args[:-1]), args[-1]])
        if self.mode == "array":
            return f"{name}({', '.join(args)})"
        if name == "floor":
            return f"({args[0]} // 1.0)"
        if name in ("min", "max"):
            (a, first), (b, second) = self._read_twice(args[0]), self._read_twice(args[1])
            return f"({a} if {first} {'<' if name == 'min' else '>'} {second} else {b})"
        if name == "abs":
            a, first = self._read_twice(args[0])
            return f"({a} if {first} >= 0.0 else -{a})"
        if name == "clamp":
            (x, first), (lo, low), (hi, high) = (self._read_twice(a) for a in args)
            first_time, second_time = f"{first} < {low}", f"{x} > {high}"
            return f"({lo} if {first_time} else ({hi} if {second_time} else {x}))"
        return f"{name}({', '.join(args)})"

    def _pick(self, row: list[ast.expr], at: str) -> str:
        """Returns the text of `pick`. For floats it is nested conditionals, which compute one member only. A table of
        more than LONGEST_NESTED constants stays a tuple."""
        if self.mode == "array" or (len(row) > LONGEST_NESTED and all(isinstance(x, ast.Constant) for x in row)):
            return f"pick({self(ast.Tuple(row))}, {at})"
        again, first = self._read_twice(at)
        return self._nested_conditionals([self(x) for x in row], 1, again, first)

    def _nested_conditionals(self, row: list[str], begin: int, again: str, first: str) -> str:
        if len(row) == 1:
            return row[0]
        half = (len(row) + 1) // 2
        low, high = (
            self._nested_conditionals(part, b, again, again)
            for part, b in ((row[:half], begin), (row[half:], begin + half))
        )
        return f"({low} if {first} < {begin + half - 1}.0 else {high})"

    def _read_twice(self, text: str) -> tuple[str, str]:
        """Returns two texts: the first reads the number again; the second computes it and must run first."""
        if _TOKEN.fullmatch(text) or re.fullmatch(r"\(?-?[\d.]+(e[+-]?\d+)?\)?", text):
            return text, text
        self.temporaries += 1
        name = f"«_{self.temporaries}»"
        return name, f"({name} := {text})"


@dataclass(frozen=True, slots=True)
class Text:
    """Python text with placeholders. The entries of `parts` with an odd number, counted from 0, are the names of
    placeholders."""

    parts: tuple[str, ...]

    @classmethod
    def parsed(cls, text: str) -> Text:
        """Returns a text with «name» placeholders, split at them."""
        return cls(tuple(_TOKEN.split(text)))

    def __str__(self) -> str:
        return "".join(f"«{part}»" if i % 2 else part for i, part in enumerate(self.parts))

    def fill(self, names: Mapping[str, str], prefix: str) -> str:
        """Returns the text with each placeholder replaced by its entry in `names`. A placeholder without an entry is a
        local name: prefix + name."""
        parts = list(self.parts)
        for i in range(1, len(parts), 2):
            token = parts[i]
            parts[i] = names[token] if token in names else prefix + token
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Template:
    """A body as text with placeholders."""

    lines: tuple[tuple[str, Text], ...]
    outputs: tuple[tuple[Text, ...], ...]
    states: tuple[Text, ...]
    uses: Mapping[str, int]
    """By placeholder, how often it is used."""


@cached_on_object
def template(body: Body, mode: Mode) -> Template:
    """Returns a body as text, for floats ("scalar") or arrays ("array")."""
    writer, uses = TextWriter(mode), Counter[str]()

    def text(e: ast.expr) -> Text:
        made = Text.parsed(writer(e))
        uses.update(made.parts[1::2])
        return made

    lines = tuple((name, text(e)) for name, e in body.lines)
    outputs = tuple(tuple(text(e) for e in pair) for pair in body.outputs)
    return Template(lines, outputs, tuple(text(e) for e in body.states), uses)


@lru_cache(maxsize=1024)
def text_template(source: str, mode: Mode) -> tuple[Text, Mapping[str, int]]:
    """Returns a text in the vocabulary as Python text, for floats or arrays, and how often each placeholder is used."""
    text = Text.parsed(TextWriter(mode)(parsed(source)))
    return text, Counter(text.parts[1::2])
