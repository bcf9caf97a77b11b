"""The ranges in which signals are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def swing(values: Array, ranges: Sequence[Range]) -> Array:
    """Returns signals [signals, frames] as -1 to 1 of their ranges; one without a range, of what it does round its
    middle. What is not known is 0."""
    lo, hi = np.array(ranges, np.float64).reshape(-1, 2).T
    known = np.isfinite(values)
    free = ~(np.isfinite(lo) & np.isfinite(hi)) | (hi <= lo)
    if free.any():
        lo = np.where(free, np.where(known, values, np.inf).min(axis=1), lo)
        hi = np.where(free, np.where(known, values, -np.inf).max(axis=1), hi)
    wide = hi - lo
    still = (wide < 1e-9) | ~np.isfinite(wide)
    shares = (values - np.where(still, 0.0, lo)[:, None]) / np.where(still, 1.0, wide)[:, None]
    return np.where(known & ~still[:, None], np.clip(2.0 * shares - 1.0, -1.0, 1.0), 0.0)
