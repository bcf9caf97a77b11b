"""Reads the steps of endless knobs in the three ways in which they are sent."""

from __future__ import annotations

from demon_patch.patch.model.dashboard import Coding

TURN = 127
"""Steps of an endless knob from one end of a knob that glides to the other."""


def steps(value: int, coding: Coding) -> int:
    """Returns the steps, above 0 for up, that a value of 0 to 127 means.

    coding: twos: 1 to 63 are up, 127 to 64 are 1 to 64 down. offset: 64 is none, above up, below down. sign: 1 to 63
    are up, 65 to 127 are 1 to 63 down.
    """
    if coding == "offset":
        return value - 64
    if coding == "sign":
        return value if value < 64 else 64 - value
    return value if value < 64 else value - 128
