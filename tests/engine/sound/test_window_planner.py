from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.engine.sound.window import Window, WindowPlanner


@dataclass
class Take:
    heard_at: int


def test_nothing_is_planned_before_the_first_take_is_due() -> None:
    planner = WindowPlanner(0)
    assert planner.plan(8, 8, []) == []
    assert planner.plan(8, 8, [Take(5)]) == []


def test_windows_follow_each_other_and_end_where_a_take_begins() -> None:
    first, second = Take(0), Take(11)
    windows = WindowPlanner(0).plan(20, 8, [first, second])
    assert windows == [Window(0, 8, first), Window(8, 11, first), Window(11, 19, second), Window(19, 27, second)]


def test_a_generation_still_in_flight_cuts_the_window_it_will_enter() -> None:
    first = Take(0)
    assert WindowPlanner(0).plan(8, 8, [first], coming=[3, 40]) == [Window(0, 3, first), Window(3, 11, first)]


def test_the_newest_due_take_plays_whether_or_not_one_completed() -> None:
    old, new = Take(0), Take(4)
    planner = WindowPlanner(0)
    planner.plan(4, 4, [old, new])
    assert [window.completion for window in planner.plan(30, 4, [old, new])] == [new] * 7


@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=12),
    st.integers(1, 20),
    st.lists(st.integers(1, 30), min_size=1, max_size=20),
)
def test_every_frame_is_played_once_from_the_newest_due_take(heard: list[int], frames: int, hops: list[int]) -> None:
    takes = sorted((Take(at) for at in {0, *heard}), key=lambda take: take.heard_at)
    planner, until, windows = WindowPlanner(0), 0, []
    for hop in hops:
        until += hop
        windows += planner.plan(until, frames, takes)
    expected = 0
    for window in windows:
        assert window.start == expected < window.stop <= window.start + frames
        due = [take.heard_at for take in takes if take.heard_at <= window.start]
        assert window.completion.heard_at == max(due)
        assert not any(window.start < take.heard_at < window.stop for take in takes)
        expected = window.stop
    assert expected >= until
