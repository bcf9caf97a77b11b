"""Ports that take whole numbers, and signals that reach them by cables: noise half way between two numbers is no
rhythm, so that a number stays until the signal is half a step and half a hysteresis away from it, as in Quantise."""

from __future__ import annotations

import ast

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import names_read, parsed
from demon_patch.codegen.object_cache import cached_on_object

HYSTERESIS = 0.2
"""Share of a step between the borders of both ways."""
UNKNOWN = -1e12
"""The number before the first one, which is the nearest."""


def raw_name(port: str) -> str:
    """The name of what arrives at a port, before it is a whole number."""
    return f"came_{port}"


@cached_on_object
def with_whole_ports(body: Body, ports: tuple[str, ...]) -> tuple[Body, tuple[str, ...]]:
    """The body with its whole-number ports rounded, and those ports that it reads.

    The returned body reads the unrounded number of a port by `raw_name`. For each port it has one more state, the last
    whole number, UNKNOWN at first.
    """
    read = set[str]().union(*map(names_read, _expressions(body)))
    found = tuple(port for port in ports if port in read)
    if not found:
        return body, ()
    lines = tuple((port, _held(port)) for port in found)
    last = tuple(ast.Name(port, ast.Load()) for port in found)
    names = tuple(f"last_{port}" for port in found)
    return Body((*lines, *body.lines), body.outputs, (*body.states, *last), (*body.state_names, *names)), found


def _held(port: str) -> ast.expr:
    text = f"last_{port} if abs(came_{port} - last_{port}) < {0.5 + HYSTERESIS / 2} else floor(came_{port} + 0.5)"
    return parsed(text)


def _expressions(body: Body) -> list[ast.expr]:
    lines = [e for _, e in body.lines]
    return [*lines, *body.states, *(half for pair in body.outputs for half in pair)]
