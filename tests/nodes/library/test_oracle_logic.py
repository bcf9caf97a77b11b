"""Gates from gates: each node against edges counted one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from demon_patch.codegen.frame import Gate
from demon_patch.codegen.vocabulary import hash01
from demon_patch.nodes.library.logic.gates import coin, edges, gate_length
from demon_patch.nodes.library.logic.logic import flip_flop, latch, logic
from demon_patch.runtime.graph.clock import Transport
from tests.support.nodes_by_hand import TRANSPORT, N, course, gates, held, played, signal, struck, upward

A, B = gates(1), gates(2)
RISES = np.array([g.rises for g in A])
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a ^ b,
    "nand": lambda a, b: 1 - (a and b),
    "nor": lambda a, b: 1 - (a or b),
    "xnor": lambda a, b: 1 - (a ^ b),
    "not": lambda a, b: 1 - a,
}


def along(gate: Gate, before: float, pulses: int) -> list[int]:
    """The level before the frame, low and high of every pulse, and the level at the end."""
    end = int(gate.level)
    inside = [level for j in range(pulses) for level in ((0, 1) if j < gate.rises else (end, end))]
    return [int(before), *inside, end]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_logic_counts_the_edges_of_its_result(operation: str) -> None:
    level, rises = played(logic, a=A, b=B, operation=operation)
    for k in range(N):
        a, b = A[k], Gate() if operation == "not" else B[k]
        before = (A[k - 1].level, B[k - 1].level) if k else (0, 0)
        pulses = int(max(a.rises, b.rises))
        both = zip(along(a, before[0], pulses), along(b, before[1], pulses), strict=True)
        levels = [OPERATIONS[operation](x, y) for x, y in both]
        first = levels[-1] if k == 0 else 0  # one that is high at first rises in the first frame
        assert (level[k], rises[k]) == (levels[-1], max(upward(levels), first))
    assert rises.max() > 1


def test_logic_on_gates_that_a_musician_makes() -> None:
    open_all, hits = held(0, N), struck(3, 7, 7, 20)
    count = np.array([g.rises for g in hits])
    assert np.array_equal(played(logic, a=open_all, b=hits)[1], count)
    assert not played(logic, a=held(5, 10), b=held(12, 20))[1].any()
    assert played(logic, a=open_all, b=hits, operation="or")[1].tolist() == [1] + [0] * (N - 1)
    turned = played(logic, a=held(4, 9), operation="not")
    assert np.flatnonzero(turned[1]).tolist() == [0, 9]
    assert np.flatnonzero(turned[0] == 0).tolist() == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_logic_never_goes_up_without_a_rise(operation: str) -> None:
    level, rises = played(logic, a=A, b=B, operation=operation)
    ups = np.diff(level, prepend=0)
    assert (rises >= ups).all()


@pytest.mark.parametrize("last_word", ["set", "reset"])
def test_latch_remembers_the_last_word(last_word: str) -> None:
    level, rises, off, off_rises = played(latch, set=A, reset=B, last_word=last_word)
    now = 0
    for k in range(N):
        words = ["set"] * int(A[k].rises) + ["reset"] * int(B[k].rises)
        levels = [now]
        for word in words if last_word == "reset" else words[::-1]:
            levels.append(int(word == "set"))
        now = levels[-1]
        assert (level[k], rises[k]) == (now, upward(levels))
        first = 1 - now if k == 0 else 0
        assert (off[k], off_rises[k]) == (1 - now, max(upward([1 - x for x in levels]), first))


def test_flip_flop_counts_every_flip() -> None:
    level, rises, off, off_rises = played(flip_flop, flip=A)
    turns = np.cumsum(RISES)
    assert np.array_equal(level, turns % 2)
    assert np.array_equal(np.cumsum(rises), (turns + 1) // 2)
    assert np.array_equal(off, 1 - turns % 2)
    assert np.array_equal(np.cumsum(off_rises) - off_rises[0], turns // 2 - turns[0] // 2)
    assert off_rises[0] == max(turns[0] // 2, off[0])


def test_flip_flop_resets_before_it_flips() -> None:
    level, rises, _, off_rises = played(flip_flop, 8, flip=struck(1, 4, 6, 6, n=8), reset=struck(3, 4, 6, n=8))
    assert level.tolist() == [0, 1, 1, 0, 1, 1, 0, 0]
    assert rises.tolist() == [0, 1, 0, 0, 1, 0, 1, 0]
    assert off_rises.tolist() == [1, 0, 0, 1, 0, 0, 2, 0]


def test_edges_are_those_of_the_course() -> None:
    rise_level, rise, fall_level, fall, both_level, both = played(edges, gate=A)
    for k in range(N):
        levels = course(A, k)
        ups, downs = upward(levels), upward([-x for x in levels])
        assert (rise[k], fall[k], both[k]) == (ups, downs, ups + downs)
        assert (rise_level[k], fall_level[k], both_level[k]) == (ups > 0, downs > 0, ups + downs > 0)


@pytest.mark.parametrize(
    ("again", "rises", "high"),
    [
        ("restart", {10: 1, 12: 2, 40: 1}, [*range(10, 17), *range(40, 45)]),
        ("extend", {10: 1, 40: 1}, [*range(10, 17), *range(40, 45)]),
        ("ignore", {10: 1, 40: 1}, [*range(10, 15), *range(40, 45)]),
    ],
)
def test_gate_length_in_seconds(again: str, rises: dict[int, int], high: list[int]) -> None:
    hits = struck(10, 12, 12, 40)
    level, count = played(gate_length, gate=hits, length=0.2, again=again)
    assert np.flatnonzero(level).tolist() == high
    assert {int(k): int(count[k]) for k in np.flatnonzero(count)} == rises


def test_gate_length_in_beats_goes_with_the_tempo() -> None:
    faster = TRANSPORT.at_tempo(15, 240.0)
    level, _ = played(gate_length, N, faster, gate=held(10, 12), length=1.0, unit="beats")
    left = 1 - 5 * 120 / 60 / 25  # after the frames 10 to 14, in beats
    assert level.sum() == 5 + np.ceil(left / (240 / 60 / 25))


def test_gate_length_is_never_shorter_than_a_control_frame() -> None:
    slow = Transport(5.0, 120.0, 4, 150)
    level, count = played(gate_length, 20, slow, gate=struck(3, 4, 9, n=20), length=0.01)
    assert np.flatnonzero(level).tolist() == np.flatnonzero(count).tolist() == [3, 4, 9]


@pytest.mark.parametrize("way", ["toss", "turn"])
def test_coin_tosses_for_every_hit(way: str) -> None:
    heads_level, heads, tails_level, tails = played(coin, gate=A, probability=0.3, seed=5.0, way=way)
    tossed, side = 0, 0
    for k in range(N):
        sides = []
        for _ in range(int(A[k].rises)):
            head = int(hash01(tossed, 5) < 0.3)
            side = head if way == "toss" else side ^ head
            sides.append(side)
            tossed += 1
        assert (heads[k], tails[k]) == (sum(sides), len(sides) - sum(sides))
        assert (heads_level[k], tails_level[k]) == (A[k].level * side, A[k].level * (1 - side))


def test_coin_is_fair_to_its_probability_and_repeats_after_a_reset() -> None:
    hits = struck(*range(N))
    for probability in (0.0, 0.2, 1.0):
        heads = played(coin, gate=hits, probability=probability)[1]
        assert heads.mean() == pytest.approx(probability, abs=4 * np.sqrt(0.25 / N))
    for way in ("toss", "turn"):
        again = played(coin, gate=hits, reset=struck(100, 200), way=way)[1]
        assert again[:100].tolist() == again[100:200].tolist() == again[200:].tolist()
    crowd = [Gate(1, 9)] * N
    level, heads, _, tails = played(coin, gate=crowd, probability=signal(4, 0, 1))
    assert (heads + tails == 9).all()
    assert ((heads >= 6) == (level > 0)).all()
