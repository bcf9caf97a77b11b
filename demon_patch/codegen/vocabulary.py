"""Defines the functions and constants that a node's body may use, for floats and for arrays.

A body reads numbers and rows. A row is a bank of ports, the `level` or the `rises` of a bank of gates, or a table that
a text or drawn points give. Only the functions in `ROWS` read rows; the row is their first argument.

A body imports its functions from here, so that a plain Python call of it works. Float code runs in the namespace
`SCALAR`, array code in `ARRAY`; both agree within 1e-12. Angles are radians.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import cos, exp, log, pi, sin, sqrt, tanh, tau
from typing import Any

import numpy as np

from demon_patch.codegen.bjorklund import bjorklund
from demon_patch.codegen.delay_line import past, push

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "ROWS",
    "bjorklund",
    "choose",
    "clamp",
    "cos",
    "count",
    "exp",
    "floor",
    "hash01",
    "inf",
    "least",
    "log",
    "most",
    "pi",
    "pick",
    "reached",
    "sin",
    "sqrt",
    "tanh",
    "tau",
    "total",
]

inf = math.inf

FUNCTIONS: dict[str, tuple[int, int]] = {
    "sin": (1, 1),
    "cos": (1, 1),
    "tanh": (1, 1),
    "exp": (1, 1),
    "log": (1, 1),
    "sqrt": (1, 1),
    "floor": (1, 1),
    "abs": (1, 1),
    "min": (2, 4),
    "max": (2, 4),
    "clamp": (3, 3),
    "hash01": (2, 2),
    "bjorklund": (2, 2),
}
"""The functions that a body may call, by name: (fewest, most) arguments."""
CONSTANTS: dict[str, float] = {"pi": pi, "tau": tau}
ROWS: dict[str, tuple[int, int]] = {
    "count": (1, 1),
    "pick": (2, 2),
    "reached": (2, 2),
    "total": (1, 2),
    "most": (1, 1),
    "least": (1, 1),
}
"""The functions that read rows, by name: (fewest, most) arguments, the row included."""
CHOOSE = "choose"

_MASK = 0xFFFFFFFF


def floor(x: float) -> float:
    """Returns the largest whole number not above x, as a float."""
    return x // 1.0


def clamp(x: float, lo: float, hi: float) -> float:
    """Returns x limited to lo..hi. Where lo > hi, it is lo for x < lo, else hi."""
    return lo if x < lo else (hi if x > hi else x)


def hash01(k: float, seed: float) -> float:
    """Returns a pseudo-random number in [0, 1), always the same for the same whole parts of k and seed.

    It is a 32-bit counter hash (multiply and xor-shift rounds), with the same bits for floats and arrays.
    """
    x = (int(k) * 0x9E3779B1 + int(seed) * 0x85EBCA6B) & _MASK
    x ^= x >> 15
    x = (x * 0x2C1B3C6D) & _MASK
    x ^= x >> 12
    x = (x * 0x297A2D39) & _MASK
    x ^= x >> 15
    return x / 4294967296.0


def choose(option: str, **by_choice: float) -> float:
    """Returns the number under the name of the chosen choice. Every choice of the option must have a number."""
    return by_choice[option]


def count(row: Sequence[float]) -> float:
    """Returns how many numbers a row has."""
    return float(len(row))


def pick(row: Sequence[float], i: float) -> float:
    """Returns number floor(i) of a row, counted from 0. For i below 0 it is the first number, beyond the end the
    last."""
    last = len(row) - 1
    return row[0] if i < 1 else (row[int(i)] if i < last else row[last])


def reached(table: Sequence[float], x: float) -> float:
    """Returns how many numbers of a rising table are not above x."""
    return float(bisect_right(table, x))


def total(row: Sequence[float], by: Sequence[float] | None = None) -> float:
    """Returns the sum of a row, or of its products with another row of the same length, added from left to right."""
    made = list(row) if by is None else [x * y for x, y in zip(row, by, strict=True)]
    summed = made[0]
    for x in made[1:]:
        summed += x
    return summed


def most(row: Sequence[float]) -> float:
    """Returns the largest number of a row."""
    return max(row)


def least(row: Sequence[float]) -> float:
    """Returns the smallest number of a row."""
    return min(row)


def _pick_array(row: Sequence[Any], i: Any) -> np.ndarray:
    place = np.clip(np.floor(i), 0, len(row) - 1).astype(np.int64)
    if all(np.ndim(x) == 0 for x in row):
        return np.asarray(row, dtype=np.float64)[place]
    *stacked, place = np.broadcast_arrays(*row, place)
    return np.take_along_axis(np.stack(stacked), place[None], axis=0)[0]


def _reached_array(table: Sequence[float], x: Any) -> np.ndarray:
    return np.searchsorted(np.asarray(table), x, side="right").astype(np.float64)


def _counter(x: Any) -> np.ndarray:
    """Returns the whole parts modulo 2**32, as uint64; a negative number as its two's complement."""
    whole = np.fmod(np.trunc(np.asarray(x, dtype=np.float64)), 4294967296.0)
    return whole.astype(np.int64).astype(np.uint64) & np.uint64(_MASK)


def _hash01_array(k: Any, seed: Any) -> np.ndarray:
    mask, u = np.uint64(_MASK), np.uint64
    x = (_counter(k) * u(0x9E3779B1) + _counter(seed) * u(0x85EBCA6B)) & mask
    x = x ^ (x >> u(15))
    x = (x * u(0x2C1B3C6D)) & mask
    x = x ^ (x >> u(12))
    x = (x * u(0x297A2D39)) & mask
    x = x ^ (x >> u(15))
    return x / 4294967296.0


def _clamp_array(x: Any, lo: Any, hi: Any) -> np.ndarray:
    return np.where(x < lo, lo, np.where(x > hi, hi, x))


SCALAR: dict[str, Any] = {
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "power": math.pow,
    "hash01": lru_cache(maxsize=8192)(hash01),  # the forecast asks for the same numbers again
    "bjorklund": bjorklund,
    "pick": pick,
    "reached": reached,
    "past": past,
    "push": push,
}
ARRAY: dict[str, Any] = {
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "power": lambda a, b: np.power(np.asarray(a, dtype=np.float64), b),
    "floor": np.floor,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
    "clamp": _clamp_array,
    "hash01": _hash01_array,
    "pick": _pick_array,
    "reached": _reached_array,
    "where": np.where,
    "both": np.logical_and,
    "either": np.logical_or,
    "negated": np.logical_not,
}


def _by_float(function: Callable[..., float]) -> Callable[..., np.ndarray]:
    """Returns a function of floats as a function that applies it to each number of arrays. It serves where every bit
    must equal the float code, or numpy has no such function."""

    def run(*given: Any) -> np.ndarray:
        arrays = np.broadcast_arrays(*given)
        numbers = map(function, *(np.asarray(a, dtype=np.float64).ravel().tolist() for a in arrays))
        return np.array(list(numbers), dtype=np.float64).reshape(arrays[0].shape)

    return run


ARRAY["bjorklund"] = _by_float(bjorklund)


def _probed(name: str) -> Callable[..., np.ndarray]:
    """Returns numpy's function if it gives the bits of `math` at 4,096 places, else the function of floats. A function
    that rounds differently does so far more often than once in 4,096 places."""
    places = np.linspace(-9.7, 9.8, 4096)
    own = ARRAY[name]
    same = own(places).tolist() == [SCALAR[name](x) for x in places.tolist()]
    return own if same else _by_float(SCALAR[name])


EXACT: dict[str, Callable[..., np.ndarray]] = {
    **{name: _by_float(SCALAR[name]) for name in ("tanh", "exp", "log", "power")},
    **{name: _probed(name) for name in ("sin", "cos")},
}
"""By name, the functions whose last bit differs between numpy and math, for arrays, with the bits of math."""
