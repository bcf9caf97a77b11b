"""The audio process by itself: small, patient without a device, and gone in time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from demon_patch.runtime.audio.orphan import folder, take_over
from demon_patch.runtime.audio.process import Settings
from demon_patch.runtime.audio.shared import PREFIX
from demon_patch.runtime.audio.signals import hold_signals
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.timeline_memory import CLOCK
from tests.support import jack_server
from tests.support.audio_process import started
from tests.support.shared_song import SharedSong


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(8000, 1, 8000)
    yield made
    made.remove()


def tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()


def test_neither_side_loads_torch_and_the_process_loads_no_performer() -> None:
    code = """
import sys
import demon_patch.runtime.audio.process, demon_patch.runtime.audio.link
sys.exit(bool({"torch", "demon_patch.runtime.performance.performer", "demon_patch.engine.session"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_a_device_the_timeline_goes_on_by_the_clock(memory: SharedSong) -> None:
    """And what is no command is passed over."""
    process = started(memory.settings())
    tell(process, b"nonsense")
    tell(process, b"[1]")
    memory.timeline.playing = True
    assert jack_server.until(lambda: memory.timeline.clock()[1] > 2000)
    _, position, heard, speed = memory.timeline.clock()
    assert speed == memory.timeline.rate
    assert jack_server.until(lambda: memory.timeline.clock()[1] > position + 4000)
    _, later, then, _ = memory.timeline.clock()
    assert (later - position) == pytest.approx((then - heard) * memory.timeline.rate, abs=1.0)
    assert memory.timeline.frontier >= later
    memory.timeline.playing = False
    assert jack_server.until(lambda: memory.timeline.clock()[3] == 0.0)
    tell(process, json.dumps({"do": "quit"}).encode())
    assert process.wait(20) == 0
    assert all(path.exists() for path in memory.paths)  # the host is alive: the memory is its own


def test_an_orphan_ends_when_its_time_is_over(memory: SharedSong) -> None:
    process = started(memory.settings(ends=CLOCK()))
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    assert memory.gone
    assert not list(folder().glob("*.json"))


def test_a_process_that_nobody_hears_ends_with_its_host(memory: SharedSong) -> None:
    process = started(memory.settings("none", patient=False))
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    assert memory.gone
    assert not list(folder().glob("*.json"))


def test_an_orphan_lets_the_next_song_take_over_and_leaves_none_behind(memory: SharedSong) -> None:
    other = SongMemory.create(8000, 1, 4000)
    memory.timeline.playing = True
    process = started(memory.settings())
    tell(process, json.dumps({"do": "song", "path": str(other.path), "at": 8000, "number": 1}).encode())
    assert jack_server.until(lambda: memory.timeline.clock()[1] > 2000)
    assert process.stdin is not None
    process.stdin.close()
    assert jack_server.until(lambda: memory.timeline.song == 1)
    assert jack_server.until(lambda: not memory.song.path.exists())
    assert other.path.exists()
    process.terminate()
    assert process.wait(20) == 0
    assert memory.gone
    assert not other.path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_as_a_wait_ends_does_not_make_it_endless(memory: SharedSong) -> None:
    """A wait that a signal interrupts as it ends must end too. Python's SimpleQueue then waits for the next item."""
    memory.timeline.playing = True
    code = """
import json, os, signal, sys
from demon_patch.runtime.audio import process
process.BEAT_SECONDS = 0.0031  # so that many waits end
running = process.AudioProcess(process.Settings(**json.loads(sys.argv[1])))
signal.signal(signal.SIGALRM, lambda *_: next(left, None) is None and running._end(True))
left = iter(range(2000))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.00137)
running.run()
os._exit(0)
"""
    settings = json.dumps(asdict(memory.settings("none", patient=False)))
    with subprocess.Popen([sys.executable, "-c", code, settings], stdin=subprocess.PIPE) as process:
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_while_the_program_starts_is_not_lost(memory: SharedSong) -> None:
    """A program that takes the place of another begins with its signals held."""
    hold_signals(True)
    try:
        process = started(memory.settings())
    finally:
        hold_signals(False)
    process.terminate()
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    assert memory.gone


def test_a_song_that_is_no_song_is_told_and_the_other_plays_on(memory: SharedSong, tmp_path: Path) -> None:
    memory.timeline.playing = True
    process = started(memory.settings("none", patient=False, next=(str(tmp_path / "missing"), 100, 1)))
    assert process.stdout is not None
    said = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert [event["event"] for event in said] == ["fault", "opened"]
    assert jack_server.until(lambda: memory.timeline.clock()[1] > 2000)
    tell(process, b'{"do": "quit"}')
    assert process.wait(20) == 0


def test_notes_of_the_dead_are_cleared_away(memory: SharedSong, tmp_path: Path) -> None:
    stranger = tmp_path / "a file of somebody else"
    stranger.write_text("kept")
    notes = {
        "1": {"pid": 1, "memory": str(memory.timeline.path)},
        "2": {"pid": 2, "memory": str(stranger)},
        "3": [],
        "4": {},
    }
    for name, note in notes.items():
        (folder() / f"{PREFIX}{name}.json").write_text(json.dumps(note))
    (folder() / f"{PREFIX}5.json").write_text("{")
    assert take_over() == 5
    assert not memory.timeline.path.exists()
    assert stranger.read_text() == "kept"
    assert not list(folder().glob("*.json"))


def test_settings_that_make_no_sense_are_a_fault(tmp_path: Path) -> None:
    process = started(Settings(str(tmp_path / "missing"), str(tmp_path / "missing")))
    said, _ = process.communicate(timeout=20)
    assert json.loads(said)["event"] == "fault"
    assert process.returncode == 1
