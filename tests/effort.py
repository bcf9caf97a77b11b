"""How much is tried: all of it, or a fifth in the everyday run (`-m "not slow"`), which is to end while one waits."""

from __future__ import annotations

_share = 1.0


def everyday() -> None:
    """From now on less is tried. Before any test module is imported."""
    global _share  # noqa: PLW0603
    _share = 0.2


def examples(most: int) -> int:
    """How many examples hypothesis draws."""
    return max(round(most * _share), 5)


def tries(most: int) -> int:
    """How many times something random is tried."""
    return max(round(most * _share), 1)
