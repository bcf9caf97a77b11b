"""Where a last bit can matter: comparisons, whole parts and random numbers turn a hair's breadth into a jump."""

from __future__ import annotations

import ast
from typing import NamedTuple

from demon_patch.codegen.body import Body
from demon_patch.codegen.object_cache import cached_on_object

_ROUNDED = frozenset({"sin", "cos", "tanh", "exp", "log"})
_JUMPS = frozenset({"floor", "hash01", "pick", "reached", "bjorklund"})


class Discontinuities(NamedTuple):
    """Whether a jump of a body hangs on its wired ports, and whether one hangs on a function that rounds."""

    ports: bool
    own: bool


@cached_on_object
def discontinuities(body: Body, wired: frozenset[str]) -> Discontinuities:
    """The jumps of a body whose ports `wired` are moved by cables."""
    finder = _Finder(wired)
    for name, e in body.lines:
        finder.known[name] = finder(e)
    for e in (*body.states, *(half for pair in body.outputs for half in pair)):
        finder(e)
    return finder.found


class _Finder:
    def __init__(self, wired: frozenset[str]) -> None:
        self.known = dict.fromkeys(wired, Discontinuities(True, False))
        self.found = Discontinuities(False, False)

    def __call__(self, e: ast.AST) -> Discontinuities:
        """What the value of an expression hangs on."""
        if isinstance(e, ast.Name):
            return self.known.get(e.id, Discontinuities(False, False))
        called = e.func.id if isinstance(e, ast.Call) and isinstance(e.func, ast.Name) else ""
        parts = [self(part) for part in (e.args if isinstance(e, ast.Call) else ast.iter_child_nodes(e))]
        made = Discontinuities(any(part.ports for part in parts), any(part.own for part in parts))
        if called in _ROUNDED or (isinstance(e, ast.BinOp) and isinstance(e.op, ast.Pow)):
            made = Discontinuities(made.ports, True)
        jumps = called in _JUMPS or isinstance(e, ast.Compare)
        if jumps or (isinstance(e, ast.BinOp) and isinstance(e.op, (ast.FloorDiv, ast.Mod))):
            self.found = Discontinuities(self.found.ports or made.ports, self.found.own or made.own)
        return made
