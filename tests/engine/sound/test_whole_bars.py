"""Loops of whole bars stay loops: on the grid, at their pitch, and with a tempo that comes home."""

from __future__ import annotations

import pytest

from demon_patch.engine.sound.whole_bars import AT_HOME, MOST_CENTS, ON_GRID, whole_bars

STEP, LEAST, MOST = 0.08, 100, 750  # 8 to 60 s


@pytest.mark.parametrize("bars", [1, 2, 4, 8])
@pytest.mark.parametrize("bpm", [*range(60, 201), 87.3, 128.5, 173.21])
def test_a_loop_of_whole_bars_stays_one_at_every_tempo(bpm: float, bars: int) -> None:
    seconds = bars * 240.0 / bpm
    loop = whole_bars(seconds, STEP, LEAST, MOST, bpm)
    assert LEAST <= loop.length <= MOST
    assert loop.seconds == pytest.approx(seconds)
    played = loop.length * STEP
    assert loop.bpm is not None
    beats = played * loop.bpm / 60.0
    assert beats == pytest.approx(4 * bars * loop.count, abs=1e-9)  # so twenty turns later too
    assert abs(loop.cents(STEP)) <= MOST_CENTS
    assert loop.bpm == pytest.approx(bpm, rel=0.002)


def test_eight_bars_at_128_are_played_twice_and_not_resampled() -> None:
    loop = whole_bars(15.0, STEP, LEAST, MOST, 128.0)
    assert (loop.count, loop.length * STEP, loop.bpm) == (2, 30.0, 128.0)
    assert loop.cents(STEP) == 0.0


@pytest.mark.parametrize("off", [-AT_HOME * 0.9, 0.011, AT_HOME * 0.9])
def test_a_file_that_ends_beside_its_bar_is_a_loop_as_it_is(off: float) -> None:
    loop = whole_bars(16.0 + off, STEP, LEAST, MOST, 120.0)
    assert loop.seconds == pytest.approx(16.0 + off)
    assert loop.bpm == pytest.approx(120.0, rel=0.003)


@pytest.mark.parametrize(("seconds", "bars"), [(17.3, 8), (61.0, 30), (400.0, 30), (9.9, 4)])
def test_a_longer_file_is_cut_at_its_last_whole_bar(seconds: float, bars: int) -> None:
    loop = whole_bars(seconds, STEP, LEAST, MOST, 120.0)
    assert loop.seconds == pytest.approx(2.0 * bars)
    assert loop.count * loop.seconds == pytest.approx(loop.length * STEP, abs=ON_GRID)


@pytest.mark.parametrize(("seconds", "length", "count"), [(20.05, 250, 1), (90.0, 750, 1), (8.0, 100, 1)])
def test_without_a_tempo_a_file_is_cut_to_the_grid(seconds: float, length: int, count: int) -> None:
    loop = whole_bars(seconds, STEP, LEAST, MOST)
    assert (loop.length, loop.count, loop.bpm) == (length, count, None)


@pytest.mark.parametrize(
    ("seconds", "length", "count"), [(3.0, 150, 4), (2.9, 145, 4), (0.5, 100, 16), (0.001, 100, 100)]
)
def test_without_a_tempo_a_short_file_is_repeated_whole(seconds: float, length: int, count: int) -> None:
    loop = whole_bars(seconds, STEP, LEAST, MOST)
    assert (loop.length, loop.count, loop.bpm) == (length, count, None)
    assert loop.seconds == max(seconds, STEP)


def test_a_file_of_less_than_a_bar_is_repeated() -> None:
    loop = whole_bars(1.2, STEP, LEAST, MOST, 60.0)
    assert loop.length >= LEAST
    assert loop.bpm == 60.0


def test_half_a_bar_is_a_turn_too() -> None:
    loop = whole_bars(120.0 / 128.0, STEP, LEAST, MOST, 128.0)
    assert loop.length * STEP * 128.0 / 60.0 == pytest.approx(2 * loop.count, abs=0.01)
    assert loop.beats == 2


def test_what_is_cut_is_cut_at_a_bar_and_not_beside_it() -> None:
    bpm = 240.0 / (60.0 / 31.99)  # the limit lies 19 ms after bar 31
    loop = whole_bars(300.0, STEP, LEAST, MOST, bpm)
    assert loop.seconds == pytest.approx(31 * 240.0 / bpm)


def test_a_loop_of_hardly_more_than_the_limit_is_one() -> None:
    loop = whole_bars(60.02, STEP, LEAST, MOST, 32 * 240.0 / 60.02)
    assert (loop.seconds, loop.length, loop.beats) == (60.02, MOST, 128)
