"""Knob positions: a number in its unit to its position 0..1 within the declared range, and back.

linear, int: equal turns of the knob are equal steps of the number.
log: equal turns are equal ratios; the range is above 0.
family: a rising table of the model family, with its entries at equally spaced positions, scaled to the range.

A range that is not finite has no positions; norm and denorm then return what they are given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from demon_patch.codegen.vocabulary import ARRAY
from demon_patch.engine.controls import Taper

STRAIGHT: tuple[float, ...] = (0.0, 1.0)  # the family table of a family that has none


def norm(x: Any, lo: float, hi: float, taper: Taper = "linear", table: Sequence[float] = STRAIGHT) -> Any:
    """Positions of the numbers x (float or array). They are not limited to 0..1, except by a family table."""
    if not (math.isfinite(lo) and math.isfinite(hi)) or hi == lo:
        return x
    if taper == "log":
        return np.log(np.asarray(x, dtype=np.float64) / lo) / math.log(hi / lo)
    straight = (np.asarray(x, dtype=np.float64) - lo) / (hi - lo)
    return ARRAY["to_table"](straight, np.asarray(table)) if taper == "family" else straight


def denorm(u: Any, lo: float, hi: float, taper: Taper = "linear", table: Sequence[float] = STRAIGHT) -> Any:
    """Numbers at the positions u; the inverse of `norm`, rounded to whole numbers for an int taper."""
    if not (math.isfinite(lo) and math.isfinite(hi)):
        return u
    u = np.asarray(u, dtype=np.float64)
    if taper == "log":
        return lo * np.exp(u * math.log(hi / lo))
    if taper == "family":
        u = ARRAY["from_table"](u, np.asarray(table))
    x = lo + u * (hi - lo)
    return np.floor(x + 0.5) if taper == "int" else x
