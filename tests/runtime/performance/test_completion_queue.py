"""The queue of completions: whatever is finished, late or changed, each window has a completion in its time."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.runtime.performance.completion_queue import CompletionQueue
from demon_patch.runtime.performance.trace import QueuedCompletion

LEAD = 4  # frames
MOVES = st.lists(
    st.tuples(
        st.integers(0, 12),  # frames that pass
        st.one_of(st.none(), st.integers(-30, 30)),  # when a completion is due, from the lead on; None without one
        st.booleans(),  # whether a live change has come
        st.integers(1, 40),  # the length of windows
        st.integers(-3, 3),  # how far the lead is from its length
    ),
    max_size=60,
)


def completion(heard_at: int, number: int) -> QueuedCompletion:
    return QueuedCompletion(cast("Any", None), heard_at, {"number": float(number)})


@given(MOVES)
def test_each_frame_is_decoded_from_the_newest_completion_that_has_begun(moves: list[Any]) -> None:
    queue, now = CompletionQueue(), 0
    queue.replaces = True
    queue.add(completion(0, 0), LEAD)
    added = {0: 0}  # the number of the newest completion by the frame from which it is heard
    for number, (passed, due, changed, length, longer) in enumerate(moves, 1):
        now += passed
        lead = now + LEAD + longer
        before = queue.planner.next_start
        if changed:
            queue.decode_again(lead)
            assert queue.planner.next_start >= min(lead, before), "before the lead nothing is decoded again"
        if due is not None:
            heard_at = max(lead + due, queue.planner.next_start)
            queue.add(completion(heard_at, number), lead)
            added[heard_at] = number
        start = queue.planner.next_start
        windows = queue.planner.plan(lead, length, queue.completions)
        assert queue.planner.next_start >= lead, "a window that is due has no completion"
        assert [window.start for window in windows] == [start, *(window.stop for window in windows)][: len(windows)]
        for window in windows:
            newest = added[max(at for at in added if at <= window.start)]
            assert cast("Any", window.completion).values["number"] == newest


def test_without_changes_only_what_is_coming_is_kept() -> None:
    queue = CompletionQueue()
    for number in range(20):
        queue.add(completion(queue.planner.next_start, number), queue.planner.next_start)
        queue.planner.plan(10 * number + 10, 10, queue.completions)
        assert len(queue.completions) <= 2
