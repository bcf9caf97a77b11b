"""When slots are admitted and delivered: cadence, latest wins, queue, idle, resize, steps."""

from __future__ import annotations

from itertools import pairwise
from math import floor

import pytest

from demon_patch.errors import DemonError
from tests.support.toy_family import Bench


def play(bench: Bench, ticks: int, **fields: object) -> tuple[list[int], list[int]]:
    """Offers a request on every tick; the ticks of admission and of delivery."""
    admitted, delivered = [], []
    for _ in range(ticks):
        if bench.ring.admits():
            bench.ring.submit(bench.request(**fields))
        admitted += [slot.admitted for slot in bench.ring.admit()]
        delivered += [finished.tick for finished in bench.ring.advance({})]
    return admitted, delivered


@pytest.mark.parametrize("depth", range(1, 9))
@pytest.mark.parametrize("steps", [1, 3, 5, 8, 16])
def test_slots_are_admitted_on_the_exact_fractions(depth: int, steps: int) -> None:
    bench = Bench(depth)
    admitted, delivered = play(bench, 5 * steps, steps=steps)
    if steps >= depth:
        assert admitted == [floor(k * steps / depth) for k in range(len(admitted))]
        assert len(admitted) == 5 * depth
    else:  # one request a tick is all that was offered
        assert admitted == list(range(5 * steps))
    assert delivered == [tick + steps - 1 for tick in admitted if tick + steps - 1 < 5 * steps]


@pytest.mark.parametrize(
    ("depth", "gaps"), [(1, [8]), (2, [4] * 2), (3, [2, 3, 3]), (4, [2] * 4), (5, [1, 1, 2, 2, 2]), (8, [1] * 8)]
)
def test_completion_gaps(depth: int, gaps: list[int]) -> None:
    delivered = play(Bench(depth), 80)[1]
    found = [b - a for a, b in pairwise(delivered)]
    assert sorted(found[:depth]) == gaps
    assert found == (found[:depth] * 40)[: len(found)]


def test_several_are_admitted_and_finished_at_once_when_steps_are_few() -> None:
    bench = Bench(8, mode="queue")
    for seed in range(12):
        bench.ring.submit(bench.request(seed=seed, steps=2))
    sizes = [len(bench.ring.tick()) for _ in range(5)]
    assert sizes == [0, 4, 4, 4, 0]


def test_the_latest_request_wins_and_is_used_once() -> None:
    bench = Bench(2)
    for seed in (1, 2, 3):
        bench.ring.submit(bench.request(seed=seed))
    assert [request.controls.whole("seed") for request in bench.ring.waiting] == [3]
    assert [slot.request.controls.whole("seed") for slot in bench.ring.admit()] == [3]
    for _ in range(4):
        bench.ring.tick()
    assert bench.ring.admits()
    assert bench.ring.admit() == []


def test_a_queue_makes_all_in_order() -> None:
    bench = Bench(3, mode="queue")
    for seed in range(7):
        bench.ring.submit(bench.request(seed=seed))
    assert not bench.ring.admits()
    assert [finished.request.controls.whole("seed") for finished in bench.ring.drain()] == list(range(7))
    assert bench.ring.admits()


def test_admits_foretells_admission_in_a_queue() -> None:
    bench = Bench(4, mode="queue")
    bench.ring.submit(bench.request(steps=2))  # of two steps, two are due at once
    assert bench.ring.admits()
    bench.ring.submit(bench.request(steps=2))
    assert not bench.ring.admits()
    assert len(bench.ring.admit()) == 2


def test_a_slot_counts_down_to_its_delivery() -> None:
    bench = Bench(1)
    bench.ring.submit(bench.request(tag="mine", heard_at=12.5, steps=5))
    (slot,) = bench.ring.admit()
    assert (slot.step, slot.remaining, slot.heard_at, slot.rows[0]) == (0, 5, 12.5, 0)
    slot.heard_at = 13.0
    for left in (4, 3, 2, 1):
        assert bench.ring.advance({}) == []
        assert slot.remaining == left
    (finished,) = bench.ring.advance({})
    assert finished.slot is slot
    assert (finished.tick, finished.request.tag, finished.slot.heard_at) == (4, "mine", 13.0)
    assert bench.ring.slots == ()


def test_idling_anchors_the_cadence_anew() -> None:
    bench = Bench(3)
    play(bench, 9)
    for _ in range(20):
        bench.ring.tick({})
    start = bench.ring.tick_index
    assert play(bench, 16)[0] == [start + offset for offset in (0, 2, 5, 8, 10, 13)]


def test_one_missed_tick_anchors_the_cadence_anew() -> None:
    bench = Bench(4)
    play(bench, 8)
    bench.ring.tick({})  # a slot was due on this tick
    assert play(bench, 8)[0] == [9, 11, 13, 15]


@pytest.mark.parametrize("before", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("phase", range(8))
def test_resize_keeps_all_work_and_soon_spaces_evenly(before: int, after: int, phase: int) -> None:
    bench = Bench(before)
    admitted, delivered = play(bench, 16 + phase, strength=0.0)
    bench.ring.resize(after)
    more, done = play(bench, 48, strength=0.0)
    assert [tick + 7 for tick in admitted + more][: len(delivered + done)] == delivered + done
    assert after - 1 <= len(bench.ring.slots) <= after
    settled = [tick for tick in more if tick >= 16 + phase + 16]
    gaps = {b - a for a, b in pairwise(settled)}
    assert gaps <= {floor(8 / after), -(-8 // after)}
    if before <= after:  # growing leaves no gap longer than the old one
        edge = [tick for tick in admitted + more if tick >= 8]
        assert max(b - a for a, b in pairwise(edge)) <= -(-8 // before)


def test_growing_staggers_the_new_slots_from_the_latest_one() -> None:
    bench = Bench(1)
    assert play(bench, 17)[0] == [0, 8, 16]
    bench.ring.resize(4)
    assert play(bench, 12)[0] == [18, 20, 22, 24, 26, 28]


def test_a_long_slot_keeps_its_row_to_itself() -> None:
    bench = Bench(2)
    bench.ring.submit(bench.request(steps=16))
    (long,) = bench.ring.admit()
    others = set()
    for _ in range(15):
        bench.ring.submit(bench.request(steps=1))
        bench.ring.admit()
        others |= {slot.rows[0] for slot in bench.ring.slots if slot is not long}
        bench.ring.advance({})
    assert others
    assert long.rows[0] not in others
    assert bench.ring.slots == (long,)


def test_shrinking_admits_nothing_until_the_surplus_has_finished() -> None:
    bench = Bench(4)
    play(bench, 8)
    bench.ring.resize(1)
    in_flight = bench.ring.slots
    admitted, delivered = play(bench, 20)
    assert delivered[: len(in_flight)] == [slot.admitted + 7 for slot in in_flight]
    assert admitted[0] == in_flight[-1].admitted + 8


def test_steps_change_without_emptying_the_ring() -> None:
    bench = Bench(4)
    admitted = play(bench, 16)[0]
    faster, done = play(bench, 24, steps=4)
    finish = sorted([tick + 7 for tick in admitted if tick + 7 >= 16] + [tick + 3 for tick in faster])
    assert sorted(done) == [tick for tick in finish if tick < 40]
    assert max(b - a for a, b in pairwise(done)) <= 2
    assert faster[-8:] == list(range(32, 40))


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("steps", [3, 8])
def test_the_next_admission_is_foretold(depth: int, steps: int) -> None:
    bench = Bench(depth)
    foretold = []
    admitted = []
    for _ in range(60):
        if bench.ring.admits():
            foretold.append(bench.ring.next_admission(steps))
            bench.ring.submit(bench.request(steps=steps))
        admitted += [slot.admitted for slot in bench.ring.admit()]
        bench.ring.advance({})
    expected = foretold[: len(admitted) - 1]
    if steps >= depth:
        assert admitted[1:] == expected
    else:  # due at once, but offered one a tick
        assert all(foreseen <= tick for foreseen, tick in zip(expected, admitted[1:], strict=True))


def test_the_next_admission_waits_for_a_free_slot() -> None:
    bench = Bench(4)
    play(bench, 8)
    bench.ring.resize(2)
    while not bench.ring.admits():
        bench.ring.tick({})
    foretold = bench.ring.next_admission(8)
    assert play(bench, 12)[0][1] == foretold


def test_sixty_completions_in_sixty_ticks_while_strength_moves() -> None:
    bench = Bench(8)
    play(bench, 8)
    done = []
    for k in range(60):
        bench.ring.submit(bench.request(strength=0.2 + 0.0125 * k))
        done += bench.ring.tick()
    assert len(done) == 60
    strengths = [finished.request.controls.number("strength") for finished in done[7:]]
    assert strengths == [0.2 + 0.0125 * k for k in range(len(strengths))]


@pytest.mark.parametrize("depth", [0, 9, 2.5, float("nan"), -1])
def test_impossible_depths(depth: int) -> None:
    with pytest.raises(DemonError, match=r"port depth.*1 to 8"):
        Bench(depth)
    bench = Bench(2)
    with pytest.raises(DemonError, match=r"port depth.*1 to 8"):
        bench.ring.resize(depth)
    assert bench.ring.depth == 2


def test_impossible_rings() -> None:
    with pytest.raises(DemonError, match="latest or queue"):
        Bench(2, mode="newest")
    with pytest.raises(DemonError, match=r"4 prompt places for a ring .*at least 8"):
        Bench(2, rows=range(4))


def test_a_dropped_generation_leaves_its_place_to_the_next_at_once() -> None:
    bench, plain = Bench(2), Bench(2)
    for _ in range(60):  # more often than there are prompt places
        for each in (bench, plain):
            each.ring.submit(each.request(steps=8, seed=1))
            each.ring.tick()
        first = bench.ring.slots[0]
        bench.ring.submit(bench.request(steps=8, seed=2))
        while len(bench.ring.slots) < 2:
            bench.ring.tick()
            plain.ring.tick()
        bench.ring.drop(bench.ring.slots[1])
        assert bench.ring.slots == (first,)
        assert bench.ring.admits()
        bench.ring.submit(bench.request(steps=8, seed=3))
        bench.ring.admit()
        assert [slot.step for slot in bench.ring.slots][1:] == [0]
        done = {each.request.controls.whole("seed"): each for each in bench.ring.drain()}
        assert set(done) == {1, 3}
        (alone,) = plain.ring.drain()
        assert (done[1].latent == alone.latent).all()
