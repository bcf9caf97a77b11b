"""Where the even rounds of Bjorklund's algorithm begin."""

from __future__ import annotations

from functools import lru_cache

MOST = 64  # steps of a round


@lru_cache(maxsize=(MOST + 1) ** 2)
def bjorklund(strokes: float, steps: float) -> float:
    """With which step of the evenly spread round (step i strikes where i * strokes / steps passes a whole number) the
    round of Bjorklund's algorithm begins, as Tidal, Strudel and most modules write it: 2 for 5 in 8, x.x.xx.x and
    x.xx.xx. strokes: 0 to steps; steps: 1 to 64; whole parts count, and what lies beyond is taken for the end."""
    n = int(min(max(steps, 1), MOST))
    k = int(min(max(strokes, 0), n))
    first, second, i, j = "x", ".", k, n - k
    while min(i, j) > 1:
        first, second, i, j = (first + second, first, j, i - j) if i > j else (first + second, second, i, j - i)
    even = "".join("x" if step * k % n < k else "." for step in range(n))
    return float((even + even).find(first * i + second * j))
