"""Finds the edges of a control: the frames at which it jumps, rather than moves. A seam is cut on an edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array

JUMP = 1 / 8
"""Least change from one frame to the next that counts as a jump, as a share of the port's range."""
BEND = 1 / 5
"""Least difference between a jump's change and the change before it, as a share of the port's range."""
BEFORE = 3
"""Frames that `jumps` and `whole_changes` need before the first frame that they judge."""


def jumps(positions: Array) -> NDArray[np.bool_]:
    """Returns for each frame from the fourth on whether the signal jumps there: [n + BEFORE] positions of 0 to 1 give
    [n].

    A jump is a change of more than 1/8 of the range since the frame before that differs from the change before it by
    more than 1/5 of the range. A movement that only slows down is no jump. After a jump there is no further one where
    the signal goes on in the same direction by less. There is none either where the movement from before the jump goes
    on and is less than half of the jump. So a step, a square, the fall of a saw or the beginning of a quick attack make
    one jump each. A sine over the whole range makes none up to 2 Hz at 25 frames a second.
    """
    change = np.diff(positions)
    here, before = change[1:], change[:-1]
    jump = (np.abs(here) > JUMP) & (np.abs(here - before) > BEND)
    here, before, earlier = change[2:], change[1:-1], change[:-2]
    goes_on, less = here * before > 0, np.abs(here) < np.abs(before)
    resumes = (np.abs(here - earlier) <= BEND) & (np.abs(here) < np.abs(before) / 2)
    return jump[1:] & ~(goes_on & less) & ~(jump[:-1] & (goes_on | resumes))


def whole_changes(values: Array) -> NDArray[np.bool_]:
    """Returns for each frame from the fourth on whether a whole number changed since the frame before: numbers [n +
    BEFORE] in the port's unit give [n]."""
    return np.diff(values)[BEFORE - 1 :] != 0
