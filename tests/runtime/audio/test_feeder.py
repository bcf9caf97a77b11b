"""From the song to a device's frames, without a device: the callback's part is played by the test."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import soxr

from demon_patch.runtime.audio.feeder import CHUNKS, FADE_CHUNKS, Feeder
from demon_patch.runtime.audio.fifo import Fifo
from demon_patch.runtime.audio.reader import SongReader
from demon_patch.runtime.graph.route import Route
from tests.support.shared_song import SharedSong

RATE, LENGTH, BUFFER = 32_000, 96_000, 512
FADE = RATE // CHUNKS * FADE_CHUNKS


def tone(n: int, level: float = 0.5) -> np.ndarray:
    """A sine whose period divides the song."""
    return level * np.sin(2 * np.pi * 440 * np.arange(n) / RATE)[:, None].astype(np.float32)


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(RATE, 1, LENGTH)
    made.song.song[:] = tone(LENGTH)
    made.timeline.playing = True
    yield made
    made.remove()


def play(feeder: Feeder, frames: int) -> tuple[np.ndarray, list[tuple[int, float, bool]]]:
    """Takes frames as a device would, one buffer after the other; also what each buffer said of the timeline."""
    out = np.zeros((frames // BUFFER * BUFFER, feeder.channels), np.float32)
    said = []
    for start in range(0, len(out), BUFFER):
        feeder.fill()
        said.append((start, *feeder.take(out[start : start + BUFFER])))
    return out, said


def test_the_same_rate_is_exact_and_the_timeline_is_counted(memory: SharedSong) -> None:
    feeder = memory.feeder(RATE, 1, 1000)
    out, said = play(feeder, RATE)
    np.testing.assert_array_equal(out[FADE:], memory.song.song[1000 + FADE : 1000 + len(out)])
    assert all(runs and timeline == 1000 + start for start, timeline, runs in said)
    assert memory.timeline.counter("starved") == 0
    assert memory.timeline.frontier - (1000 + len(out)) < 0.05 * RATE
    np.testing.assert_array_equal(
        memory.timeline.history(0.5), memory.song.song[memory.timeline.history_end - RATE // 2 :][: RATE // 2]
    )


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (44_100, 1), (96_000, 4)])
def test_another_rate_and_other_channels(memory: SharedSong, rate: int, channels: int) -> None:
    feeder = memory.feeder(rate, channels, 0)
    out, said = play(feeder, rate)
    assert out.shape[1] == channels
    assert np.all(out == out[:, :1])
    t = np.arange(len(out)) / rate
    settled = slice(rate // 10, None)
    np.testing.assert_allclose(out[settled, 0], 0.5 * np.sin(2 * np.pi * 440 * t[settled]), atol=2e-4)
    expected = [start * RATE / rate for start, _, _ in said]
    np.testing.assert_allclose([timeline for _, timeline, _ in said], expected, atol=1e-6)
    np.testing.assert_array_equal(
        memory.timeline.history(0.25)[-100:], tone(LENGTH)[len(memory.timeline.history(9.0)) - 100 :][:100]
    )


def test_two_channels_on_one_are_their_mean() -> None:
    memory = SharedSong(RATE, 2, LENGTH)
    try:
        memory.timeline.playing = True
        memory.song.song[:, 0], memory.song.song[:, 1] = 0.5, -0.1
        out, _ = play(memory.feeder(RATE, 1, 0), 8192)
        np.testing.assert_allclose(out[4096:], 0.2, atol=1e-6)
    finally:
        memory.remove()


@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_nothing_passes_the_ceiling(memory: SharedSong, rate: int) -> None:
    memory.song.song[:] = np.random.default_rng(1).normal(0.0, 2.0, (LENGTH, 1))
    memory.song.song[5000] = np.nan
    memory.song.song[7000] = np.inf
    memory.song.ceilings[:] = -6.0
    out, _ = play(memory.feeder(rate, 2, 0), rate)
    assert np.isfinite(out).all()
    assert 0.4 < np.abs(out).max() <= 10 ** (-6.0 / 20) + 1e-7


def test_stop_and_play_fade_and_the_timeline_stands_still_between(memory: SharedSong) -> None:
    memory.song.song[:] = 0.5
    feeder = memory.feeder(RATE, 1, 0)
    first, _ = play(feeder, RATE // 2)
    memory.timeline.playing = False
    second, standing = play(feeder, RATE // 2)
    where, held = standing[-1][1], memory.timeline.frontier
    assert not standing[-1][2]
    assert where == held
    assert not second[-BUFFER:].any()
    played = len(memory.timeline.history(9.0))
    assert played == held
    memory.timeline.playing = True
    third, going = play(feeder, RATE // 2)
    starts = [timeline for _, timeline, runs in going if runs]
    assert where <= starts[0] <= where + BUFFER
    sound = np.concatenate([first, second, third])[:, 0]
    assert np.abs(np.diff(sound)).max() <= 0.5 / FADE + 1e-6  # 10 ms, and never a step
    assert sound.max() == 0.5


def test_mute_is_silence_while_the_timeline_runs(memory: SharedSong) -> None:
    feeder = memory.feeder(RATE, 1, 0)
    play(feeder, RATE // 2)
    memory.timeline.muted = True
    out, said = play(feeder, RATE // 2)
    assert not out[-BUFFER:].any()
    assert said[-1][2]
    assert said[-1][1] == RATE // 2 // BUFFER * BUFFER + said[-1][0]
    memory.timeline.muted = False
    out, _ = play(feeder, RATE // 2)
    at = int(memory.timeline.frontier)
    assert np.abs(out[-BUFFER:]).max() > 0.4
    assert at > 1.4 * RATE


def test_hushed_ends_in_silence(memory: SharedSong) -> None:
    feeder = memory.feeder(RATE, 1, 0)
    play(feeder, RATE // 4)
    feeder.hushed = True
    assert not feeder.silent
    out, _ = play(feeder, RATE // 4)
    assert feeder.silent
    assert not out[-BUFFER:].any()


def test_a_shortfall_is_counted_and_more_waits_from_then_on(memory: SharedSong) -> None:
    feeder = memory.feeder(RATE, 1, 0)
    feeder.fill()
    before = feeder.fifo.level
    out = np.ones((before + 100, 1), np.float32)
    feeder.take(out)
    assert memory.timeline.counter("starved") == 1
    assert not out[before:].any()
    feeder.fill()
    assert feeder.fifo.level > before


def test_a_seek_lands_on_its_sample_without_a_click(memory: SharedSong) -> None:
    memory.song.song[:, 0] = 0.8 * np.sin(2 * np.pi * 110 * np.arange(LENGTH) / RATE)
    memory.song.set_route(Route.of_song(LENGTH).seek(10_000, 70_111).loop(10_001, 70_000, 72_000))
    feeder = memory.feeder(RATE, 1, 0)
    out, _ = play(feeder, RATE)
    fade = RATE // 200
    np.testing.assert_array_equal(out[FADE:10_000], memory.song.song[FADE:10_000])
    np.testing.assert_array_equal(out[10_000 + fade : 11_889], memory.song.song[70_111 + fade : 72_000])
    np.testing.assert_array_equal(out[11_889:13_889], memory.song.song[70_000:72_000])
    steepest = 0.8 * 2 * np.pi * 110 / RATE + 2.0 / fade
    assert np.abs(np.diff(out[:11_000, 0])).max() < steepest


def test_a_route_that_comes_too_late_fades_too(memory: SharedSong) -> None:
    memory.song.song[: LENGTH // 2], memory.song.song[LENGTH // 2 :] = 0.5, -0.5
    feeder = memory.feeder(RATE, 1, 0)
    first, _ = play(feeder, 8192)
    memory.song.set_route(Route.of_song(LENGTH).seek(100, LENGTH // 2))
    second, _ = play(feeder, 8192)
    sound = np.concatenate([first, second])[FADE:, 0]
    assert sound[0] == 0.5
    assert sound[-1] == -0.5
    assert np.abs(np.diff(sound)).max() < 3.0 / (RATE // 200)


def test_a_reader_gives_the_same_in_blocks_of_any_length() -> None:
    song = np.random.default_rng(2).normal(size=(5000, 1)).astype(np.float32)
    route = Route.of_song(5000).seek(500, 3000).loop(700, 3100, 3300).seek(900, 10).seek(950, 4000)
    whole = SongReader(song, route, 160).read(0, 3000)
    reader, random, parts, at = SongReader(song, route, 160), np.random.default_rng(3), [], 0
    while at < 3000:
        n = min(int(random.integers(1, 300)), 3000 - at)
        parts.append(reader.read(at, n))
        at += n
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_a_queue_gives_back_what_went_in() -> None:
    fifo, random = Fifo(1000, 2), np.random.default_rng(4)
    put, got = [], []
    for _ in range(300):
        block = random.normal(size=(int(random.integers(0, 1000 - fifo.level + 1)), 2)).astype(np.float32)
        fifo.push(block)
        put.append(block)
        out = np.ones((int(random.integers(0, 700)), 2), np.float32)
        ready = fifo.take(out)
        assert not out[ready:].any()
        got.append(out[:ready])
    sound = np.concatenate(got)
    np.testing.assert_array_equal(sound, np.concatenate(put)[: len(sound)])
    assert len(sound) + fifo.level == sum(map(len, put))


def test_the_resampler_keeps_its_place() -> None:
    """What `Feeder` counts on: frame j of the output is the input at j * ratio, with nothing in front."""
    stream = soxr.ResampleStream(RATE, 48_000, 1, dtype="float32")
    click = np.zeros((RATE, 1), np.float32)
    click[8000] = 1.0
    out = np.concatenate([stream.resample_chunk(part) for part in np.split(click, 200)])
    assert int(np.argmax(np.abs(out))) == 12_000
