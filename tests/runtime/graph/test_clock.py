"""The transport: exact, never accumulated, the same for one frame and for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.runtime.graph.clock import Transport


@given(st.integers(-1000, 10**7), st.integers(1, 400), st.sampled_from([25.0, 21.533203125]))
def test_one_frame_and_many_agree_to_the_bit(k: int, bpm: int, rate: float) -> None:
    transport = Transport(rate, float(bpm), 3, 599)
    many = transport.frames(k, 3)
    for i in range(3):
        one = transport.frame(k + i)
        assert all(np.asarray(a).flat[min(i, np.size(a) - 1)] == b for a, b in zip(many, one, strict=True))


def test_whole_beats_are_exact() -> None:
    transport = Transport(25.0, 126.0)
    assert [transport.frame(k).beat for k in range(0, 25 * 600, 250)] == [21.0 * i for i in range(60)]
    assert transport.frame(3_000_000).s == 120_000.0


def test_the_song_wraps() -> None:
    transport = Transport(25.0, 120.0, 4, 600)
    assert [transport.song_frame(k) for k in (-1, 0, 599, 600, 1250)] == [599, 0, 599, 0, 50]
    frame = transport.frame(650)
    assert (frame.song, frame.length, frame.frame, frame.s) == (2.0, 24.0, 50, 26.0)


@pytest.mark.parametrize("wrong", [(0.0, 120.0, 4, 600), (25.0, 0.0, 4, 600), (25.0, 120.0, 0, 1), (25.0, 9.0, 4, 0)])
def test_a_transport_of_nothing_is_refused(wrong: tuple[float, float, float, int]) -> None:
    with pytest.raises(ValueError, match="transport needs"):
        Transport(*wrong)
