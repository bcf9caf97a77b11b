"""Tap tempo: right again two good taps after any mistake, and never wild."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pytest

from demon_patch.runtime.live.tap_tempo import TapTempo
from tests.support.effort import tries


def tapped(taps: Sequence[float]) -> list[float | None]:
    """What each tap made of the tempo."""
    tapping = TapTempo()
    return [tapping.tap(at) for at in taps]


def told(taps: Sequence[float]) -> list[float]:
    """The tempi that were told."""
    return [bpm for bpm in tapped(taps) if bpm is not None]


def beats(count: int, period: float = 0.5, start: float = 100.0) -> list[float]:
    """Good taps."""
    return [start + i * period for i in range(count)]


def right(bpm: float | None, expected: float) -> bool:
    return bpm is not None and abs(bpm / expected - 1) < 0.02


@pytest.mark.parametrize("bpm", [20.0, 25.0, 61.0, 90.0, 120.0, 174.0, 240.0, 300.0])
def test_even_taps_are_their_tempo_from_the_second_on(bpm: float) -> None:
    assert tapped(beats(12, 60 / bpm)) == [None, *[pytest.approx(bpm)] * 11]


@pytest.mark.parametrize("bpm", [25.0, 60.0, 90.0, 120.0, 180.0])
@pytest.mark.parametrize("before", [2, 3, 4, 6, 12])
@pytest.mark.parametrize("place", [0.1, 0.25, 0.33, 0.4, 0.5, 0.6, 0.75, 0.9])
def test_a_tap_too_many(bpm: float, before: int, place: float) -> None:
    period = 60 / bpm
    good = beats(before + 6, period)
    said = dict(zip(taps := sorted([*good, good[before] + place * period]), tapped(taps), strict=True))
    assert all(right(said[at], bpm) for at in good[before + 2 :]), said
    assert all(bpm is None or 20 <= bpm <= 300 for bpm in said.values())
    if before >= 4:
        assert all(value is None or right(value, bpm) for value in said.values()), said  # it never moves


@pytest.mark.parametrize("bpm", [25.0, 60.0, 120.0, 180.0, 300.0])
@pytest.mark.parametrize("before", [1, 2, 3, 6, 12])
def test_a_tap_missed(bpm: float, before: int) -> None:
    good = beats(before + 6, 60 / bpm)
    taps = [*good[:before], *good[before + 1 :]]
    said = dict(zip(taps, tapped(taps), strict=True))
    assert all(right(said[at], bpm) for at in good[before + 3 :]), said
    if before >= 2:
        assert all(value is None or right(value, bpm) for value in said.values()), said


@pytest.mark.parametrize("gap", [1.9, 2.0, 3.3, 60.0])
@pytest.mark.parametrize(("first", "second"), [(120.0, 120.0), (120.0, 75.0), (90.0, 174.0), (174.0, 60.0)])
def test_a_pause_and_another_tempo(gap: float, first: float, second: float) -> None:
    one = beats(6, 60 / first)
    two = beats(6, 60 / second, one[-1] + gap)
    said = tapped([*one, *two])
    assert all(right(bpm, first) for bpm in said[1:6])
    assert all(right(bpm, second) for bpm in said[8:]), said
    assert said[6] is None or right(said[6], first)


@pytest.mark.parametrize(
    ("first", "second"), [(120.0, 75.0), (120.0, 60.0), (120.0, 112.0), (90.0, 130.0), (60.0, 55.0)]
)
def test_another_tempo_without_a_pause_is_taken_with_its_second_tap(first: float, second: float) -> None:
    one = beats(8, 60 / first)
    said = tapped([*one, *beats(6, 60 / second, one[-1] + 60 / second)])
    assert all(right(bpm, second) for bpm in said[9:]), said


def test_twice_the_tempo_is_taken_once_it_cannot_be_a_tap_too_many() -> None:
    one = beats(8, 0.5)
    said = tapped([*one, *beats(6, 0.25, one[-1] + 0.25)])
    assert right(said[9], 120.0)
    assert right(said[-1], 240.0)


def test_slow_taps_are_taken() -> None:
    assert told(beats(4, 2.4)) == [pytest.approx(25.0)] * 3


@pytest.mark.parametrize("bounce", [0.01, 0.06, 0.12, 0.14])
def test_double_clicks_count_once(bounce: float) -> None:
    good = beats(8)
    for which in ([0], [1], [3], [2, 3], range(8)):
        said = told(sorted([*good, *(good[i] + bounce for i in which)]))
        assert all(right(bpm, 120.0) for bpm in said), (which, said)
        assert len(said) == 7


@pytest.mark.parametrize("bpm", [25.0, 60.0, 90.0, 120.0, 160.0])
def test_hands_that_shake_by_ten_milliseconds(bpm: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(tries(200)):
        good = np.array(beats(12, 60 / bpm)) + rng.uniform(-0.01, 0.01, 12)
        said = told(good.tolist())
        assert all(abs(each / bpm - 1) < 0.06 for each in said)
        assert all(right(each, bpm) for each in said[5:]), said


@pytest.mark.parametrize("bpm", [60.0, 120.0])
def test_shaking_hands_and_a_mistake(bpm: float) -> None:
    rng, period = np.random.default_rng(5), 60 / bpm
    for trial in range(tries(200)):
        good = (np.array(beats(14, period)) + rng.normal(0, 0.005, 14)).tolist()
        extra = good[6] + rng.uniform(0.1, 0.9) * period
        taps = [*good[:6], *good[7:]] if trial % 2 else sorted([*good, extra])
        said = dict(zip(taps, tapped(taps), strict=True))
        assert all(abs((said[at] or 0) / bpm - 1) < 0.035 for at in good[9:]), (trial, said)


def test_what_cannot_be_a_tempo_says_nothing() -> None:
    assert told([1.0, 1.16]) == []  # 375
    assert told([1.0, 1.05]) == []
    assert told([1.0, 5.0]) == []  # 15
    assert told([1.0, 5.0, 9.0, 13.0]) == []
    assert told([1.0, 1.19]) == [300.0]
    assert told([1.0, 4.2]) == [20.0]
    assert told([5.0]) == []


def test_random_taps_stay_in_the_range() -> None:
    rng = np.random.default_rng(0)
    for _ in range(tries(300)):
        taps = list(accumulate(rng.exponential(0.6, 30)))
        assert all(20 <= bpm <= 300 for bpm in told(taps))


@pytest.mark.parametrize(("long", "short"), [(0.4, 0.2), (0.413, 0.253), (0.275, 0.225), (0.48, 0.2), (0.53, 0.43)])
@pytest.mark.parametrize("turned", [False, True])
def test_taps_that_swing_are_their_mean_and_stay_there(long: float, short: float, turned: bool) -> None:
    pair = (short, long) if turned else (long, short)
    said = tapped(list(accumulate(pair * 6, initial=100.0)))
    assert all(right(bpm, 120 / (long + short)) for bpm in said[4:]), said


def test_uneven_hands_swing_too() -> None:
    rng = np.random.default_rng(2)
    for _ in range(tries(200)):
        said = tapped(np.add(list(accumulate((0.36, 0.24) * 6, initial=100.0)), rng.normal(0, 0.004, 13)).tolist())
        assert abs((said[-1] or 0) / 200 - 1) < 0.06, said
