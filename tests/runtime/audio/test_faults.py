"""The host dies, the audio process dies, the device goes away: the song plays on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.orphan import folder, take_over
from demon_patch.runtime.audio.timeline_memory import CLOCK
from tests.support import jack_server
from tests.support.listening import noise, sounding
from tests.support.paths import ROOT

RATE = jack_server.RATE
HOST = ROOT / "tests" / "support" / "host_program.py"


@pytest.fixture
def song() -> np.ndarray:
    return noise(2 * RATE)


@pytest.fixture
def dead_host(tmp_path: Path, song: np.ndarray) -> Iterator[dict[str, object]]:
    """The note of the orphan that a killed host left behind."""
    np.save(tmp_path / "song.npy", song)
    host = subprocess.Popen([sys.executable, HOST, tmp_path / "song.npy"], stdout=subprocess.PIPE)
    assert host.stdout is not None
    with host.stdout as said:
        assert said.readline() == b"playing\n"
    host.kill()
    host.wait()
    assert jack_server.until(lambda: list(folder().glob("*.json")))
    yield json.loads(next(folder().glob("*.json")).read_text())
    take_over()


@pytest.mark.usefixtures("card")
def test_a_dead_hosts_song_loops_until_another_takes_over(tmp_path: Path, song: np.ndarray, dead_host: dict) -> None:
    assert jack_server.until(lambda: sounding(tmp_path / "heard.wav", song))
    assert take_over() == 1
    assert not Path(dead_host["memory"]).exists()
    assert jack_server.until(lambda: "PortAudio" not in jack_server.ports())
    assert not list(folder().glob("*.json"))
    assert take_over() == 0


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_orphan(dead_host: dict, kind: signal.Signals) -> None:
    os.kill(int(dead_host["pid"]), kind)
    assert jack_server.until(lambda: not list(folder().glob("*.json")))
    assert not Path(dead_host["memory"]).exists()
    assert jack_server.until(lambda: "PortAudio" not in jack_server.ports())


@pytest.mark.usefixtures("card")
def test_a_new_host_ends_the_orphan_by_itself(song: np.ndarray, dead_host: dict) -> None:
    with AudioLink(RATE, 1, len(song)) as link:
        link.start()
        assert not Path(dead_host["memory"]).exists()
        assert jack_server.until(lambda: jack_server.ports().count("PortAudio") == 2)


@pytest.mark.usefixtures("card")
def test_a_killed_audio_process_is_replaced_and_the_song_goes_on(tmp_path: Path, song: np.ndarray) -> None:
    with AudioLink(RATE, 1, len(song)) as link:
        link.start()
        link.write(0, song)
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE)
        before, when = link.playhead(), CLOCK()
        os.kill(link.pid, signal.SIGKILL)
        events: list[str] = []

        def back() -> bool:
            events.extend(event["event"] for event in link.poll())
            return "back" in events

        assert jack_server.until(back)
        assert events == ["died", "back"]
        assert link.state.restarts == 1
        assert not link.state.lost
        assert jack_server.until(lambda: sounding(tmp_path / "heard.wav", song))
        gone_on = (link.playhead() - before) / RATE - (CLOCK() - when)
        assert abs(gone_on) < 0.1
        assert link.state.restarts == 1


def test_the_device_goes_away_and_comes_back(tmp_path: Path, song: np.ndarray) -> None:
    jack_server.require_jack()
    events: list[str] = []
    with jack_server.server():
        link = AudioLink(RATE, 1, len(song))
        link.start()
        link.write(0, song)
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE)
        before, when = link.playhead(), CLOCK()

    def told(event: str) -> bool:
        events.extend(entry["event"] for entry in link.poll())
        return event in events

    with link:
        assert jack_server.until(lambda: told("lost"))
        assert link.state.lost
        passed = link.playhead()
        assert jack_server.until(lambda: link.playhead() > passed + RATE)  # the timeline goes on
        assert abs((link.playhead() - before) / RATE - (CLOCK() - when)) < 0.1
        with jack_server.server():
            assert jack_server.until(lambda: told("back"))
            assert jack_server.until(lambda: sounding(tmp_path / "heard.wav", song))
            assert abs((link.playhead() - before) / RATE - (CLOCK() - when)) < 0.1
            assert not link.state.lost
            link.close()
    assert events == ["lost", "back"]


@pytest.mark.usefixtures("card")
def test_xruns_are_counted(tmp_path: Path, song: np.ndarray) -> None:
    with AudioLink(RATE, 1, len(song)) as link:
        link.start()
        link.write(0, song)
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE // 2)
        before = link.state.xruns
        os.kill(link.pid, signal.SIGSTOP)
        stopped = CLOCK()
        assert jack_server.until(lambda: CLOCK() > stopped + 0.2)
        os.kill(link.pid, signal.SIGCONT)
        assert jack_server.until(lambda: link.state.xruns > before)
        assert jack_server.until(lambda: sounding(tmp_path / "heard.wav", song))


@pytest.mark.usefixtures("card")
def test_another_device_that_is_not_there_leaves_the_old_one_playing(tmp_path: Path, song: np.ndarray) -> None:
    with AudioLink(RATE, 1, len(song)) as link:
        link.start()
        link.write(0, song)
        link.set_playing(True)
        link.set_device(DeviceChoice("no such card"))
        events: list[dict[str, object]] = []

        def told() -> bool:
            events.extend(link.poll())
            return any(event["event"] == "back" for event in events)

        assert jack_server.until(told)
        assert [event["event"] for event in events] == ["error", "back"]
        assert "no such card" in str(events[0]["what"])
        assert jack_server.until(lambda: sounding(tmp_path / "heard.wav", song))
