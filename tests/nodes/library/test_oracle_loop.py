"""The recorded movement against numpy's interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from demon_patch.patch.model.document import Node
from tests.support.node_oracle import BEAT, play

LINE = [[0, 0.2], [1, 1], [2.5, 0.4], [4, 0.6]]
WHERE, HEIGHT = np.array(LINE).T


def played(**values: Any) -> np.ndarray:
    return play(Node("loop", values={"points": LINE, **values}), "out")[0]


def test_it_repeats_in_time_with_the_beat() -> None:
    assert np.allclose(played(), np.interp(BEAT % 4, WHERE, HEIGHT), atol=1e-8)
    moved = np.interp(((BEAT - 1.5) * 2) % 4, WHERE, HEIGHT)
    assert np.allclose(played(shift=1.5, speed=2.0), moved, atol=1e-7)


def test_it_can_be_weakened_to_its_beginning() -> None:
    assert np.allclose(played(amount=0.25), 0.2 + 0.25 * (np.interp(BEAT % 4, WHERE, HEIGHT) - 0.2), atol=1e-8)
    assert np.array_equal(played(amount=0.0), np.full(len(BEAT), 0.2))


def test_steps_stay_until_the_next_point() -> None:
    i = np.searchsorted(WHERE, BEAT % 4 + 1e-9, side="right") - 1
    assert np.allclose(played(joints="steps"), HEIGHT[i], atol=1e-12)
