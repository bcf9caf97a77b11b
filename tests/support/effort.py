"""How much is tried: all of it, or a fifth in the everyday run (`-m "not slow"`), which is to end while one waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_share = 1.0


def everyday() -> None:
    """From now on less is tried. Before any test module is imported."""
    global _share  # noqa: PLW0603
    _share = 0.2


def examples(most: int) -> int:
    """How many examples hypothesis draws; 25 at most in the everyday run."""
    return most if _share == 1.0 else min(max(round(most * _share), 5), 25)


def tries(most: int) -> int:
    """How many times something random is tried."""
    return max(round(most * _share), 1)


def some(of: Sequence[T]) -> Sequence[T]:
    """All of a row of cases, or so many of them, spread over it, the first one and the last one included."""
    count = max(tries(len(of)), min(len(of), 2))
    return of if count == len(of) else [of[round(i * (len(of) - 1) / (count - 1))] for i in range(count)]
