"""The memory of the timeline and of a song: what one process writes another reads whole."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demon_patch.errors import DemonError
from demon_patch.runtime.audio.mapped import DATA_AT
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.timeline_memory import (
    HISTORY_SECONDS,
    LEVELS,
    LEVELS_SLACK,
    TimelineMemory,
)
from demon_patch.runtime.graph.route import Route
from tests.support.shared_song import SharedSong


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(1000, 2, 5000)
    yield made
    made.remove()


def test_another_process_sees_the_same(memory: SharedSong) -> None:
    timeline, song = memory.timeline, memory.song
    song.song[:] = np.arange(10000).reshape(5000, 2)
    route = Route.of_song(5000).loop(700, 100, 300).seek(900, 4321)
    song.set_route(route)
    timeline.playing, timeline.muted, timeline.volume = True, True, -6.5
    song.ceilings[:] = -3.5
    code = """
import sys
from pathlib import Path
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.timeline_memory import TimelineMemory
m, s = TimelineMemory(Path(sys.argv[1])), SongMemory(Path(sys.argv[2]))
print(m.rate, m.channels, m.playing, m.muted, m.volume)
print(s.rate, s.channels, s.song.shape, float(s.song.sum()), s.route, s.ceilings.shape, s.ceilings.max())
m.set_clock(12.5, 3.25, 1000.0)
m.frontier = 99
m.count("xruns", 2)
m.append_history(s.song[:1500])
m.song = 3
m.add_levels(s.song[:100] / 200)
assert not {"torch", "demon_patch.runtime.performance.performer"} & set(sys.modules)
"""
    said = subprocess.run(
        [sys.executable, "-c", code, *map(str, memory.paths)], capture_output=True, text=True, check=True
    )
    one, two = said.stdout.splitlines()
    assert one == "1000 2 True True -6.5"
    assert two == f"1000 2 (5000, 2) {float(song.song.sum())} {route} (157,) -3.5"
    assert timeline.clock() == (1, 12.5, 3.25, 1000.0)
    assert timeline.position_at(4.25) == 1012.5
    assert (timeline.frontier, timeline.counter("xruns"), timeline.counter("starved"), timeline.song) == (99, 2, 0, 3)
    np.testing.assert_array_equal(timeline.history(1.0), song.song[500:1500])
    np.testing.assert_allclose(timeline.levels_since(0).peak, [0.99, 0.995], rtol=1e-6)


def test_the_header_stays_clear_of_the_song() -> None:
    assert max(TimelineMemory.HEADER.itemsize, SongMemory.HEADER.itemsize) <= DATA_AT


def test_a_reader_never_sees_half_a_clock_or_half_a_route(memory: SharedSong) -> None:
    """Another thread writes; a torn read would show parts that do not belong together."""
    done = threading.Event()

    def write() -> None:
        for k in range(1, 4000):
            memory.timeline.set_clock(float(k), float(2 * k), float(3 * k))
            memory.song.set_route(Route.of_song(5000).seek(k, k % 5000).loop(k + 1, k % 100, k % 100 + 1))
        done.set()

    writer = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    seen = 0
    try:
        writer.start()
        while not done.is_set():
            number, position, heard, speed = memory.timeline.clock()
            assert (position, heard, speed) == (number, 2 * number, 3 * number)
            legs = memory.song.route.legs
            if len(legs) > 1:
                assert (legs[1].start, legs[1].position, legs[2].start) == (
                    legs[1].start,
                    legs[1].start % 5000,
                    legs[1].start + 1,
                )
                seen += 1
    finally:
        sys.setswitchinterval(interval)
        writer.join()
    assert seen > 10


def test_history_is_the_last_two_minutes_in_order(memory: SharedSong) -> None:
    total = (HISTORY_SECONDS + 30) * 1000
    sound = np.arange(2 * total, dtype=np.float32).reshape(-1, 2)
    counter, kept = 0, []
    for start in range(0, total, 777):
        memory.timeline.append_history(sound[start : start + 777])
        if start % 5 == 0:
            block, counter = memory.timeline.history_since(counter)
            kept.append(block)
    kept.append(memory.timeline.history_since(counter)[0])
    np.testing.assert_array_equal(np.concatenate(kept), sound)
    np.testing.assert_array_equal(memory.timeline.history(1e9), sound[-HISTORY_SECONDS * 1000 :])
    np.testing.assert_array_equal(memory.timeline.history(2.5), sound[-2500:])
    late, counter = memory.timeline.history_since(5)
    assert len(late) == HISTORY_SECONDS * 1000
    assert counter == total


def test_memory_of_another_kind_is_refused(tmp_path: Path, memory: SharedSong) -> None:
    for name, content in {"empty": b"", "other": bytes(10000)}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DemonError, match="not the memory"):
            SongMemory(tmp_path / name)
    timeline, song = memory.paths
    for kind, path in ((SongMemory, timeline), (TimelineMemory, song)):
        with pytest.raises(DemonError, match="not the memory"):
            kind(path)


def test_a_route_of_another_song_is_refused(memory: SharedSong) -> None:
    with pytest.raises(ValueError, match="5000"):
        memory.song.set_route(Route.of_song(4999))


def test_each_reader_of_the_levels_hears_all_since_its_last_look(memory: SharedSong) -> None:
    timeline = memory.timeline
    assert not timeline.levels_since(0).peak.any()
    timeline.add_levels(np.array([[0.5, 0.0], [-0.25, 0.0]], np.float32))
    first = timeline.levels_since(0)
    np.testing.assert_allclose(first.peak, [0.5, 0.0])
    np.testing.assert_allclose(first.rms, [np.sqrt((0.25 + 0.0625) / 2), 0.0])
    timeline.add_levels(np.array([[0.0, -1.0]], np.float32))
    np.testing.assert_allclose(timeline.levels_since(first.mark).peak, [0.0, 1.0])
    np.testing.assert_allclose(timeline.levels_since(0).peak, [0.5, 1.0])
    for _ in range(LEVELS):
        timeline.add_levels(np.full((3, 2), 0.125, np.float32))
    late = timeline.levels_since(0)
    np.testing.assert_allclose(late.peak, 0.125)
    assert late.mark == LEVELS + 2
    assert LEVELS - LEVELS_SLACK > 15 * 200  # seconds of chunks
