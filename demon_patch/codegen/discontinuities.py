"""Finds where a rounding error can become audible: comparisons, whole parts and random numbers turn the last bit of a
number into a jump."""

from __future__ import annotations

import ast
from typing import NamedTuple

from demon_patch.codegen.body import Body
from demon_patch.codegen.object_cache import cached_on_object

_ROUNDING = frozenset({"sin", "cos", "tanh", "exp", "log"})
_JUMPS = frozenset({"floor", "hash01", "pick", "reached", "bjorklund"})


class Discontinuities(NamedTuple):
    """What the jumps of a body depend on."""

    ports: bool
    """Whether a jump depends on a port with a cable."""
    rounding: bool
    """Whether a jump depends on a function whose last bit differs between math and numpy."""


@cached_on_object
def discontinuities(body: Body, wired: frozenset[str]) -> Discontinuities:
    """Returns what the jumps of a body depend on (`Discontinuities`). wired: the ports that cables move."""
    finder = _Finder(wired)
    for name, e in body.lines:
        finder.known[name] = finder(e)
    for e in (*body.states, *body.output_numbers):
        finder(e)
    return finder.found


class _Finder:
    def __init__(self, wired: frozenset[str]) -> None:
        self.known = dict.fromkeys(wired, Discontinuities(True, False))
        self.found = Discontinuities(False, False)

    def __call__(self, e: ast.AST) -> Discontinuities:
        """Returns whether the number of an expression depends on wired ports and on rounding functions. If the
        expression jumps, adds that to `found`."""
        if isinstance(e, ast.Name):
            return self.known.get(e.id, Discontinuities(False, False))
        called = e.func.id if isinstance(e, ast.Call) and isinstance(e.func, ast.Name) else ""
        parts = [self(part) for part in (e.args if isinstance(e, ast.Call) else ast.iter_child_nodes(e))]
        made = Discontinuities(any(part.ports for part in parts), any(part.rounding for part in parts))
        if called in _ROUNDING or (isinstance(e, ast.BinOp) and isinstance(e.op, ast.Pow)):
            made = Discontinuities(made.ports, True)
        jumps = called in _JUMPS or isinstance(e, ast.Compare)
        if jumps or (isinstance(e, ast.BinOp) and isinstance(e.op, (ast.FloorDiv, ast.Mod))):
            self.found = Discontinuities(self.found.ports or made.ports, self.found.rounding or made.rounding)
        return made
