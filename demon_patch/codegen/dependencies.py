"""What an output depends on within its frame, and a body in two halves: what is known early, and the rest.

An output that reads only states and delay lines does not wait for the ports that lead to them, so that a loop through
such a node needs no further frame of delay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import names_read
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.vectorise import Line


@cached_on_object
def inputs_of_outputs(body: Body) -> tuple[frozenset[str], ...]:
    """For each output the names that it reads within the frame, through the lines of the body; of a gate or of the
    frame the name without its field."""
    behind: dict[str, frozenset[str]] = {}

    def reads(e: ast.expr) -> frozenset[str]:
        names = names_read(e)
        plain = frozenset(name.partition(".")[0] for name in names if name not in behind)
        return plain.union(*(behind[name] for name in names if name in behind))

    for name, e in body.lines:
        behind[name] = reads(e)
    return tuple(frozenset().union(*(reads(half) for half in pair)) for pair in body.outputs)


@cached_on_object
def early_and_late_outputs(body: Body, early: tuple[bool, ...]) -> tuple[Body, Body]:
    """The half that gives the outputs that are `early` and leaves every state as it is, and the half that gives the
    others and the states."""
    still = tuple(ast.Name(name, ast.Load()) for name in body.state_names)
    first = tuple(pair for pair, take in zip(body.outputs, early, strict=True) if take)
    rest = tuple(pair for pair, take in zip(body.outputs, early, strict=True) if not take)
    return (
        Body(_needed(body, (half for pair in first for half in pair)), first, still, body.state_names),
        Body(
            _needed(body, (*(half for pair in rest for half in pair), *body.states)),
            rest,
            body.states,
            body.state_names,
        ),
    )


def _needed(body: Body, expressions: Iterable[ast.expr]) -> tuple[Line, ...]:
    """The lines of a body that expressions need."""
    used = {name for e in expressions for name in names_read(e)}
    lines: list[Line] = []
    for name, e in reversed(body.lines):
        if name in used:
            used |= names_read(e)
            lines.append((name, e))
    return tuple(reversed(lines))
