"""Finds which inputs an output needs within its frame, and splits a body into its early and its late outputs.

An early output reads states and delay lines only, so it does not wait for the ports that change them. A loop of cables
through such an output needs no further frame of delay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import chain

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import names_read
from demon_patch.codegen.object_cache import cached_on_object
from demon_patch.codegen.vectorise import Line
from demon_patch.codegen.whole_numbers import raw_name


@cached_on_object
def inputs_of_outputs(body: Body) -> tuple[frozenset[str], ...]:
    """Returns for each output the names that it reads within its control frame, also through the lines of the body. A
    field of a gate or of the frame counts as the gate or the frame, and the signal of a whole-number port before it is
    rounded as the port too."""
    behind: dict[str, frozenset[str]] = {}

    def reads(e: ast.expr) -> frozenset[str]:
        names = names_read(e)
        plain = frozenset(name.partition(".")[0] for name in names if name not in behind)
        return plain.union(*(behind[name] for name in names if name in behind))

    for name, e in body.lines:
        behind[name] = reads(e)
        if raw_name(name) in behind[name]:
            behind[name] |= {name}
    return tuple(frozenset().union(*map(reads, numbers)) for numbers in body.outputs)


@cached_on_object
def early_and_late_outputs(body: Body, early: tuple[bool, ...]) -> tuple[Body, Body]:
    """Returns two bodies: the first gives the `early` outputs and changes no state, the second gives the late ones and
    the states. early: for each output, whether it is early."""
    still = tuple(ast.Name(name, ast.Load()) for name in body.state_names)
    first = tuple(numbers for numbers, take in zip(body.outputs, early, strict=True) if take)
    rest = tuple(numbers for numbers, take in zip(body.outputs, early, strict=True) if not take)
    return (
        Body(_lines_needed(body, chain(*first)), first, still, body.state_names),
        Body(
            _lines_needed(body, chain(*rest, body.states)),
            rest,
            body.states,
            body.state_names,
        ),
    )


def _lines_needed(body: Body, expressions: Iterable[ast.expr]) -> tuple[Line, ...]:
    """Returns the lines of a body that some expressions need, in order."""
    used = {name for e in expressions for name in names_read(e)}
    lines: list[Line] = []
    for name, e in reversed(body.lines):
        if name in used:
            used |= names_read(e)
            lines.append((name, e))
    return tuple(reversed(lines))
