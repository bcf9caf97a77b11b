"""Waveforms as pictures."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.look.waveform import Wave, picture, sampled

RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 128)


def test_a_loud_stretch_is_tall_and_a_silent_one_a_line() -> None:
    made = picture([Wave(np.array([1.0] * 50 + [0.0] * 50), RED)], 100, 40)
    tall = (made[..., 3] > 0.5).sum(0)
    assert (tall[:45] >= 34).all()
    assert (tall[55:] <= 2).all()
    assert np.allclose(made, made[::-1])


def test_strokes_leave_gaps_and_the_front_covers_the_back() -> None:
    loud = np.ones(100)
    made = picture([Wave(loud, BLUE, every=3, wide=3), Wave(loud, RED, every=3, wide=2)], 90, 20)
    middle = made[10]
    assert np.allclose(middle[2::3, 2], 1.0)
    assert np.allclose(middle[0::3], [1.0, 0.0, 0.0, 1.0])


def test_nothing_is_drawn_of_nothing() -> None:
    assert not picture([Wave(np.zeros(0), RED)], 30, 11).any()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.integers(1, 200))
def test_sampling_keeps_the_loudest(values: list[float], count: int) -> None:
    found = sampled(np.array(values), count)
    assert len(found) == count
    assert found.max() <= max(values)
    if len(values) >= count:
        assert found.max() == max(values)
