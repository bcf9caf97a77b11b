"""The format of sound: its rate and its channels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """A rate in Hz and a number of channels."""

    rate: int
    channels: int


COMMON = SoundFormat(48_000, 2)
"""What the program plays at, so that songs of several models can follow each other."""
