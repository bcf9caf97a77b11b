"""The shared memory: what one process writes another reads whole."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demon_patch.errors import DemonError
from demon_patch.runtime.audio.song_memory import HEADER, HISTORY_SECONDS, SONG_AT, SongMemory
from demon_patch.runtime.graph.route import Route


@pytest.fixture
def memory() -> Iterator[SongMemory]:
    made = SongMemory.create(1000, 2, 5000)
    yield made
    made.remove()


def test_another_process_sees_the_same(memory: SongMemory) -> None:
    memory.song[:] = np.arange(10000).reshape(5000, 2)
    route = Route.of_song(5000).loop(700, 100, 300).seek(900, 4321)
    memory.set_route(route)
    memory.playing, memory.muted = True, True
    memory.ceilings[:] = -3.5
    code = """
import sys
from pathlib import Path
from demon_patch.runtime.audio.song_memory import SongMemory
m = SongMemory(Path(sys.argv[1]))
ceilings = m.ceilings.shape, m.ceilings.max()
print(m.rate, m.channels, m.song.shape, float(m.song.sum()), m.route, m.playing, m.muted, *ceilings)
m.set_clock(12.5, 3.25, 1000.0)
m.frontier = 99
m.count("xruns", 2)
m.append_history(m.song[:1500])
assert not {"torch", "demon_patch.runtime.performance.performer"} & set(sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code, str(memory.path)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"1000 2 (5000, 2) {float(memory.song.sum())} {route} True True (157,) -3.5"
    assert memory.clock() == (1, 12.5, 3.25, 1000.0)
    assert memory.position_at(4.25) == 1012.5
    assert (memory.frontier, memory.counter("xruns"), memory.counter("starved")) == (99, 2, 0)
    np.testing.assert_array_equal(memory.history(1.0), memory.song[500:1500])


def test_the_header_stays_clear_of_the_song() -> None:
    assert HEADER.itemsize <= SONG_AT


def test_a_reader_never_sees_half_a_clock_or_half_a_route(memory: SongMemory) -> None:
    """Another thread writes; a torn read would show parts that do not belong together."""
    done = threading.Event()

    def write() -> None:
        for k in range(1, 4000):
            memory.set_clock(float(k), float(2 * k), float(3 * k))
            memory.set_route(Route.of_song(5000).seek(k, k % 5000).loop(k + 1, k % 100, k % 100 + 1))
        done.set()

    writer = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    seen = 0
    try:
        writer.start()
        while not done.is_set():
            number, position, heard, speed = memory.clock()
            assert (position, heard, speed) == (number, 2 * number, 3 * number)
            legs = memory.route.legs
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


def test_history_is_the_last_two_minutes_in_order(memory: SongMemory) -> None:
    total = (HISTORY_SECONDS + 30) * 1000
    sound = np.arange(2 * total, dtype=np.float32).reshape(-1, 2)
    counter, kept = 0, []
    for start in range(0, total, 777):
        memory.append_history(sound[start : start + 777])
        if start % 5 == 0:
            block, counter = memory.history_since(counter)
            kept.append(block)
    kept.append(memory.history_since(counter)[0])
    np.testing.assert_array_equal(np.concatenate(kept), sound)
    np.testing.assert_array_equal(memory.history(1e9), sound[-HISTORY_SECONDS * 1000 :])
    np.testing.assert_array_equal(memory.history(2.5), sound[-2500:])
    late, counter = memory.history_since(5)
    assert len(late) == HISTORY_SECONDS * 1000
    assert counter == total


def test_memory_of_another_kind_is_refused(tmp_path: Path) -> None:
    for name, content in {"empty": b"", "other": bytes(10000)}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DemonError, match="not the memory"):
            SongMemory(tmp_path / name)


def test_a_route_of_another_song_is_refused(memory: SongMemory) -> None:
    with pytest.raises(ValueError, match="5000"):
        memory.set_route(Route.of_song(4999))
