"""Rounds the signals that arrive at ports for whole numbers.

The rounded number stays until the signal is half a step and half a hysteresis away from it, as in the node Quantise.
So noise half way between two numbers makes no rhythm.
"""

from __future__ import annotations

import ast

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import names_read, parsed
from demon_patch.codegen.object_cache import cached_on_object

HYSTERESIS = 0.2
"""Share of a step between the border on the way up and the one on the way down."""
UNKNOWN = -1e12
"""The state before the first frame; the first number is the nearest one."""


def raw_name(port: str) -> str:
    """The name of the signal at a port before it is rounded."""
    return f"raw_{port}"


@cached_on_object
def with_whole_ports(body: Body, ports: tuple[str, ...]) -> tuple[Body, tuple[str, ...]]:
    """The body with its whole-number ports rounded, and those of `ports` that it reads.

    The returned body reads the unrounded number of a port by `raw_name`. It has one more state for each port: the last
    whole number, UNKNOWN at first.
    """
    read = set[str]().union(*map(names_read, _expressions(body)))
    found = tuple(port for port in ports if port in read)
    if not found:
        return body, ()
    lines = tuple((port, _rounding_line(port)) for port in found)
    last = tuple(ast.Name(port, ast.Load()) for port in found)
    names = tuple(f"last_{port}" for port in found)
    return Body((*lines, *body.lines), body.outputs, (*body.states, *last), (*body.state_names, *names)), found


def _rounding_line(port: str) -> ast.expr:
    text = f"last_{port} if abs(raw_{port} - last_{port}) < {0.5 + HYSTERESIS / 2} else floor(raw_{port} + 0.5)"
    return parsed(text)


def _expressions(body: Body) -> list[ast.expr]:
    lines = [e for _, e in body.lines]
    return [*lines, *body.states, *body.output_numbers]
