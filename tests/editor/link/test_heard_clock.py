"""The clock between two messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.link.heard_clock import AHEAD, HeardClock

gaps = st.lists(st.tuples(st.floats(0.005, 0.1), st.floats(-0.04, 0.04)), min_size=3, max_size=60)


@given(gaps)
def test_it_never_runs_back_and_stays_near_the_truth(steps: list[tuple[float, float]]) -> None:
    clock, now, shown = HeardClock(25.0), 10.0, -1.0
    for gap, late in steps:
        now += gap
        clock.stamp(int((now - 10.0 - abs(late)) * 25.0) + 100, now, True)
        found = clock.frame(now)
        assert found >= shown - 1e-9
        assert abs(found - (100 + (now - 10.0) * 25.0)) < 4.0
        shown = found


def test_a_jump_is_followed_at_once() -> None:
    clock = HeardClock(25.0)
    clock.stamp(100, 0.0, True)
    clock.stamp(400, 0.04, True)
    assert clock.frame(0.04) == 400.0
    clock.stamp(10, 0.08, True)
    assert clock.frame(0.08) == 10.0


def test_it_stands_while_nothing_plays_and_waits_where_nothing_comes() -> None:
    clock = HeardClock(25.0)
    clock.stamp(100, 0.0, False)
    assert clock.frame(5.0) == 100.0
    clock.stamp(100, 5.0, True)
    assert clock.frame(60.0) == 100.0 + AHEAD
