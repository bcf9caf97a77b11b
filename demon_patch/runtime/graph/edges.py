"""Which frames of a control are edges: jumps, on which a generation begins, and not movements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array

JUMP = 1 / 8  # of the port's range, the least change of a jump between two frames
BEND = 1 / 5  # of the port's range, by which that change differs from the one before it
BEFORE = 3  # frames before a frame that `jumps` looks at


def jumps(positions: Array) -> NDArray[np.bool_]:
    """Whether each frame from the fourth on is a jump: [n + BEFORE] positions in 0..1 give [n].

    A jump is a change since the frame before above 1/8 of the range, which differs from the change before it by more
    than 1/5 of the range. A movement that only slows down is none; and what follows a jump is no further one where it
    goes on in the same direction, or where the movement from before the jump goes on and is less than half of it. So a
    step, a square, the fall of a saw or the begin of a quick attack makes one each, and a sine over the whole range
    makes none up to 2 Hz at 25 frames a second.
    """
    change = np.diff(positions)
    here, before = change[1:], change[:-1]
    jump = (np.abs(here) > JUMP) & (np.abs(here - before) > BEND)
    here, before, earlier = change[2:], change[1:-1], change[:-2]
    goes_on, less = here * before > 0, np.abs(here) < np.abs(before)
    resumes = (np.abs(here - earlier) <= BEND) & (np.abs(here) < np.abs(before) / 2)
    return jump[1:] & ~(goes_on & less) & ~(jump[:-1] & (goes_on | resumes))


def whole_changes(values: Array) -> NDArray[np.bool_]:
    """The same of a whole number, any change of which is an edge: [n + BEFORE] values give [n]."""
    return np.diff(values)[BEFORE - 1 :] != 0
