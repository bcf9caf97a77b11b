"""Another song takes over while one plays: sample by sample, through kills, and on a card."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demon_patch.engine.sound.crossfade import correlation, fade_gains
from demon_patch.errors import DemonError
from demon_patch.runtime.audio import shared
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.songs import TAKEOVER_SECONDS
from demon_patch.runtime.audio.timeline_memory import HELD
from demon_patch.runtime.graph.route import Route
from tests.support import jack_server
from tests.support.listening import Ear, ear, noise
from tests.support.shared_song import SharedSong

RATE, LENGTH, OTHER = 32_000, 96_000, 61_440
AT = 40_000
FADE = round(TAKEOVER_SECONDS * RATE)
BUFFER = 512


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(RATE, 1, LENGTH)
    made.song.song[:] = np.random.default_rng(6).uniform(-0.3, 0.3, (LENGTH, 1))
    made.timeline.playing = True
    yield made
    made.remove()


@pytest.fixture
def other(memory: SharedSong) -> Iterator[SongMemory]:
    made = SongMemory.create(RATE, 1, OTHER)
    made.song[:] = np.random.default_rng(7).uniform(-0.3, 0.3, (OTHER, 1))
    made.set_route(Route.of_song(OTHER, 1000, AT))
    yield made
    made.remove()


def play(feeder: Any, frames: int) -> np.ndarray:
    """Takes frames as a device would."""
    out = np.zeros((frames // BUFFER * BUFFER, 1), np.float32)
    for start in range(0, len(out), BUFFER):
        feeder.fill()
        feeder.take(out[start : start + BUFFER])
    return out


def expected(memory: SharedSong, other: SongMemory, at: int, n: int) -> np.ndarray:
    """What is heard from timeline 0 on: one song, 20 ms of crossfade at `at`, the other song along its route."""
    old, new = memory.song.song[np.arange(n) % LENGTH], other.song[other.route.positions(0, n)]
    fade = slice(at, at + FADE)
    leaving, entering = fade_gains(FADE, correlation(old[fade], new[fade]))
    mixed = new[fade] * entering[:, None] + old[fade] * leaving[:, None]
    return np.concatenate([old[:at], mixed, new[at + FADE :]])


@pytest.mark.parametrize("at", [AT, AT + 1, AT + 159])
def test_it_takes_over_at_its_sample_by_a_crossfade(memory: SharedSong, other: SongMemory, at: int) -> None:
    feeder = memory.feeder(RATE, 1)
    first = play(feeder, 20_000)
    memory.songs.queue(other.path, at, 1)
    out = np.concatenate([first, play(feeder, 100_000)])
    begun = RATE // 100
    np.testing.assert_allclose(out[begun:], expected(memory, other, at, len(out))[begun:], atol=1e-6)
    np.testing.assert_array_equal(memory.timeline.history_since(0)[0][begun : len(out)], out[begun:])
    assert memory.timeline.song == 1
    assert memory.timeline.history_end == memory.timeline.frontier  # the timeline has run on


def test_a_song_that_comes_too_late_takes_over_at_once(memory: SharedSong, other: SongMemory) -> None:
    feeder = memory.feeder(RATE, 1)
    play(feeder, 50_000)
    at = memory.timeline.frontier
    memory.songs.queue(other.path, AT, 1)
    play(feeder, 50_000)
    kept, begun = memory.timeline.history_since(0)[0], RATE // 100
    np.testing.assert_allclose(kept[begun:], expected(memory, other, at, len(kept))[begun:], atol=1e-6)


@pytest.mark.parametrize("left", [AT - 200, AT, AT + 320, AT + FADE + 160])
def test_another_output_goes_on_in_the_midst_of_it(memory: SharedSong, other: SongMemory, left: int) -> None:
    """As when the device changes before, in and after the fade."""
    feeder = memory.feeder(RATE, 1)
    memory.songs.queue(other.path, AT, 1)
    feeder.fill()
    start = feeder.read_until(left)
    assert left <= start < left + 160
    play(memory.feeder(RATE, 1, start), 20_000)
    kept, begun = memory.timeline.history_since(0)[0], RATE // 100
    np.testing.assert_allclose(kept[begun:], expected(memory, other, AT, len(kept))[begun:], atol=1e-6)
    assert memory.timeline.hushed == 0
    assert memory.timeline.song == 1


def test_its_ceilings_hold_from_the_fade_on(memory: SharedSong, other: SongMemory) -> None:
    memory.song.song[:], other.song[:] = memory.song.song * 5, other.song * 5
    memory.song.ceilings[:], other.ceilings[:] = -1.0, -12.0
    memory.songs.queue(other.path, AT, 1)
    play(memory.feeder(RATE, 1), 80_000)
    held = memory.timeline.history_ceilings(0, 70_000)
    chunk = RATE // 200
    assert np.all(held[: AT - chunk] == -1.0)
    assert np.all(held[AT + HELD :] == -12.0)


def test_stopped_it_waits(memory: SharedSong, other: SongMemory) -> None:
    feeder = memory.feeder(RATE, 1)
    play(feeder, 20_000)
    memory.timeline.playing = False
    memory.songs.queue(other.path, AT, 1)
    play(feeder, 100_000)
    assert memory.timeline.song == 0
    memory.timeline.playing = True
    play(feeder, 30_000)
    assert memory.timeline.song == 1


def test_stopped_a_song_whose_sample_has_come_takes_over_at_once(memory: SharedSong, other: SongMemory) -> None:
    feeder = memory.feeder(RATE, 1)
    play(feeder, 20_000)
    memory.timeline.playing = False
    play(feeder, 10_000)
    memory.songs.queue(other.path, AT, 1)
    play(feeder, 10_000)
    assert memory.timeline.song == 0
    at = memory.timeline.frontier
    other.set_route(Route.of_song(OTHER, 1000, at))
    memory.songs.queue(other.path, at, 1)
    play(feeder, 10_000)
    assert memory.timeline.song == 1
    memory.timeline.playing = True
    play(feeder, 30_000)
    kept, _ = memory.timeline.history_since(at)
    begun = RATE // 100  # of fading in
    np.testing.assert_array_equal(kept[begun:], other.song[1000 + begun : 1000 + len(kept)])


def test_the_old_song_is_released(memory: SharedSong, other: SongMemory) -> None:
    path = memory.song.path
    feeder = memory.feeder(RATE, 1)
    memory.songs.queue(other.path, AT, 1)
    play(feeder, 20_000)
    memory.song.release()  # of the host's side
    if os.name != "nt":
        held = SongMemory(path)
        assert not shared.collected(path)
        held.release()
        del held
    play(feeder, 40_000)
    assert memory.timeline.song == 1
    assert memory.songs.playing.path == other.path


def test_a_song_of_another_rate_is_refused(memory: SharedSong) -> None:
    strange = SongMemory.create(48_000, 1, 1000)
    with pytest.raises(ValueError, match="48000 Hz"):
        memory.songs.queue(strange.path, AT, 1)
    strange.remove()
    assert memory.songs.next is None


# Through the audio process, on a clock of its own: no card is needed.


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioLink]:
    """Playing a tone of 0.25, in a folder of its own for shared memory."""
    folder = tmp_path / "shm"
    folder.mkdir()
    monkeypatch.setattr(shared, "folders", lambda: [folder])
    with AudioLink(RATE, 1, LENGTH, "none") as made:
        made.start()
        made.write(0, np.full((LENGTH, 1), 0.25, np.float32))
        made.set_playing(True)
        assert jack_server.until(lambda: made.playhead() > RATE // 2)
        yield made
    assert not list(folder.iterdir())


def files(link: AudioLink) -> int:
    return len(list(shared.folders()[0].iterdir()))


def mapped(pid: int) -> int:
    """How many files of shared memory a process has mapped, deleted ones included; 2 where the system does not tell."""
    maps = Path(f"/proc/{pid}/maps")
    if not maps.exists():
        return 2
    own = str(shared.folders()[0])
    return len({line.split(maxsplit=5)[5] for line in maps.read_text().splitlines() if own in line})


def levels(sound: np.ndarray) -> list[float]:
    """The levels that are held for at least 10 ms, in order."""
    values = sound[:, 0]
    ends = np.flatnonzero(np.diff(values, append=np.nan))
    lengths = np.diff(ends, prepend=-1)
    return [float(values[end]) for end, length in zip(ends, lengths, strict=True) if length > RATE // 100]


def polled(link: AudioLink, condition: Callable[[], bool]) -> bool:
    def looked() -> bool:
        link.poll()
        return condition()

    return jack_server.until(looked)


def test_songs_follow_each_other_in_one_history(link: AudioLink) -> None:
    begin, starts = link.history_since(1 << 62)[1], []
    for k, samples in enumerate((OTHER, 2 * LENGTH, 1000)):
        song = link.next_song(samples)
        assert files(link) == 3
        song.write(0, np.full((samples, 1), 0.3 + k / 10, np.float32))
        starts.append(link.frontier + RATE // 5)
        link.switch(song, starts[-1])
        with pytest.raises(DemonError, match="takes over already"):
            link.switch(link.next_song(500), 0)
        link.drop_song(link._songs._prepared[-1])
        assert polled(link, lambda song=song: link.is_playing(song))
        assert link.samples == samples
        assert files(link) == 2
        assert jack_server.until(lambda: mapped(link.pid) == 2)
        assert mapped(os.getpid()) == 2
        assert jack_server.until(lambda at=starts[-1]: link.playhead() > at + RATE // 5)
    sound, until = link.history_since(begin)
    assert len(sound) == until - begin
    assert levels(sound) == pytest.approx([0.25, 0.3, 0.4, 0.5])
    for at, level in zip(starts, (0.3, 0.4, 0.5), strict=True):
        assert sound[at - begin - 1, 0] == pytest.approx(level - 0.1 if level > 0.3 else 0.25)
        np.testing.assert_allclose(sound[at - begin + FADE : at - begin + FADE + 1000, 0], level, rtol=1e-6)


@pytest.mark.parametrize("moment", ["prepared", "asked", "due", "over"])
def test_a_killed_process_loses_nothing(link: AudioLink, moment: str) -> None:
    begin = link.history_since(1 << 62)[1]
    song = link.next_song(OTHER)
    song.write(0, np.full((OTHER, 1), 0.5, np.float32))

    def kill() -> None:
        os.kill(link.pid, signal.SIGKILL)
        assert jack_server.until(link._child.ended)

    if moment == "prepared":
        kill()
    at = link.frontier + (RATE // 10 if moment == "due" else RATE // 2)
    link.switch(song, at)
    if moment == "due":
        assert jack_server.until(lambda: link.frontier > at)
    elif moment == "over":
        assert jack_server.until(lambda: link._memory.song == 1)
    if moment != "prepared":
        kill()
    assert polled(link, lambda: link.state.restarts == 1 and not link.state.lost and link.is_playing(song))
    late = link.playhead()
    assert jack_server.until(lambda: link.playhead() > late + RATE)
    assert jack_server.until(lambda: link.frontier > link.playhead())
    sound, until = link.history_since(begin)
    assert len(sound) == until - begin
    assert levels(sound) == pytest.approx([0.25, 0.5])
    assert files(link) == 2


def test_a_prepared_song_is_given_back(link: AudioLink) -> None:
    song = link.next_song(OTHER)
    assert files(link) == 3
    link.drop_song(song)
    assert files(link) == 2
    with pytest.raises(DemonError, match="not prepared"):
        link.switch(song, 0)
    link.next_song(OTHER)  # and what is left is gone at the end: see the fixture


@pytest.mark.usefixtures("card")
def test_it_is_heard_on_a_card(tmp_path: Path) -> None:
    rate = jack_server.RATE
    one, two = noise(3 * rate)[:, 0], noise(5 * rate)[3 * rate :, 0]
    for last in (False, False, True):  # other programs share the processor
        with AudioLink(rate, 1, len(one)) as link:
            link.start()
            link.write(0, one[:, None])
            link.set_playing(True)
            assert jack_server.until(lambda link=link: link.playhead() > 0.2 * rate)
            song = link.next_song(len(two))
            song.write(0, two[:, None])
            before = link.state
            with ear(tmp_path / "heard.npz", 3.0):
                at = link.frontier + rate
                link.switch(song, at, 7_000)
            state = link.state
        if last or (state.xruns, state.starved) == (before.xruns, before.starved):
            break
    heard = Ear(tmp_path / "heard.npz").sound
    part = heard[rate // 2 : rate // 2 + 4096]
    offset = next(
        k
        for k in range(len(one))
        if one[k] == part[0] and np.array_equal(np.take(one, k + np.arange(64), mode="wrap"), part[:64])
    )
    laps = np.arange(len(heard) - rate // 2)
    timeline = offset + laps  # it is in its first lap
    change, fade = int(at - timeline[0]), round(TAKEOVER_SECONDS * rate)
    sound = heard[rate // 2 :]
    np.testing.assert_array_equal(sound[:change], one[timeline[:change] % len(one)])
    after = slice(change + fade, None)
    np.testing.assert_array_equal(sound[after], two[(7_000 + timeline[after] - at) % len(two)])
    assert len(sound) - change > rate
