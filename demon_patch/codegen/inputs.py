"""What an input of a node reads in a program: its text, and its places on the bus."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BusSource:
    """Where an input reads: a bus slot, or a curve's table at the song frame."""

    slot: int = -1
    table: int = -1


@dataclass(frozen=True, slots=True)
class InputCode:
    """The value of a number port, as text in the vocabulary. A constant is the text "p0"."""

    text: str
    """Reads x0, x1... (`sources`) and p0, p1... (`params`)."""
    params: tuple[int, ...]
    """For each p, the number of the parameter among those of the node."""
    sources: tuple[BusSource, ...] = ()
    """For each x, where it is read."""
