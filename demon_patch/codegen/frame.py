"""Defines what a body can read of time, of a gate, and of the inputs of a mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """The time of one control frame; or of many, with an array in every field that changes."""

    k: Any
    """Number of the control frame (integer), which may be below 0."""
    s: Any
    """Seconds from control frame 0: k / rate."""
    dt: float
    """Length of a control frame, in seconds."""
    beat: Any
    """Beats since the downbeat of the transport; while the transport follows the song, since that of the song."""
    dbeat: float
    """Length of a control frame, in beats."""
    song: Any
    """Song position, in seconds."""
    length: float
    """Length of the whole song, in seconds."""
    beats_per_bar: Any
    """Beats of the bar that contains the frame."""
    frame: Any
    """Song position, in latent frames (integer): song * rate."""
    bar: Any = 0.0
    """Bars since the same downbeat as `beat`; a whole number where a bar begins, also with a new metre."""
    dbar: Any = 0.0
    """Length of a control frame, in bars."""
    song_bar: Any = 0.0
    """Bars from the beginning of the song to the song position."""


class Gate(NamedTuple):
    """A gate in one control frame: `level` (0 or 1) at its end, and `rises`, the number of rising edges within it (0,
    1, 2...)."""

    level: float = 0.0
    rises: float = 0.0


class MixInput(NamedTuple):
    """What a body can read of an input of a mix."""

    wired: float = 0.0
    """1 where a cable leads to the input, else 0."""
    rank: float = 0.0
    """Number of wired inputs before this one."""


class Gates(tuple[Gate, ...]):
    """A row of gates, in one control frame."""

    __slots__ = ()

    @property
    def level(self) -> tuple[float, ...]:
        """The level of each gate, 0 or 1."""
        return tuple(gate.level for gate in self)

    @property
    def rises(self) -> tuple[float, ...]:
        """The number of rises of each gate within the control frame."""
        return tuple(gate.rises for gate in self)


Row = Sequence[float]
"""A row of numbers that a body reads."""
