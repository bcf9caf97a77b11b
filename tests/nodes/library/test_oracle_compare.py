"""Gates from signals, against numpy over a whole run."""

from __future__ import annotations

import numpy as np

from demon_patch.nodes.library.logic.compare import compare, schmitt
from tests.support.nodes_by_hand import N, played, signal

X, Y = signal(1), signal(2)


def begun(level: np.ndarray) -> np.ndarray:
    """Where a level goes up, from 0 before the run."""
    return (np.diff(level, prepend=0) > 0).astype(float)


def test_compare_without_hysteresis_is_plain() -> None:
    a, b = np.round(X, 1), np.round(Y, 1)
    above, above_rises, below, below_rises, equal, equal_rises, difference = played(compare, a=a, b=b, tolerance=0.25)
    assert np.array_equal(above, a > b)
    assert np.array_equal(below, a < b)
    assert np.array_equal(equal, abs(a - b) <= 0.25)
    assert np.array_equal(difference, a - b)
    for level, rises in ((above, above_rises), (below, below_rises), (equal, equal_rises)):
        assert np.array_equal(rises, begun(level))


def test_compare_with_hysteresis_does_not_chatter() -> None:
    noisy = np.sin(np.arange(N) * 2 * np.pi / 100 + 0.01) + 0.2 * X
    above, rises, below, below_rises, *_ = played(compare, a=noisy, hysteresis=0.4)
    assert rises.sum() == 3
    assert below_rises.sum() == 3
    assert (noisy[above > 0] > -0.2).all()
    assert (noisy[above < 1] <= 0.2).all()
    assert (noisy[below > 0] < 0.2).all()
    assert (noisy[below < 1] >= -0.2).all()
    assert played(compare, a=noisy)[1].sum() > 3


def test_schmitt_opens_and_closes_at_its_marks() -> None:
    level, rises = played(schmitt, x=X, opens=0.5, closes=-0.25)
    marks = np.where(X >= 0.5, 1, np.where(X < -0.25, 0, -1))  # the last mark passed decides
    last = np.maximum.accumulate(np.where(marks >= 0, np.arange(N), -1))
    assert np.array_equal(level, np.where(last >= 0, marks[last] == 1, 0))
    assert np.array_equal(rises, begun(level))


def test_schmitt_with_one_mark_is_a_threshold() -> None:
    assert np.array_equal(played(schmitt, x=X, opens=0.1, closes=0.7)[0], X >= 0.1)
