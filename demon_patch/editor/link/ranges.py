"""The ranges in which signals are drawn."""

from __future__ import annotations

import math

import numpy as np

from demon_patch.arrays import Array
from demon_patch.nodes.language.declare import Declaration

Range = tuple[float, float]
OPEN: Range = (-math.inf, math.inf)


def declared(declaration: Declaration | None, name: str, side: str) -> Range:
    """Returns the range of a signal of a node type: that of its port, or the nominal one of its output."""
    if declaration is None:
        return OPEN
    if side == "in":
        port = declaration.by_name.get(name)
        return OPEN if port is None else (port.lo, port.hi)
    for out in (*declaration.outs, *declaration.hidden):
        if out.name == name:
            if out.type == "gate":
                return 0.0, 1.0
            port = declaration.by_name.get(out.like or "")
            return (out.lo, out.hi) if port is None else (port.lo, port.hi)
    return OPEN


def swing(values: Array, range_: Range) -> Array:
    """Returns a signal as -1 to 1 of its range; of one without a range, of what it does round its middle. What is not
    known is 0."""
    lo, hi = range_
    if not (math.isfinite(lo) and math.isfinite(hi)) or hi <= lo:
        known = values[np.isfinite(values)]
        if not len(known):
            return np.zeros(len(values), np.float64)
        lo, hi = float(known.min()), float(known.max())
        if hi - lo < 1e-9:
            return np.zeros(len(values), np.float64)
    return np.nan_to_num(np.clip((values - lo) / (hi - lo) * 2.0 - 1.0, -1.0, 1.0)).astype(np.float64)
