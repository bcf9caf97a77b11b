"""What a body sees of time, of a gate, and of the inputs of a mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """One control frame; or many, with an array in every field that changes."""

    k: Any
    """Number of the control frame (integer)."""
    s: Any
    """Seconds since the start: k / rate."""
    dt: float
    """Seconds of a frame."""
    beat: Any
    """Beats since the start."""
    dbeat: float
    """Beats of a frame."""
    song: Any
    """Place in the song, in seconds."""
    length: float
    """Length of the whole song, in seconds."""
    beats_per_bar: Any
    """Beats of the present bar."""
    frame: Any
    """Latent frame of the song (integer): song * rate."""
    bar: Any = 0.0
    """Bars since the start; a whole number where a bar begins, also with a new metre."""
    dbar: Any = 0.0
    """Bars of a frame."""
    song_bar: Any = 0.0
    """Bars since the beginning of the song."""


class Gate(NamedTuple):
    """A gate in one control frame: `level` (0 or 1) at its end and `rises`, the rising edges within it (0, 1, 2...)."""

    level: float = 0.0
    rises: float = 0.0


class MixInput(NamedTuple):
    """An input of a mix, as its body sees it."""

    wired: float = 0.0
    """1 where a cable leads to it, else 0."""
    rank: float = 0.0
    """How many of the inputs before it are wired."""


class Gates(tuple[Gate, ...]):
    """A row of gates."""

    __slots__ = ()

    @property
    def level(self) -> tuple[float, ...]:
        """The level of each gate."""
        return tuple(gate.level for gate in self)

    @property
    def rises(self) -> tuple[float, ...]:
        """The rises of each gate."""
        return tuple(gate.rises for gate in self)


Row = Sequence[float]
"""A row of numbers, as a body reads it."""
