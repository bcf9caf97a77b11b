"""Computes the step of an evenly spread rhythm with which the rhythm of Bjorklund's algorithm begins."""

from __future__ import annotations

from functools import lru_cache

MOST = 64  # most steps of a round


@lru_cache(maxsize=(MOST + 1) ** 2)
def bjorklund(strokes: float, steps: float) -> float:
    """Returns by how many steps an evenly spread rhythm must be turned to the left to become Bjorklund's rhythm, as
    Tidal, Strudel and most modules write it. In the evenly spread rhythm, step i strikes where i * strokes / steps
    passes a whole number. 5 strokes in 8 steps give 2: x.x.xx.x becomes x.xx.xx.

    strokes: 0 to steps.
    steps: 1 to 64.
    Only whole parts count; numbers outside of a range count as its end.
    """
    n = int(min(max(steps, 1), MOST))
    k = int(min(max(strokes, 0), n))
    first, second, i, j = "x", ".", k, n - k
    while min(i, j) > 1:
        first, second, i, j = (first + second, first, j, i - j) if i > j else (first + second, second, i, j - i)
    even = "".join("x" if step * k % n < k else "." for step in range(n))
    return float((even + even).find(first * i + second * j))
