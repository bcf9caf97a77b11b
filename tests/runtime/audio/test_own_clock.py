"""Without a sound card: the timeline by the clock, sample by sample, at the time of the test; and the way to a card."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from demon_patch.runtime.audio.device import Output
from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.audio.own_clock import CATCH_UP_SECONDS, FASTEST, LONGEST_SECONDS, PERIOD_SECONDS, OwnClock
from tests.support.shared_song import SharedSong
from tests.support.virtual_card import LATENCY, VirtualCard

RATE, LENGTH = 32_000, 96_000


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(RATE, 1, LENGTH)
    made.song.song[:] = np.random.default_rng(5).uniform(-0.3, 0.3, (LENGTH, 1))
    made.timeline.playing = True
    yield made
    made.remove()


class Watched:
    """A clock of its own at a time that the test moves on; each beat it is asserted that the timeline did not jump."""

    def __init__(self, memory: SharedSong, now: float = 50.0) -> None:
        self.memory, self.now = memory, now
        self.clock = OwnClock(memory.timeline, memory.songs, lambda: self.now)
        self.clock.beat(now)
        self.now += PERIOD_SECONDS
        self.clock.beat(self.now)  # the first time is published
        self.read: list[int] = []  # timeline samples by beat

    def run(self, seconds: float, beats: float = PERIOD_SECONDS) -> None:
        timeline, end = self.memory.timeline, self.now + seconds
        while self.now < end - 1e-9:
            self.now += beats
            expected, before = timeline.position_at(self.now), timeline.frontier
            self.clock.beat(self.now)
            assert timeline.position_at(self.now) == pytest.approx(expected, abs=1e-3)
            self.read.append(timeline.frontier - before)


def played(memory: SharedSong, since: int = 0) -> np.ndarray:
    return memory.timeline.history_since(since)[0]


def expected(memory: SharedSong, samples: int, since: int = 0) -> np.ndarray:
    return memory.song.song[(since + np.arange(samples)) % LENGTH]


def test_the_song_is_played_at_its_time(memory: SharedSong) -> None:
    run = Watched(memory)
    run.run(4.0)
    timeline, sound = memory.timeline, played(memory)
    assert timeline.position_at(run.now) == pytest.approx(4.0 * RATE, abs=PERIOD_SECONDS * RATE)
    assert 0 < timeline.frontier - timeline.position_at(run.now) < 0.05 * RATE
    assert len(sound) == timeline.frontier == timeline.history_end
    fade = RATE // 100
    np.testing.assert_array_equal(sound[fade:], expected(memory, len(sound))[fade:])
    assert timeline.counter("starved") == 0


def test_it_is_limited_and_measured_as_on_a_card(memory: SharedSong) -> None:
    memory.song.song[:] = np.random.default_rng(1).normal(0.0, 2.0, (LENGTH, 1))
    memory.song.ceilings[:] = -6.0
    run = Watched(memory)
    run.run(1.0)
    peak, rms, mark = memory.timeline.levels_since(0)
    assert 0.4 < peak[0] <= 10 ** (-6.0 / 20) + 1e-7
    assert 0.1 < rms[0] < peak[0]
    memory.timeline.muted = True
    run.run(1.0)
    assert memory.timeline.levels_since(mark).peak[0] > 0.1  # before the fade
    mark = memory.timeline.levels_since(mark).mark
    run.run(0.5)
    assert memory.timeline.levels_since(mark).peak[0] == 0.0


def test_a_stop_is_caught_up_without_a_burst(memory: SharedSong) -> None:
    run = Watched(memory)
    run.run(1.0)
    run.run(3.0, beats=3.0)  # the process was stopped so long
    assert run.read[-1] <= FASTEST * LONGEST_SECONDS * RATE + RATE // 100
    behind = memory.timeline.position_at(run.now) - memory.timeline.frontier
    assert behind > 1.5 * RATE
    run.read.clear()
    run.run(0.8)
    assert max(run.read) <= FASTEST * PERIOD_SECONDS * RATE + RATE // 100
    assert memory.timeline.frontier > memory.timeline.position_at(run.now)  # at its place again
    sound, fade = played(memory), RATE // 100
    np.testing.assert_array_equal(sound[fade:], expected(memory, len(sound))[fade:])
    assert memory.timeline.hushed == 0


def test_a_jump_of_the_clock_is_silence_and_no_work(memory: SharedSong) -> None:
    run = Watched(memory)
    run.run(1.0)
    before = memory.timeline.history_end
    run.run(3600.0, beats=3600.0)
    run.run(1.0)
    timeline = memory.timeline
    assert timeline.position_at(run.now) == pytest.approx(3602.0 * RATE, abs=2 * PERIOD_SECONDS * RATE)
    assert timeline.hushed == pytest.approx(3600.0 * RATE, abs=0.1 * RATE)
    start = before + timeline.hushed
    sound, fade = played(memory, start), RATE // 100
    np.testing.assert_array_equal(sound[fade:], expected(memory, len(sound), start)[fade:])
    assert len(sound) == pytest.approx(1.0 * RATE, abs=0.1 * RATE)


def test_stopped_the_timeline_stands_and_goes_on_where_it_stood(memory: SharedSong) -> None:
    run = Watched(memory)
    run.run(1.0)
    memory.timeline.playing = False
    run.now += 0.02  # the moment of the stop is not predicted
    run.clock.beat(run.now)
    for _ in range(10):
        run.now += PERIOD_SECONDS
        run.clock.beat(run.now)
    where = memory.timeline.frontier
    run.run(100.0, beats=2.0)
    assert memory.timeline.frontier == where == memory.timeline.position_at(run.now)
    memory.timeline.playing = True
    for _ in range(10):
        run.now += PERIOD_SECONDS
        run.clock.beat(run.now)
    run.run(1.0)
    assert memory.timeline.history_end - where == pytest.approx(1.1 * RATE, abs=0.05 * RATE)
    assert memory.timeline.hushed == 0


def test_another_goes_on_where_the_last_one_ended(memory: SharedSong) -> None:
    """As after a killed process: all that passed meanwhile is read, unless it is too long ago."""
    run = Watched(memory)
    run.run(1.0)
    run = Watched(memory, run.now + 2.0)
    run.run(1.0)
    sound, fade = played(memory), RATE // 100
    np.testing.assert_array_equal(sound[fade:], expected(memory, len(sound))[fade:])
    assert len(sound) == pytest.approx(4.0 * RATE, abs=0.1 * RATE)
    run = Watched(memory, run.now + CATCH_UP_SECONDS + 1.0)
    run.run(0.5)
    assert memory.timeline.hushed == pytest.approx((CATCH_UP_SECONDS + 1.0) * RATE, abs=0.1 * RATE)


@pytest.mark.parametrize("late", [0.0, 0.3, 1.5])
@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_a_card_comes_in_on_its_sample_and_the_history_is_whole(
    memory: SharedSong, rate: int, late: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late its first buffer is taken."""
    t = np.arange(LENGTH) / RATE
    memory.song.song[:, 0] = 0.5 * np.sin(2 * np.pi * 440 * t)
    run, card = Watched(memory), VirtualCard(monkeypatch, rate)
    run.run(1.0)
    card.time = run.now
    output = Output(memory.timeline, memory.songs, DeviceChoice())
    assert not card.play(512).any()  # it is open, and the clock still plays
    due = memory.timeline.position_at(card.time)
    output.begin(run.clock)
    card.time += late
    heard, times = [], []
    while card.time < run.now + late + 2.0:
        times.append(card.time)
        heard.append(card.play(512, output)[:, 0])
        assert memory.timeline.position_at(card.time) == pytest.approx(
            due + (card.time - run.now - 512 / rate) * RATE, abs=2.0
        )
    card.vanish(output)
    sound = np.concatenate(heard)
    when = times[0] + LATENCY + np.arange(len(sound)) / rate  # each frame at the loudspeaker
    timeline = due + (when - run.now - 512 / rate) * RATE
    first = int(np.flatnonzero(sound)[0])
    settled = slice(first + rate // 50, len(sound) - rate // 10)
    expected_sound = 0.5 * np.sin(2 * np.pi * 440 * timeline / RATE)
    np.testing.assert_allclose(sound[settled], expected_sound[settled], atol=0.02)
    assert first < (0.2 + late) * rate
    kept, fade = played(memory), RATE // 100
    np.testing.assert_array_equal(kept[fade:], expected(memory, len(kept))[fade:])
    assert memory.timeline.hushed == 0


def test_a_clock_goes_on_after_a_card(memory: SharedSong, monkeypatch: pytest.MonkeyPatch) -> None:
    run, card = Watched(memory), VirtualCard(monkeypatch, RATE)
    card.time = run.now
    output = Output(memory.timeline, memory.songs, DeviceChoice())
    output.begin(run.clock)
    for _ in range(40):
        card.play(512, output)
    position, frontier = memory.timeline.position_at(card.time), memory.timeline.frontier
    assert frontier > position
    card.vanish(output)
    run = Watched(memory, card.time + 1.0)
    assert memory.timeline.position_at(run.now) == pytest.approx(position + (run.now - card.time) * RATE, abs=1.0)
    run.run(1.0)
    kept, fade = played(memory), RATE // 100
    np.testing.assert_array_equal(kept[fade:], expected(memory, len(kept))[fade:])


@pytest.mark.parametrize(("outputs", "opened"), [((3, 4), 4), ((2,), 2), ((4, 1), 4), ((), 2)])
def test_the_outputs_that_are_asked_for_sound(
    memory: SharedSong, outputs: tuple[int, ...], opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, card = Watched(memory), VirtualCard(monkeypatch, RATE, 6)
    card.time = run.now
    output = Output(memory.timeline, memory.songs, DeviceChoice(outputs=outputs, buffer=256))
    output.begin(run.clock)
    sound = np.concatenate([card.play(256, output) for _ in range(20)])
    card.vanish(output)
    assert (card.options["channels"], card.options["blocksize"]) == (opened, 256)
    sounding = {channel + 1 for channel in range(opened) if sound[:, channel].any()}
    assert sounding == (set(outputs) or {1, 2})
