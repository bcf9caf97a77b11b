"""What a node sees of time, what a gate is, and what a mix sees of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """One control frame, or a run of them with an array in every field that changes.

    k: control frame (integer). s: seconds, k / rate. dt: seconds of a frame. beat: beats since the start.
    dbeat: beats of a frame. song: seconds of song at this frame; length: seconds of the whole song.
    beats_per_bar: beats of the present bar's metre. frame: latent frame of the song, song * rate (integer). bar: bars
    since the start, whole where one begins (with a new metre too). dbar: bars of a frame. song_bar: bars since the
    song's beginning.
    """

    k: Any
    s: Any
    dt: float
    beat: Any
    dbeat: float
    song: Any
    length: float
    beats_per_bar: Any
    frame: Any
    bar: Any = 0.0
    dbar: Any = 0.0
    song_bar: Any = 0.0


class Gate(NamedTuple):
    """A gate in one control frame: `level` (0 or 1) at its end and `rises`, the rising edges within it (0, 1, 2...)."""

    level: float = 0.0
    rises: float = 0.0


class MixInput(NamedTuple):
    """An input of a mix, as its body sees it: `wired` (0 or 1), and `rank`, how many wired inputs stand before it."""

    wired: float = 0.0
    rank: float = 0.0


class Gates(tuple[Gate, ...]):
    """A row of gates; `level` and `rises` are those of each in turn."""

    __slots__ = ()

    @property
    def level(self) -> tuple[float, ...]:
        """The level of each."""
        return tuple(gate.level for gate in self)

    @property
    def rises(self) -> tuple[float, ...]:
        """The rises of each."""
        return tuple(gate.rises for gate in self)


Row = Sequence[float]  # a row of numbers, as the body of a node reads it
