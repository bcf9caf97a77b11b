from __future__ import annotations

import threading

import pytest
import torch

from demon_patch.engine.executors.row_threads import RowThreads


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("items", [0, 1, 5])
def test_every_item_is_worked_once_and_each_lane_takes_them_in_order(count: int, items: int) -> None:
    lanes, done = RowThreads(count), [[] for _ in range(count)]
    lanes.run(lambda lane, item: done[lane].append(item), list(range(items)))
    assert sorted(item for share in done for item in share) == list(range(items))
    assert all(share == sorted(share) for share in done)


@pytest.mark.parametrize("count", [1, 2])
def test_between_its_items_the_callers_lane_does_what_else_is_due(count: int) -> None:
    lanes, order = RowThreads(count), []
    lanes.run(
        lambda lane, item: order.append((lane, item)) if lane == 0 else None,
        list(range(4)),
        lambda: order.append(threading.current_thread().name),
    )
    assert order[1::2] == ["MainThread"] * (len(order) // 2)
    assert [lane for lane, _ in order[::2]] == [0] * (len(order) // 2)


def test_a_lane_that_is_busy_leaves_the_rest_to_the_others() -> None:
    lanes, taken, ended = RowThreads(2), {0: 0, 1: 0}, threading.Event()

    def work(lane: int, item: int) -> None:
        taken[lane] += 1
        if sum(taken.values()) == 6:
            ended.set()
        if item == 0:
            assert ended.wait(20)  # the other lane does all the others meanwhile

    lanes.run(work, list(range(6)))
    assert sorted(taken.values()) == [1, 5]


def test_lanes_work_side_by_side_on_single_threads_without_gradients() -> None:
    meeting = threading.Barrier(2, timeout=20)  # passes only if both lanes are at work at once
    seen = {}

    def work(lane: int, item: int) -> None:
        meeting.wait()
        seen[lane] = (threading.current_thread().name, torch.get_num_threads(), torch.is_grad_enabled())

    RowThreads(2).run(work, [0, 1])
    assert {name for name, _, _ in seen.values()} >= {"MainThread"}
    assert len({name for name, _, _ in seen.values()}) == 2
    assert [rest for _, *rest in seen.values()] == [[1, False], [1, False]]


@pytest.mark.parametrize("lane", [0, 1])
def test_an_error_of_any_lane_is_raised_after_all_have_ended(lane: int) -> None:
    done, meeting = [], threading.Barrier(2, timeout=20)

    def work(at: int, item: int) -> None:
        meeting.wait()
        if at == lane:
            raise ArithmeticError("lane")
        done.append(item)

    with pytest.raises(ArithmeticError, match="lane"):
        RowThreads(2).run(work, [0, 1])
    assert len(done) == 1


def test_no_lanes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        RowThreads(0)
