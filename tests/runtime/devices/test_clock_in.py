"""The clock of another machine, in virtual time."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.runtime.devices.midi.clock_in import ClockEvents, ClockIn

CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2


def times(bpm: float, seconds: float, jitter: float = 0.0, seed: int = 0, kind: str = "normal") -> np.ndarray:
    """When the clocks of a tempo come. jitter: in seconds."""
    at = np.arange(round(seconds * bpm * 24 / 60)) * 60 / bpm / 24
    rng = np.random.default_rng(seed)
    return np.sort(at + (rng.normal(0, jitter, len(at)) if kind == "normal" else rng.uniform(-jitter, jitter, len(at))))


def run(clock: ClockIn, at: np.ndarray) -> list[int]:
    """The beats of some clocks."""
    return [beat for moment in at.tolist() for beat in clock.take([(moment, CLOCK, 0)]).beats]


@pytest.mark.parametrize("bpm", [40, 73.5, 120, 174, 300])
@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_the_tempo_is_right_under_jitter(bpm: float, kind: str) -> None:
    for seed in range(8):
        clock, at = ClockIn(), times(bpm, 30, 0.003, seed, kind)
        run(clock, at[at < 9])
        for moment in at[at >= 9].tolist():
            clock.take([(moment, CLOCK, 0)])
            assert clock.bpm == pytest.approx(bpm, abs=0.05)


def test_the_tempo_is_right_where_clocks_come_in_blocks() -> None:
    """As a sound server passes them on: at the end of a block of 512 samples at 48 kHz."""
    block = 512 / 48_000
    for bpm in (120, 117.2, 117.1875):
        clock = ClockIn()
        for at in np.ceil(times(bpm, 20) / block) * block:
            clock.take([(float(at), CLOCK, 0)])
            if at > 9:
                assert clock.bpm == pytest.approx(bpm, abs=0.1)


def test_a_new_tempo_is_found() -> None:
    for later in (140, 122, 60):
        clock = ClockIn()
        first = times(120, 10, 0.003)
        run(clock, first)
        run(clock, first[-1] + 60 / later / 24 + times(later, 10, 0.003, seed=1))
        assert clock.bpm == pytest.approx(later, abs=0.05)


def test_clocks_that_were_held_up_change_the_place_and_not_the_tempo() -> None:
    for held in (0.02, 0.05, 0.2, -0.02):
        clock = ClockIn()
        clock.take([(0.0, START, 0)])
        at = times(120, 24, 0.002)
        for moment in np.where(at > 12, at + held, at).tolist():
            clock.take([(moment, CLOCK, 0)])
            if moment > 9:
                assert clock.bpm == pytest.approx(120, abs=0.06)
        assert clock.beat(24.25 + held) == pytest.approx(48.5, abs=0.006)


def test_there_is_no_tempo_before_twelve_clocks_and_after_a_pause() -> None:
    clock = ClockIn()
    at = times(120, 2)
    run(clock, at[:11])
    assert clock.bpm is None
    run(clock, at[11:])
    assert clock.bpm == pytest.approx(120)
    clock.take([(9.0, CLOCK, 0)])
    assert clock.bpm is None
    run(clock, 9.0 + times(90, 2)[1:])
    assert clock.bpm == pytest.approx(90, abs=1e-6)


def test_lost_clocks_do_not_change_the_tempo() -> None:
    clock, at = ClockIn(), times(120, 12)
    kept = np.delete(at, [100, 200, 201, 202, 333])
    run(clock, kept)
    assert clock.bpm == pytest.approx(120, abs=1e-6)


def test_the_first_clock_after_a_start_is_the_first_step() -> None:
    clock = ClockIn()
    assert run(clock, times(120, 3.3)) == []  # it stands
    assert clock.take([(3.4, START, 0)]) == ClockEvents((), True, 0.0)
    assert clock.take([(3.41, CLOCK, 0)]).beats == (0,)
    assert run(clock, 3.41 + times(120, 2)[1:]) == [1, 2, 3]
    assert clock.take([(6.0, STOP, 0)]) == ClockEvents((), False, None)
    assert run(clock, 6.1 + times(120, 2)) == []
    assert clock.take([(9.0, START, 0), (9.01, CLOCK, 0)]) == ClockEvents((0,), True, 0.0)


def test_continue_goes_on_where_it_stood_or_at_the_song_position() -> None:
    clock = ClockIn()
    clock.take([(0.0, START, 0)])
    assert run(clock, times(120, 1)) == [0, 1]
    clock.take([(1.0, STOP, 0)])
    assert clock.take([(1.5, CONTINUE, 0)]) == ClockEvents((), True, 2.0)
    assert run(clock, 1.5 + times(120, 1)) == [2, 3]
    clock.take([(3.0, STOP, 0)])
    assert clock.take([(3.1, POSITION, 16)]) == ClockEvents((), None, 4.0)
    assert clock.take([(3.2, CONTINUE, 0)]) == ClockEvents((), True, 4.0)
    assert run(clock, 3.2 + times(120, 0.5)) == [4]


def test_the_place_between_clocks_is_steady() -> None:
    for seed in range(5):
        clock = ClockIn()
        clock.take([(0.0, START, 0)])
        run(clock, times(120, 12, 0.003, seed))
        assert clock.beat(12.25) == pytest.approx(24.5, abs=0.004)
    late = ClockIn(offset=50.0)
    late.take([(0.0, START, 0)])
    run(late, times(120, 12))
    assert late.beat(12.05) == pytest.approx(24.0, abs=1e-6)


def test_the_place_counts_from_the_start_also_if_clocks_came_before() -> None:
    clock = ClockIn()
    before = times(120, 5)
    run(clock, before)
    start = float(before[-1]) + 60 / 120 / 24
    clock.take([(start - 0.001, START, 0)])
    run(clock, start + times(120, 2))
    assert clock.beat(start + 1.0) == pytest.approx(2.0, abs=1e-6)
