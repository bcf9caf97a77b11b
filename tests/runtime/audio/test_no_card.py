"""A performance without a card: chosen by itself or asked for, killed, stopped, and on its way to a card and back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio import shared
from demon_patch.runtime.audio.device_choice import DeviceChoice, outputs_of
from demon_patch.runtime.audio.devices import list_devices
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.timeline_memory import CLOCK
from tests.support import jack_server
from tests.support.listening import noise, sounding

RATE = jack_server.RATE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for shared memory."""
    made = tmp_path / "shm"
    made.mkdir()
    monkeypatch.setattr(shared, "folders", lambda: [made])
    return made


@pytest.fixture
def no_card() -> None:
    if jack_server.ports() or list_devices():
        pytest.skip("there is a sound device")


@pytest.fixture
def link(folder: Path) -> Iterator[AudioLink]:
    """On a clock of its own, playing a song of which every sample tells its place."""
    with AudioLink(RATE, 1, 2 * RATE, "none") as made:
        made.start()
        made.write(0, noise(2 * RATE))
        made.set_playing(True)
        assert jack_server.until(lambda: made.playhead() > RATE // 2)
        yield made
    assert not list(folder.iterdir())


def whole(link: AudioLink, begin: int) -> None:
    """Asserts that the history holds the song without a hole from a timeline sample on, and reaches the playhead."""
    assert jack_server.until(lambda: link.frontier > link.playhead())
    sound, until = link.history_since(begin)
    np.testing.assert_array_equal(sound, noise(2 * RATE)[(begin + np.arange(len(sound))) % (2 * RATE)])
    assert len(sound) == until - begin


def told(link: AudioLink, kinds: list[str]) -> bool:
    """Whether events of these kinds, in this order, are the next to come."""
    events: list[str] = []

    def all_there() -> bool:
        events.extend(event["event"] for event in link.poll())
        return len(events) >= len(kinds)

    return jack_server.until(all_there) and events == kinds


def test_it_is_asked_for_by_name_and_told(link: AudioLink) -> None:
    (event,) = link.poll()
    assert (event["event"], event["name"]) == ("opened", "none")
    assert "missing" not in event
    state, begin, when = link.state, link.playhead(), CLOCK()
    assert (state.device, state.rate, state.lost, state.xruns) == ("none", 48_000, False, 0)
    assert jack_server.until(lambda: CLOCK() > when + 2.0)
    assert (link.playhead() - begin) / RATE == pytest.approx(CLOCK() - when, abs=0.05)
    whole(link, RATE // 4)
    peak, rms, _ = link.levels_since(0)
    assert 0.2 < peak[0] < 0.3
    assert 0.1 < rms[0] < 0.2
    assert link.state.resyncs == 0


@pytest.mark.usefixtures("no_card")
def test_it_is_chosen_where_there_is_no_card(folder: Path) -> None:
    with AudioLink(RATE, 1, RATE) as link:
        link.start()
        (event,) = link.poll()
        assert (event["event"], event["name"]) == ("opened", "none")
        assert event["missing"]
        assert (link.state.device, link.state.lost) == ("none", True)
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > 3 * RATE)  # it has looked for a card meanwhile
        assert link.poll() == []
        assert link.state.resyncs == 0
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("no_card")
@pytest.mark.parametrize("choice", [DeviceChoice(required=True), DeviceChoice("some card")])
def test_where_a_card_is_required_none_is_an_error(folder: Path, choice: DeviceChoice) -> None:
    with AudioLink(RATE, 1, RATE, choice) as link, pytest.raises(DeviceError, match="no sound"):
        link.start()
    assert not list(folder.iterdir())


def test_a_killed_process_leaves_no_hole(link: AudioLink) -> None:
    link.poll()
    begin = link.history_since(1 << 62)[1]
    for restarts in (1, 2):
        os.kill(link.pid, signal.SIGKILL)
        assert jack_server.until(link._child.ended)
        assert told(link, ["died", "back"])
        assert link.state.restarts == restarts
        assert not link.state.lost
        back = link.playhead()
        assert jack_server.until(lambda back=back: link.playhead() > back + RATE)
        whole(link, begin)
    assert link.state.resyncs == 0


def test_a_stopped_process_catches_up(link: AudioLink) -> None:
    begin = link.history_since(1 << 62)[1]
    os.kill(link.pid, signal.SIGSTOP)
    stopped = link.playhead()
    assert jack_server.until(lambda: link.playhead() > stopped + 2 * RATE)
    os.kill(link.pid, signal.SIGCONT)
    whole(link, begin)
    assert link.state.resyncs == 0


def test_the_memory_of_a_killed_host_and_its_process_is_collected(folder: Path) -> None:
    link = AudioLink(RATE, 1, RATE, "none")
    link.start()
    link.next_song(RATE)
    os.kill(link.pid, signal.SIGKILL)
    assert jack_server.until(link._child.ended)
    link._child.drop()
    paths = list(folder.iterdir())
    assert len(paths) == 3
    assert shared.collect() == 0  # this host lives
    link._memory.release()
    link._songs.playing._memory.release()
    link._songs._prepared[0]._memory.release()
    del link
    assert shared.collect() == 3
    assert not list(folder.iterdir())


def test_a_card_that_appears_is_taken_and_one_that_leaves_is_missed_by_nobody(tmp_path: Path, folder: Path) -> None:
    jack_server.require_jack()
    jack_server.name_server()
    song = noise(2 * RATE)
    with AudioLink(RATE, 1, len(song)) as link:
        link.start()
        link.write(0, song)
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE // 2)
        assert told(link, ["opened"])
        begin, before, when = link.history_since(1 << 62)[1], link.playhead(), CLOCK()
        with jack_server.server():
            assert told(link, ["back"])
            assert (link.state.device, link.state.lost) == ("system", False)
            assert abs((link.playhead() - before) / RATE - (CLOCK() - when)) < 0.1
            assert jack_server.until(lambda: sounding(tmp_path / "heard.wav", song))
        assert told(link, ["lost"])
        away = link.playhead()
        assert jack_server.until(lambda: link.playhead() > away + 3 * RATE)
        assert abs((link.playhead() - before) / RATE - (CLOCK() - when)) < 0.1
        whole(link, begin)
    assert not list(folder.iterdir())


def test_outputs_buffer_and_none_while_it_plays(tmp_path: Path, folder: Path) -> None:
    jack_server.require_jack()
    song = noise(2 * RATE)
    with jack_server.server(outputs=4), AudioLink(RATE, 1, len(song), "none") as link:
        link.start()
        link.write(0, song)
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE // 2)
        assert told(link, ["opened"])
        begin = link.history_since(1 << 62)[1]
        link.set_device(DeviceChoice(None, (3, 4), 1024))
        assert told(link, ["opened"])
        assert (link.state.device, link.state.channels) == ("system", 4)
        ports = [f"PortAudio:out_{k}" for k in range(4)]
        jack_server.record(tmp_path / "four.wav", 1.0, *ports).wait(20)
        heard = soundfile.read(tmp_path / "four.wav", dtype="int16")[0]
        assert not heard[:, :2].any()
        np.testing.assert_array_equal(heard[:, 2], heard[:, 3])
        assert np.abs(heard[:, 2]).max() > 1000
        link.set_device(DeviceChoice(None, (5,)))
        assert told(link, ["error", "back"])
        link.set_device(DeviceChoice("none"))
        assert told(link, ["opened"])
        assert link.state.device == "none"
        assert "PortAudio" not in jack_server.ports()
        whole(link, begin)
        assert [(device.name, device.outputs) for device in list_devices() if device.default] == [("system", 4)]


def test_the_volume_comes_before_the_limiter(tmp_path: Path, folder: Path) -> None:
    with AudioLink(RATE, 1, RATE, "none") as link:
        link.start()
        link.write(0, np.full((RATE, 1), 0.5, np.float32))
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE // 2)
        for decibels, level, peak in (
            (-6.0, 0.2506, 0.2506),
            (12.0, 1.9905, 0.966),
            (-60.0, 0.0, 0.0),
            (0.0, 0.5, 0.5),
        ):
            link.set_volume(decibels)
            at = link.playhead() + RATE // 5
            assert jack_server.until(lambda at=at: link.playhead() > at)
            mark = link.levels_since(0).mark
            assert jack_server.until(lambda at=at: link.playhead() > at + RATE // 5)
            assert link.levels_since(mark).peak[0] == pytest.approx(peak, abs=2e-3)
            np.testing.assert_allclose(link.history(0.05), level, atol=1e-3)
        steps = np.abs(np.diff(link.history(1.0)[:, 0]))
        assert steps.max() < 2.0 / (0.02 * RATE) * 1.01  # 20 ms, and never a step


def test_a_choice_that_no_device_has_is_refused() -> None:
    assert outputs_of(" 3, 4") == (3, 4)
    for text in ("", "0", "a", "1,1", "3;4", "-1", "1,", "²"):
        with pytest.raises(DeviceError, match="outputs"):
            outputs_of(text)
    for buffer in (-1, 7, 100_000):
        with pytest.raises(DeviceError, match="buffer"):
            DeviceChoice(buffer=buffer)
