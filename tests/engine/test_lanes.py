from __future__ import annotations

import threading

import pytest
import torch

from demon_patch.engine.lanes import Lanes


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("items", [0, 1, 5])
def test_every_item_is_worked_once_in_the_order_of_its_lane(count: int, items: int) -> None:
    lanes, done = Lanes(count), [[] for _ in range(count)]
    lanes.run(lambda lane, item: done[lane].append(item), list(range(items)))
    assert done == [list(range(items))[lane::count] for lane in range(count)]


def test_lanes_work_side_by_side_on_single_threads_without_gradients() -> None:
    meeting = threading.Barrier(2, timeout=20)  # passes only if both lanes are at work at once
    seen = {}

    def work(lane: int, item: int) -> None:
        meeting.wait()
        seen[lane] = (threading.current_thread().name, torch.get_num_threads(), torch.is_grad_enabled())

    Lanes(2).run(work, [0, 1])
    assert {name for name, _, _ in seen.values()} >= {"MainThread"}
    assert len({name for name, _, _ in seen.values()}) == 2
    assert [rest for _, *rest in seen.values()] == [[1, False], [1, False]]


@pytest.mark.parametrize("lane", [0, 1])
def test_an_error_of_any_lane_is_raised_after_all_have_ended(lane: int) -> None:
    done = []

    def work(at: int, item: int) -> None:
        if at == lane:
            raise ArithmeticError("lane")
        done.append(item)

    with pytest.raises(ArithmeticError, match="lane"):
        Lanes(2).run(work, [0, 1])
    assert done == [1 - lane]


def test_no_lanes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Lanes(0)
