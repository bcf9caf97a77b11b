"""Describes what an input of a node reads in a program: its arithmetic as text, and its bus slots."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BusSource:
    """Where an input reads its number: in a bus slot, or in a curve's table at the song position (latent frame). The
    other field is -1."""

    slot: int = -1
    table: int = -1


@dataclass(frozen=True, slots=True)
class InputCode:
    """The arithmetic of a number port, as text in the vocabulary. A constant has the text "p0"."""

    text: str
    """The arithmetic. It reads x0, x1... (`sources`) and p0, p1... (`params`)."""
    params: tuple[int, ...]
    """For each p, its number among the parameters of the node."""
    sources: tuple[BusSource, ...] = ()
    """For each x, where its number is read."""
