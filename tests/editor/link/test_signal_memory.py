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


def test_a_frame_just_below_a_whole_one_is_found_though_its_difference_is_rounded() -> None:
    memory = filled((0, 2))
    last = np.nextafter(1.0, 0.0)
    frames = np.array([-1e5 + 0.5, last])
    assert frames[-1] - np.floor(frames[0]) == 1e5 + 1  # rounded up
    assert memory.at(A, frames)[1] == 1.0


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


@given(
    st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=4),
    st.floats(95.0, 112.0),
    st.floats(0.0, 8.0),
)
def test_a_table_has_the_line_through_what_is_known_of_each_point(holes: list, first: float, span: float) -> None:
    random = np.random.default_rng(1)
    points: list[Point] = [("n", f"o{row}", "out") for row in range(len(holes))]
    memory, values = SignalMemory(), random.random((len(holes), 12))
    values[np.array(holes)] = np.nan
    memory.watch(points)
    memory.put_past(points, 100, values)
    frames = np.linspace(first, first + span, 7)
    found = memory.table([*points, ("x", "out", "out")], frames)
    for row, line in enumerate(values):
        seen = np.flatnonzero(~np.isnan(line) & (np.arange(100, 112) >= np.floor(first)))
        seen = seen[seen + 100 <= np.floor(frames[-1]) + 1]
        if not len(seen):
            assert np.isnan(found[row]).all()
            continue
        expected = np.interp(frames, seen + 100, line[seen])
        expected[frames < seen[0] + 100] = np.nan
        np.testing.assert_allclose(found[row], expected, atol=1e-12)
    assert np.isnan(found[-1]).all()
