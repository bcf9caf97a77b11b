"""Past and forecast of signals by control frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.link.signal_memory import PAST, SignalMemory
from demon_patch.runtime.remote.messages.base import Point

A: Point = ("a", "out", "out")
B: Point = ("b", "out", "out")


def ramp(first: int, count: int) -> np.ndarray:
    return np.array([np.arange(first, first + count), -np.arange(first, first + count)], np.float32)


def filled(*pieces: tuple[int, int]) -> SignalMemory:
    memory = SignalMemory()
    memory.watch([A, B])
    for first, count in pieces:
        memory.put_past([A, B], first, ramp(first, count))
    return memory


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_pieces_give_what_one_message_gives(counts: list[int]) -> None:
    memory, first = filled(), 1000
    for count in counts:
        memory.put_past([A, B], first, ramp(first, count))
        first += count
    kept = min(sum(counts), PAST)
    assert np.array_equal(memory.frames(A, first - kept, kept), np.arange(first - kept, first))
    assert np.isnan(memory.frames(A, first, 3)).all()
    assert memory.newest == first - 1


def test_the_past_wins_over_the_forecast_and_the_forecast_goes_on() -> None:
    memory = filled((100, 10))
    memory.put_ahead([A], 105, np.full((1, 20), 7.0))
    found = memory.frames(A, 108, 4)
    assert found.tolist() == [108.0, 109.0, 7.0, 7.0]
    assert np.isnan(memory.frames(B, 110, 2)).all()


def test_between_two_frames_lies_the_line() -> None:
    memory = filled((0, 10))
    assert np.allclose(memory.at(A, np.array([2.25, 2.5, 7.75])), [2.25, 2.5, 7.75])
    assert memory.now(A, 4.5) == 4.5
    assert np.isnan(memory.now(("c", "out", "out"), 4.5))


def test_what_is_still_watched_is_kept() -> None:
    memory = filled((0, 10))
    memory.watch([B, ("c", "out", "out")])
    assert memory.frames(B, 8, 2).tolist() == [-8.0, -9.0]
    assert not memory.has(A)


def test_a_gap_is_unknown_and_a_new_beginning_forgets() -> None:
    memory = filled((0, 10), (20, 5))
    assert np.isnan(memory.frames(A, 10, 10)).all()
    assert memory.frames(A, 20, 2).tolist() == [20.0, 21.0]
    memory.put_past([A, B], 0, ramp(0, 3))
    assert np.isnan(memory.frames(A, 3, 20)).all()
