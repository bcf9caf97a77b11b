"""What a test gives the options and ports of a node, from its declaration."""

from __future__ import annotations

import ast
import itertools
from itertools import chain
from typing import Any

from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port

FORMULAS = ("a * b + sin(tau * t) - c / 7", "a if b > c else min(d, beat, 3) ** 2", "hash01(k, 3) * clamp(a, -1, 1)")


def settings_of(declaration: Declaration) -> list[dict[str, Any]]:
    """All combinations of a node's options, with its texts and points as they stand; or some formulas."""
    said = {"formula": FORMULAS}
    choices = [_read(declaration, p) or said.get(p.name, (p.default,)) for p in declaration.settings]
    return [dict(zip((p.name for p in declaration.settings), row, strict=True)) for row in itertools.product(*choices)]


def _read(declaration: Declaration, port: Port) -> tuple[str, ...]:
    """The choices of an option, if the body depends on it; of a live node it may only tell a device what to send."""
    if not declaration.live:
        return port.choices
    bodies = [declaration.body_for({port.name: choice}) for choice in port.choices]
    texts = {tuple(ast.dump(e) for e in (*(e for _, e in b.lines), *chain(*b.outputs), *b.states)) for b in bodies}
    return port.choices if len(texts) > 1 else ()


def ends(port: Port) -> tuple[float, float]:
    """Where the random values of a port lie."""
    return (max(port.lo, -3.0), min(port.hi, 3.0)) if not port.bounded else (port.lo, port.hi)
