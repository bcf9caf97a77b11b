"""Converts numbers in a port's unit to knob positions, 0..1 within the declared range, and back.

linear, int: equal turns of the knob are equal steps of the number.
log: equal turns are equal ratios of the number; the range is above 0.
family: converts as linear, since the number of such a port is a knob position already. The engine's number is that of
    the model family at this position; it is read when a request is made (`ControlValues.value`).

A range that is not finite has no knob positions; `norm` and `denorm` then return their first argument.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from demon_patch.engine.controls import Taper


def norm(x: Any, lo: float, hi: float, taper: Taper = "linear") -> Any:
    """Returns knob positions of the numbers x, a float or an array; same shape. x outside lo..hi gives positions
    outside 0..1."""
    if not (math.isfinite(lo) and math.isfinite(hi)) or hi == lo:
        return x
    if taper == "log":
        return np.log(np.asarray(x, dtype=np.float64) / lo) / math.log(hi / lo)
    return (np.asarray(x, dtype=np.float64) - lo) / (hi - lo)


def denorm(u: Any, lo: float, hi: float, taper: Taper = "linear") -> Any:
    """Returns numbers at the knob positions u, a float or an array; same shape. The inverse of `norm`; an int taper
    rounds to whole numbers."""
    if not (math.isfinite(lo) and math.isfinite(hi)):
        return u
    u = np.asarray(u, dtype=np.float64)
    if taper == "log":
        return lo * np.exp(u * math.log(hi / lo))
    x = lo + u * (hi - lo)
    return np.floor(x + 0.5) if taper == "int" else x
