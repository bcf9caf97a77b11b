"""Rounds the signals that arrive at whole-number ports.

The rounded number stays until the signal is half a step and half a hysteresis away from it, as in the node Quantise. So
noise half way between two numbers makes no rhythm.
"""

from __future__ import annotations

import ast

from demon_patch.codegen.body import Body
from demon_patch.codegen.expressions import names_read, parsed
from demon_patch.codegen.object_cache import cached_on_object

HYSTERESIS = 0.2
"""Distance between the signal at which the number changes upwards and the one at which it changes back, as a share of a
step."""
UNKNOWN = -1e12
"""The state before the first control frame; in that frame the signal is rounded to the nearest whole number."""


def raw_name(port: str) -> str:
    """Returns the name of a port's signal before it is rounded."""
    return f"raw_{port}"


def with_whole_ports(body: Body, ports: tuple[str, ...]) -> tuple[Body, tuple[str, ...]]:
    """Returns the body with its whole-number ports rounded, and those of `ports` that it reads.

    The returned body reads the signal before rounding by `raw_name`. It has one more state for each of these ports: the
    last whole number, UNKNOWN at first.
    """
    found = _ports_read(body, ports)
    return (_rounded(body, found), found) if found else (body, ())


@cached_on_object
def _ports_read(body: Body, ports: tuple[str, ...]) -> tuple[str, ...]:
    read = set[str]().union(*map(names_read, _expressions(body)))
    return tuple(port for port in ports if port in read)


@cached_on_object
def _rounded(body: Body, ports: tuple[str, ...]) -> Body:
    lines = tuple((port, _rounding_line(port)) for port in ports)
    last = tuple(ast.Name(port, ast.Load()) for port in ports)
    names = tuple(f"last_{port}" for port in ports)
    return Body((*lines, *body.lines), body.outputs, (*body.states, *last), (*body.state_names, *names))


def _rounding_line(port: str) -> ast.expr:
    text = f"last_{port} if abs(raw_{port} - last_{port}) < {0.5 + HYSTERESIS / 2} else floor(raw_{port} + 0.5)"
    return parsed(text)


def _expressions(body: Body) -> list[ast.expr]:
    lines = [e for _, e in body.lines]
    return [*lines, *body.states, *body.output_numbers]
