"""What an input of a node reads in a program, as text and as places on the bus."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BusSource:
    """Where an input reads: a slot of the bus, or a curve table at the song frame."""

    slot: int = -1
    table: int = -1


@dataclass(frozen=True, slots=True)
class InputCode:
    """An input as text in the vocabulary: names x0.. stand for `sources`, p0.. for `params` of the program, X0 for
    the family's taper. A constant is the text "p0"."""

    text: str
    params: tuple[int, ...]
    sources: tuple[BusSource, ...] = ()
